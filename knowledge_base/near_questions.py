"""Questions that are named beside passages as answered by no article (gaps), or as fitting several (ambiguous): which of them
a question resembles.
"""

import json
from collections.abc import Sequence

import numpy as np

from knowledge_base.catalog import Catalog
from knowledge_base.confidence import NEAR_QUESTION
from knowledge_base.hits import NearQuestion
from knowledge_base.rows import unpack
from knowledge_base.stored import StoredPassage

KINDS = ("gap", "ambiguous")


def near_questions(
    question: np.ndarray, candidates: Sequence[StoredPassage], catalog: Catalog
) -> tuple[dict[str, float], dict[str, NearQuestion | None]]:
    """By kind, how much nearer such a question lies to the customer's than what is answered, 0 where none lies near; and that
    question, where it is nearer. And as ``ambiguous_named`` whether a candidate names an ambiguous question at all.

    What is answered is the nearest question that is named as such, or the nearest sentence where none is named. All
    candidates are looked at, and not only those that are returned: a gap often stands beside another article than the one
    whose words the question has.

    Args:
        question: its vector, shape (dimension,).
        candidates: the passages that were weighed.
        catalog: read at the state that they were found in.
    """
    best: dict[str, tuple[float, str, str]] = {}
    rows = catalog.db.execute(
        "SELECT passage_id, gaps, gap_vectors, ambiguous, ambiguous_vectors FROM passages"
        f" WHERE (gaps != '[]' OR ambiguous != '[]') AND passage_id IN ({','.join('?' * len(candidates))})",
        [passage.passage_id for passage in candidates],
    )
    for passage_id, *named in rows:
        for kind, texts, vectors in zip(KINDS, named[::2], named[1::2], strict=True):
            cosines = unpack(vectors).reshape(-1, len(question)) @ question
            if len(cosines) and cosines.max() > best.get(kind, (-1.0,))[0]:
                best[kind] = float(cosines.max()), passage_id, json.loads(texts)[cosines.argmax()]
    signals, found = dict.fromkeys((*KINDS, "ambiguous_named"), 0.0), dict[str, NearQuestion | None](dict.fromkeys(KINDS))
    if not best:
        return signals, found
    asked = np.vstack([passage.asked_vectors for passage in candidates])
    answered = asked if len(asked) else np.vstack([passage.unit_vectors for passage in candidates])
    nearest = float((answered @ question).max())
    signals["ambiguous_named"] = float("ambiguous" in best)
    for kind, (cosine, where, text) in best.items():
        signals[kind] = round(max(0.0, cosine - nearest + NEAR_QUESTION), 4)
        if signals[kind] > NEAR_QUESTION:
            beside = next(passage for passage in candidates if passage.passage_id == where)
            found[kind] = NearQuestion(article_id=beside.article_id, title=beside.title, text=text)
    return signals, found
