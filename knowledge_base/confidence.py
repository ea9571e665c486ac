"""Calibrated judgements: is the answer to a question here at all, and does it fit several articles equally well.

They are logistic models over a handful of retrieval signals, fitted on the development questions by
``python -m tests.benchmarks.calibrate`` and kept in ``calibration.json``. Whether an answer is here is told by another
model where articles do not name the questions they answer: that one sees no cosine as such, only how far the best
stands out, for how near a good answer lies differs between help centers. And whether several fit is told by another
where no article names an ambiguous question, for there it means nothing that the customer's resembles none.

Both take a question to be about what the help center treats. Whether it is, is told apart from them by a third, of what the question
finds without its history: in the others questions that nothing lies near ("Tell me a joke") would outweigh the near misses.

Two of the signals are read off the embedded model's vectors, along directions fitted in the same run and kept in
``directions.json``: whether a question is put as open ones are, and whether as those that no article answers.
"""

import json
import math
import re
import statistics
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from knowledge_base.stored import StoredPassage
from knowledge_base.words import content_words, has_figure, stem

PARTS = ("dense", "unit", "title", "asked", "lexical")
CALIBRATION = Path(__file__).parent / "calibration.json"
DIRECTIONS = Path(__file__).parent / "directions.json"
GAINS = ("top", "asked", "coverage", "unknown")
"""What a history adds to these beside the question alone: where it adds all, the conversation has found itself."""
HISTORY_SIGNALS = (*(f"gain_{name}" for name in GAINS), "gain_words", "later_words")
ABOUT = ("unit", "dense", "coverage", "words", "pronouns", "points")
"""What tells whether a question without its history is about anything that the help center treats."""
ABOUT_SIGNALS = tuple(f"about_{name}" for name in ABOUT)
VECTOR_SIGNALS = ("clause", "clauses", "open", "unanswered", "gap", "ambiguous")
NEAR_QUESTION = 0.15
"""How much farther than the nearest question that is named as answered a known gap or an ambiguous one may lie and still count."""
FEATURES = (
    "top", "dense", "unit", "title", "asked", "lexical", "margin", "spread", "agreement",
    "unknown", "coverage", "missing", "words", "follow_up", "lift", "lift_dense", "lift_asked", "phrased",
    "telling", "length", "pronouns", "points", "asks", "figure", *VECTOR_SIGNALS, *HISTORY_SIGNALS, *ABOUT_SIGNALS,
    "ambiguous_named", "fact",
)  # fmt: skip
_PRONOUN = re.compile(
    r"\b(it|its|that|this|them|they|there|those|these|something|somebody|someone|anything|everything|stuff|things?|ones?|whatever|off)\b"
)
_POINTS = re.compile(r"\b(it|this|that|them|there)\b")
NEAR = 8
"""Best passages whose parts are looked at."""


def features(
    ranked: Sequence[tuple[str, float, dict[str, float]]],
    words: dict[str, float],
    question: str,
    follow_up: bool,
    phrased: bool = False,
) -> dict[str, float]:
    """The signals of one search that its ranking gives; those of ``vector_signals``, of ``history_signals`` and of
    ``near_questions.py`` are 0, and so is ``fact``, how likely an account fact is what is asked for.

    Args:
        ranked: (article id, score, parts) of the best passages, best first.
        words: ``unknown``, the share of the question's words, weighed by rarity, that the knowledge base has nowhere;
            ``coverage``, the share that the best article has; ``missing``, the weight of the rarest it has not;
            ``telling``, the weight of the three rarest words.
        question: the question alone.
        follow_up: whether the question stands on a history.
        phrased: whether the best passages name questions that they answer.
    """
    if not ranked:
        return dict.fromkeys(FEATURES, 0.0)
    best_by_article: dict[str, float] = {}
    for article_id, score, _ in ranked:
        best_by_article.setdefault(article_id, score)
    scores = sorted(best_by_article.values(), reverse=True)
    others = scores[1:5]
    near = ranked[:NEAR]
    found = {
        "top": scores[0],
        "margin": scores[0] - others[0] if others else scores[0],
        "spread": scores[0] - sum(others) / len(others) if others else 0.0,
        "agreement": float(len({max(near, key=lambda item: item[2][part])[0] for part in PARTS})),
        "follow_up": float(follow_up),
        "phrased": float(phrased),
        "lift": scores[0] - statistics.median(score for _, score, _ in ranked),
        **{f"lift_{part}": _lift([parts[part] for _, _, parts in ranked]) for part in ("dense", "asked")},
        **{part: max(item[2][part] for item in near) for part in PARTS},
        **dict.fromkeys((*VECTOR_SIGNALS, *HISTORY_SIGNALS, *ABOUT_SIGNALS, "ambiguous_named", "fact"), 0.0),
        **words,
        **_wording(question, follow_up),
    }
    return {name: round(found[name], 4) for name in FEATURES}


def vector_signals(question: np.ndarray, clauses: np.ndarray, found: Sequence[StoredPassage]) -> dict[str, float]:
    """The signals that are read off vectors.

    ``clause`` is how near the nearest sentence lies to the clause that has the least near one, and ``clauses`` their number;
    ``open`` and ``unanswered`` are how far the question reaches along their directions. ``gap`` and ``ambiguous`` stand in
    ``near_questions.py``.

    Args:
        question: its vector, shape (dimension,).
        clauses: of its clauses, shape (clauses, dimension).
        found: the passages found.
    """
    if not found:
        return {}
    units = np.vstack([passage.unit_vectors for passage in found])
    near = {"clause": float((units @ clauses.T).max(axis=0).min()), "clauses": float(len(clauses))}
    near |= {name: _along(name, question) for name in ("open", "unanswered")}
    return {name: round(value, 4) for name, value in near.items()}


def history_signals(
    alone: Mapping[str, float], after: Mapping[str, float], subject: Mapping[str, float] | None, follows: bool
) -> dict[str, float]:
    """What a question is about, and what the history of a follow-up adds to some signals.

    It may add much to a question of few words, which leans on it; one of many says itself what it is about, so that ``gain_words``
    weighs the gain by them and ``later_words`` are the words of a follow-up alone.

    Args:
        alone: the signals of what the question finds by itself.
        after: those of what it finds after the history.
        subject: those of what an earlier question finds by itself, where this one leans on it.
        follows: whether there is a history; else the gains are 0.
    """
    own = {**alone, "pronouns": after["pronouns"], "points": after["points"]}
    told = [{f"about_{name}": signals[name] for name in ABOUT} for signals in (own, subject) if signals is not None]
    found = max(told, key=lambda signals: in_domain({**signals, "fact": 0.0}))
    if follows:
        found |= {f"gain_{name}": after[name] - alone[name] for name in GAINS}
        found |= {"gain_words": found["gain_top"] * after["words"], "later_words": after["words"]}
    return {name: round(value, 4) for name, value in found.items()}


def word_signals(counts: Mapping[str, int], total: int, article: str) -> dict[str, float]:
    """How a question's words, weighed by rarity, stand to the knowledge base and to the best article.

    Args:
        counts: of each word, in how many passages it stands.
        total: number of passages.
        article: all words of the best article.
    """
    weights = {term: math.log(1 + total / (1 + count)) for term, count in counts.items()}
    whole = sum(weights.values()) or 1.0
    stems = {stem(word) for word in re.findall(r"[^\W_]+", article.lower())}
    missing = {term: weight for term, weight in weights.items() if stem(term) not in stems}
    return {
        "unknown": sum(weight for term, weight in weights.items() if counts[term] == 0) / whole,
        "coverage": 1.0 - sum(missing.values()) / whole if counts else 0.0,
        "missing": max(missing.values(), default=0.0),
        "telling": sum(sorted(weights.values(), reverse=True)[:3]),
    }


def _along(name: str, vector: np.ndarray) -> float:
    """How far a vector reaches along a direction, 0 on average; 0 for vectors of another model, whose length differs."""
    direction = _directions().get(name)
    return float(vector @ direction[:-1] + direction[-1]) if direction is not None and len(direction) == len(vector) + 1 else 0.0


@lru_cache(maxsize=1)
def _directions() -> dict[str, np.ndarray]:
    """Each direction's weights, and its bias last."""
    return {name: np.array(row) for name, row in json.loads(DIRECTIONS.read_text("utf-8")).items()}


def _wording(question: str, follow_up: bool) -> dict[str, float]:
    """How a question is put: one that only points at its subject ("how do I delete it") leaves open which article it means.

    In a follow-up such words point into the conversation, so they do not count.
    """
    lowered, long = question.lower(), max(len(question.split()), 1)
    return {
        "words": math.log1p(len(content_words(question))),
        "length": math.log1p(long),
        "pronouns": 0.0 if follow_up else len(_PRONOUN.findall(lowered)) / long,
        "points": float(not follow_up and _POINTS.search(lowered) is not None),
        "asks": float("?" in question),
        "figure": float(has_figure(question)),
    }


def _lift(values: list[float]) -> float:
    """How far the best of some values stands out."""
    return max(values) - statistics.median(values)


@lru_cache(maxsize=1)
def _calibration() -> dict[str, dict[str, float]]:
    return dict(json.loads(CALIBRATION.read_text("utf-8")))


def _logistic(model: dict[str, float], values: dict[str, float]) -> float:
    total = model["bias"] + sum(model[name] * values[name] for name in FEATURES if name in model)
    return round(1 / (1 + math.exp(-max(-30.0, min(30.0, total)))), 4)


def in_domain(values: dict[str, float]) -> float:
    """Probability that the question, or one before it that it leans on, is about anything that the help center treats."""
    return _logistic(_calibration()["in_domain"], values)


def answerable(values: dict[str, float]) -> float:
    """Probability that the knowledge base answers the question: that it treats such things, and of such it answers this one."""
    among = _logistic(_calibration()["answerable" if values["phrased"] else "answerable_unphrased"], values)
    return round(in_domain(values) * among, 4)


def vague(values: dict[str, float]) -> float:
    """Probability that the question fits several articles and needs asking back."""
    among = _logistic(_calibration()["vague" if values["ambiguous_named"] else "vague_unnamed"], values)
    return round(in_domain(values) * among, 4)
