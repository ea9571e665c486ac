"""Ranking: how passages and account facts are scored against a question, and which of them a search returns."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from knowledge_base.stored import StoredFact, StoredPassage
from knowledge_base.words import content_words, stem

SIBLINGS = 3
"""Further passages of the two best articles that follow the best passage of each article."""
ALIKE = 0.97
"""Cosine of two articles' passages from which they count as one."""
FEW_VALUES = 12
"""Most values of a field for an article to depend on which it is."""
NEAR_SHARE, SHARED_SHARE, DEPENDS_SHARE = 0.3, 0.7, 0.2
"""Of an account fact's score: its cosine with the question, its words in the passages, the article's dependence on it."""


@dataclass(frozen=True)
class Weights:
    """How the parts of a passage's score are weighed; set on the development questions."""

    dense: float = 1.0
    """Cosine of question and passage."""
    unit: float = 0.4
    """Best cosine of question and a sentence or step of the passage."""
    title: float = 0.5
    """Cosine of question and the article's title with the passage's heading."""
    asked: float = 1.8
    """Best cosine of question and the questions that the article's writer says it answers."""
    lexical: float = 0.65
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

Least squares over the best 40 passages of each development question. Without it a passage that names none ranks below
every one that does.
"""
WEIGHTS = Weights()


@dataclass(frozen=True)
class Scored:
    """A passage with its score and the parts it is made of."""

    passage: StoredPassage
    score: float
    parts: dict[str, float]


def queries(question: str, history: Sequence[tuple[str, str]]) -> list[tuple[str, float]]:
    """What to look for, the question alone first, and the share that each has in a passage's score.

    With a history, the question is also read after what it leans on: the last turns, shortened. Without one, a question
    of several lines is also read by its first line, for what follows may be a stack trace or a signature.
    """
    customer = next((text for role, text in reversed(history) if role == "customer"), "")
    agent = next((text for role, text in reversed(history) if role == "agent"), "")
    customer, agent = (" ".join(text.split()[:60]) for text in (customer, agent))
    if customer or agent:
        return list(zip((question, f"{customer} {question}", f"{customer} {agent} {question}"), HISTORY_SHARES, strict=True))
    subject, _, body = question.partition("\n")
    subject = subject.strip()
    if body.strip() and len(content_words(subject)) >= SUBJECT_WORDS and not _GREETING.match(subject):
        return [(question, 1 - SUBJECT_SHARE), (subject, SUBJECT_SHARE)]
    return [(question, 1.0)]


def score(passage: StoredPassage, query: np.ndarray, dense: float, lexical: float) -> Scored:
    """A passage's score: the weighed sum of its dense, sentence, title, asked and lexical parts."""
    units = passage.unit_vectors @ query
    parts = {
        "dense": dense,
        "unit": float(units.max()) if len(units) else 0.0,
        "title": float(passage.title_vector @ query) if _telling(passage) else dense,
    }
    if len(passage.asked_vectors):
        parts["asked"] = float((passage.asked_vectors @ query).max())
    else:
        parts["asked"] = sum(share * parts[name] for name, share in ASKED_FROM.items())
    parts["lexical"] = lexical
    score = sum(getattr(WEIGHTS, name) * value for name, value in parts.items())
    return Scored(passage, round(score, 4), {name: round(value, 4) for name, value in parts.items()})


def _telling(passage: StoredPassage) -> bool:
    """Whether title and heading hold a word at all: a file name like doc0042 stands in for a title where there is none."""
    return any(word.isalpha() for word in content_words(f"{passage.title} {passage.heading}"))


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
    words, others = (re.findall(r"\w+", passage.text.lower()) for passage in (one, other))
    if words == others:
        return True
    if one.article_id == other.article_id or sorted(filter(_figure, words)) != sorted(filter(_figure, others)):
        return False
    return float(_gist(one) @ _gist(other)) > ALIKE


def _figure(word: str) -> bool:
    return any(sign.isdigit() for sign in word)


def _gist(passage: StoredPassage) -> np.ndarray:
    """The direction of a passage's units together, shape (dimension,)."""
    whole = passage.unit_vectors.sum(axis=0)
    return np.asarray(whole / (np.linalg.norm(whole) or 1.0))


def value_words(facts: Iterable[tuple[str, str]]) -> dict[str, list[frozenset[str]]]:
    """The few values that a field of the records takes, each as the stems that tell it from the others.

    A field of which each record has a value of its own, such as a name or a count, has none.

    Args:
        facts: (path, text) of facts of many records.
    """
    texts: dict[str, set[str]] = {}
    for path, text in facts:
        texts.setdefault(_field(path), set()).add(text)
    found = {}
    for field, said in texts.items():
        if not 1 < len(said) <= FEW_VALUES:
            continue
        stems = [frozenset(stem(word) for word in content_words(text) if not _figure(word)) for text in said]
        common = frozenset.intersection(*stems)
        values = sorted({own - common for own in stems if 0 < len(own - common) <= 2}, key=sorted)
        if len(values) > 1:
            found[field] = values
    return found


def _field(path: str) -> str:
    """A fact's path with each number of a list's item left out."""
    return re.sub(r"\b\d+\b", "[]", path)


def rank_facts(
    facts: Sequence[StoredFact],
    near: dict[str, float],
    passages: Sequence[StoredPassage],
    values: dict[str, list[frozenset[str]]],
    article: str,
) -> list[tuple[StoredFact, float]]:
    """A customer's facts that matter, best first.

    A fact matters that is near the question, that shares rare words with the best passages, or on whose value the best
    article depends: an article that names two plans is read differently on each.

    Args:
        facts: all facts of the one customer.
        near: fact id -> cosine with the question; a fact that is not in it is left out.
        passages: the passages found, best first.
        values: what ``value_words`` gives.
        article: all words of the best article.
    """
    said = {fact.fact_id: {stem(word) for word in content_words(f"{fact.title} {fact.text} {fact.path}")} for fact in facts}
    counts = Counter(word for words in said.values() for word in words)
    rarity = {word: math.log(1 + len(facts) / count) for word, count in counts.items()}
    texts = [{stem(word) for word in content_words(f"{p.title} {p.heading} {p.text}")} for p in passages[:3]]
    named = {stem(word) for word in content_words(article)}
    scored = []
    for fact in facts:
        if fact.fact_id not in near:
            continue
        words = said[fact.fact_id]
        weight = sum(rarity[word] for word in words) or 1.0
        shared = max((sum(rarity[word] for word in words & text) / weight for text in texts), default=0.0)
        depends = min(sum(value <= named for value in values.get(_field(fact.path), ())), 2) / 2
        scored.append((fact, round(NEAR_SHARE * near[fact.fact_id] + SHARED_SHARE * shared + DEPENDS_SHARE * depends, 4)))
    scored.sort(key=lambda pair: (-pair[1], pair[0].fact_id))
    return _distinct(scored)


def _distinct(facts: list[tuple[StoredFact, float]]) -> list[tuple[StoredFact, float]]:
    """Facts of which no two stem from the same field of the record."""
    seen: set[str] = set()
    kept = []
    for fact, score in facts:
        if fact.text not in seen:
            seen.add(fact.text)
            kept.append((fact, score))
    return kept
