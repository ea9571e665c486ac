"""Calibrated judgements about a question: is its answer here at all, and does it fit several articles equally well?

Both are logistic models over a handful of retrieval signals, fitted on the development questions by
``python -m tests.benchmarks.calibrate`` and kept in ``calibration.json``.
"""

import json
import math
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

CALIBRATION = Path(__file__).parent / "calibration.json"
FEATURES = ("top", "dense", "unit", "title", "lexical", "coverage", "margin", "spread", "words")


def features(
    question: str, scored: Sequence[tuple[str, float, dict[str, float]]], coverage: float, words: int
) -> dict[str, float]:
    """The signals of one search.

    Args:
        question: the question, with its history where there is one.
        scored: (article id, score, parts) of the best passages, best first.
        coverage: share of the question's words, weighed by rarity, that the best passages hold.
        words: content words of the question alone.
    """
    if not scored:
        return dict.fromkeys(FEATURES, 0.0)
    best_by_article: dict[str, float] = {}
    for article_id, score, _ in scored:
        best_by_article.setdefault(article_id, score)
    ranked = sorted(best_by_article.values(), reverse=True)
    top = ranked[0]
    parts = scored[0][2]
    return {
        "top": top,
        "dense": max(item[2]["dense"] for item in scored[:5]),
        "unit": max(item[2]["unit"] for item in scored[:5]),
        "title": max(item[2]["title"] for item in scored[:5]),
        "lexical": parts["lexical"],
        "coverage": coverage,
        "margin": top - ranked[1] if len(ranked) > 1 else top,
        "spread": top - (sum(ranked[1:5]) / len(ranked[1:5]) if len(ranked) > 1 else 0.0),
        "words": math.log1p(words),
    }


@lru_cache(maxsize=1)
def _calibration() -> dict[str, dict[str, float]]:
    return dict(json.loads(CALIBRATION.read_text("utf-8")))


def _logistic(model: dict[str, float], values: dict[str, float]) -> float:
    total = model["bias"] + sum(model[name] * values[name] for name in FEATURES if name in model)
    return round(1 / (1 + math.exp(-max(-30.0, min(30.0, total)))), 4)


def answerable(values: dict[str, float]) -> float:
    """Probability that the knowledge base answers the question."""
    return _logistic(_calibration()["answerable"], values)


def vague(values: dict[str, float]) -> float:
    """Probability that the question fits several articles and needs asking back."""
    return _logistic(_calibration()["vague"], values)
