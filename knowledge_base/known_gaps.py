"""Known gaps: which of the questions that no article answers, as they are named beside the passages found, a question resembles."""

import json
from collections.abc import Sequence

import numpy as np

from knowledge_base.catalog import Catalog
from knowledge_base.hits import KnownGap
from knowledge_base.rows import unpack
from knowledge_base.stored import StoredPassage


def nearest_gap(question: np.ndarray, found: Sequence[StoredPassage], catalog: Catalog) -> tuple[float, KnownGap | None]:
    """The known gap beside these passages that a question resembles most, and their cosine; -1 and None where there is none.

    Gaps rank nothing, so they are read for the passages that are returned alone.

    Args:
        question: its vector, shape (dimension,).
        found: the passages found.
        catalog: read at the state that they were found in.
    """
    rows = catalog.db.execute(
        f"SELECT passage_id, gaps, gap_vectors FROM passages WHERE gaps != '[]' AND passage_id IN ({','.join('?' * len(found))})",
        [passage.passage_id for passage in found],
    )
    best, where, which = -1.0, "", ""
    for passage_id, texts, vectors in rows:
        cosines = unpack(vectors).reshape(-1, len(question)) @ question
        if cosines.max() > best:
            best, where, which = float(cosines.max()), passage_id, json.loads(texts)[cosines.argmax()]
    beside = next((passage for passage in found if passage.passage_id == where), None)
    return best, KnownGap(article_id=beside.article_id, title=beside.title, text=which) if beside else None
