"""What tells the sentences and steps that answer a question from their neighbours: signals and the models that weigh them.

Two logistic models, fitted on the development questions by ``python -m tests.benchmarks.narrowing --write`` and kept in
``narrowing.json``: one over units (does it hold a required fact), one over articles (is it one of those that answer).
"""

import json
import re
from functools import lru_cache
from pathlib import Path

import numpy as np

from knowledge_base.found import Search
from knowledge_base.hits import Hit
from knowledge_base.passages import Unit
from knowledge_base.stored import StoredPassage
from knowledge_base.words import has_figure, stems

MODELS = Path(__file__).parent / "narrowing.json"
UNIT = (
    "cosine", "clause", "named", "votes", "named_clause", "votes_clause", "overlap", "share", "gap", "asked", "lexical", "title", "dense",
    "number", "step", "row", "next", "lead", "place", "length",
)  # fmt: skip
"""A unit's signals: cosine with the question and with its nearest clause; how near the question lies to one that the article's
writer named and that this unit answers, and the share of its passage's named questions, weighed by how near they lie, that this unit
answers, both also for the clause at which it does best; share of the question's words; its passage's score
as a share of the best and how far below the best it lies, and its parts; a figure where one is asked for; its kind; the next
unit's cosine; whether it leads in a list; where it stands in the passage; its length."""
BESIDE_BEST = 2.0
"""What it costs a unit, per cosine, to lie farther than another from a named question of which it is not told what answers it."""
VOTE = 20.0
"""How fast a named question's weight falls with the cosine by which it lies behind the nearest."""
ARTICLE = ("gap", "first", "title", "asked", "lexical", "clauses", "clause_gap", "lead", "votes", "votes_clause")
"""An article's signals: how far its best passage lies below the best, whether it is the best, that passage's parts; the share
of the question's clauses whose nearest unit is its own, and how far it is from being so for any of them; how far ahead of all others
one of its named questions lies, or one of its units where it names none, for the clause at which it does best; the share of all named
questions, weighed by how near they lie, that are its own, for the question and for that clause."""
Model = dict[str, float]
_ASKS_NUMBER = re.compile(
    r"(?i)\b(how (many|much|long|often|far|big|large|soon|fast|late)|when|limit|price|cost|deadline|maximum|minimum)\b"
)


@lru_cache(maxsize=1)
def models() -> dict[str, Model]:
    """The fitted models: ``unit`` and ``article``."""
    return dict(json.loads(MODELS.read_text("utf-8")))


def weigh(model: Model, signals: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    """The logits of a model, shape (rows,), over signals of shape (rows, names)."""
    return np.asarray(signals @ np.array([model[name] for name in names]) + model["bias"])


def unit_signals(search: Search) -> list[np.ndarray]:
    """For each passage the signals of its units, shape (units, len(UNIT)); at least one passage was found."""
    words = stems(search.question)
    asks_number = _ASKS_NUMBER.search(search.question) is not None
    best = max(hit.score for hit in search.hits[: len(search.passages)])
    found = []
    for hit, passage in zip(search.hits, search.passages, strict=False):
        cosine = passage.unit_vectors @ search.query
        common = {
            "share": hit.score / (best or 1.0),
            "gap": best - hit.score,
            "title": float(passage.title_vector @ search.query),
            **{name: hit.parts[name] for name in ("asked", "lexical", "dense")},
        }
        clause = (passage.unit_vectors @ search.asked.T).max(axis=1)
        named, votes = named_signals(passage, np.vstack([search.query, search.asked]))
        rows = []
        for at, unit in enumerate(passage.units):
            own = {
                **common,
                **_own(unit, words, asks_number),
                "cosine": cosine[at],
                "clause": clause[at],
                "named": named[at, 0],
                "votes": votes[at, 0],
                "named_clause": named[at, 1:].max(),
                "votes_clause": votes[at, 1:].max(),
                "next": cosine[at + 1] if at + 1 < len(cosine) else 0.0,
                "place": at / len(passage.units),
            }
            rows.append([float(own[name]) for name in UNIT])
        found.append(np.array(rows))
    return found


def named_signals(passage: StoredPassage, queries: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each unit and each query the signals "named" and "votes", shape (units, queries).

    Where it is not told which unit answers a named question, it is the nearest, and for "named" those hardly farther as well.
    Of a passage that names no questions the units speak for themselves.
    """
    if not len(passage.asked_vectors):
        near = passage.unit_vectors @ queries.T
        weights = np.exp(VOTE * (near - near.max(axis=0)))
        return near, weights / weights.sum(axis=0)
    near = passage.asked_vectors @ queries.T
    answers = passage.asked_vectors @ passage.unit_vectors.T
    behind = answers.max(axis=1, keepdims=True) - answers
    told = (passage.answered_by[:, :, None] == np.arange(len(passage.units))).any(axis=1)
    known = told.any(axis=1, keepdims=True)
    cost = np.where(known, np.where(told, 0.0, np.inf), BESIDE_BEST * behind)
    named = np.maximum((near[:, None, :] - cost[:, :, None]).max(axis=0), near.min(axis=0))
    weights = np.exp(VOTE * (near - near.max(axis=0)))
    votes = np.where(known, told, behind == 0).T.astype(float) @ weights / weights.sum(axis=0)
    return named, votes


def _own(unit: Unit, words: set[str], asks_number: bool) -> dict[str, float]:
    said = stems(unit.text)
    return {
        "overlap": len(said & words) / (len(words) or 1),
        "number": float(asks_number and has_figure(unit.text)),
        "step": float(bool(unit.step)),
        "row": float(unit.kind == "row"),
        "lead": float(unit.text.rstrip().endswith(":")),
        "length": len(unit.text.split()) / 20,
    }


def article_signals(search: Search) -> dict[str, np.ndarray]:
    """For each article its signals, shape (len(ARTICLE),); at least one passage was found."""
    best = search.hits[0].score
    first = search.passages[0].article_id
    hits: dict[str, Hit] = {}
    nearest: dict[str, np.ndarray] = {}
    named: dict[str, np.ndarray] = {}
    for hit, passage in zip(search.hits, search.passages, strict=False):
        hits.setdefault(passage.article_id, hit)
        near = (passage.unit_vectors @ search.asked.T).max(axis=0)
        nearest[passage.article_id] = np.maximum(near, nearest.get(passage.article_id, near))
        near = (_answered(passage) @ search.asked.T).max(axis=0)
        named[passage.article_id] = np.maximum(near, named.get(passage.article_id, near))
    top = np.max(list(nearest.values()), axis=0)
    votes = _article_votes(search)
    found = {}
    for article, hit in hits.items():
        behind = top - nearest[article]
        others = [near for name, near in named.items() if name != article]
        signals = {
            "gap": best - hit.score,
            "first": float(article == first),
            **{name: hit.parts[name] for name in ("title", "asked", "lexical")},
            "clauses": float((behind < 1e-6).mean()),
            "clause_gap": float(behind.min()),
            "lead": float((named[article] - np.max(others, axis=0)).max()) if others else 1.0,
            "votes": float(votes[article][0]),
            "votes_clause": float(votes[article][1:].max()),
        }
        found[article] = np.array([signals[name] for name in ARTICLE])
    return found


def _article_votes(search: Search) -> dict[str, np.ndarray]:
    """For each article the share of all named questions that are its own, for the question and for each clause, shape (1 + clauses,).

    Where a passage names none, its units count in their place.
    """
    queries = np.vstack([search.query, search.asked])
    near = [_answered(passage) @ queries.T for passage in search.passages]
    best = np.max([rows.max(axis=0) for rows in near], axis=0)
    votes = {passage.article_id: np.zeros(len(queries)) for passage in search.passages}
    for passage, rows in zip(search.passages, near, strict=True):
        votes[passage.article_id] = votes[passage.article_id] + np.exp(VOTE * (rows - best)).sum(axis=0)
    whole = np.sum(list(votes.values()), axis=0)
    return {article: own / whole for article, own in votes.items()}


def _answered(passage: StoredPassage) -> np.ndarray:
    """The vectors of what a passage answers: the questions that it names, or its units where it names none."""
    return passage.asked_vectors if len(passage.asked_vectors) else passage.unit_vectors
