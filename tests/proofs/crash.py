"""SIGKILL at random moments of everything that writes to a store.

After each kill a new reader answers exactly as before the command or exactly as after it, the command (or a refresh) that
follows brings the state after, and nothing is left over. Run ``python -m tests.proofs.crash`` for the whole proof.
"""

import argparse
import fcntl
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.conftest import ARTICLES, CUSTOMERS, help_center_in, write_articles, write_customers, write_help_center
from tests.proofs.processes import LONGEST, ROOT, call, duration, kill_after

QUESTIONS = (
    ("How do I cancel my subscription?", None),
    ("When are refunds paid?", "ACME-1"),
    ("How many API requests per minute are allowed?", None),
    ("What does the parrot eat?", None),
    ("switch on SAML single sign-on", "BOLT-2"),
    ("Which plan am I on, and how many seats do I use?", "ACME-1"),
    ("Zanzibarquokka doubloons", "CORK-3"),
)
GONE = "---\nid: gone-for-good\ntitle: Wolpertinger\nasked_as:\n  '': [feed my jackalope]\n---\nZanzibarquokka pays 987654 doubloons.\n"
GONE_WORDS = ("zanzibarquokka", "987654", "wolpertinger", "jackalop", "gone-for-good")
CUSTOMER_WORDS = ("cork cinema", "cleo diaz", "cork-3")


@dataclass(frozen=True)
class Scenario:
    """A command that is killed: how its store is prepared, what runs, what completes it, and which words it must erase."""

    name: str
    prepare: Callable[[Path], None]
    run: Callable[[Path], None]
    erased: tuple[str, ...] = ()


def place_in(folder: Path) -> SimpleNamespace:
    """The help center of a folder, its settings for one thread; its few vectors lie in graphs on disk, as many would."""
    from knowledge_base import vectors

    vectors._HNSW |= {"sync_threshold": 4, "batch_size": 3}
    place = help_center_in(folder)
    place.settings = place.settings.model_copy(update={"threads": 1})
    return place


def prepare(folder: Path) -> None:
    """A store of a few articles, one of them with a former version."""
    from knowledge_base.refresh import refresh

    write_help_center(folder, articles={**ARTICLES, "gone": GONE.replace("987654", "987654 and again 987654")})
    refresh(place_in(folder).settings)
    write_articles(folder / "articles", {"gone": GONE, "api-limits": ARTICLES["api-limits"].replace("100", "90")})
    refresh(place_in(folder).settings)


def edit(folder: Path) -> None:
    """Edits to come: articles changed, added, moved and removed, customers changed, added and removed."""
    write_articles(
        folder / "articles",
        {
            "cancel-plan": ARTICLES["cancel-plan"].replace("14 days", "17 days"),
            "api-limits": ARTICLES["api-limits"].replace("100 requests", "250 requests"),
            "parrots": "---\nid: parrots\ntitle: Feed the parrot\n---\nA parrot eats seeds at noon.\n",
            "moved/mobile-timer": ARTICLES["mobile-timer"],
        },
    )
    (folder / "articles" / "mobile-timer.md").unlink()
    (folder / "articles" / "sso-setup.md").unlink()
    write_customers(
        folder / "customers.jsonl", [{**CUSTOMERS[0], "plan": "Enterprise"}, CUSTOMERS[2], {"customer_id": "DUNE-4", "company": "Dune"}]
    )


def prepared_and_edited(folder: Path) -> None:
    """A store, and edits that no refresh has seen yet."""
    prepare(folder)
    edit(folder)


def only_sources(folder: Path) -> None:
    """Sources, and no store yet."""
    write_help_center(folder)


def run_refresh(folder: Path) -> None:
    """An ordinary refresh."""
    from knowledge_base.refresh import refresh

    refresh(place_in(folder).settings, force=True)


def run_with_new_index(folder: Path) -> None:
    """A refresh that leaves so many dead vectors that the index is made anew."""
    from knowledge_base import index

    index.DEAD_VECTORS = index.DEAD_SHARE = -1
    run_refresh(folder)


def run_with_another_layout(folder: Path) -> None:
    """A refresh of a program that embeds in another way: everything is made anew."""
    from knowledge_base import refresh

    refresh.LAYOUT = "of another program"
    run_refresh(folder)


def run_restore(folder: Path) -> None:
    """Bring the former version of an article back."""
    from knowledge_base.versions import history, restore

    settings = place_in(folder).settings
    if len(history(settings, "api-limits")) == 2:
        restore(settings, "api-limits@1")


def run_purge(folder: Path) -> None:
    """Erase an article that is removed from its source already, as one should."""
    from knowledge_base.erasure import purge_article
    from knowledge_base.errors import UserError

    try:
        purge_article(place_in(folder).settings, "gone-for-good")
    except UserError as error:
        if "no article" not in str(error):  # it is gone already
            raise


def run_purge_customer(folder: Path) -> None:
    """Erase a customer."""
    from knowledge_base.erasure import purge_customer

    purge_customer(place_in(folder).settings, "CORK-3")


def run_end_of_retention(folder: Path) -> None:
    """A refresh that removes an article and erases all former versions."""
    from knowledge_base.refresh import refresh

    refresh(place_in(folder).settings.model_copy(update={"retention_days": 0}), force=True)


def without_the_article(folder: Path) -> None:
    """A store with an article that its source holds no more."""
    prepare(folder)
    (folder / "articles" / "gone.md").unlink()


def without_the_customer(folder: Path) -> None:
    """A store with a customer that the source holds no more."""
    prepare(folder)
    write_customers(folder / "customers.jsonl", CUSTOMERS[:2])


SCENARIOS = (
    Scenario("first refresh", only_sources, run_refresh),
    Scenario("refresh", prepared_and_edited, run_refresh),
    Scenario("refresh and new index", prepared_and_edited, run_with_new_index),
    Scenario("another layout", prepared_and_edited, run_with_another_layout),
    Scenario("restore", prepare, run_restore),
    Scenario("purge", without_the_article, run_purge, GONE_WORDS),
    Scenario("purge of a customer", without_the_customer, run_purge_customer, CUSTOMER_WORDS),
    Scenario("end of retention", without_the_article, run_end_of_retention, GONE_WORDS),
)


def answers(folder: Path) -> list[Any]:
    """What a reader that opens the store now finds for all questions."""
    from knowledge_base.errors import UserError
    from knowledge_base.retrieval import KnowledgeBase

    try:
        kb = KnowledgeBase(place_in(folder).settings)
    except UserError as error:
        assert "run `python -m knowledge_base refresh`" in str(error), error
        return ["no store"]
    found: list[Any] = []
    for question, customer_id in QUESTIONS:
        try:
            hits = kb.search(question, customer_id).hits
        except UserError as error:
            assert "no customer" in str(error), error
            found.append("no customer")
        else:
            found.append([(hit.source, hit.article_id, hit.version, hit.title, hit.text, hit.path, round(hit.score, 3)) for hit in hits])
    return found


def leftovers(folder: Path, erased: tuple[str, ...]) -> list[str]:
    """What should not be in a store that nothing works on: a second index, ids to be swept, work begun, erased words."""
    from knowledge_base.catalog import Catalog

    store = folder / "store"
    usual = ("catalog.sqlite3", "catalog.sqlite3-wal", "catalog.sqlite3-shm", "refresh.lock")
    found = [path.name for path in store.iterdir() if path.name not in usual]
    with Catalog(store) as catalog:
        found.remove(str(catalog.meta("vectors")))
        found += [f"to be swept: {catalog.journal()}"] if catalog.journal() else []
        found += [f"to be erased: {item}" for item in catalog.erasing()]
    return found + files_with(store, *erased)


def files_with(folder: Path, *words: str) -> list[str]:
    """The files below a folder that hold one of the words, in whichever case and usual encoding."""
    found = []
    for path in sorted(item for item in folder.rglob("*") if item.is_file()):
        content = path.read_bytes().lower()
        found += [f"{path.name}: {word}" for word in words for coding in ("utf-8", "utf-16-le") if word.lower().encode(coding) in content]
    return found


def complete(scenario: Scenario, folder: Path) -> tuple[list[Any], list[str]]:
    """Run the command again after a kill; what a reader then finds, and what is left over."""
    scenario.run(folder)
    if scenario.run not in (run_with_another_layout, run_with_new_index):
        run_refresh(folder)
    return answers(folder), leftovers(folder, scenario.erased)


class Trial:
    """One scenario with its states before and after, ready to be killed again and again."""

    def __init__(self, scenario: Scenario, folder: Path) -> None:
        self.scenario, self.folder = scenario, folder
        call(scenario.prepare, folder / "ready")
        self.before = call(answers, folder / "ready")
        self._copy()
        self.seconds = duration(scenario.run, folder / "copy")
        self._copy()
        self.after, left = call(complete, scenario, folder / "copy")
        assert left == [], left
        assert self.after != self.before

    def _copy(self) -> Path:
        shutil.rmtree(self.folder / "copy", ignore_errors=True)
        shutil.copytree(self.folder / "ready", self.folder / "copy")
        return self.folder / "copy"

    def kill(self, after: float) -> str:
        """Kill the command after a while, and hold what is left against the states; which of them it was."""
        copy = self._copy()
        if not kill_after(after, self.scenario.run, copy):
            return "ended before"
        return self.judge(copy)

    def judge(self, copy: Path) -> str:
        """Whether the store answers as before or as after, and is brought to the state after by the next run."""
        found = call(answers, copy)
        assert found in (self.before, self.after), (self.scenario.name, found)
        completed, left = call(complete, self.scenario, copy)
        assert completed == self.after, (self.scenario.name, completed)
        assert left == [], (self.scenario.name, left)
        return "before" if found == self.before else "after"

    def kill_program(self, after: float) -> str:
        """Kill ``python -m knowledge_base refresh`` so long after it has taken hold of the store."""
        program, _ = self._program(after)
        return self.judge(self.folder / "copy") if program.returncode == -signal.SIGKILL else "ended before"

    def program_seconds(self) -> float:
        """How long ``python -m knowledge_base refresh`` holds the store."""
        return self._program(LONGEST)[1]

    def _program(self, after: float) -> tuple[subprocess.Popen[bytes], float]:
        copy = self._copy()
        command = [sys.executable, "-m", "knowledge_base", "refresh", "--force", "--store", str(copy / "store")]
        command += ["--articles", str(copy / "articles"), "--customers", str(copy / "customers.jsonl")]
        environment = {"DESK_WORDING": str(copy / "wording.yaml"), "DESK_THREADS": "1", "HF_HUB_OFFLINE": "1"}
        environment |= {"PYTHONPATH": os.environ.get("PYTHONPATH") or str(ROOT)}
        with (copy.parent / "output").open("wb") as output:
            program = subprocess.Popen(command, stdout=output, stderr=output, cwd=copy, env=environment)
            while program.poll() is None and not _held(copy / "store" / "refresh.lock"):
                time.sleep(0.002)
            began = time.monotonic()
            with suppress(subprocess.TimeoutExpired):
                program.wait(after)
            held = time.monotonic() - began
            program.kill()
            program.wait()
        assert program.returncode in (0, -signal.SIGKILL), (copy.parent / "output").read_text()
        return program, held


def _held(lock: Path) -> bool:
    """Whether a process holds a lock."""
    with lock.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def prove(kills: int, programs: int, seed: int, say: Callable[[str], None] = print) -> Counter[str]:
    """Kill every scenario in turn; how often the store answered as before and as after."""
    dice = random.Random(seed)
    seen: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        trials = [Trial(scenario, Path(folder) / str(number)) for number, scenario in enumerate(SCENARIOS)]
        for trial in trials:
            say(f"{trial.scenario.name}: {trial.seconds:.2f} s")
        number = 0
        while seen["before"] + seen["after"] < kills:
            trial = trials[number % len(trials)]
            outcome = trial.kill(dice.uniform(0, 1.1 * trial.seconds))
            seen[outcome] += 1
            number += 1
            if number % 20 == 0:
                say(f"{number} runs: {dict(seen)}")
        longest = trials[1].program_seconds() if programs else 0.0
        for _ in range(programs):
            seen[f"program, {trials[1].kill_program(dice.uniform(0, longest))}"] += 1
    return seen


def main() -> None:
    """The proof, as ``make prove`` runs it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--programs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print(f"seed {options.seed}")
    print(json.dumps(prove(options.kills, options.programs, options.seed)))


if __name__ == "__main__":
    main()
