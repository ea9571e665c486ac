"""The commands that train, as a user types them: bad input and Ctrl-C are one sentence, and the active voice goes on."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
import yaml
from typer.testing import CliRunner

from assistant.settings import Settings
from assistant.voices import SHIPPED, active_voice, read_card
from tests import tiny
from tests.training import small
from tests.training.test_profile import fields
from training import machine
from training.cli import app

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def desk(tmp_path, refreshed, monkeypatch):
    """A store with a help center of five articles, a tiny base model, a profile and lessons, all by setting."""
    tiny.save(tmp_path / "base")
    small.write_lessons(tmp_path / "lessons")
    (tmp_path / "plain.yaml").write_text(yaml.safe_dump(fields()), "utf-8")
    monkeypatch.setenv("DESK_BASE_MODEL", str(tmp_path / "base"))
    monkeypatch.setenv("DESK_ENGINE", "transformers")
    monkeypatch.setenv("DESK_THREADS", "1")
    monkeypatch.setenv("DESK_STORE", str(refreshed.store))
    monkeypatch.setenv("DESK_ARTICLES", str(refreshed.articles))
    return tmp_path


def arguments(desk: Path, *more: str) -> list[str]:
    return ["retrain", str(desk / "plain.yaml"), "--lessons", str(desk / "lessons"), *more]


def refused(desk: Path, *more: str) -> str:
    """What a refused command says: one sentence on standard error; the store is as it was."""
    before = stored()
    done = CliRunner().invoke(app, arguments(desk, *more))
    assert done.exit_code == 1, done.output
    assert "Traceback" not in done.output
    assert done.stdout == ""
    assert stored() == before
    said = done.stderr.strip().split("\n")[-1]
    assert said.endswith(".")
    return said


def stored() -> dict[str, bytes]:
    """The installed voices and the runs begun."""
    store = Settings().store
    return {str(path): path.read_bytes() for part in ("voices", "training") for path in (store / part).rglob("*") if path.is_file()}


def test_a_dry_run_says_what_it_would_train_on_and_installs_nothing(desk):
    done = CliRunner().invoke(app, arguments(desk, "--dry-run", "--epochs", "3"))
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("3 examples over 1 products (0 replies by hand), 24 general prompts, 3 lessons held out.")
    assert " 3 times over at " in done.stdout
    assert stored() == {}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"contractoins": "never"}, "did you mean 'contractions'"),
        ({"emoji": "always"}, "the field 'emoji' is wrong"),
        ({"words": {"click": "select", "select": "pick"}}, "keep one of the two"),
    ],
)
@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_a_wrong_profile_is_one_sentence(desk, changes, told, more):
    (desk / "plain.yaml").write_text(yaml.safe_dump(fields() | changes), "utf-8")
    assert told in refused(desk, *more)


def test_a_profile_that_is_not_there_is_one_sentence(desk):
    (desk / "plain.yaml").unlink()
    assert "There is no voice profile" in refused(desk)


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_an_empty_file_of_lessons_is_one_sentence(desk, more):
    (desk / "lessons" / "more.jsonl").write_text("", "utf-8")
    assert refused(desk, *more) == "more.jsonl holds no lesson: write one into it, or delete it."


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_a_lesson_that_cites_a_passage_it_does_not_have_is_one_sentence(desk, more):
    lesson = small.LESSONS[0] | {"statements": [{"text": "Click Start.", "evidence": "2.1"}]}
    small.write_lessons(desk / "lessons", [small.LESSONS[1], lesson])
    assert refused(desk, *more) == "lessons.jsonl line 2 cannot be read: Value error, no such evidence: '2.1'; mend the line."


def test_lessons_without_a_list_of_what_is_held_out_are_one_sentence(desk):
    (desk / "lessons" / "held_out.txt").unlink()
    assert "has no held_out.txt" in refused(desk)


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
@pytest.mark.parametrize("option", ["--epochs", "--hours"])
@pytest.mark.parametrize("value", ["0", "-1", "nan"])
def test_an_order_to_train_nothing_is_one_sentence(desk, option, value, more):
    assert refused(desk, f"{option}={value}", *more) == (
        f"There is nothing to train in {float(value):g} {option[2:]}: give {option} a number above 0."
    )


def test_lessons_with_a_live_fact_are_one_sentence(desk):
    lesson = small.LESSONS[2] | {"question": "where is Reports > Export?"}
    small.write_lessons(desk / "lessons", [lesson])
    assert refused(desk).startswith(
        f"The training set would teach a live fact: {desk / 'lessons' / 'lessons.jsonl'}:1: menu path 'reports > export"
    )


def test_an_example_reply_that_is_not_sound_is_one_sentence(desk):
    reply = {"lesson": "kiln-09", "greeting": "Hi.", "answer": [], "next_step": "Bye."}
    (desk / "plain.replies.jsonl").write_text(f"\n{json.dumps(reply)}", "utf-8")
    told = f"has an example reply that is not sound: {desk / 'plain.replies.jsonl'}:2: lesson kiln-09: 'Hi.' (there is no such lesson)"
    assert told in refused(desk)


def test_a_base_model_that_is_not_there_is_one_sentence(desk, monkeypatch):
    monkeypatch.setenv("DESK_BASE_MODEL", str(desk / "nowhere"))
    assert "set DESK_BASE_MODEL" in refused(desk)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_the_recipe_for_gpus_without_one_is_one_sentence_before_anything_is_done(desk, more):
    assert refused(desk, "--preset", "gpu", *more) == "The recipe gpu needs a CUDA GPU, and there is none: use --preset laptop."


@pytest.mark.parametrize(("model", "library", "loaded"), [("a/b", object(), True), ("a/b", None, False), ("embedded", object(), False)])
def test_a_base_model_is_loaded_in_4_bits_where_there_is_bitsandbytes(monkeypatch, model, library, loaded):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(machine.importlib.util, "find_spec", lambda name: library)
    assert machine.four_bits(model) is loaded


def test_a_base_model_that_the_fast_engine_does_not_serve_is_one_sentence(desk, monkeypatch):
    monkeypatch.setenv("DESK_ENGINE", "openvino")
    assert refused(desk).startswith("The fast engine serves GGUF files of llama models, not ")


def test_a_store_that_cannot_be_written_is_one_sentence(desk):
    (Settings().store / "training").write_text("a file", "utf-8")
    assert "cannot be written" in refused(desk)


def test_the_lint_tells_every_finding(desk):
    small.write_lessons(desk / "lessons", [small.LESSONS[2] | {"question": "where is Reports > Export? And where Settings > Billing?"}])
    done = CliRunner().invoke(app, ["lint", *arguments(desk)[1:]])
    assert done.exit_code == 1
    assert len(done.stdout.splitlines()) == 4
    small.write_lessons(desk / "lessons")
    done = CliRunner().invoke(app, ["lint", *arguments(desk)[1:]])
    assert (done.exit_code, done.stdout) == (0, "3 examples to train on, 3 lessons held out, no live fact.\n")


@pytest.mark.parametrize("command", ["lint", "retrain", "examples"])
def test_the_profile_is_named_as_the_argument_and_the_former_option_goes_on_working(desk, command):
    named = [str(desk / "plain.yaml"), *([] if command == "examples" else ["--lessons", str(desk / "lessons")])]
    more = {"retrain": ["--epochs=0"], "examples": ["--drafts=0"]}.get(command, [])
    outputs = [CliRunner().invoke(app, [command, *way, *more]) for way in (named, ["--profile", *named])]
    assert len({(done.exit_code, done.output) for done in outputs}) == 1
    assert "Usage" not in outputs[0].output
    two = CliRunner().invoke(app, [command, "--profile", "formal", *named, *more])
    assert (two.exit_code, two.stderr) == (1, f"{desk / 'plain.yaml'} and formal are two profiles: name one.\n")
    unknown = CliRunner().invoke(app, [command, "whisper", *more])
    assert (unknown.exit_code, unknown.stderr.startswith("There is no voice profile whisper: name a file, or one of ")) == (1, True)


def test_a_refused_training_set_comes_with_the_command_that_lists_all_findings(desk):
    small.write_lessons(desk / "lessons", [small.LESSONS[2] | {"question": "where is Reports > Export? And where Settings > Billing?"}])
    assert f"and 3 more; `python -m training lint {desk / 'plain.yaml'}` lists them" in refused(desk)


def wait_for(found, seconds: float = 240.0) -> None:
    limit = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < limit
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.usefixtures("hears_ctrl_c")
@pytest.mark.parametrize("training", [True, False], ids=["while it trains", "while the base model is asked"])
def test_ctrl_c_leaves_the_active_voice_and_says_so_in_one_sentence(desk, training):
    store = Settings().store
    before = active_voice(Settings(base_model="embedded"))
    errors = desk / "errors.txt"
    with errors.open("w") as file, subprocess.Popen(
        [sys.executable, "-m", "training", *arguments(desk, "--epochs", "100000")],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=file, text=True, env={**os.environ, "FORCE_COLOR": "1"},
    ) as running:  # fmt: skip
        if training:
            wait_for(lambda: list((store / "training").glob("*")) or running.poll() is not None)
            time.sleep(1)
        else:
            wait_for(lambda: "asking the base model" in errors.read_text() or running.poll() is not None)
        assert running.poll() is None, errors.read_text()
        running.send_signal(signal.SIGINT)
        try:
            out, _ = running.communicate(timeout=60)
        finally:
            running.kill()
    assert running.returncode == 130, errors.read_text()
    told = errors.read_text()
    assert "Traceback" not in told
    assert told.strip().endswith("Stopped: the active voice is unchanged, and the same command goes on from the last checkpoint.")
    assert out == ""
    assert active_voice(Settings(base_model="embedded")) == before
    assert before.folder == SHIPPED


@pytest.mark.slow
def test_of_two_processes_that_train_one_voice_one_writes_it(desk):
    out = desk / "out"
    several = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "training"]
    done = subprocess.run(
        [sys.executable, *several, *arguments(desk, "--epochs", "12", "--out", str(out))],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
        env={**os.environ, "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    # So short a training ends in a voice that the gate refuses.
    assert done.returncode == 1, done.stderr
    assert done.stdout.count("Refused: ") > 0, done.stderr
    assert done.stdout.count(f"Written to {out}") == 1
    card = read_card(out)
    assert len(card.losses) == 108
    assert sum(card.losses[-8:]) < sum(card.losses[:8])
