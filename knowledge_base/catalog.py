"""The catalog: an SQLite file that says which version of which article and record is true, and holds all text.

Chroma holds only vectors and ids, so that a text deleted here is gone, and is made anew from the catalog when it is
damaged. One transaction flips an edit or a delete for every reader at once; the generation number tells a running reader
that it happened.
"""

import datetime
import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from knowledge_base.accounts import Record
from knowledge_base.articles import Article
from knowledge_base.errors import UserError
from knowledge_base.rows import article_of, body_of, passage_of, title_text, unit_text, unpack, whole_text
from knowledge_base.schema import FILTERED, SCHEMA_VERSION, connect, filter_values, lay_out
from knowledge_base.stored import Filters, StoredFact, StoredPassage, StoredVersion

FILE = "catalog.sqlite3"
PATIENCE = 30.0
"""Seconds to wait for another program that holds a file of the store."""
MOST_LOOKED_AT = 5000
"""Passages that a lexical search looks at, where filters leave few."""


class Known(NamedTuple):
    """What the catalog holds of an article, to tell whether its source has changed.

    A restored article serves a former text although its source, whose digest this is, holds another, or none.
    """

    article_id: str
    version: int
    digest: str
    source: str
    path: str
    restored: bool = False
    audience: str = "public"


class Catalog:
    """Opens the catalog of a store; one connection, closed by ``close`` or at the end of ``with``."""

    def __init__(self, store: Path, create: bool = False) -> None:
        """Open it.

        Args:
            store: the store's folder.
            create: make a new catalog where there is none, or one of an earlier layout.

        Raises:
            UserError: there is none and ``create`` is not set, or the file is no catalog of this version.
        """
        self.path = store / FILE
        if not create and not self.path.is_file():
            raise UserError(f"There is no knowledge base in {store}: run `python -m knowledge_base refresh` first.")
        store.mkdir(parents=True, exist_ok=True)
        with _readable(self.path):
            self.db = connect(self.path, timeout=PATIENCE, check_same_thread=False, isolation_level=None)
            try:
                self.db.execute("PRAGMA journal_mode = WAL")
                self.db.execute("PRAGMA cache_size = -65536")
                self.db.execute("PRAGMA secure_delete = ON")
                self.db.execute("PRAGMA foreign_keys = ON")
                if _layout(self.db) != SCHEMA_VERSION:
                    if not create:
                        raise UserError(f"The knowledge base in {store} has another layout: run `python -m knowledge_base refresh` first.")
                    lay_out(self.db)
            except BaseException:
                self.db.close()
                raise

    @staticmethod
    def laid_out(store: Path) -> bool:
        """Whether a store has a catalog of this layout.

        Raises:
            UserError: its file is no catalog.
        """
        if not (store / FILE).is_file():
            return False
        with _readable(store / FILE), closing(sqlite3.connect(store / FILE, timeout=PATIENCE)) as db:
            return _layout(db) == SCHEMA_VERSION

    @classmethod
    def empty(cls) -> "Catalog":
        """A catalog in memory that holds nothing, to plan a first refresh against."""
        catalog = cls.__new__(cls)
        catalog.path = Path(":memory:")
        catalog.db = connect(":memory:", isolation_level=None)
        lay_out(catalog.db)
        return catalog

    def close(self) -> None:
        """Close the connection."""
        self.db.close()

    def __enter__(self) -> "Catalog":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Within it, all reading sees the same state, whatever a refresh makes true meanwhile."""
        with _readable(self.path):
            self.db.execute("BEGIN")
            try:
                yield
            finally:
                self.db.rollback()

    def meta(self, key: str) -> str | None:
        """A stored setting, such as the embedding model that made the vectors."""
        row = self.db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    @property
    def generation(self) -> int:
        """Grows with every refresh that changed something."""
        return int(self.meta("generation") or 0)

    @property
    def new(self) -> bool:
        """Whether nothing was ever refreshed into it, nor kept of an earlier layout."""
        return not self.generation and not self.db.execute("SELECT EXISTS (SELECT 1 FROM last_versions)").fetchone()[0]

    def known_articles(self) -> dict[str, Known]:
        """What the catalog holds, by article id."""
        rows = self.db.execute("SELECT article_id, version, digest, source, path, restored, audience FROM articles")
        return {row[0]: Known(*row) for row in rows}

    def cursors(self) -> dict[str, str]:
        """Source name -> what it wants to be given at the next refresh."""
        return dict(self.db.execute("SELECT name, cursor FROM sources").fetchall())

    def next_version(self, article_id: str) -> int:
        """The version a new text of this article gets; a removed article's numbers are not used again."""
        row = self.db.execute("SELECT version FROM last_versions WHERE article_id = ?", (article_id,)).fetchone()
        return int(row[0]) + 1 if row else 1

    def versions(self, article_id: str) -> list[StoredVersion]:
        """The versions of an article that are kept, newest first; the one that serves has no ``retired``."""
        rows = self.db.execute(
            "SELECT article_id, version, title, updated, indexed, '' AS retired, 1, version FROM articles WHERE article_id = ?1"
            " UNION ALL SELECT article_id, version, title, updated, indexed, retired, body != '', first FROM versions WHERE article_id = ?1"
            " ORDER BY version DESC",
            (article_id,),
        )
        return [StoredVersion(*row) for row in rows]

    def version_body(self, article_id: str, version: int) -> str | None:
        """A former version's text as JSON, or None where it is not kept."""
        row = self.db.execute("SELECT body FROM versions WHERE article_id = ? AND version = ?", (article_id, version)).fetchone()
        return row[0] if row and row[0] else None

    def retired_before(self, time: str) -> list[tuple[str, int, int]]:
        """The former versions (article id, first and last version of a line) that stopped serving before a time, or then."""
        return self.db.execute("SELECT article_id, first, version FROM versions WHERE retired <= ?", (time,)).fetchall()

    def article(self, article_id: str) -> Article:
        """The text of an article that serves."""
        title, updated, digest = self.db.execute(
            "SELECT title, updated, digest FROM articles WHERE article_id = ?", (article_id,)
        ).fetchone()
        return article_of(article_id, title, updated, digest, body_of(self.db, article_id))

    def customer_digests(self) -> dict[str, tuple[int, str]]:
        """Customer id -> (version, digest)."""
        rows = self.db.execute("SELECT customer_id, version, digest FROM customers")
        return {customer_id: (version, digest) for customer_id, version, digest in rows}

    def customer_ids(self) -> list[str]:
        """Ids of all customers, sorted."""
        return [row[0] for row in self.db.execute("SELECT customer_id FROM customers ORDER BY customer_id")]

    def customer(self, customer_id: str) -> Record | None:
        """A customer's record, or None."""
        row = self.db.execute("SELECT record FROM customers WHERE customer_id = ?", (customer_id,)).fetchone()
        return json.loads(row[0]) if row else None

    def counts(self) -> tuple[int, int]:
        """How many passages and account facts are true."""
        return tuple(self.db.execute("SELECT (SELECT count(*) FROM passages), (SELECT count(*) FROM account_facts)").fetchone())

    def passages(self, ids: Iterable[str], filters: Filters) -> dict[str, StoredPassage]:
        """The true ones among these passages that the filters let through, by id."""
        wanted = list(ids)
        rows = self.db.execute(
            "SELECT p.passage_id, p.article_id, p.version, a.title, p.heading, a.section, a.audience, p.text, p.units, p.vector,"
            " p.unit_vectors, p.title_vector, p.asked_vectors, p.ordinal, a.updated, a.indexed, a.language, p.answered_by FROM"
            f" passages p JOIN articles a USING (article_id) WHERE p.passage_id IN ({','.join('?' * len(wanted))}) AND {FILTERED}",
            [*wanted, *filter_values(filters)],
        )
        return {row[0]: passage_of(row) for row in rows}

    def neighbours(self, passage: StoredPassage) -> list[str]:
        """Ids of the passages before and after one, in its article's order."""
        rows = self.db.execute(
            "SELECT passage_id FROM passages WHERE article_id = ? AND ordinal IN (?, ?) ORDER BY ordinal",
            (passage.article_id, passage.ordinal - 1, passage.ordinal + 1),
        )
        return [row[0] for row in rows]

    def serving(self, ids: Iterable[str], filters: Filters) -> set[str]:
        """Which of these passages are true and let through by the filters."""
        wanted = list(ids)
        rows = self.db.execute(
            "SELECT p.passage_id FROM passages p JOIN articles a USING (article_id)"
            f" WHERE p.passage_id IN ({','.join('?' * len(wanted))}) AND {FILTERED}",
            [*wanted, *filter_values(filters)],
        )
        return {row[0] for row in rows}

    def article_words(self, article_id: str) -> str:
        """All words of an article, the questions it answers included."""
        rows = self.db.execute(
            "SELECT a.title || ' ' || p.heading || ' ' || p.text || ' ' || p.asked FROM passages p JOIN articles a USING (article_id)"
            " WHERE p.article_id = ?",
            (article_id,),
        )
        return " ".join(row[0] for row in rows)

    def facts(self, customer_id: str) -> list[StoredFact]:
        """All facts of one customer, in the record's order."""
        rows = self.db.execute(
            "SELECT f.fact_id, f.customer_id, c.version, f.path, f.title, f.text, c.as_of, c.indexed, c.key, f.audience"
            " FROM account_facts f JOIN customers c USING (customer_id) WHERE f.customer_id = ? ORDER BY f.ordinal",
            (customer_id,),
        )
        return [StoredFact(*row) for row in rows]

    def fact_sample(self, customers: int) -> list[tuple[str, str]]:
        """Path and text of the facts of at most so many customers, without saying whose they are."""
        rows = self.db.execute(
            "SELECT DISTINCT path, text FROM account_facts WHERE customer_id IN"
            " (SELECT customer_id FROM customers ORDER BY customer_id LIMIT ?)",
            (customers,),
        )
        return [(path, text) for path, text in rows]

    def lexical(self, query: str, filters: Filters, most: int) -> list[tuple[str, float]]:
        """Passages by BM25 for an FTS5 query, best first, with positive scores; titles weigh three times the text."""
        if not query:
            return []
        limit = 2 * most
        while True:
            best = self.db.execute(
                "SELECT rowid, -rank FROM lexical WHERE lexical MATCH ? AND rank MATCH 'bm25(3.0, 2.0, 1.0, 1.0)' ORDER BY rank LIMIT ?",
                (query, limit),
            ).fetchall()
            kept = dict(
                self.db.execute(
                    "SELECT p.number, p.passage_id FROM passages p JOIN articles a USING (article_id)"
                    f" WHERE p.number IN ({','.join('?' * len(best))}) AND {FILTERED}",
                    [*(number for number, _ in best), *filter_values(filters)],
                ).fetchall()
            )
            if len(kept) >= most or len(best) < limit or limit >= MOST_LOOKED_AT:
                return [(kept[number], float(score)) for number, score in best if number in kept][:most]
            limit = min(8 * limit, MOST_LOOKED_AT)

    def document_frequency(self, term: str) -> int:
        """In how many passages a term occurs."""
        return int(self.db.execute("SELECT count(*) FROM lexical WHERE lexical MATCH ?", (f'"{term}"',)).fetchone()[0])

    def refreshes(self, most: int = 20) -> list[tuple[str, dict[str, Any]]]:
        """The last entries of the history, newest first: (time, report); refreshes, and what ``event`` says otherwise."""
        rows = self.db.execute("SELECT at, report FROM refreshes ORDER BY number DESC LIMIT ?", (most,))
        return [(at, json.loads(report)) for at, report in rows]

    def journal(self) -> dict[str, list[str]]:
        """Collection -> ids of vectors that may stand in the index without being true."""
        found: dict[str, list[str]] = {}
        # A refresh that was killed may have entered ids that were, and still are, true.
        for collection, item in self.db.execute(
            "SELECT collection, id FROM journal WHERE id NOT IN (SELECT passage_id FROM passages)"
            " AND id NOT IN (SELECT fact_id FROM account_facts)"
        ):
            found.setdefault(collection, []).append(item)
        return found

    def erasing(self) -> list[str]:
        """Sources that are erased from the catalog, and perhaps not yet from everything else (``knowledge_base/erasure.py``)."""
        return [row[0] for row in self.db.execute("SELECT source FROM erasing ORDER BY source")]

    def passage_vectors(self) -> Iterator[tuple[str, np.ndarray]]:
        """Every true passage's id and vector."""
        for item, blob in self.db.execute("SELECT passage_id, vector FROM passages ORDER BY number"):
            yield item, unpack(blob)

    def fact_vectors(self) -> Iterator[tuple[str, np.ndarray, str]]:
        """Every true account fact's id and vector, and its customer's key."""
        rows = self.db.execute("SELECT f.fact_id, f.vector, c.key FROM account_facts f JOIN customers c USING (customer_id)")
        for item, blob, key in rows:
            yield item, unpack(blob), key

    def vectors_of_facts(self, customer_key: str) -> dict[str, np.ndarray]:
        """The vectors of one customer's facts, by id."""
        rows = self.db.execute(
            "SELECT f.fact_id, f.vector FROM account_facts f JOIN customers c USING (customer_id) WHERE c.key = ?", (customer_key,)
        )
        return {item: unpack(blob) for item, blob in rows}

    def known_vectors(self, article_id: str) -> dict[str, np.ndarray]:
        """Text -> vector, of all that was embedded of an article that serves."""
        rows = self.db.execute(
            "SELECT a.title, p.heading, p.text, p.units, p.asked, p.gaps, p.ambiguous, p.vector, p.title_vector, p.unit_vectors,"
            " p.asked_vectors, p.gap_vectors, p.ambiguous_vectors FROM passages p JOIN articles a USING (article_id) WHERE article_id = ?",
            (article_id,),
        )
        known: dict[str, np.ndarray] = {}
        for title, heading, text, units, asked, gaps, ambiguous, *blobs in rows:
            whole, of_title, *many = (unpack(blob) for blob in blobs)
            known |= {whole_text(title, heading, text): whole, title_text(title, heading): of_title}
            said = (unit_text(title, heading, unit[0]) for unit in json.loads(units))
            for texts, vectors in zip((said, *map(json.loads, (asked, gaps, ambiguous))), many, strict=True):
                known |= dict(zip(texts, vectors.reshape(-1, len(whole)), strict=True))
        return known


def _layout(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Within it, what SQLite finds wrong with the file becomes one sentence."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise UserError(
            f"{path} cannot be opened or read ({error}): check that its folder may be written to and that the disk is sound."
        ) from error
    except sqlite3.DatabaseError as error:
        raise UserError(
            f"{path} cannot be read as a catalog ({error}): move it aside and run `python -m knowledge_base refresh`."
        ) from error


def now() -> str:
    """The time in UTC, to the second."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
