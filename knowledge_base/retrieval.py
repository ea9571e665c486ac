"""Hybrid retrieval: dense vectors and BM25 fused, follow-ups read with their history, one customer's facts apart."""

import math
import re
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from knowledge_base import confidence, ranking
from knowledge_base.accounts import Record, valid_customer_id
from knowledge_base.catalog import Catalog
from knowledge_base.embeddings import SentenceEmbeddings, load_embeddings
from knowledge_base.errors import UserError
from knowledge_base.hits import Hit
from knowledge_base.ranking import Scored
from knowledge_base.reranker import load_reranker
from knowledge_base.settings import KnowledgeSettings
from knowledge_base.stored import StoredFact, StoredPassage
from knowledge_base.vectors import Vectors
from knowledge_base.words import content_words, fts_query, fts_terms, stem

MAX_QUESTION = 20_000
"""Longest question in characters; a longer one is refused with a sentence."""
CANDIDATES = 40
SAMPLED = 200
"""Customers whose records tell which values a field takes."""


@dataclass(frozen=True)
class Search:
    """What a search found: passages and facts as hits, and the stored pieces behind them in the same order."""

    question: str
    hits: list[Hit]
    passages: list[StoredPassage]
    facts: list[StoredFact]
    query: np.ndarray = field(repr=False)
    confidence: float = 0.0
    vagueness: float = 0.0
    features: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0


class KnowledgeBase:
    """The facts, open for reading; safe to share between threads."""

    def __init__(self, settings: KnowledgeSettings) -> None:
        """Open the store.

        Raises:
            UserError: there is no store, it is empty, or it was made with another embedding model.
        """
        self.settings = settings
        self._catalog = Catalog(settings.store)
        made_with = self._catalog.meta("embedding_model")
        if made_with is None:
            raise UserError(f"The knowledge base in {settings.store} is empty: run `python -m knowledge_base refresh` first.")
        if made_with != settings.embedding_model:
            raise UserError(
                f"The knowledge base was made with the embedding model {made_with!r}, the setting says "
                f"{settings.embedding_model!r}: run `python -m knowledge_base refresh`."
            )
        self._vectors = Vectors(settings.store)
        self._generation = self._catalog.generation
        self._field_values: dict[str, list[frozenset[str]]] | None = None
        self._lock = threading.RLock()

    @property
    def embeddings(self) -> SentenceEmbeddings:
        """The embeddings that made the store's vectors."""
        return load_embeddings(self.settings.embedding_model, self.settings.threads)

    def customer_ids(self) -> list[str]:
        """Ids of all customers."""
        with self._lock:
            return self._catalog.customer_ids()

    def customer(self, customer_id: str) -> Record:
        """A customer's record.

        Raises:
            UserError: no such customer.
        """
        with self._lock:
            record = self._catalog.customer(customer_id) if valid_customer_id(customer_id) else None
        if record is None:
            raise UserError(f"There is no customer {customer_id[:70]!r}: check the id, or refresh the knowledge base.")
        return record

    def search(
        self,
        question: str,
        customer_id: str | None = None,
        history: Sequence[tuple[str, str]] = (),
        audience: str = "public",
        most: int | None = None,
    ) -> Search:
        """Find the passages and the customer's facts that bear on a question.

        Args:
            question: as the customer wrote it, at most 20,000 characters.
            customer_id: whose facts to look among; none without it.
            history: earlier (role, text) turns, oldest first.
            audience: ``public`` or ``internal``.
            most: passages to return, by default the setting.

        Raises:
            UserError: the question is empty or too long, or there is no such customer.
        """
        began = time.monotonic()
        question = checked_question(question)
        with self._lock:
            if customer_id is not None:
                self.customer(customer_id)
            self._follow_refresh()
            scored, query, features = self._ranked(question, history, audience)
            chosen = ranking.diverse(scored, most or self.settings.passages)
            facts = self._account_facts(query, customer_id, chosen)
        hits = [_passage_hit(number, item) for number, item in enumerate(chosen, 1)]
        hits += [_fact_hit(number, fact, score) for number, (fact, score) in enumerate(facts, 1)]
        return Search(
            question=question,
            hits=hits,
            passages=[item.passage for item in chosen],
            facts=[fact for fact, _ in facts],
            query=query,
            confidence=confidence.answerable(features),
            vagueness=confidence.vague(features),
            features=features,
            seconds=round(time.monotonic() - began, 4),
        )

    def _follow_refresh(self) -> None:
        """See what a refresh in another process changed."""
        if (generation := self._catalog.generation) != self._generation:
            self._vectors.reopen()
            self._field_values = None
            self._generation = generation

    def _ranked(
        self, question: str, history: Sequence[tuple[str, str]], audience: str
    ) -> tuple[list[Scored], np.ndarray, dict[str, float]]:
        queries, shares = zip(*ranking.queries(question, history), strict=True)
        encoded = self.embeddings.vectors(list(queries))
        query = np.asarray(sum(share * row for share, row in zip(shares, encoded, strict=True)))
        query /= np.linalg.norm(query) or 1.0
        dense: dict[str, float] = {}
        for row, share in zip(encoded, shares, strict=True):
            near = dict(self._vectors.passages(row, audience, CANDIDATES))
            floor = min(near.values(), default=0.0)
            dense = {item: dense.get(item, 0.0) + share * near.get(item, floor) for item in near.keys() | dense.keys()}
        lexical: dict[str, float] = {}
        for text, share in zip(queries, shares, strict=True):
            rows = self._catalog.lexical(fts_query(fts_terms(text)), audience, CANDIDATES)
            best = max((score for _, score in rows), default=1.0) or 1.0
            for item, score in rows:
                lexical[item] = lexical.get(item, 0.0) + share * score / best
        lowest = min(dense.values(), default=0.0)
        stored = self._catalog.passages(dense.keys() | lexical.keys())
        scored = [ranking.score(passage, query, dense.get(item, lowest), lexical.get(item, 0.0)) for item, passage in stored.items()]
        scored.sort(key=lambda item: (-item.score, item.passage.passage_id))
        features = confidence.features(
            ranked=[(item.passage.article_id, item.score, item.parts) for item in scored[:CANDIDATES]],
            words=self._words(queries[-1], scored[0].passage.article_id if scored else ""),
            question_words=len(content_words(question)),
            follow_up=bool(history),
            phrased=any(len(item.passage.asked_vectors) for item in scored[: confidence.NEAR]),
        )
        if self.settings.reranker:
            scored = load_reranker(self.settings.reranker, self.settings.threads).rerank(queries[-1] if history else question, scored)
        return scored, query, features

    def _words(self, question: str, article_id: str) -> dict[str, float]:
        """How the question's words, weighed by rarity, stand to the knowledge base and to the best article."""
        terms = sorted(set(content_words(question)))
        counts, total = self._catalog.document_frequency(terms)
        weights = {term: math.log(1 + total / (1 + counts[term])) for term in terms}
        whole = sum(weights.values()) or 1.0
        stems = {stem(word) for word in re.findall(r"[^\W_]+", self._catalog.article_words(article_id).lower())}
        missing = {term: weight for term, weight in weights.items() if stem(term) not in stems}
        return {
            "unknown": sum(weight for term, weight in weights.items() if counts[term] == 0) / whole,
            "coverage": 1.0 - sum(missing.values()) / whole if terms else 0.0,
            "missing": max(missing.values(), default=0.0),
        }

    def _account_facts(self, query: np.ndarray, customer_id: str | None, chosen: list[Scored]) -> list[tuple[StoredFact, float]]:
        """The customer's facts that matter, best first: near the question, and sharing rare words with the best passages."""
        if customer_id is None:
            return []
        facts = {fact.fact_id: fact for fact in self._catalog.facts(customer_id)}
        near = dict(self._vectors.facts(query, customer_id, max(len(facts), 1)))
        passages = [item.passage for item in chosen]
        article = self._catalog.article_words(passages[0].article_id) if passages else ""
        return ranking.rank_facts(list(facts.values()), near, passages, self._values(), article)[: self.settings.account_facts]

    def _values(self) -> dict[str, list[frozenset[str]]]:
        """The few values that a field of the records takes; made once per refresh."""
        if self._field_values is None:
            self._field_values = ranking.value_words(self._catalog.fact_sample(SAMPLED))
        return self._field_values


def checked_question(question: str) -> str:
    """The question without outer blanks.

    Raises:
        UserError: it is empty or longer than 20,000 characters.
    """
    question = question.encode("utf-8", "replace").decode().strip()  # half characters become question marks
    if not question:
        raise UserError("The question is empty: type what the customer wants to know.")
    if len(question) > MAX_QUESTION:
        raise UserError(
            f"The question has {len(question):,} characters, the most is {MAX_QUESTION:,}: shorten it to what the customer asks."
        )
    return question


def _passage_hit(number: int, item: Scored) -> Hit:
    passage = item.passage
    return Hit(
        source=str(number),
        article_id=passage.article_id,
        version=passage.version,
        title=passage.title,
        heading=passage.heading,
        section=passage.section,
        audience=passage.audience,
        text=passage.text,
        score=item.score,
        updated=passage.updated,
        indexed=passage.indexed,
        parts=item.parts,
    )


def _fact_hit(number: int, fact: StoredFact, score: float) -> Hit:
    return Hit(
        source=f"c{number}",
        article_id=f"customer:{fact.customer_id}",
        version=fact.version,
        title=fact.title,
        text=fact.text,
        score=score,
        updated=fact.indexed,
        indexed=fact.indexed,
        path=fact.path,
    )
