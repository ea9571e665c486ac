"""A training run that is stopped or killed goes on where it stood; a disk that takes nothing is one sentence."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.errors import UserError
from assistant.prompt import Prompt
from tests import tiny
from training import finetune as module
from training.checkpoint import BEST, FILE, Checkpoint
from training.dataset import Example
from training.finetune import Progress, Recipe, Run, finetune

ROOT = Path(__file__).parent.parent.parent
RECIPE = Recipe(rank=4, alpha=8, layers=1.0, learning_rate=1e-2, lora_plus=1.0, batch=2, epochs=5.0, precision="float32")
EXAMPLES = [Example(f"l{n}", Prompt("Be kind.", f"q {n}"), f"Hey {n}.\nNext: Tap tap.") for n in range(8)]
HELD_OUT = EXAMPLES[:2]


def train(folder: Path | None, report=lambda progress: None) -> Progress:
    return finetune(tiny.model(), tiny.tokenizer(), EXAMPLES, RECIPE, report, Run(held_out=HELD_OUT, checkpoints=folder))[1]


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Progress:
    """What a run reports that nothing interrupts."""
    return train(tmp_path_factory.mktemp("whole"))


@pytest.fixture
def saving(monkeypatch):
    monkeypatch.setattr(module, "SAVE_EVERY", -1.0)


@pytest.mark.parametrize("stops", [[1], [7], [3, 4, 12]])
def test_a_run_that_is_stopped_goes_on_and_ends_as_if_it_had_not_been(tmp_path, whole, saving, stops):
    steps = []
    for stop in stops:

        def report(progress: Progress, stop: int = stop) -> None:
            steps.append(progress.step)
            if progress.step == stop:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            train(tmp_path, report)
    progress = train(tmp_path, lambda progress: steps.append(progress.step))
    assert progress.losses == pytest.approx(whole.losses, rel=1e-4)
    assert [step for step, _ in progress.held_out] == [step for step, _ in whole.held_out]
    assert [loss for _, loss in progress.held_out] == pytest.approx([loss for _, loss in whole.held_out], rel=1e-4)
    assert progress.tokens == whole.tokens
    # The step in which it was stopped is trained on again, no other.
    assert len(steps) == 20 + len(stops)


def test_the_seconds_of_all_parts_of_a_run_are_added_up(tmp_path, saving):
    seen = []

    def report(progress: Progress) -> None:
        seen.append(progress.seconds)
        if progress.step == 10 and len(seen) == 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, report)
    assert train(tmp_path, report).seconds == seen[-1]
    assert seen[10] > seen[8]


SCRIPT = """
import sys
from pathlib import Path
from tests.training import test_checkpoint as test
test.module.SAVE_EVERY = -1.0
test.train(Path(sys.argv[1]), lambda progress: print(progress.step, flush=True))
print("done", flush=True)
"""


@pytest.mark.slow
def test_a_run_that_is_killed_goes_on_and_ends_as_if_it_had_not_been(tmp_path, whole, saving):
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "2"},
    ) as running:
        assert running.stdout
        for line in running.stdout:
            assert line.strip() != "done"
            if int(line) == 6:
                running.send_signal(signal.SIGKILL)
                break
        assert running.wait(60) == -signal.SIGKILL
    again: list[int] = []
    progress = train(tmp_path, lambda progress: again.append(progress.step))
    assert 5 <= again[0] <= 20
    assert progress.losses == pytest.approx(whole.losses, rel=1e-3)


def test_a_checkpoint_that_a_kill_left_half_written_is_not_taken_for_one(tmp_path, whole):
    (tmp_path / f"{FILE}.partial").write_bytes(b"half")
    assert train(tmp_path).losses == pytest.approx(whole.losses, rel=1e-4)


def test_a_run_leaves_its_best_adapter_and_no_half_written_file(tmp_path, saving):
    train(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [BEST, FILE]


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path, saving):
    (tmp_path / "work").write_text("a file", "utf-8")
    with pytest.raises(UserError, match=r"checkpoint cannot be written to .*work .*: free some space and run the command again"):
        train(tmp_path / "work")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_one_sentence_and_the_checkpoint_before_it_stays(tmp_path, whole, saving):
    def stop(progress: Progress) -> None:
        if progress.step == 9:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, stop)
    kept = (tmp_path / FILE).read_bytes()
    (tmp_path / f"{FILE}.partial").symlink_to("/dev/full")
    with pytest.raises(UserError, match=r"cannot be written .*No space left on device.*: free some space and run the command again"):
        train(tmp_path)
    assert (tmp_path / FILE).read_bytes() == kept
    assert train(tmp_path).losses == pytest.approx(whole.losses, rel=1e-4)


def test_without_a_checkpoint_a_run_begins_anew(tmp_path):
    progress = Progress(0, 1, 0.0, 0.0, 0)
    Checkpoint(tmp_path / "nothing", None, None, None, progress).resume()
    assert progress == Progress(0, 1, 0.0, 0.0, 0)
