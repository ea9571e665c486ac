"""Settings come from the environment, a file and arguments, in that order of weight."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from assistant.settings import Settings


def test_every_setting_has_a_default_that_needs_no_network():
    settings = Settings()
    assert (settings.base_model, settings.embedding_model, settings.voice) == ("embedded", "embedded", "active")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("base_model", "some/model", "some/model"),
        ("engine", "transformers", "transformers"),
        ("voice", "none", "none"),
        ("answering", "select", "select"),
        ("evidence_tokens", "99", 99),
        ("reply_tokens", "77", 77),
        ("hand_off_below", "0.6", 0.6),
        ("ask_above", "0.25", 0.25),
        ("store", "/somewhere/else", Path("/somewhere/else")),
        ("passages", "3", 3),
        ("threads", "1", 1),
    ],
)
def test_a_setting_is_an_environment_variable(monkeypatch, name, text, value):
    assert getattr(Settings(), name) != value
    monkeypatch.setenv(f"DESK_{name.upper()}", text)
    assert getattr(Settings(), name) == value


def test_an_argument_weighs_more_than_the_environment_and_that_more_than_the_file(monkeypatch, tmp_path):
    (tmp_path / "settings.toml").write_text('voice = "file"\nengine = "transformers"\n', "utf-8")
    monkeypatch.chdir(tmp_path)
    assert (Settings().voice, Settings().engine) == ("file", "transformers")
    monkeypatch.setenv("DESK_VOICE", "environment")
    assert (Settings().voice, Settings().engine) == ("environment", "transformers")
    assert Settings(voice="argument").voice == "argument"


@pytest.mark.parametrize(("name", "text"), [("engine", "abacus"), ("answering", "guess"), ("reply_tokens", "many")])
def test_a_wrong_setting_is_refused(monkeypatch, name, text):
    monkeypatch.setenv(f"DESK_{name.upper()}", text)
    with pytest.raises(ValidationError, match=name):
        Settings()


def test_installed_voices_lie_in_the_store():
    assert Settings(store=Path("/data/desk")).voices == Path("/data/desk/voices")


@pytest.mark.parametrize("name", ["articles", "customers", "wording"])
def test_the_bundled_products_name_is_of_the_bundled_help_center_alone(monkeypatch, tmp_path, name):
    assert Settings().product_names == ("Tallybird",)
    assert Settings(**{name: tmp_path / "own"}).product_names == ()
    assert Settings(**{name: tmp_path / "own"}, product_names=("Pedal",)).product_names == ("Pedal",)
    monkeypatch.setenv("DESK_PRODUCT_NAMES", "Pedal, Pedal Pro")
    assert Settings(**{name: tmp_path / "own"}).product_names == ("Pedal", "Pedal Pro")
