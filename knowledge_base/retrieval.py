"""Hybrid retrieval: dense vectors and BM25 fused, follow-ups read with their history, one customer's facts apart."""

import json
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress

import numpy as np

from knowledge_base import confidence, fact_ranking, ranking, topic
from knowledge_base.accounts import Record, valid_customer_id
from knowledge_base.catalog import Catalog
from knowledge_base.change import store_lock
from knowledge_base.clauses import clauses
from knowledge_base.embeddings import SentenceEmbeddings, load_embeddings
from knowledge_base.errors import UserError
from knowledge_base.fact_choice import choose
from knowledge_base.followed import Followed, serving_nearest
from knowledge_base.found import Clock, Search, checked_question, fact_hit, passage_hit
from knowledge_base.index import CatalogVectors, renew
from knowledge_base.letters import body
from knowledge_base.near_questions import near_questions
from knowledge_base.not_held import as_recorded, ids_of_things
from knowledge_base.ranking import WEIGHTS, Scored, Weights
from knowledge_base.reranker import load_reranker
from knowledge_base.samples import Samples
from knowledge_base.schema import unnamed
from knowledge_base.settings import KnowledgeSettings
from knowledge_base.stored import PUBLIC, Filters, StoredFact, StoredPassage
from knowledge_base.things import Holdings, holdings
from knowledge_base.vectors import DamagedIndex, discard_others
from knowledge_base.which_thing import Which, which_thing
from knowledge_base.whole_steps import with_whole_steps
from knowledge_base.word_counts import WordCounts
from knowledge_base.words import fts_query, fts_terms, has_figure, identifiers

CANDIDATES = 40
ATTEMPTS = 4
MEND_WAIT = 1.0
"""Seconds that a search waits for the store, to mend a damaged index; a refresh that holds it longer mends it itself."""


class KnowledgeBase:
    """The facts, open for reading; safe to share between threads."""

    def __init__(self, settings: KnowledgeSettings, weights: Weights = WEIGHTS) -> None:
        """Open the store.

        Args:
            settings: names the store.
            weights: of the parts of a passage's score; others than those in use show what a part contributes.

        Raises:
            UserError: there is no store, it is empty, or it was made with another embedding model.
        """
        self.settings = settings
        self._weights = weights
        self._catalog = Catalog(settings.store)
        with self._catalog.snapshot():
            self._check_model()
            self._words = WordCounts(self._catalog)
        self._generation = -1
        self._open_index: Followed | CatalogVectors | None = None
        self._samples = Samples(self._catalog)
        self._holdings: tuple[str, Holdings] | None = None
        self._lock = threading.RLock()

    def _check_model(self) -> None:
        made_with, wanted = self._catalog.meta("embedding_model"), self.settings.embedding_model
        if made_with is None:
            raise UserError(f"The knowledge base in {self.settings.store} is empty: run `python -m knowledge_base refresh` first.")
        if made_with != wanted:
            raise UserError(
                f"The knowledge base was made with the embedding model {made_with!r}, the setting says {wanted!r}: "
                "run `python -m knowledge_base refresh`."
            )

    @property
    def embeddings(self) -> SentenceEmbeddings:
        """The embeddings that made the store's vectors."""
        return load_embeddings(self.settings.embedding_model, self.settings.threads)

    def customer_ids(self) -> list[str]:
        """Ids of all customers."""
        with self._lock:
            return self._catalog.customer_ids()

    def customers(self) -> dict[str, Record]:
        """All customers' records, by id, of one state of the store."""
        with self._lock, self._catalog.snapshot():
            return {item: record for item in self._catalog.customer_ids() if (record := self._catalog.customer(item)) is not None}

    def customer(self, customer_id: str) -> Record:
        """A customer's record.

        Raises:
            UserError: no such customer.
        """
        with self._lock:
            record = self._catalog.customer(customer_id) if valid_customer_id(customer_id) else None
        if record is None:
            raise UserError(f"There is no customer {str(customer_id)[:70]!r}: check the id, or refresh the knowledge base.")
        return record

    def facts(self, customer_id: str) -> list[StoredFact]:
        """All facts of an account that its customer may be told."""
        with self._lock:
            return self._told(customer_id)

    def _told(self, customer_id: str) -> list[StoredFact]:
        return [fact for fact in self._catalog.facts(customer_id) if fact.audience == PUBLIC.audience]

    def plans(self, article_id: str) -> tuple[str, ...]:
        """The plans that an article is for, none where it is for all or is not served."""
        with self._lock:
            row = self._catalog.db.execute("SELECT plans FROM articles WHERE article_id = ?", (article_id,)).fetchone()
        return tuple(json.loads(row[0])) if row else ()

    def unnamed(self, filters: Filters) -> str:
        """A remark where a filter asks for what no article names, else nothing."""
        with self._lock:
            return unnamed(self._catalog.db, filters)

    def holds(self, articles: Iterable[tuple[str, int]], customer_id: str | None) -> bool:
        """Whether the store still has these (article id, version), serving or former, and the customer: none was erased."""
        with self._lock, self._catalog.snapshot():
            kept = {pair: self._catalog.versions(pair[0]) for pair in articles}
            known = customer_id is None or self._catalog.customer(customer_id) is not None
            return known and all(any(item.first <= version <= item.version for item in found) for (_, version), found in kept.items())

    def field_values(self) -> dict[str, list[frozenset[str]]]:
        """The values of the fields that take few over all customers, as the stems that tell them apart."""
        with self._lock, self._catalog.snapshot():
            self._follow_generation()
            return self._samples.values

    def search(
        self,
        question: str,
        customer_id: str | None = None,
        history: Sequence[tuple[str, str]] = (),
        filters: Filters = PUBLIC,
        most: int | None = None,
    ) -> Search:
        """Find the passages and the customer's facts that bear on a question.

        All of it is read from one state of the store: a refresh that ends meanwhile shows in the next search.

        Args:
            question: as the customer wrote it, at most 20,000 characters; of a mail its body is searched.
            customer_id: whose facts to look among; none without it.
            history: earlier (role, text) turns, oldest first.
            filters: which articles may be returned.
            most: passages to return, by default the setting.

        Raises:
            UserError: the question is empty or too long, or there is no such customer.
        """
        question = body(checked_question(question))
        history = [(role, text if role == "agent" else body(text)) for role, text in history]
        with self._lock:
            for attempt in range(ATTEMPTS):
                try:
                    found = self._search(question, customer_id, history, filters, most)
                except DamagedIndex:
                    self._close_index()
                    if attempt:
                        self._mend()
                    continue
                # A refresh sweeps what it replaced from the index, so a search that it overtook may have missed that.
                if self._catalog.generation == self._generation:
                    return found
            # Overtaken each time, or an index that cannot be mended now: the catalog alone is always whole.
            return self._search(question, customer_id, history, filters, most, CatalogVectors(self._catalog))

    def _search(
        self,
        question: str,
        customer_id: str | None,
        history: Sequence[tuple[str, str]],
        filters: Filters,
        most: int | None,
        instead: CatalogVectors | None = None,
    ) -> Search:
        clock = Clock()
        with self._catalog.snapshot():
            self._follow_refresh(instead)
            clock.lap("open")
            question, held, missing = self._ids(question, customer_id)
            which = None if missing else self._which(question, customer_id, history)
            ranked = self._ranked(question, history, filters, clock)
            alone = self._ranked(question, (), filters, clock) if history else ranked
            if history and topic.left(question, history, alone[0], ranked[0], self.embeddings):
                history, ranked = (), alone
            scored, query, asked, features = ranked
            follows = bool(history) and not ranking.chosen(question, history)
            subject = topic.subject(question, history) if follows else ""
            about = self._ranked(subject, (), filters, clock)[3] if subject else None
            features |= confidence.history_signals(alone[3] if follows else features, features, about, follows)
            first = ranking.diverse(scored, most := most or self.settings.passages)
            features |= confidence.vector_signals(query, asked, [item.passage for item in first])
            beside, near = near_questions(query, [item.passage for item in scored], self._catalog)
            features |= beside
            if self.settings.reranker:
                read = ranking.queries(question, history)[-1][0] if history else question
                scored = load_reranker(self.settings.reranker, self.settings.threads).rerank(read, scored)
                first = ranking.diverse(scored, most)
            chosen = with_whole_steps(first, self._catalog, query, filters, self._weights)
            passages = [item.passage for item in chosen]
            of_account, signals = self.account_signals(question, query, customer_id, passages)
            picked = choose(question, of_account, signals, which, self.settings.account_facts, held)
            features["fact"] = picked.answers
            clock.lap("facts")
        # What was just asked back about, what an account fact says, or an article by its name leaves nothing open.
        named = bool(chosen) and ranking.named(question, chosen[0].passage.title)
        told = picked.asked >= fact_ranking.OWN
        settled = missing or picked.withheld or which or (history and not follows) or told or named or not chosen
        hits = [passage_hit(number, item) for number, item in enumerate(chosen, 1)]
        hits += [fact_hit(number, fact, score) for number, (fact, score) in enumerate(picked.facts, 1)]
        return Search(
            question=question,
            hits=hits,
            passages=passages,
            facts=[fact for fact, _ in picked.facts],
            query=query,
            asked=asked,
            confidence=confidence.answerable(features) if (chosen or told) and not (missing or picked.withheld) else 0.0,
            vagueness=0.0 if settled else confidence.vague(features),
            features=features,
            which=which,
            not_held=missing,
            for_agent=[fact_hit(number, fact, score) for number, (fact, score) in enumerate(picked.for_agent, 1)],
            known_gap=near["gap"],
            ambiguous=near["ambiguous"],
            seconds=clock.total,
            timing=clock.laps,
        )

    def _follow_generation(self) -> None:
        """See in the catalog what a refresh in another process changed; the index is opened when it is needed."""
        if (generation := self._catalog.generation) != self._generation:
            self._check_model()
            self._words = WordCounts(self._catalog)
            self._samples, self._holdings = Samples(self._catalog), None
            self._generation = generation
            if not (isinstance(self._open_index, Followed) and self._open_index.follow()):
                self._close_index()

    def _follow_refresh(self, instead: CatalogVectors | None = None) -> None:
        """See what a refresh in another process changed, in the catalog and in the index."""
        self._follow_generation()
        if instead or not isinstance(self._open_index, Followed):
            self._close_index()
            self._open_index = instead or Followed(self.settings.store, self._catalog)

    def _close_index(self) -> None:
        if self._open_index:
            self._open_index.close()
        self._open_index = None

    def _mend(self) -> None:
        """Have a damaged index made anew from the catalog, unless another process did or is about to."""
        with suppress(UserError), store_lock(self.settings.store, wait=MEND_WAIT):
            if self._catalog.generation == self._generation:
                discard_others(self.settings.store, renew(self.settings.store, self._catalog))

    @property
    def _index(self) -> Followed | CatalogVectors:
        if self._open_index is None:
            raise DamagedIndex("the index is not open")
        return self._open_index

    def nearest(self, query: np.ndarray, most: int) -> list[tuple[str, float]]:
        """The passages whose vectors the index finds nearest to a unit vector: (id, cosine), best first."""
        with self._lock, self._catalog.snapshot():
            self._follow_refresh()
            return self._index.passages(query, most)

    def _ranked(
        self, question: str, history: Sequence[tuple[str, str]], filters: Filters, clock: Clock
    ) -> tuple[list[Scored], np.ndarray, np.ndarray, dict[str, float]]:
        """The candidates, best first; the vectors of the question and of its clauses; the signals of the confidence."""
        queries, shares = zip(*ranking.queries(question, history), strict=True)
        encoded = self.embeddings.vectors([*queries, *clauses(question)])
        encoded, parts = encoded[: len(queries)], encoded[len(queries) :]
        clock.lap("embed")
        query = np.asarray(sum(share * row for share, row in zip(shares, encoded, strict=True)))
        query /= np.linalg.norm(query) or 1.0
        dense: dict[str, float] = {}
        for row, share in zip(encoded, shares, strict=True):
            near = serving_nearest(self._index, self._catalog, row, filters, CANDIDATES)
            floor = min(near.values(), default=0.0)
            dense = {item: dense.get(item, 0.0) + share * near.get(item, floor) for item in near.keys() | dense.keys()}
        clock.lap("dense")
        lexical: dict[str, float] = {}
        for text, share in zip(queries, shares, strict=True):
            rows = self._catalog.lexical(fts_query(self._words.telling(fts_terms(text))), filters, CANDIDATES)
            best = max((score for _, score in rows), default=1.0) or 1.0
            for item, score in rows:
                lexical[item] = lexical.get(item, 0.0) + share * score / best
        clock.lap("lexical")
        lowest = min(dense.values(), default=0.0)
        stored = self._catalog.passages(dense.keys() | lexical.keys(), filters)
        scored = [
            ranking.score(passage, query, dense.get(item, lowest), lexical.get(item, 0.0), self._weights)
            for item, passage in stored.items()
        ]
        scored.sort(key=lambda item: (-item.score, item.passage.passage_id))
        features = confidence.features(
            ranked=[(item.passage.article_id, item.score, item.parts) for item in scored[:CANDIDATES]],
            words=self._words.signals(queries[-1], scored[0].passage.article_id if scored else ""),
            question=question,
            follow_up=bool(history),
            phrased=any(len(item.passage.asked_vectors) for item in scored[: confidence.NEAR]),
        )
        if len(parts) and not history and not self.settings.reranker:
            scored = ranking.by_clauses(scored, parts, self._weights)
        clock.lap("rank")
        return scored, query, parts if len(parts) else query[None, :], features

    def account_signals(
        self, question: str, query: np.ndarray, customer_id: str | None, passages: Sequence[StoredPassage]
    ) -> tuple[list[StoredFact], np.ndarray]:
        """The customer's facts that the index knows, of very many some, and what tells those that matter, shape (facts, signals)."""
        with self._lock:
            facts = self._catalog.facts(customer_id) if customer_id is not None else []
            vectors = self._index.facts(facts[0].key, [fact.fact_id for fact in facts]) if facts else {}
            facts = [fact for fact in facts if fact.fact_id in vectors]
            if not facts:
                return [], np.zeros((0, len(fact_ranking.FACT)))
            facts = fact_ranking.worth_weighing(question, query, facts, vectors)
            article = self._catalog.article_words(passages[0].article_id) if passages else ""
            return facts, fact_ranking.fact_signals(question, query, facts, vectors, passages, self._samples.values, article)

    def _which(self, question: str, customer_id: str | None, history: Sequence[tuple[str, str]]) -> Which | None:
        """Which of the customer's things the question means; what a customer has is read once for a conversation."""
        if customer_id is None:
            return None
        record = self.customer(customer_id)
        if self._holdings is None or self._holdings[0] != customer_id:
            self._holdings = customer_id, holdings(record, lambda: self._told(customer_id))
        return which_thing(question, history, self._holdings[1])

    def _ids(self, question: str, customer_id: str | None) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
        """The question with ids as the account writes them, those of things that the customer has, and those that the customer has not."""
        if customer_id is None or not (has_figure(question) or identifiers(question)):
            return question, (), ()
        question = as_recorded(question, record := self.customer(customer_id))
        return question, *ids_of_things(question, record, self._samples.shapes, self._words.frequency)
