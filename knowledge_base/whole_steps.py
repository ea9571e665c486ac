"""A list of steps that was cut into several passages is handed on without a hole."""

from collections.abc import Iterator

import numpy as np

from knowledge_base import ranking
from knowledge_base.catalog import Catalog
from knowledge_base.ranking import Scored, Weights
from knowledge_base.stored import Filters, StoredPassage

PARTS = 8
"""Passages of a cut list that are handed on at most."""


def with_whole_steps(chosen: list[Scored], catalog: Catalog, query: np.ndarray, filters: Filters, weights: Weights) -> list[Scored]:
    """The passages found, and all others of the best article's cut lists of steps that one of them is a part of.

    Of a list in too many parts the first are handed on, or those up to the best passage where it lies behind them. Parts
    that were found behind those go, for between them steps would be missing.
    """
    found = {item.passage.passage_id: item for item in chosen}
    seen: set[str] = set()
    for item in [item for item in chosen if item.passage.article_id == chosen[0].passage.article_id]:
        if item.passage.passage_id in seen:
            continue
        parts = [*reversed([*_beside(item.passage, -1, catalog, filters)]), item.passage, *_beside(item.passage, 1, catalog, filters)]
        ids = [part.passage_id for part in parts]
        seen.update(ids)
        best = chosen[0].passage.passage_id
        last = max(PARTS, ids.index(best) + 1 if best in ids else 0)
        kept = {part.passage_id: part for part in parts[last - PARTS : last]}
        found = {name: other for name, other in found.items() if name in kept or name not in ids}
        more = {name: part for name, part in kept.items() if name not in found}
        found |= {name: ranking.score(part, query, float(part.vector @ query), 0.0, weights) for name, part in more.items()}
    return list(found.values())


def _beside(passage: StoredPassage, way: int, catalog: Catalog, filters: Filters) -> Iterator[StoredPassage]:
    """The passages that a passage's list goes on in (``way`` 1) or comes from (-1), the nearest first."""
    while True:
        near = catalog.passages(catalog.neighbours(passage), filters).values()
        other = next((item for item in near if item.ordinal == passage.ordinal + way), None)
        if other is None or not (ranking.goes_on(passage, other) if way > 0 else ranking.goes_on(other, passage)):
            return
        yield other
        passage = other
