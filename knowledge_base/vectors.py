"""The dense index: a Chroma collection of vectors and ids, without any text."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import chromadb
import numpy as np
from chromadb.api.shared_system_client import SharedSystemClient
from chromadb.config import Settings as ChromaSettings

from knowledge_base.errors import UserError

FOLDER = "chroma"
BATCH = 1000


class Vectors:
    """Passage and account-fact vectors of one store.

    A process that has queried a Chroma folder does not see what another process adds, so a reader reopens it when the
    catalog's generation has moved.
    """

    def __init__(self, store: Path) -> None:
        """Open or create the collections.

        Raises:
            UserError: the folder cannot be read by Chroma.
        """
        self._path = store / FOLDER
        self._open()

    def _open(self) -> None:
        try:
            self._client = chromadb.PersistentClient(path=str(self._path), settings=ChromaSettings(anonymized_telemetry=False))
            space: Any = {"hnsw": {"space": "cosine"}}
            self._passages = self._client.get_or_create_collection("passages", embedding_function=None, configuration=space)
            self._facts = self._client.get_or_create_collection("account_facts", embedding_function=None, configuration=space)
        except Exception as error:
            raise UserError(
                f"The vectors in {self._path} cannot be read ({type(error).__name__}): delete that folder and run "
                "`python -m knowledge_base refresh`; the catalog is kept."
            ) from error

    def reopen(self) -> None:
        """See what other processes have written since."""
        SharedSystemClient.clear_system_cache()
        self._open()

    def put_passages(self, ids: Sequence[str], vectors: np.ndarray, metadata: Sequence[dict[str, Any]]) -> None:
        """Add passages; metadata holds ``article_id`` and ``audience``."""
        _put(self._passages, ids, vectors, metadata)

    def put_facts(self, ids: Sequence[str], vectors: np.ndarray, customer_ids: Sequence[str]) -> None:
        """Add account facts."""
        _put(self._facts, ids, vectors, [{"customer_id": customer_id} for customer_id in customer_ids])

    def passages(self, query: np.ndarray, audience: str, most: int) -> list[tuple[str, float]]:
        """The nearest passages for an audience: (id, cosine), best first."""
        return _query(self._passages, query, {"audience": audience}, most)

    def facts(self, query: np.ndarray, customer_id: str, most: int) -> list[tuple[str, float]]:
        """The nearest facts of one customer: (id, cosine), best first. The only place where facts are looked up."""
        return _query(self._facts, query, {"customer_id": {"$eq": customer_id}}, most)

    def sweep(self, passages: set[str], facts: set[str]) -> int:
        """Delete every vector whose id is not among these; returns how many."""
        swept = 0
        for collection, keep in ((self._passages, passages), (self._facts, facts)):
            stale = [item for item in collection.get(include=[])["ids"] if item not in keep]
            for start in range(0, len(stale), BATCH):
                collection.delete(ids=stale[start : start + BATCH])
            swept += len(stale)
        return swept

    def missing(self, passages: set[str], facts: set[str]) -> bool:
        """Whether a vector that the catalog counts on is not there."""
        have_passages = set(self._passages.get(include=[])["ids"])
        have_facts = set(self._facts.get(include=[])["ids"])
        return not (passages <= have_passages and facts <= have_facts)


def discard(store: Path) -> None:
    """Delete the vectors of a store, to be made anew."""
    SharedSystemClient.clear_system_cache()
    shutil.rmtree(store / FOLDER, ignore_errors=True)


def _put(collection: Any, ids: Sequence[str], vectors: np.ndarray, metadata: Sequence[dict[str, Any]]) -> None:
    for start in range(0, len(ids), BATCH):
        part = slice(start, start + BATCH)
        collection.upsert(ids=list(ids[part]), embeddings=vectors[part], metadatas=list(metadata[part]))


def _query(collection: Any, query: np.ndarray, where: dict[str, Any], most: int) -> list[tuple[str, float]]:
    found = collection.query(query_embeddings=[query.tolist()], n_results=most, where=where, include=["distances"])
    return [(item, 1.0 - float(distance)) for item, distance in zip(found["ids"][0], found["distances"][0], strict=True)]
