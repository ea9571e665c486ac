"""Known gaps: which of the questions that no article answers, as they are named beside passages, a question resembles."""

import json
from collections.abc import Sequence

import numpy as np

from knowledge_base.catalog import Catalog
from knowledge_base.confidence import NEAR_GAP
from knowledge_base.hits import KnownGap
from knowledge_base.rows import unpack
from knowledge_base.stored import StoredPassage


def nearest_gap(question: np.ndarray, candidates: Sequence[StoredPassage], catalog: Catalog) -> tuple[float, KnownGap | None]:
    """How much nearer a known gap lies to a question than what is answered, 0 where none lies near; and that gap, where it is nearer.

    What is answered is the nearest question that is named as such, or the nearest sentence where none is named. All
    candidates are looked at, and not only those that are returned: a gap often stands beside another article than the one
    whose words the question has.

    Args:
        question: its vector, shape (dimension,).
        candidates: the passages that were weighed.
        catalog: read at the state that they were found in.
    """
    rows = catalog.db.execute(
        f"SELECT passage_id, gaps, gap_vectors FROM passages WHERE gaps != '[]' AND passage_id IN ({','.join('?' * len(candidates))})",
        [passage.passage_id for passage in candidates],
    )
    best, where, which = -1.0, "", ""
    for passage_id, texts, vectors in rows:
        cosines = unpack(vectors).reshape(-1, len(question)) @ question
        if cosines.max() > best:
            best, where, which = float(cosines.max()), passage_id, json.loads(texts)[cosines.argmax()]
    if not where:
        return 0.0, None
    asked = np.vstack([passage.asked_vectors for passage in candidates])
    named = asked if len(asked) else np.vstack([passage.unit_vectors for passage in candidates])
    near = round(max(0.0, best - float((named @ question).max()) + NEAR_GAP), 4)
    beside = next(passage for passage in candidates if passage.passage_id == where)
    return near, KnownGap(article_id=beside.article_id, title=beside.title, text=which) if near > NEAR_GAP else None
