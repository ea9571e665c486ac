"""Embedding what a refresh found new, and nothing that it has already."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from knowledge_base import accounts
from knowledge_base.articles import Article
from knowledge_base.change import new_customer_key
from knowledge_base.embeddings import load_embeddings
from knowledge_base.plan import Plan
from knowledge_base.rows import title_text, unit_text, whole_text
from knowledge_base.settings import KnowledgeSettings
from knowledge_base.stored import PassageVectors

EMBEDDED_AT_ONCE = 256


@dataclass(frozen=True)
class EmbeddedCustomer:
    """A changed customer's record, its digest, its new key, and its facts with a vector each, shape (facts, dimension)."""

    record: accounts.Record
    digest: str
    key: str
    facts: list[accounts.AccountFact]
    vectors: np.ndarray


class Embedder:
    """Makes the vectors of articles and records; ``embedded`` counts the texts that had to be embedded."""

    def __init__(self, settings: KnowledgeSettings) -> None:
        self._settings = settings
        self.embedded = 0

    def article(self, article: Article, known: dict[str, np.ndarray]) -> list[PassageVectors]:
        """The vectors of each passage; ``known`` holds those of texts that the article had before."""
        titles = [title_text(article.title, passage.heading) for passage in article.passages]
        wholes = [whole_text(article.title, passage.heading, passage.text) for passage in article.passages]
        pieces = [[unit_text(article.title, passage.heading, unit.text) for unit in passage.units] for passage in article.passages]
        named = [phrase for passage in article.passages for phrase in (*passage.asked, *passage.gaps, *passage.ambiguous)]
        texts = [*wholes, *titles, *(piece for part in pieces for piece in part), *named]
        rows = known | self._vectors([text for text in dict.fromkeys(texts) if text not in known])
        return [
            PassageVectors(
                whole=rows[whole],
                title=rows[title],
                units=np.array([rows[piece] for piece in part]),
                asked=np.array([rows[phrase] for phrase in passage.asked]),
                gaps=np.array([rows[phrase] for phrase in passage.gaps]),
                ambiguous=np.array([rows[phrase] for phrase in passage.ambiguous]),
            )
            for whole, title, part, passage in zip(wholes, titles, pieces, article.passages, strict=True)
        ]

    def customers(self, plan: Plan, progress: Callable[[str, int, int], None]) -> list[EmbeddedCustomer]:
        """The facts of changed records with their vectors; sentences that customers share are embedded once."""
        facts = [accounts.account_facts(item.record, plan.wordings, plan.rules) for item in plan.customers]
        said = sorted({_worded(fact) for of_one in facts for fact in of_one})
        rows: dict[str, np.ndarray] = {}
        for start in range(0, len(said), EMBEDDED_AT_ONCE):
            rows |= self._vectors(said[start : start + EMBEDDED_AT_ONCE])
            progress("account facts", len(rows), len(said))
        return [
            EmbeddedCustomer(item.record, item.digest, new_customer_key(), of_one, self._rows(rows, of_one))
            for item, of_one in zip(plan.customers, facts, strict=True)
        ]

    def _rows(self, rows: dict[str, np.ndarray], facts: list[accounts.AccountFact]) -> np.ndarray:
        found = [rows[_worded(fact)] for fact in facts]
        return np.array(found) if found else np.zeros((0, 0), dtype=np.float16)

    def _vectors(self, texts: list[str]) -> dict[str, np.ndarray]:
        """Vectors in half precision, as the catalog keeps them, so that an index made anew from it is the same."""
        if not texts:
            return {}
        self.embedded += len(texts)
        made = load_embeddings(self._settings.embedding_model, self._settings.threads).vectors(texts)
        return dict(zip(texts, made.astype(np.float16), strict=True))


def _worded(fact: accounts.AccountFact) -> str:
    return f"{fact.title}. {fact.text}"
