"""The index as a running reader sees it: opened once, and what refreshes made true since compared out of the catalog."""

from collections.abc import Sequence
from heapq import nlargest
from pathlib import Path

import numpy as np

from knowledge_base.catalog import Catalog
from knowledge_base.change import PASSAGES_MADE
from knowledge_base.index import CatalogVectors
from knowledge_base.rows import unpack
from knowledge_base.stored import Filters
from knowledge_base.vectors import index_folder, reopen

MOST_BEHIND = 2000
"""Passages that may be new or gone since the index was opened; past them it is opened anew."""


MOST_ASKED = 5000
"""Passages asked of the index at most, where filters leave few."""


class Followed:
    """An open index that follows the catalog.

    What is open of a Chroma folder does not see what another process adds, and to open it anew takes most of a second among
    100,000 passages. Few newer ones are compared one by one instead; those that are gone the catalog tells.
    """

    def __init__(self, store: Path, catalog: Catalog) -> None:
        """Open the index that the catalog names.

        Raises:
            DamagedIndex: it is not there or cannot be read.
        """
        self._store, self._catalog = store, catalog
        self._index = reopen(index_folder(store, catalog))
        self._last, self._held = int(catalog.meta(PASSAGES_MADE) or 0), catalog.counts()[0]
        self._ids: list[str] = []
        self._vectors = np.zeros((0, 0), dtype=np.float32)
        self._moved = False

    def follow(self) -> bool:
        """See what a refresh made true; False where the index is to be opened anew instead: another is named, or too much is other."""
        if index_folder(self._store, self._catalog) != self._index.folder:
            return False
        rows = "SELECT passage_id, vector FROM passages WHERE number > ? ORDER BY number LIMIT ?"
        newer = self._catalog.db.execute(rows, (self._last, MOST_BEHIND + 1)).fetchall()
        gone = self._held + len(newer) - self._catalog.counts()[0]
        if len(newer) + gone > MOST_BEHIND:
            return False
        self._moved = True
        self._ids = [item for item, _ in newer]
        self._vectors = np.array([unpack(blob) for _, blob in newer], dtype=np.float32)
        return True

    def passages(self, query: np.ndarray, most: int) -> list[tuple[str, float]]:
        """The nearest passages, untrue ones among them: (id, cosine), best first."""
        found = self._index.passages(query, most)
        if not self._ids:
            return found
        newer = zip(self._ids, (self._vectors @ query).tolist(), strict=True)
        return nlargest(most, (dict(found) | dict(newer)).items(), key=lambda pair: pair[1])

    def facts(self, key: str, ids: Sequence[str]) -> dict[str, np.ndarray]:
        """Vectors of these facts by id, of those that stand under this customer's key; all of them the catalog's once it has moved on."""
        return (CatalogVectors(self._catalog) if self._moved else self._index).facts(key, ids)

    def close(self) -> None:
        """Close the index."""
        self._index.close()


def serving_nearest(index: Followed | CatalogVectors, catalog: Catalog, query: np.ndarray, filters: Filters, most: int) -> dict[str, float]:
    """The nearest passages that are true and let through, so many at most: id -> cosine.

    Chroma's own filter walks all metadata, so the catalog filters, and more are asked for while too few are left.
    """
    wanted = 2 * most
    while True:
        near = index.passages(query, wanted)
        kept = catalog.serving([item for item, _ in near], filters)
        if len(kept) >= most or len(near) < wanted or wanted >= MOST_ASKED:
            return dict([(item, cosine) for item, cosine in near if item in kept][:most])
        wanted = min(4 * wanted, MOST_ASKED)
