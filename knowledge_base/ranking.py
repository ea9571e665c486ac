"""Ranking: how passages and account facts are scored against a question, and which of them a search returns."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from knowledge_base.stored import StoredFact, StoredPassage
from knowledge_base.words import content_words, stem

SIBLINGS = 3
"""Further passages of the two best articles that follow the best passage of each article."""


@dataclass(frozen=True)
class Weights:
    """How the parts of a passage's score are weighed; set on the development questions."""

    dense: float = 1.0
    """Cosine of question and passage."""
    unit: float = 0.4
    """Best cosine of question and a sentence or step of the passage."""
    title: float = 0.2
    """Cosine of question and the article's title with the passage's heading."""
    asked: float = 1.8
    """Best cosine of question and the questions that the article's writer says it answers."""
    lexical: float = 0.65
    """BM25, as a share of the best passage's."""


HISTORY_SHARES = (0.1, 0.4, 0.5)
"""Of a follow-up's score: the question alone, after the customer's last turn, after the customer's and the agent's."""
WEIGHTS = Weights()


@dataclass(frozen=True)
class Scored:
    """A passage with its score and the parts it is made of."""

    passage: StoredPassage
    score: float
    parts: dict[str, float]


def queries(question: str, history: Sequence[tuple[str, str]]) -> list[str]:
    """The question, and with a history the question after what it leans on: the last turns, shortened."""
    customer = next((text for role, text in reversed(history) if role == "customer"), "")
    agent = next((text for role, text in reversed(history) if role == "agent"), "")
    customer, agent = (" ".join(text.split()[:60]) for text in (customer, agent))
    if not customer and not agent:
        return [question]
    return [question, f"{customer} {question}", f"{customer} {agent} {question}"]


def score(passage: StoredPassage, query: np.ndarray, dense: float, lexical: float) -> Scored:
    """A passage's score: the weighed sum of its dense, sentence, title, asked and lexical parts."""
    units = passage.unit_vectors @ query
    parts = {
        "dense": dense,
        "unit": float(units.max()) if len(units) else 0.0,
        "title": float(passage.title_vector @ query),
        "asked": float((passage.asked_vectors @ query).max()) if len(passage.asked_vectors) else 0.0,
        "lexical": lexical,
    }
    score = sum(getattr(WEIGHTS, name) * value for name, value in parts.items())
    return Scored(passage, round(score, 4), {name: round(value, 4) for name, value in parts.items()})


def diverse(scored: list[Scored], most: int) -> list[Scored]:
    """The best passage of each of the best articles, no two alike, then siblings of the two best articles' passages."""
    chosen: list[Scored] = []
    siblings: list[Scored] = []
    for item in scored:
        articles = [other.passage.article_id for other in chosen]
        if any(other.passage.text == item.passage.text for other in chosen):
            continue
        if item.passage.article_id not in articles:
            if len(chosen) < most:
                chosen.append(item)
        elif item.passage.article_id in articles[:2]:
            siblings.append(item)
    return chosen + siblings[: SIBLINGS if most > 1 else 0]


def rank_facts(facts: Sequence[StoredFact], near: dict[str, float], passages: Sequence[StoredPassage]) -> list[tuple[StoredFact, float]]:
    """A customer's facts that matter, best first: near the question, and sharing rare words with the best passages.

    Args:
        facts: all facts of the one customer.
        near: fact id -> cosine with the question; a fact that is not in it is left out.
        passages: the passages found, best first.
    """
    said = {fact.fact_id: {stem(word) for word in content_words(f"{fact.title} {fact.text}")} for fact in facts}
    counts = Counter(word for words in said.values() for word in words)
    rarity = {word: math.log(1 + len(facts) / count) for word, count in counts.items()}
    texts = [{stem(word) for word in content_words(passage.text)} for passage in passages[:3]]
    scored = []
    for fact in facts:
        if fact.fact_id not in near:
            continue
        words = said[fact.fact_id]
        weight = sum(rarity[word] for word in words) or 1.0
        shared = max((sum(rarity[word] for word in words & text) / weight for text in texts), default=0.0)
        scored.append((fact, round(0.3 * near[fact.fact_id] + 0.7 * shared, 4)))
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
