"""Settings: what the environment and the settings file may say, and in how many ways."""

import pytest
from pydantic_settings import SettingsError

from assistant.settings import Settings
from knowledge_base.errors import UserError
from knowledge_base.listings import list_sources
from knowledge_base.settings import HERE, KnowledgeSettings
from knowledge_base.sources import FolderSource
from knowledge_base.terminal import sentence
from tests.knowledge_base.test_cli import one_sentence, run

BUNDLED = (FolderSource(path=HERE / "help_center"),)


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("tax id", ("tax id",)),
        ("tax id, billing.tax*,", ("tax id", "billing.tax*")),
        ('["tax id", "memo"]', ("tax id", "memo")),
        ("[ab]*", ("[ab]*",)),
        ("[]", ()),
        (" ", ()),
    ],
)
def test_secret_fields_may_be_one_text(monkeypatch, tmp_path, text, fields):
    monkeypatch.setenv("DESK_SECRET_FIELDS", text)
    assert KnowledgeSettings().secret_fields == Settings().secret_fields == fields
    monkeypatch.delenv("DESK_SECRET_FIELDS")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "settings.toml").write_text(f"secret_fields = {text!r}\n")
    assert KnowledgeSettings().secret_fields == fields


@pytest.mark.parametrize(
    ("text", "patterns"),
    [
        (r"EMP-\d{2,4}", (r"EMP-\d{2,4}",)),
        (r"[A-Z]{3}\d", (r"[A-Z]{3}\d",)),
        (r'["EMP-\\d+", "X,Y"]', (r"EMP-\d+", "X,Y")),
    ],
)
def test_a_secret_pattern_may_be_one_text_and_keeps_its_commas(monkeypatch, text, patterns):
    monkeypatch.setenv("DESK_SECRET_PATTERNS", text)
    assert KnowledgeSettings().secret_patterns == patterns


def test_a_list_that_is_none_is_one_sentence(small_store, monkeypatch):
    monkeypatch.setenv("DESK_SECRET_FIELDS", '["tax id", "memo')
    assert "secret_fields" in one_sentence(run("search", "cancel", "--store", small_store.store))


def test_a_variable_that_cannot_be_decoded_is_one_sentence(monkeypatch):
    class Odd(KnowledgeSettings):
        odd: tuple[int, ...] = ()

    monkeypatch.setenv("DESK_ODD", "one")
    with pytest.raises(SettingsError) as caught:
        Odd()
    assert "odd" in sentence(caught.value)


def test_an_empty_variable_is_none(monkeypatch):
    for name in ("ARTICLES", "CUSTOMERS", "STORE", "SECRET_FIELDS", "ENGINE", "RETENTION_DAYS"):
        monkeypatch.setenv(f"DESK_{name}", "")
    assert KnowledgeSettings().articles == Settings().articles == BUNDLED
    assert (Settings().engine, Settings().store.name, Settings().retention_days) == ("openvino", "data", 90)


def test_a_settings_file_in_another_encoding_is_one_sentence(small_store, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "settings.toml").write_bytes(b'wording = "caf\xe9.yaml"\n')
    assert "settings.toml is not UTF-8" in one_sentence(run("search", "cancel", "--store", small_store.store))


def test_no_source_at_all_is_one_sentence(small_store):
    with pytest.raises(UserError, match="`articles` is empty: name a folder") as caught:
        list_sources(small_store.settings.model_copy(update={"articles": ()}), small_store.kb._catalog, False, lambda *_: None)
    assert "\n" not in str(caught.value)
