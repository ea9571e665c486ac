"""Readers that search in a tight loop while refreshes run: they see the old or the new version, never none and never both.

Run ``python -m tests.proofs.readers`` for the whole proof.
"""

import argparse
import re
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from tests.conftest import ARTICLES, CUSTOMERS, write_articles, write_customers, write_help_center
from tests.proofs.crash import place_in
from tests.proofs.processes import call, finish, start

PARTS = 3
STEADY = "mobile-timer"


def edition(number: int) -> str:
    """An article of several passages, each of which says its edition."""
    parts = [f"## Lighthouse {part}\n\nThe lighthouse keeper of edition {number} lights lamp {part} at dusk." for part in range(PARTS)]
    return "---\nid: lighthouse\ntitle: The lighthouse\n---\n" + "\n\n".join(parts) + "\n"


def write_edition(folder: Path, number: int) -> None:
    """An edition of the article and of a customer's record; every other one adds or removes another article."""
    write_articles(folder / "articles", {"lighthouse": edition(number), "mobile-timer": ARTICLES["mobile-timer"]})
    extra = folder / "articles" / "extra.md"
    extra.write_text(f"# Extra\n\nA lighthouse of number {number}.", "utf-8") if number % 2 else extra.unlink(missing_ok=True)
    write_customers(folder / "customers.jsonl", [{**CUSTOMERS[0], "seats": {"used": number, "bought": number}}, *CUSTOMERS[1:]])


def prepare(folder: Path) -> None:
    """The first edition, refreshed."""
    from knowledge_base.refresh import refresh

    write_help_center(folder)
    write_edition(folder, 1)
    refresh(place_in(folder).settings)


def refresh_again_and_again(folder: Path, editions: int, renewing: bool) -> int:
    """Write and refresh one edition after the other; with ``renewing`` the index is made anew each time."""
    from knowledge_base import index
    from knowledge_base.refresh import refresh

    if renewing:
        index.DEAD_VECTORS = index.DEAD_SHARE = -1
    settings = place_in(folder).settings.model_copy(update={"most_removed": 1.0})
    for number in range(2, editions + 2):
        write_edition(folder, number)
        report = refresh(settings)
        assert (report.changed, report.unreached, report.quarantined) == (1, [], [])
    (folder / "done").touch()
    return editions


def read(folder: Path, threads: int) -> Counter[str]:
    """Search until the refreshes have ended, in threads that share one reader; what was seen, by edition."""
    from knowledge_base.retrieval import KnowledgeBase

    reader = KnowledgeBase(place_in(folder).settings)
    seen: Counter[str] = Counter()
    errors: list[BaseException] = []

    def loop() -> None:
        newest = 0
        try:
            while not (folder / "done").exists():
                newest = _look(reader, newest, seen)
            assert newest
        except BaseException as error:
            errors.append(error)

    running = [threading.Thread(target=loop) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    if errors:
        raise errors[0]
    return seen


def _look(reader, newest: int, seen: Counter[str]) -> int:
    """Search once, and check what was found; the edition that it was."""
    found = reader.search("Who lights the lamps of the lighthouse at dusk?", "ACME-1", most=8)
    hits = [hit for hit in found.hits if hit.article_id == "lighthouse"]
    editions = {int(text) for hit in hits for text in re.findall(r"edition (\d+)", hit.text)}
    assert len(hits) == PARTS, f"{len(hits)} of {PARTS} passages"
    assert len(editions) == 1, f"editions {editions}"
    assert len({hit.version for hit in hits}) == 1
    number = editions.pop()
    assert number >= newest, f"edition {number} after {newest}"
    seats = [hit.text for hit in found.hits if hit.path == "seats"]
    assert seats == [f"The workspace uses {number} of {number} seats."], seats
    assert (number % 2 == 1) == any(hit.article_id.startswith("extra") for hit in found.hits)
    steady = reader.search("does the timer keep running when my phone is offline").hits[0]
    assert (steady.article_id, steady.version) == (STEADY, 1)
    seen["searches"] += 2
    seen["editions"] += number != newest
    return number


def prove(folder: Path, editions: int, processes: int, threads: int, renewing: bool = False) -> Counter[str]:
    """Readers of several processes and threads against a process that refreshes; how much was searched and seen."""
    call(prepare, folder)
    readers = [start(read, folder, threads) for _ in range(processes)]
    writer = start(refresh_again_and_again, folder, editions, renewing)
    total: Counter[str] = Counter()
    try:
        finish(*writer)
    finally:
        (folder / "done").touch()
        for reader in readers:
            total += finish(*reader)
    return total


def main() -> None:
    """The proof, as ``make prove`` runs it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--editions", type=int, default=300)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    for renewing in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            began = time.monotonic()
            editions = options.editions // (5 if renewing else 1)
            seen = prove(Path(folder), editions, options.processes, options.threads, renewing)
            what = "the index made anew each time" if renewing else "the index swept"
            print(f"{editions} refreshes, {what}: {dict(seen)} in {time.monotonic() - began:.0f} s, never none and never both")


if __name__ == "__main__":
    main()
