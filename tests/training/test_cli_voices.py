"""The commands of the installed voices, as a user types them."""

import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from assistant.settings import Settings
from assistant.voices import POINTER, SHIPPED, active_voice, read_card
from tests.proofs.promotions import prove, write_card
from training.cli import app


@pytest.fixture
def store(tmp_path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def second(tmp_path) -> Path:
    """The shipped voice in a folder, as another version."""
    shutil.copytree(SHIPPED, tmp_path / "second")
    write_card(tmp_path / "second", version="20260101-0000", scores={"valid": 0.5})
    return tmp_path / "second"


def run(store: Path, *arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, [*arguments, "--store", str(store)])
    assert done.exit_code == code, done.output
    assert "Traceback" not in done.output
    return done.output


def test_a_voice_is_installed_listed_taken_back_and_promoted_again(store, second):
    shipped = f"shipped (warm@{read_card(SHIPPED).version})"
    assert run(store, "voices").startswith(f"active  {shipped}")
    assert run(store, "promote", str(second)) == "warm@20260101-0000 is active: valid 0.50.\n"
    listed = run(store, "voices").splitlines()
    assert listed[0].startswith("active  warm@20260101-0000") and "valid 0.50" in listed[0]
    assert listed[1].startswith(f"former  {shipped}")
    assert "is active again" in run(store, "rollback")
    assert active_voice(Settings(store=store)).folder == SHIPPED
    run(store, "promote", "warm@20260101-0000")
    assert active_voice(Settings(store=store)).label == "warm@20260101-0000"


def test_two_voices_are_compared_by_name_or_folder(store, second):
    said = run(store, "diff", "shipped", str(second))
    valid = read_card(SHIPPED).scores["valid"]
    assert re.search(rf"valid +{valid:.4g} +0\.5 +{0.5 - valid:+.4g}", said), said
    assert "profile: the same" in said


@pytest.mark.parametrize("file", ["adapter_model.safetensors", "adapter_config.json"])
def test_a_damaged_voice_is_listed_as_such_and_not_promoted(store, second, file):
    run(store, "promote", str(second))
    run(store, "promote", "shipped")
    (store / "voices" / "warm@20260101-0000" / file).write_bytes(b"{")
    assert "cannot be used: The voice in" in run(store, "voices")
    assert "damaged" in run(store, "promote", "warm@20260101-0000", code=1)
    assert active_voice(Settings(store=store)).folder == SHIPPED


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["promote", "whisper@1"], "There is no voice 'whisper@1': name one of shipped"),
        (["promote", "/no/such/folder"], "There is no voice '/no/such/folder'"),
        (["diff", "shipped", "whisper@1"], "There is no voice 'whisper@1'"),
        (["rollback"], "There is no former voice"),
        (["export", "whisper@1", "--format", "peft", "--out", "out"], "There is no voice 'whisper@1'"),
        (["export", "shipped", "--format", "peft", "--out", "."], "is there already"),
    ],
)
def test_wrong_input_is_one_sentence(store, arguments, said):
    output = run(store, *arguments, code=1)
    assert said in output
    assert len(output.strip().splitlines()) == 1


def test_a_damaged_pointer_is_one_sentence(store):
    (store / "voices").mkdir(parents=True)
    (store / "voices" / POINTER).write_text("{", "utf-8")
    assert "is damaged" in run(store, "voices", code=1)


def test_an_unknown_format_is_refused_with_those_that_there_are(store):
    output = run(store, "export", "shipped", "--format", "onnx", "--out", "out", code=2)
    assert "safetensors" in output and "gguf" in output and "peft" in output


@pytest.mark.parametrize("command", ["voices", "promote", "rollback", "diff", "export"])
def test_every_command_has_help(command):
    done = CliRunner().invoke(app, [command, "--help"])
    assert done.exit_code == 0
    assert "Usage" in done.output


def test_an_exported_voice_comes_with_the_command_that_serves_it(store, tmp_path):
    said = run(store, "export", "shipped", "--format", "peft", "--out", str(tmp_path / "out"))
    assert "--lora-modules warm=" in said
    assert "was not run" in said


@pytest.mark.slow
def test_promotions_beside_an_answering_assistant_some_of_them_killed(tmp_path):
    """A sample of ``python -m tests.proofs.promotions``."""
    found = prove(tmp_path, commands=5, kills=1, seed=1)
    assert found["answers"] > 0
    assert found["commands"]["killed"] >= 1
    assert found["changes of voice"] >= 1
