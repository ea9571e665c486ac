"""A store stays small over a thousand edits, and a reader that is open all the while leaks nothing.

Run ``python -m tests.proofs.growth`` for the whole proof.
"""

import argparse
import gc
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ARTICLES, CUSTOMERS, write_articles, write_customers, write_help_center


@dataclass(frozen=True)
class Size:
    """What a store takes after so many edits: bytes in all, of the catalog and of the indexes; the files the process has open."""

    edits: int
    total: int
    catalog: int
    vectors: int
    files: int


def grow(folder: Path, edits: int, every: int, say: Callable[[str], None] = print) -> list[Size]:
    """Edit, add, remove and bring back articles and records, refresh after each edit, and measure now and then.

    A reader stays open and asks after each refresh; it must see the edit.
    """
    from knowledge_base.refresh import refresh
    from knowledge_base.retrieval import KnowledgeBase

    place = write_help_center(folder)
    settings = place.settings.model_copy(update={"most_removed": 1.0, "threads": 1})
    refresh(settings)
    reader = KnowledgeBase(settings)
    sizes = [_size(place.store, 0)]
    for number in range(1, edits + 1):
        write_articles(
            place.articles,
            {
                "cancel-plan": ARTICLES["cancel-plan"].replace("14 days", f"{number} working days"),
                "api-limits": ARTICLES["api-limits"].replace("100 requests", f"{number} requests"),
                "now-and-then": f"# Now and then\n\nThis article was written {number} times over.",
            },
        )
        if number % 3 == 0:
            (place.articles / "now-and-then.md").unlink()
        write_customers(place.customers, [{**CUSTOMERS[0], "seats": {"used": number, "bought": 10 * number}}, *CUSTOMERS[1:]])
        refresh(settings)
        said = [hit.text for hit in reader.search("When are refunds paid?", "ACME-1").hits]
        assert any(f"paid within {number} working days" in text for text in said), said
        if number % every == 0:
            gc.collect()
            sizes.append(_size(place.store, number))
            say(f"{sizes[-1]}")
    return sizes


def _size(store: Path, edits: int) -> Size:
    files = {path: path.stat().st_size for path in store.rglob("*") if path.is_file()}
    vectors = sum(size for path, size in files.items() if path.relative_to(store).parts[0].startswith("vectors-"))
    catalog = sum(size for path, size in files.items() if path.name.startswith("catalog"))
    return Size(edits, sum(files.values()), catalog, vectors, len(list(Path("/proc/self/fd").iterdir())))


def check_bounded(sizes: list[Size]) -> None:
    """The second half of the edits adds next to nothing to what the first half made of the store."""
    half = len(sizes) // 2
    early, late = sizes[1 : half + 1], sizes[half + 1 :]
    for field in ("total", "catalog", "vectors", "files"):
        first, last = (max(getattr(size, field) for size in part) for part in (early, late))
        assert last <= 1.25 * first + 4 * 4096 * (field != "files"), (field, first, last)


def main() -> None:
    """The proof, as ``make prove`` runs it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edits", type=int, default=1000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sizes = grow(Path(folder), options.edits, options.edits // 10)
    check_bounded(sizes)
    print(f"bounded: {sizes[0].total:,} bytes at first, {max(size.total for size in sizes):,} at most, {sizes[-1].total:,} at last")


if __name__ == "__main__":
    main()
