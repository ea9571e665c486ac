"""Promotions and rollbacks beside an assistant that answers all the while, some of the commands killed midway.

No answer fails, the pointer names a whole voice at every moment, and the assistant follows it. Run
``python -m tests.proofs.promotions`` for the whole proof.
"""

import argparse
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.conftest import help_center_in, write_help_center
from tests.proofs.processes import ROOT

QUESTIONS = ("How do I cancel my subscription?", "When are refunds paid?", "How many API requests per minute are allowed?", "Set up SSO")
LONGEST = 900.0
SCALE = 0.8
"""The second voice's adapter is the shipped one's at this strength."""
EVERY = 0.5
"""Seconds between two looks at the pointer by the answering process, as a page's sidebar does."""


def settings_of(folder: Path) -> Any:
    from assistant.settings import Settings

    place = help_center_in(folder)
    return Settings(store=place.store, articles=place.articles, customers=place.customers, wording=place.wording, hand_off_below=0.0)


def second_voice(folder: Path) -> Path:
    """A real voice made of the shipped one: its adapter weakened, its card and canary made by the reference engine."""
    import shutil

    from safetensors.numpy import load_file, save_file

    from assistant.base_model import file_digest
    from assistant.engines import greedy
    from assistant.reference_engine import TransformersChat
    from assistant.voices import SHIPPED, read_card

    shutil.copytree(SHIPPED, folder)
    adapter = folder / "adapter_model.safetensors"
    weights = load_file(adapter)
    for name in weights:
        if ".lora_B." in name:
            weights[name] = (weights[name] * SCALE).astype(weights[name].dtype)
    save_file(weights, adapter)
    card = read_card(SHIPPED)
    canary = card.canary.model_copy(update={"with_voice": greedy(TransformersChat(adapter=folder), card)})
    write_card(folder, version="20260101-0000", adapter_digest=file_digest(adapter), canary=canary)
    return folder


def write_card(folder: Path, **changes: Any) -> None:
    from assistant.voices import read_card

    (folder / "card.json").write_text(read_card(folder).model_copy(update=changes).model_dump_json(), "utf-8")


def prepare(folder: Path) -> None:
    """A help center, refreshed, and a second voice in a folder beside it."""
    from knowledge_base.refresh import refresh

    write_help_center(folder)
    refresh(settings_of(folder))
    second_voice(folder / "second")


def answer(folder: Path) -> None:
    """Answer questions until there is a file ``done``; what was seen goes to ``answered.json``."""
    from assistant.pipeline import Assistant

    assistant = Assistant(settings_of(folder))
    began = memory()
    seen: Counter[str] = Counter()
    failed: list[str] = []
    changes: list[tuple[float, str]] = []
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            label = assistant.serving.look().label
            if not changes or changes[-1][1] != label:
                changes.append((time.time(), label))
                write(folder / "serving", label)
            if assistant.serving.trouble:
                failed.append(assistant.serving.trouble)
            time.sleep(EVERY)

    sidebar = threading.Thread(target=look)
    sidebar.start()
    while not (folder / "done").exists():
        try:
            turn = assistant.ask(QUESTIONS[seen.total() % len(QUESTIONS)])
            assert turn.reply.greeting and turn.reply.next_step, turn.reply
            seen[turn.voice] += 1
        except Exception as error:
            failed.append(repr(error))
    over.set()
    sidebar.join()
    found = {"answers": seen, "failed": failed, "changes": changes, "memory": [began, memory()]}
    write(folder / "answered.json", json.dumps(found))


def serving(folder: Path) -> str:
    """The voice that the answering process speaks in now."""
    return (folder / "serving").read_text("utf-8")


def write(path: Path, text: str) -> None:
    fresh = path.with_suffix(".fresh")
    fresh.write_text(text, "utf-8")
    fresh.replace(path)


def memory() -> float:
    """Megabytes that this process holds."""
    pages = int(Path("/proc/self/statm").read_text("utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextmanager
def answering(folder: Path):
    """Another process answers for as long as this lasts."""
    process = subprocess.Popen([sys.executable, "-m", "tests.proofs.promotions", "--answer", str(folder)], cwd=ROOT)
    try:
        wait_for((folder / "serving").exists, process)
        yield process
    finally:
        (folder / "done").touch()
        process.wait(LONGEST)


def wait_for(true: Any, process: subprocess.Popen[bytes]) -> float:
    """Seconds until something is true; the answering process goes on meanwhile."""
    began = time.monotonic()
    while not true():
        assert process.poll() is None, "the answering process has ended"
        assert time.monotonic() - began < LONGEST, "it never came true"
        time.sleep(0.05)
    return time.monotonic() - began


@contextmanager
def watched(settings: Any, counts: Counter[str]):
    """While it lasts, the pointer is read again and again, and names a whole voice each time."""
    from assistant.voices import active_voice

    over, wrong = threading.Event(), []

    def watch() -> None:
        while not over.wait(0.02):
            try:
                active_voice(settings)
                counts["looks at the pointer"] += 1
            except Exception as error:
                wrong.append(repr(error))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    assert wrong == [], wrong[:3]


class Commands:
    """Promotions and rollbacks by command, in turn; some are killed."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.settings = settings_of(folder)
        self.rng = random.Random(seed)
        self.seconds = 2.0
        self.made = 0

    def next(self) -> list[str]:
        """A promotion of an installed voice, a rollback, or a promotion that installs a new version first."""
        kind = self.made % 4
        self.made += 1
        if kind == 3:
            return ["promote", str(self._new_version())]
        return [["promote", "shipped"], ["rollback"], ["promote", "warm@20260101-0000"]][kind]

    def _new_version(self) -> Path:
        import shutil

        folder = self.folder / f"version-{self.made}"
        shutil.copytree(self.folder / "second", folder)
        write_card(folder, version=f"20260202-{self.made:04}")
        return folder

    def run(self, command: list[str], kill: bool) -> bool:
        """Run a command, and kill it at a random moment or at the first sign of a copy; whether it was killed."""
        began = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "training", *command, "--store", str(self.settings.store)],
            cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
        if kill and "version" in command[-1]:
            while process.poll() is None and not list(self.settings.voices.glob(".*.partial")):
                time.sleep(0.0005)
            time.sleep(self.rng.uniform(0, 0.03))
        elif kill:
            time.sleep(self.rng.uniform(0.2, 1.0) * self.seconds)
        if kill:
            process.kill()
        _, said = process.communicate(timeout=LONGEST)
        if process.returncode == -signal.SIGKILL:
            return True
        assert process.returncode == 0, said.decode()
        self.seconds = time.monotonic() - began
        return False


def prove(folder: Path, commands: int, kills: int, seed: int = 0) -> dict[str, Any]:
    """Run commands beside an answering assistant; what was counted."""
    from assistant.promotion import installed
    from assistant.voices import active_voice, read_pointer

    subprocess.run([sys.executable, "-m", "tests.proofs.promotions", "--prepare", str(folder)], cwd=ROOT, check=True)
    made = Commands(folder, seed)
    made.run(["promote", str(folder / "second")], kill=False)
    counts: Counter[str] = Counter()
    lags: list[float] = []
    with answering(folder) as process, watched(made.settings, counts):
        number = 0
        while number < commands or counts["killed"] < kills:
            command = made.next()
            # A command that ends before it is killed counts as one that was not to be.
            kill = (commands - number) * made.rng.random() < kills - counts["killed"]
            number += 1
            killed = made.run(command, kill)
            counts["killed"] += killed
            counts[command[0]] += not killed
            broken = [item.trouble for item in installed(made.settings) if item.voice is None]
            assert broken == [], broken
            pointer = read_pointer(made.settings)
            if not killed and command[0] == "promote" and "version" not in command[-1]:
                assert pointer.folder == command[-1], pointer
            behind = serving(folder) != active_voice(made.settings).label
            if behind and (made.rng.random() < 0.5 or not lags):
                lags.append(wait_for(lambda: serving(folder) == active_voice(made.settings).label, process))
        wait_for(lambda: serving(folder) == active_voice(made.settings).label, process)
    found = json.loads((folder / "answered.json").read_text("utf-8"))
    assert found["failed"] == [], found["failed"][:3]
    return {
        "commands": dict(counts),
        "answers": sum(found["answers"].values()),
        "voices that answered": len(found["answers"]),
        "changes of voice": len(found["changes"]) - 1,
        "followed after, s": {"median": round(statistics.median(lags), 1), "most": round(max(lags), 1)},
        "memory of the assistant, MB, begin and end": [round(size) for size in found["memory"]],
    }


def main() -> None:
    """The proof, as ``make prove`` runs it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commands", type=int, default=60, help="of them --kills are killed")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--answer", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--prepare", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.answer:
        answer(options.answer)
    elif options.prepare:
        prepare(options.prepare)
    else:
        with tempfile.TemporaryDirectory() as folder:
            began = time.monotonic()
            found = prove(Path(folder), options.commands, options.kills)
            assert found["commands"]["killed"] >= options.kills, found
            print(f"{found} in {time.monotonic() - began:.0f} s; no answer failed, the pointer always named a whole voice")


if __name__ == "__main__":
    main()
