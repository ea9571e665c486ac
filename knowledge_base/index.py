"""Keeping the index in step with the catalog: sweeping what is true no more, and making a damaged one anew."""

from collections.abc import Sequence
from heapq import nlargest
from pathlib import Path

import numpy as np

from knowledge_base import vectors
from knowledge_base.catalog import Catalog
from knowledge_base.change import change, note_begun, strike

DEAD_VECTORS = 2000
DEAD_SHARE = 2
"""Deleted vectors leave room behind in Chroma; past this many, and this many times the living, the index is made anew."""

DEATHS = 2
"""Chroma's graph can crash a process that reads a spoiled file; after so many commands in a row it is not read again."""


class CatalogVectors:
    """What ``Vectors`` answers, out of the catalog alone: exact and always whole, but slow among many passages."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def passages(self, query: np.ndarray, most: int) -> list[tuple[str, float]]:
        """The nearest passages: (id, cosine), best first."""
        found = [(item, float(vector @ query)) for item, vector in self._catalog.passage_vectors()]
        return nlargest(most, found, key=lambda pair: pair[1])

    def facts(self, key: str, ids: Sequence[str]) -> dict[str, np.ndarray]:
        """Vectors of these facts by id, of those that stand under this customer's key."""
        kept = self._catalog.vectors_of_facts(key)
        return {item: kept[item] for item in ids if item in kept}

    def close(self) -> None:
        """Nothing is open."""


def begin(store: Path, catalog: Catalog) -> None:
    """Note that a command begins to work on the index, until ``sweep`` ends it. The store's lock must be held.

    Where the last two did not live to their end, the index may be what killed them, so it is made anew.
    """
    begun = int(catalog.meta("begun") or 0)
    if begun >= DEATHS and catalog.meta("vectors"):
        renew(store, catalog)
    note_begun(catalog, begun + 1)


def open_index(store: Path, catalog: Catalog) -> vectors.Vectors:
    """The index that the catalog names; where it cannot be read, one made anew. The store's lock must be held.

    Raises:
        DamagedIndex: nor can a new one be written.
    """
    try:
        return vectors.reopen(vectors.index_folder(store, catalog))
    except vectors.DamagedIndex:
        return vectors.reopen(renew(store, catalog))


def sweep(store: Path, catalog: Catalog) -> None:
    """Leave in the index the vectors that are true, all of them and no others. The store's lock must be held.

    Vectors that are true no more are deleted, and indexes that the catalog does not name; an index that is short of vectors,
    or holds mostly the room that deleted ones left, is made anew.

    Raises:
        DamagedIndex: a new index cannot be written.
    """
    index = None
    try:
        index = vectors.reopen(vectors.index_folder(store, catalog))
        dead = 0
        if journal := catalog.journal():
            for collection, ids in journal.items():
                index.delete(collection, ids)
            dead = strike(catalog, sum(map(len, journal.values())))
        if index.counts() != catalog.counts() or dead > max(DEAD_VECTORS, DEAD_SHARE * sum(catalog.counts())):
            renew(store, catalog)
        elif probe := next(catalog.passage_vectors(), None):
            index.passages(probe[1], 10)
    except vectors.DamagedIndex:
        renew(store, catalog)
    finally:
        if index:
            index.close()
    note_begun(catalog, 0)
    vectors.discard_others(store, vectors.index_folder(store, catalog))


def renew(store: Path, catalog: Catalog) -> Path:
    """Make the index anew from the catalog's vectors and have the catalog name it; returns its folder."""
    folder = vectors.rebuild(store, catalog)
    with change(catalog) as flip:
        flip.set_meta("vectors", folder.name)
        flip.set_meta("dead_vectors", "0")
        flip.clear_journal()
    return folder
