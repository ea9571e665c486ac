"""What situation a question is of, such as a fault or a cancellation, so that a greeting fits it.

A logistic model over the embedded model's vectors, fitted on the questions of the lessons by
``python -m tests.benchmarks.situations --write`` and kept in ``situations.json``.
"""

import json
import re
from functools import lru_cache
from pathlib import Path

import numpy as np

MODEL = Path(__file__).parent / "situations.json"
FITS = 0.5
"""Least likelihood of a situation for its greetings to fit a question. Set on the development questions, of which samples were read
for each situation but the neutral one: where it is that likely its greetings suited 32 of 42, between 0.2 and 0.3 13 of 45, and what
lies between was no better than half. Of 720 answered ones 71 in 100 get the neutral greetings."""
NEUTRAL = "how_to"
"""The situation whose greetings fit where none is likely."""
_LASTING = re.compile(
    r"(?i)\b(?:plans?|subscri\w+|memberships?|accounts?|contracts?|services?|workspaces?|polic(?:y|ies)|licen[cs]es?|trial|renew\w*"
    r"|leav\w+|quit\w*|clos\w+|unsubscribe)\b"
)
"""What a customer leaves the company with: who cancels a room or an order stays, and the greetings of a cancellation say goodbye."""


def fitting(query: np.ndarray, question: str) -> list[str]:
    """The situations whose greetings fit a question.

    Args:
        query: the question's unit vector by the embedded model, shape (dimension,).
        question: its words.
    """
    names, weights, bias = _model()
    logits = weights @ query + bias
    shares = np.exp(logits - logits.max())
    likely = [name for name, share in zip(names, shares / shares.sum(), strict=True) if share >= FITS]
    return [name for name in likely if name != "cancellation" or _LASTING.search(question)] or [NEUTRAL]


@lru_cache(maxsize=1)
def _model() -> tuple[list[str], np.ndarray, np.ndarray]:
    """The situations, the weights of each, shape (situations, dimension), and its bias."""
    rows = json.loads(MODEL.read_text("utf-8"))
    table = np.array(list(rows.values()))
    return list(rows), table[:, :-1], table[:, -1]
