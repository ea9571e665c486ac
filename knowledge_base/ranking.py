"""Ranking: how passages are scored against a question, and which of them a search returns."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache

import numpy as np

from knowledge_base.errors import UserError
from knowledge_base.stored import StoredPassage
from knowledge_base.words import content_words, has_figure, stems

SIBLINGS = 3
"""Further passages of the two best articles that follow the best passage of each article."""
ALIKE = 0.9
"""Share of the words of two articles' passages that both have, from which they count as one."""
WHOLE_FIRST = 3
"""Best articles that a question of several clauses keeps as they rank; the places after them go by the clauses as well."""
CLAUSE_SHARE = 0.5
"""Of the score that those places go by: the clause that a passage answers best."""


@dataclass(frozen=True)
class Weights:
    """How the parts of a passage's score are weighed; set on the development questions."""

    dense: float = 0.2
    """Cosine of question and passage."""
    unit: float = 0.4
    """Best cosine of question and a sentence or step of the passage."""
    title: float = 0.4
    """Cosine of question and the article's title with the passage's heading."""
    asked: float = 2.2
    """Best cosine of question and the questions that the article's writer says it answers."""
    lexical: float = 0.7
    """BM25, as a share of the best passage's."""


HISTORY_SHARES = (0.1, 0.2, 0.7)
"""Of a follow-up's score: the question alone, after the customer's last turn, after the customer's and the agent's."""
SUBJECT_SHARE = 0.5
"""Of the score of a question that opens with a line of its own, as mail and tickets do: that line alone."""
SUBJECT_WORDS = 2
"""Least content words of such a line."""
_GREETING = re.compile(r"(?i)(hi|hey|hello|dear|good (morning|afternoon|evening|day))\b[^?]{0,40}$|.*,$")
ASKED_FROM = {"dense": 0.34, "unit": 0.45, "title": 0.23}
"""What stands in for the asked part where an article's writer named no questions.

Least squares over the best 40 passages of each development question, from before sentences were embedded with their
title. Without it a passage that names none ranks below
every one that does.
"""
WEIGHTS = Weights()


@dataclass(frozen=True)
class Scored:
    """A passage with its score and the parts it is made of."""

    passage: StoredPassage
    score: float
    parts: dict[str, float]


def chosen(question: str, history: Sequence[tuple[str, str]]) -> bool:
    """Whether a question is, word for word, one of the things that the agent has just asked back about."""
    agent = next((text for role, text in reversed(history) if role == "agent"), "")
    return "?" in agent and bool(content_words(question)) and question.strip(' .!?"“”').casefold() in agent.casefold()


def named(question: str, title: str) -> bool:
    """Whether a question says all of a title's words, two at least, in whatever form: it leaves open no other article."""
    words = stems(title)
    return len(words) > 1 and words <= stems(question)


def last_turns(history: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """The customer's last turn and the agent's, shortened; "" where there is none."""
    found = (next((text for role, text in reversed(history) if role == whose), "") for whose in ("customer", "agent"))
    customer, agent = (" ".join(text.split()[:60]) for text in found)
    return customer, agent


def queries(question: str, history: Sequence[tuple[str, str]]) -> list[tuple[str, float]]:
    """What to look for, the question alone first, and the share that each has in a passage's score.

    With a history, the question is also read after what it leans on: the last turns, shortened. Without one, a question
    of several lines is also read by its first line, for what follows may be a stack trace or a signature.
    """
    customer, agent = last_turns(history)
    if chosen(question, history):
        # The other things that the agent named would only pull away from this one.
        return [(question, HISTORY_SHARES[0] + HISTORY_SHARES[2]), (f"{customer} {question}", HISTORY_SHARES[1])]
    if customer or agent:
        return list(zip((question, f"{customer} {question}", f"{customer} {agent} {question}"), HISTORY_SHARES, strict=True))
    subject, _, body = question.partition("\n")
    subject = subject.strip()
    if body.strip() and len(content_words(subject)) >= SUBJECT_WORDS and not _GREETING.match(subject):
        return [(question, 1 - SUBJECT_SHARE), (subject, SUBJECT_SHARE)]
    return [(question, 1.0)]


def without(parts: Collection[str]) -> Weights:
    """The weights in use but for some parts, which weigh nothing.

    Raises:
        UserError: there is no such part.
    """
    names = [part.name for part in fields(Weights)]
    if unknown := next((part for part in parts if part not in names), None):
        raise UserError(f"There is no part {unknown!r} of a score: choose of {', '.join(names)}.")
    return replace(WEIGHTS, **dict.fromkeys(parts, 0.0))


def score(passage: StoredPassage, query: np.ndarray, dense: float, lexical: float, weights: Weights = WEIGHTS) -> Scored:
    """A passage's score: the weighed sum of its dense, sentence, title, asked and lexical parts."""
    scores, parts = _weighed(passage, query[None, :], np.array([dense]), lexical, weights)
    return Scored(passage, float(scores[0]), {name: round(float(values[0]), 4) for name, values in parts.items()})


def _weighed(
    passage: StoredPassage, queries: np.ndarray, dense: np.ndarray, lexical: float, weights: Weights
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """A passage's score for each query, shape (queries,), and its parts, for vectors of shape (queries, dimension)."""
    title = f"{passage.title} {passage.heading}"
    parts = {
        "dense": dense,
        "unit": _nearest(passage.unit_vectors, queries) if len(passage.unit_vectors) else np.zeros(len(queries)),
        "title": (queries @ passage.title_vector).astype(float) if _telling(title) else dense,
    }
    if len(passage.asked_vectors):
        parts["asked"] = _nearest(passage.asked_vectors, queries)
    else:
        parts["asked"] = sum((share * parts[name] for name, share in ASKED_FROM.items() if getattr(weights, name)), np.zeros(len(queries)))
    parts["lexical"] = np.full(len(queries), lexical)
    scores = sum((getattr(weights, name) * values for name, values in parts.items()), np.zeros(len(queries)))
    return np.round(scores, 4), parts


def _nearest(vectors: np.ndarray, queries: np.ndarray) -> np.ndarray:
    return np.asarray((vectors @ queries.T).max(axis=0), dtype=float)


@lru_cache(maxsize=20_000)
def _telling(title: str) -> bool:
    """Whether title and heading hold a word at all: a file name like doc0042 stands in for a title where there is none."""
    return any(word.isalpha() for word in content_words(title))


def by_clauses(scored: list[Scored], vectors: np.ndarray, weights: Weights = WEIGHTS) -> list[Scored]:
    """What a question asks second shall find its article too: after the first articles, passages in the order of their score
    for the whole question and for the clause that they answer best.

    Args:
        scored: the candidates, best first.
        vectors: of the question's clauses, shape (clauses, dimension).
        weights: of the parts of a score.
    """
    kept = dict.fromkeys(item.passage.article_id for item in scored)
    first = set(list(kept)[:WHOLE_FIRST])
    head = [item for item in scored if item.passage.article_id in first]
    rest = [item for item in scored if item.passage.article_id not in first]

    def shared(item: Scored) -> float:
        scores, _ = _weighed(item.passage, vectors, (vectors @ item.passage.vector).astype(float), item.parts["lexical"], weights)
        return (1 - CLAUSE_SHARE) * item.score + CLAUSE_SHARE * float(scores.max())

    return head + sorted(rest, key=shared, reverse=True)


def diverse(scored: list[Scored], most: int) -> list[Scored]:
    """The best passage of each of the best articles, no two alike, then siblings of the two best articles' passages.

    Of passages that are alike the place goes to the best, and its text to the one updated last.
    """
    chosen: list[Scored] = []
    siblings: list[Scored] = []
    for item in scored:
        twin = next((place for place, other in enumerate(chosen) if alike(other.passage, item.passage)), None)
        if twin is not None:
            if item.passage.updated > chosen[twin].passage.updated and not _has_article(chosen, item):
                chosen[twin] = replace(item, score=chosen[twin].score)
        elif not _has_article(chosen, item):
            if len(chosen) < most:
                chosen.append(item)
        elif _has_article(chosen[:2], item):
            siblings.append(item)
    return chosen + siblings[: SIBLINGS if most > 1 else 0]


def goes_on(first: StoredPassage, second: StoredPassage) -> bool:
    """Whether a list of steps that the first passage ends with goes on in the second."""
    last, coming = (next((unit.step for unit in units if unit.step), 0) for units in (reversed(first.units), second.units))
    return bool(last) and coming == last + 1


def _has_article(chosen: Sequence[Scored], item: Scored) -> bool:
    return any(other.passage.article_id == item.passage.article_id for other in chosen)


def alike(one: StoredPassage, other: StoredPassage) -> bool:
    """Whether two passages say the same: but for case, blanks and marks, or, from two articles, but for a few words.

    Passages of different figures are never alike, for one plan's limit is not another's.
    """
    (words, figures), (other_words, other_figures) = _said(one.text), _said(other.text)
    if words == other_words:
        return True
    if one.article_id == other.article_id or figures != other_figures:
        return False
    both = set(words) & set(other_words)
    return len(both) >= ALIKE * len({*words, *other_words})


@lru_cache(maxsize=1000)
def _said(text: str) -> tuple[list[str], list[str]]:
    """A text's words in order, and those with a figure sorted."""
    words = re.findall(r"\w+", text.lower())
    return words, sorted(filter(has_figure, words))
