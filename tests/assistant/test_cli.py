"""The command line of the assistant: what cannot be answered ends in one sentence, never in a traceback."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from assistant.cli import _cited, app
from knowledge_base.hits import Hit
from knowledge_base.stored import Filters
from tests.assistant.cards import write_voice
from tests.assistant.kept import turn


def ask(*arguments: str, store=None) -> subprocess.CompletedProcess[str]:
    environment = dict(os.environ) | ({"DESK_STORE": str(store)} if store else {})
    command = [sys.executable, "-m", "assistant", "ask", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment, check=False)


@pytest.fixture(scope="module")
def outcomes(small_store, tmp_path_factory):
    """What each wrong call gives; they run two at a time, for each loads the libraries."""
    folder = tmp_path_factory.mktemp("cli")
    damaged = write_voice(folder / "damaged")
    (damaged / "adapter_model.safetensors").write_bytes(b"no tensors")
    store = small_store.settings.store
    calls = {
        "empty": (["  "], store),
        "endless": (["why " * 12_500], store),
        "no store": (["hello", "--store", str(folder / "nothing")], None),
        "no voice": (["hello", "--voice", str(folder / "nowhere")], store),
        "damaged adapter": (["hello", "--voice", str(damaged)], store),
    }
    with ThreadPoolExecutor(2) as pool:
        done = {name: pool.submit(ask, *arguments, store=place) for name, (arguments, place) in calls.items()}
        return {name: future.result() for name, future in done.items()}


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("empty", "question is empty"),
        ("endless", "the most is 20,000"),
        ("no store", "There is no knowledge base in"),
        ("no voice", "There is no voice in"),
        ("damaged adapter", "digest differs"),
    ],
)
def test_what_cannot_be_answered_is_one_sentence_on_standard_error(outcomes, call, said):
    done = outcomes[call]
    assert done.returncode == 1, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert done.stdout == ""


def test_a_wrong_setting_is_one_sentence_too(small_store, monkeypatch):
    monkeypatch.setenv("DESK_ENGINE", "abacus")
    done = ask("hello", store=small_store.settings.store)
    assert done.returncode == 1
    assert "The setting engine must be 'openvino' or 'transformers'" in done.stderr
    assert "Traceback" not in done.stderr


def test_each_source_is_named_with_its_article_and_version_even_where_it_has_no_heading():
    hit = Hit(source="7", article_id="a", version=3, title="Refunds", text="Paid.\nSoon.", score=1.0, updated="2026-01-02", indexed="")
    assert _cited(hit, "It is paid.") == "[7] Refunds [version 3] updated 2026-01-02: Paid."
    assert _cited(hit, "That happens soon.").endswith(": Soon.")
    assert _cited(hit.model_copy(update={"heading": "When"}), "").startswith("[7] Refunds, When [version 3]")
    assert _cited(hit.model_copy(update={"source": "c1"}), "") == "[c1] updated 2026-01-02: Paid."


@pytest.mark.parametrize("way", ["text", "json", "file"])
def test_plan_product_and_language_reach_the_assistant(monkeypatch, tmp_path, way):
    asked = []

    class Asked:
        serving = SimpleNamespace(trouble="")
        knowledge_base = SimpleNamespace(unnamed=lambda filters: f"No article names {filters.plan}.")

        def __init__(self, settings):
            pass

        def stream(self, *_, filters):
            asked.append(filters)
            return iter(())

        def ask(self, *_, filters):
            asked.append(filters)
            return turn("t")

    monkeypatch.setattr("assistant.pipeline.Assistant", Asked)
    (tmp_path / "in.jsonl").write_text('{"id": 1, "question": "How?"}\n')
    named = ["--plan", "Team", "--product", "Desktop", "--language", "de"]
    files = ["--questions", str(tmp_path / "in.jsonl"), "--out", str(tmp_path / "out.jsonl")]
    done = CliRunner().invoke(app, ["ask", *named, *{"text": ["How?"], "json": ["How?", "--json"], "file": files}[way]])
    assert done.exit_code == 0, done.output
    assert asked == [Filters("public", "Team", "Desktop", "de")]
    assert done.stderr.startswith("No article names Team.\n")


def test_the_help_names_every_option():
    done = ask("--help")
    assert done.returncode == 0
    for option in ("--customer", "--voice", "--store", "--questions", "--out", "--json", "--plan", "--product", "--language"):
        assert option in done.stdout
