"""What a dry run says of the time: by what is measured on this machine, with all that is trained on, and within --hours."""

import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from assistant.settings import Settings
from tests import tiny
from tests.training import small
from training import estimate, probes
from training.dataset import split
from training.estimate import _trial_seconds
from training.finetune import Recipe
from training.lessons import read_lessons
from training.profile import load_profile
from training.retrain import Order

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def general(tmp_path, monkeypatch):
    """Writes general prompts."""

    def write(**parts: list[str]) -> None:
        (tmp_path / "general.yaml").write_text(yaml.safe_dump(small.GENERAL | parts), "utf-8")
        monkeypatch.setattr(probes, "GENERAL", tmp_path / "general.yaml")

    write()
    return write


@pytest.fixture
def held_out(tmp_path):
    folder = small.write_lessons(tmp_path / "lessons")
    return split(read_lessons(folder), folder)[1]


@pytest.mark.parametrize("anew", [True, False], ids=["the active voice is tried too", "its replies are kept"])
def test_the_trial_is_estimated_by_the_pace_of_a_few_replies(monkeypatch, general, held_out, anew):
    asked = []

    class Engine:
        def batch(self, prompts, max_tokens):
            asked.append((len(prompts), max_tokens))
            return [SimpleNamespace(content="word " * 5) for _ in prompts]

        def get_num_tokens(self, text):
            return len(text.split())

    clock = iter([10.0, 13.0])
    monkeypatch.setattr(estimate, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    monkeypatch.setattr(estimate, "load_engine", lambda settings, voice: Engine())
    monkeypatch.setattr(estimate, "tried_anew", lambda settings, lessons: anew)
    seconds = _trial_seconds(Settings(), held_out, [20, 40, 60])
    assert asked == [(3, 40)]
    answers = (3 + 2 * 2) * probes.ANSWER_TOKENS + 2 * probes.CLOSED_BOOK * probes.CLOSED_BOOK_TOKENS
    assert seconds == pytest.approx(3.0 / 15 * (120 * (2 if anew else 1) + answers))


@pytest.fixture
def dry_run(tmp_path, refreshed, general, held_out):
    """What a dry run of the small lessons on a tiny model says."""
    tiny.save(tmp_path / "base")
    settings = Settings(
        **(refreshed.settings.model_dump() | {"base_model": str(tmp_path / "base"), "engine": "transformers", "threads": 1})
    )

    def say(hours: float | None = None) -> str:
        order = Order(load_profile("warm"), [], Recipe(epochs=50.0), hours=hours, lessons=tmp_path / "lessons")
        return estimate.estimate(order, settings)

    return say


def test_the_general_prompts_are_among_the_tokens(dry_run, general):
    def tokens() -> int:
        return int(re.search(r"([\d,]+) in all with the general prompts, 50 times over", dry_run())[1].replace(",", ""))

    before = tokens()
    general(train=[*small.GENERAL["train"], "Name it."])
    added = tiny.tokenizer().apply_chat_template(
        [{"role": "system", "content": probes.SYSTEM}, {"role": "user", "content": "Name it."}], add_generation_prompt=True, tokenize=False
    )
    assert tokens() - before == len(tiny.tokenizer()(added, add_special_tokens=False)["input_ids"]) + probes.ANSWER_TOKENS


def test_a_limit_of_hours_shortens_the_training_that_is_told(dry_run):
    assert re.search(r": about (a minute|\d+ minutes) of training and about ", dry_run())
    assert re.search(r": about (a minute|\d+ minutes) of training and about ", dry_run(hours=5.0))
    said = dry_run(hours=0.0001)
    assert re.search(r": 0\.006 of about (a minute|\d+ minutes) of training, for --hours ends it there, and about ", said), said


@pytest.mark.slow
def test_loading_the_embedded_model_draws_no_bar():
    program = "from knowledge_base.terminal import quiet; quiet(); from assistant.base_model import load_model; load_model('embedded')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, timeout=240, check=True)
    assert (done.stdout, done.stderr) == ("", "")
