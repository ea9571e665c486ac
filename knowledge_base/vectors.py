"""The dense index: Chroma collections of vectors and ids, without any text, in a folder that the catalog names."""

import shutil
import sqlite3
import threading
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, nullcontext, suppress
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar, cast

import chromadb
import numpy as np
from chromadb.api.shared_system_client import SharedSystemClient
from chromadb.config import Settings as ChromaSettings

from knowledge_base.blank_memory import blank_memory, plain_memory
from knowledge_base.catalog import Catalog
from knowledge_base.errors import UserError
from knowledge_base.graph_files import cut_short, unwritten

PREFIX = "vectors-"
PASSAGES, FACTS = "passages", "account_facts"
BATCH = 1000
_HNSW = {"space": "cosine", "ef_construction": 200, "max_neighbors": 32, "ef_search": 1600}

_OPENING = threading.Lock()
"""Chroma's clients of one process share a cache, which two threads must not clear and fill at once."""


class DamagedIndex(UserError):  # noqa: N818  # what it says is the state of the index
    """Chroma cannot read or write the folder; the index is then made anew from the catalog, unless the disk forbids it."""


class Vectors:
    """Passage and account-fact vectors of one store.

    A process that has queried a Chroma folder does not see what another process adds, so a running reader follows the catalog
    beside it (``followed.py``).
    """

    def __init__(self, folder: Path, create: bool = False) -> None:
        """Open the collections, or with ``create`` make them.

        Raises:
            DamagedIndex: the folder is not there or cannot be read by Chroma.
        """
        self.folder = folder
        self._blank, self._until_closed = False, ExitStack()
        if not create and not (folder / "chroma.sqlite3").is_file():
            raise DamagedIndex(f"There are no vectors in {folder}: run `python -m knowledge_base refresh`.")
        with _damage():
            self._client = chromadb.PersistentClient(path=str(folder), settings=ChromaSettings(anonymized_telemetry=False))
            configuration: Any = {"hnsw": _HNSW}
            make = self._client.get_or_create_collection if create else self._client.get_collection
            options: dict[str, Any] = {"configuration": configuration} if create else {}
            self._passages = make(PASSAGES, embedding_function=None, **options)
            self._facts = make(FACTS, embedding_function=None, **options)
            with closing(sqlite3.connect(folder / "chroma.sqlite3")) as db:
                self._graphs = dict(db.execute("SELECT collection, id FROM segments WHERE scope = 'VECTOR'").fetchall())
            if any(cut_short(folder / graph) for graph in self._graphs.values()):
                self.close()
                raise ValueError("a file of the index is cut short")

    def close(self) -> None:
        """Close the files; nothing may be asked afterwards. Left to the garbage collector, dozens of them stay open."""
        with suppress(AttributeError):  # it is closed already
            cast(Any, self._client)._server.stop()
        self._until_closed.close()
        self._blank = False

    def __del__(self) -> None:
        """Memory comes as it did, also where nobody closed it."""
        self._until_closed.close()

    @contextmanager
    def _at(self, collection: Any) -> Iterator[None]:
        with _damage():
            new = unwritten(self.folder / self._graphs[str(collection.id)])
            if new and not self._blank:
                # Until it is closed: a thread of Chroma's may write the graph's files when the call that made it is long back.
                self._blank = True
                self._until_closed.enter_context(blank_memory())
            with nullcontext() if new else plain_memory():
                yield

    def put_passages(self, ids: Sequence[str], vectors: np.ndarray) -> None:
        """Add passages; vectors has the shape (len(ids), dimension)."""
        with self._at(self._passages):
            for start in range(0, len(ids), BATCH):
                part = slice(start, start + BATCH)
                self._passages.upsert(ids=list(ids[part]), embeddings=np.asarray(vectors[part], dtype=np.float32))

    def put_facts(self, ids: Sequence[str], vectors: np.ndarray, keys: Sequence[str]) -> None:
        """Add account facts, each under its customer's key."""
        with self._at(self._facts):
            for start in range(0, len(ids), BATCH):
                part = slice(start, start + BATCH)
                metadata: Any = [{"customer": key} for key in keys[part]]
                self._facts.upsert(ids=list(ids[part]), embeddings=np.asarray(vectors[part], dtype=np.float32), metadatas=metadata)

    def passages(self, query: np.ndarray, most: int) -> list[tuple[str, float]]:
        """The nearest passages, untrue ones among them: (id, cosine), best first."""
        with self._at(self._passages):
            found: Any = self._passages.query(query_embeddings=[query.tolist()], n_results=most, include=["distances"])
            # Chroma takes a lost file of its graph for an empty one.
            if len(found["ids"][0]) < most and 2 * len(found["ids"][0]) < min(most, self._passages.count()):
                raise ValueError("the index is short of vectors")
        return [(item, 1.0 - float(distance)) for item, distance in zip(found["ids"][0], found["distances"][0], strict=True)]

    def facts(self, key: str, ids: Sequence[str]) -> dict[str, np.ndarray]:
        """Vectors of these facts by id, of those that stand under this customer's key and no other.

        Chroma's ``where`` walks all metadata (0.14 s among 50,000), so the ids name the facts and the key is checked on
        what comes back.
        """
        with self._at(self._facts):
            found: Any = self._facts.get(ids=list(ids), include=["embeddings", "metadatas"]) if ids else {"ids": []}
            if len(found["ids"]) < len(ids):
                raise ValueError("the index is short of account facts")
        if not ids:
            return {}
        rows = zip(found["ids"], found["metadatas"], np.asarray(found["embeddings"], dtype=np.float32), strict=True)
        return {item: vector for item, metadata, vector in rows if metadata["customer"] == key}

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        """Delete vectors of ``passages`` or ``account_facts``; ids that are not there are no error."""
        chosen = self._passages if collection == PASSAGES else self._facts
        with self._at(chosen):
            for start in range(0, len(ids), BATCH):
                chosen.delete(ids=list(ids[start : start + BATCH]))

    def counts(self) -> tuple[int, int]:
        """How many passages and account facts the index holds."""
        with _damage():
            return self._passages.count(), self._facts.count()


def index_folder(store: Path, catalog: Catalog) -> Path:
    """The folder that the catalog names."""
    return store / (catalog.meta("vectors") or f"{PREFIX}none")


def new_folder(store: Path) -> Path:
    """A name for a new index."""
    return store / f"{PREFIX}{uuid.uuid4().hex[:8]}"


def reopen(folder: Path, create: bool = False) -> Vectors:
    """Open an index so that it sees what other processes have written, and shares nothing with others of this process."""
    with _OPENING:
        SharedSystemClient.clear_system_cache()
        try:
            return Vectors(folder, create)
        finally:
            SharedSystemClient.clear_system_cache()


def rebuild(store: Path, catalog: Catalog) -> Path:
    """Make a new index from the vectors that the catalog keeps; nothing is embedded. It serves once the catalog names it."""
    folder = new_folder(store)
    index = reopen(folder, create=True)
    for part in _batches(catalog.passage_vectors()):
        index.put_passages([item for item, _ in part], np.array([vector for _, vector in part]))
    for facts in _batches(catalog.fact_vectors()):
        index.put_facts([item for item, _, _ in facts], np.array([vector for _, vector, _ in facts]), [key for _, _, key in facts])
    index.close()
    return folder


def discard_others(store: Path, keep: Path) -> None:
    """Delete the indexes that the catalog does not name."""
    others = [path for path in store.glob(f"{PREFIX}*") if path != keep] + [store / "chroma"]
    for path in others:
        shutil.rmtree(path, ignore_errors=True)


Item = TypeVar("Item")


def _batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    iterator = iter(items)
    while part := list(islice(iterator, BATCH)):
        yield part


@contextmanager
def _damage() -> Iterator[None]:
    """Within it, whatever Chroma raises becomes ``DamagedIndex``, for its errors have no common class."""
    try:
        yield
    except DamagedIndex:
        raise
    except Exception as error:
        reason = (str(error).splitlines() or [""])[0] or type(error).__name__
        raise DamagedIndex(
            f"The vectors could not be read or written ({reason}): check the disk and run `python -m knowledge_base refresh`."
        ) from error
