"""Topic: whether a question leaves what the conversation was about, so that the history would only lead astray.

A logistic model over what the question finds alone and after the history, and how near it is to the history, fitted on the
development questions by ``python -m tests.benchmarks.topic --write`` and kept in ``topic.json``.
"""

import json
import math
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from knowledge_base.embeddings import SentenceEmbeddings
from knowledge_base.ranking import Scored, chosen, last_turns
from knowledge_base.words import content_words

MODEL = Path(__file__).parent / "topic.json"
SIGNALS = ("score", "gain", "words", "customer", "agent", "leans", "same")
"""The best score alone, and how far it lies above the best after the history; content words; cosine with the customer's and with
the agent's last turn; whether the question leans on what was said; whether both ways find the same article first."""
LEAST = 0.8
"""Probability from which a question counts as one of another topic."""
MOST_WORDS = 8
"""Content words of a question beyond which it says itself what it is about."""
_GOES_ON = re.compile(r"(?i)^(?:and|but|so|ok|okay|then|also|or|what if)\b|\b(?:(?:what|how) about|then|instead|else)\b")
_POINTS = re.compile(
    r"(?i)\b(?:it|this(?! (?:week|weekend|month|year|quarter|morning|afternoon|evening|spring|summer|autumn|winter)\b)|"
    r"those|these|they|them|there|one|same|"
    r"that(?! (?:the|an?|my|our|your|their|i|we|you|he|she|all|every|no|some|any)\b))\b"
)


@lru_cache(maxsize=1)
def model() -> dict[str, float]:
    """The fitted weights, by signal, and ``bias``."""
    return dict(json.loads(MODEL.read_text("utf-8")))


def signals(
    question: str, history: Sequence[tuple[str, str]], alone: Sequence[Scored], after: Sequence[Scored], embeddings: SentenceEmbeddings
) -> dict[str, float]:
    """What tells whether a question leaves the conversation's topic.

    Args:
        question: the customer's.
        history: (role, text) pairs, oldest first.
        alone: what the question finds by itself, best first.
        after: what it finds after the history, best first.
        embeddings: make the vectors of the question and of the last turns.
    """
    customer, agent = last_turns(history)
    vectors = embeddings.vectors([question, customer or agent, agent or customer])
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    best, other = alone[0], after[0]
    return {
        "score": best.score,
        "gain": best.score - other.score,
        "words": float(min(len(content_words(question)), 12)),
        "customer": float(unit[0] @ unit[1]),
        "agent": float(unit[0] @ unit[2]),
        "leans": float(leans(question)),
        "same": float(best.passage.article_id == other.passage.article_id),
    }


def leans(question: str) -> bool:
    """Whether a question leans on what was said: begins as one that goes on, or points at something."""
    return _GOES_ON.search(question) is not None or points(question)


def points(question: str) -> bool:
    """Whether a question points at something, as "when does it come" does."""
    return _POINTS.search(question) is not None


def subject(question: str, history: Sequence[tuple[str, str]]) -> str:
    """What a question that leans on what was said is about: the customer's last one that does not, or the first one; else "".

    One of many words says itself what it is about, and one of a single word says nothing.
    """
    if not leans(question) or len(content_words(question)) > MOST_WORDS:
        return ""
    asked = [text for role, text in history if role != "agent" and len(content_words(text)) > 1]
    return next((text for text in reversed(asked) if not leans(text)), asked[0] if asked else "")


def likelihood(found: dict[str, float]) -> float:
    """The probability that a question with these signals is of another topic than the history."""
    weights = model()
    return 1.0 / (1.0 + math.exp(-weights["bias"] - sum(weights[name] * found[name] for name in SIGNALS)))


def left(
    question: str, history: Sequence[tuple[str, str]], alone: Sequence[Scored], after: Sequence[Scored], embeddings: SentenceEmbeddings
) -> bool:
    """Whether a question is to be read without the history; what the agent has asked back about is not."""
    if not (alone and after) or chosen(question, history):
        return False
    return likelihood(signals(question, history, alone, after, embeddings)) >= LEAST
