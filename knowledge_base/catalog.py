"""The catalog: an SQLite file that says which version of which article and record is true, and holds all text.

Chroma holds only vectors and ids, so that a text deleted here is gone. One transaction flips an edit or a delete for
every reader at once; the generation number tells a running reader that it happened.
"""

import datetime
import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from knowledge_base.accounts import AccountFact, Record
from knowledge_base.articles import Article, Passage, Unit
from knowledge_base.errors import UserError
from knowledge_base.stored import PassageVectors, StoredFact, StoredPassage

FILE = "catalog.sqlite3"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS articles (
    article_id TEXT PRIMARY KEY, version INTEGER NOT NULL, title TEXT NOT NULL, section TEXT NOT NULL,
    audience TEXT NOT NULL, plans TEXT NOT NULL, updated TEXT NOT NULL, indexed TEXT NOT NULL,
    digest TEXT NOT NULL, path TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS passages (
    passage_id TEXT PRIMARY KEY, article_id TEXT NOT NULL REFERENCES articles ON DELETE CASCADE,
    version INTEGER NOT NULL, ordinal INTEGER NOT NULL, heading TEXT NOT NULL, text TEXT NOT NULL,
    units TEXT NOT NULL, unit_vectors BLOB NOT NULL, title_vector BLOB NOT NULL, asked_vectors BLOB NOT NULL,
    asked TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS passages_by_article ON passages (article_id);
CREATE VIRTUAL TABLE IF NOT EXISTS lexical USING fts5 (
    passage_id UNINDEXED, title, heading, text, asked, tokenize = 'porter unicode61');
CREATE TABLE IF NOT EXISTS last_versions (article_id TEXT PRIMARY KEY, version INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS customers (
    customer_id TEXT PRIMARY KEY, version INTEGER NOT NULL, record TEXT NOT NULL, digest TEXT NOT NULL, indexed TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS account_facts (
    fact_id TEXT PRIMARY KEY, customer_id TEXT NOT NULL REFERENCES customers ON DELETE CASCADE,
    ordinal INTEGER NOT NULL, path TEXT NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS facts_by_customer ON account_facts (customer_id);
CREATE TABLE IF NOT EXISTS refreshes (at TEXT NOT NULL, report TEXT NOT NULL);
"""


class Catalog:
    """Opens the catalog of a store; one connection, closed by ``close`` or at the end of ``with``."""

    def __init__(self, store: Path, create: bool = False) -> None:
        """Open it.

        Raises:
            UserError: there is none and ``create`` is not set, or the file is no catalog.
        """
        self.path = store / FILE
        if not create and not self.path.is_file():
            raise UserError(f"There is no knowledge base in {store}: run `python -m knowledge_base refresh` first.")
        store.mkdir(parents=True, exist_ok=True)
        try:
            self._db = sqlite3.connect(self.path, timeout=30, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA secure_delete = ON")
            self._db.execute("PRAGMA foreign_keys = ON")
            if create:
                self._db.executescript(_SCHEMA)
            self._db.execute("SELECT count(*) FROM meta").fetchone()
        except sqlite3.DatabaseError as error:
            raise UserError(
                f"{self.path} cannot be read as a catalog ({error}): move it aside and run `python -m knowledge_base refresh`."
            ) from error

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    def __enter__(self) -> "Catalog":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def meta(self, key: str) -> str | None:
        """A stored setting, such as the embedding model that made the vectors."""
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    @property
    def generation(self) -> int:
        """Grows with every refresh that changed something."""
        return int(self.meta("generation") or 0)

    def article_digests(self) -> dict[str, tuple[int, str, str]]:
        """Article id -> (version, digest, path)."""
        rows = self._db.execute("SELECT article_id, version, digest, path FROM articles")
        return {article_id: (version, digest, path) for article_id, version, digest, path in rows}

    def next_version(self, article_id: str) -> int:
        """The version a new text of this article gets; a removed article's numbers are not used again."""
        row = self._db.execute("SELECT version FROM last_versions WHERE article_id = ?", (article_id,)).fetchone()
        return int(row[0]) + 1 if row else 1

    def customer_digests(self) -> dict[str, tuple[int, str]]:
        """Customer id -> (version, digest)."""
        rows = self._db.execute("SELECT customer_id, version, digest FROM customers")
        return {customer_id: (version, digest) for customer_id, version, digest in rows}

    def passage_ids(self) -> set[str]:
        """Ids of all true passages."""
        return {row[0] for row in self._db.execute("SELECT passage_id FROM passages")}

    def fact_ids(self) -> set[str]:
        """Ids of all true account facts."""
        return {row[0] for row in self._db.execute("SELECT fact_id FROM account_facts")}

    def customer_ids(self) -> list[str]:
        """Ids of all customers, sorted."""
        return [row[0] for row in self._db.execute("SELECT customer_id FROM customers ORDER BY customer_id")]

    def customer(self, customer_id: str) -> Record | None:
        """A customer's record, or None."""
        row = self._db.execute("SELECT record FROM customers WHERE customer_id = ?", (customer_id,)).fetchone()
        return json.loads(row[0]) if row else None

    def passages(self, ids: Iterable[str]) -> dict[str, StoredPassage]:
        """The true ones among these passages, by id."""
        wanted = list(ids)
        marks = ",".join("?" * len(wanted))
        rows = self._db.execute(
            "SELECT p.passage_id, p.article_id, p.version, a.title, p.heading, a.section, a.audience, p.text, p.units,"
            " p.unit_vectors, p.title_vector, p.asked_vectors, p.ordinal, a.updated, a.indexed FROM passages p"
            f" JOIN articles a ON a.article_id = p.article_id AND a.version = p.version WHERE p.passage_id IN ({marks})",
            wanted,
        )
        return {row[0]: _passage(row) for row in rows}

    def article_words(self, article_id: str) -> str:
        """All words of an article, the questions it answers included."""
        rows = self._db.execute(
            "SELECT a.title || ' ' || p.heading || ' ' || p.text || ' ' || p.asked FROM passages p JOIN articles a USING (article_id)"
            " WHERE p.article_id = ?",
            (article_id,),
        )
        return " ".join(row[0] for row in rows)

    def facts(self, customer_id: str) -> list[StoredFact]:
        """All facts of one customer, in the record's order."""
        rows = self._db.execute(
            "SELECT f.fact_id, f.customer_id, c.version, f.path, f.title, f.text, c.indexed FROM account_facts f"
            " JOIN customers c USING (customer_id) WHERE f.customer_id = ? ORDER BY f.ordinal",
            (customer_id,),
        )
        return [StoredFact(*row) for row in rows]

    def fact_sample(self, customers: int) -> list[tuple[str, str]]:
        """Path and text of the facts of at most so many customers, without saying whose they are."""
        rows = self._db.execute(
            "SELECT DISTINCT path, text FROM account_facts WHERE customer_id IN"
            " (SELECT customer_id FROM customers ORDER BY customer_id LIMIT ?)",
            (customers,),
        )
        return [(path, text) for path, text in rows]

    def lexical(self, query: str, audience: str, most: int) -> list[tuple[str, float]]:
        """Passages by BM25 for an FTS5 query, best first, with positive scores; titles weigh three times the text."""
        if not query:
            return []
        rows = self._db.execute(
            "SELECT l.passage_id, -bm25(lexical, 0, 3.0, 2.0, 1.0, 1.0) FROM lexical l JOIN passages p USING (passage_id)"
            " JOIN articles a ON a.article_id = p.article_id WHERE lexical MATCH ? AND a.audience = ?"
            " ORDER BY 2 DESC LIMIT ?",
            (query, audience, most),
        )
        return [(passage_id, float(score)) for passage_id, score in rows]

    def document_frequency(self, terms: Iterable[str]) -> tuple[dict[str, int], int]:
        """In how many passages each term occurs, and how many passages there are."""
        counts = {}
        for term in terms:
            row = self._db.execute("SELECT count(*) FROM lexical WHERE lexical MATCH ?", (f'"{term}"',)).fetchone()
            counts[term] = int(row[0])
        total = int(self._db.execute("SELECT count(*) FROM passages").fetchone()[0])
        return counts, total

    @contextmanager
    def change(self) -> Iterator["Change"]:
        """One transaction: all that is done with the change becomes true at once, or nothing does."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield Change(self._db)
            self._db.execute(
                "INSERT INTO meta VALUES ('generation', '1') ON CONFLICT (key) DO UPDATE SET value = CAST(value AS INTEGER) + 1"
            )
        except BaseException:
            self._db.rollback()
            raise
        self._db.commit()

    def forget_deleted(self) -> None:
        """Leave no deleted text behind in the lexical index or in the write-ahead log."""
        with self._db:
            self._db.execute("INSERT INTO lexical (lexical) VALUES ('optimize')")
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


class Change:
    """What may be done inside a catalog's transaction."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def set_meta(self, key: str, value: str) -> None:
        """Store a setting."""
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def remove_article(self, article_id: str) -> None:
        """Stop serving an article."""
        self._db.execute("DELETE FROM lexical WHERE passage_id IN (SELECT passage_id FROM passages WHERE article_id = ?)", (article_id,))
        self._db.execute("DELETE FROM passages WHERE article_id = ?", (article_id,))
        self._db.execute("DELETE FROM articles WHERE article_id = ?", (article_id,))

    def put_article(self, article: Article, version: int, path: str, vectors: list[PassageVectors]) -> None:
        """Serve this version of an article; ``vectors`` holds those of each passage."""
        self.remove_article(article.article_id)
        self._db.execute(
            "INSERT INTO articles VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                article.article_id, version, article.title, article.section, article.audience,
                json.dumps(article.plans), article.updated, now(), article.digest, path,
            ),
        )  # fmt: skip
        self._db.execute("INSERT OR REPLACE INTO last_versions VALUES (?, ?)", (article.article_id, version))
        for ordinal, (passage, made) in enumerate(zip(article.passages, vectors, strict=True)):
            passage_id = passage_key(article.article_id, version, ordinal)
            self._db.execute(
                "INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    passage_id, article.article_id, version, ordinal, passage.heading, passage.text,
                    _units_json(passage), _pack(made.units), _pack(made.title), _pack(made.asked),
                    " ".join(passage.asked),
                ),
            )  # fmt: skip
            self._db.execute(
                "INSERT INTO lexical VALUES (?, ?, ?, ?, ?)",
                (passage_id, article.title, passage.heading, passage.text, " ".join(passage.asked)),
            )

    def remove_customer(self, customer_id: str) -> None:
        """Forget a customer's record and facts."""
        self._db.execute("DELETE FROM account_facts WHERE customer_id = ?", (customer_id,))
        self._db.execute("DELETE FROM customers WHERE customer_id = ?", (customer_id,))

    def put_customer(self, record: Record, version: int, digest: str, facts: list[AccountFact]) -> None:
        """Serve this version of a customer's record."""
        customer_id = str(record["customer_id"])
        self.remove_customer(customer_id)
        self._db.execute("INSERT INTO customers VALUES (?, ?, ?, ?, ?)", (customer_id, version, json.dumps(record), digest, now()))
        self._db.executemany(
            "INSERT INTO account_facts VALUES (?, ?, ?, ?, ?, ?)",
            [
                (fact_key(customer_id, version, ordinal), customer_id, ordinal, fact.path, fact.title, fact.text)
                for ordinal, fact in enumerate(facts)
            ],
        )

    def record_refresh(self, report: dict[str, object]) -> None:
        """Keep a refresh's report."""
        self._db.execute("INSERT INTO refreshes VALUES (?, ?)", (now(), json.dumps(report)))


def passage_key(article_id: str, version: int, ordinal: int) -> str:
    """Id of a passage: article, version and place."""
    return f"{article_id}@{version}#{ordinal}"


def fact_key(customer_id: str, version: int, ordinal: int) -> str:
    """Id of an account fact: customer, version and place."""
    return f"{customer_id}@{version}#{ordinal}"


def now() -> str:
    """The time in UTC, to the second."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _pack(vectors: np.ndarray) -> bytes:
    return vectors.astype(np.float16).tobytes()


def _unpack(blob: bytes) -> np.ndarray:
    return np.frombuffer(blob, dtype=np.float16).astype(np.float32)


def _units_json(passage: Passage) -> str:
    return json.dumps([[unit.text, unit.kind, unit.step] for unit in passage.units], ensure_ascii=False)


def _passage(row: tuple[Any, ...]) -> StoredPassage:
    (
        passage_id,
        article_id,
        version,
        title,
        heading,
        section,
        audience,
        text,
        units,
        blob,
        title_blob,
        asked_blob,
        ordinal,
        updated,
        at,
    ) = row
    parsed = tuple(Unit(*unit) for unit in json.loads(str(units)))
    vectors, title_vector, asked_vectors = (_unpack(item) for item in (blob, title_blob, asked_blob))
    return StoredPassage(
        passage_id=str(passage_id),
        article_id=str(article_id),
        version=int(str(version)),
        title=str(title),
        heading=str(heading),
        section=str(section),
        audience=str(audience),
        text=str(text),
        units=parsed,
        unit_vectors=vectors.reshape(len(parsed), -1),
        title_vector=title_vector,
        asked_vectors=asked_vectors.reshape(-1, len(title_vector)),
        ordinal=int(str(ordinal)),
        updated=str(updated),
        indexed=str(at),
    )
