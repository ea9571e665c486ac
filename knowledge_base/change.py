"""What may be done to the catalog inside one transaction."""

import json
import re
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

from knowledge_base.accounts import AccountFact, Record
from knowledge_base.articles import Article
from knowledge_base.catalog import PATIENCE, Catalog, now
from knowledge_base.errors import UserError
from knowledge_base.passages import Unit
from knowledge_base.rows import body_of, pack, pack_places
from knowledge_base.stored import PassageVectors

REFRESHES_KEPT = 500
"""Entries of the history: refreshes, restores and purges."""
PASSAGES_MADE = "passages_made"
"""Names the setting that counts every passage ever put: its number is not given again, which tells a reader what is newer."""
_COUNTS = ("added", "changed", "removed", "unchanged", "customers_changed", "customers_removed")


class StoreBusyError(UserError):
    """Another command is writing to the store."""


@contextmanager
def store_lock(store: Path, wait: float = 60.0) -> Iterator[None]:
    """Hold a store for writing.

    Raises:
        StoreBusyError: another command is writing to it, longer than ``wait`` seconds.
        UserError: within it, the disk is full or cannot be written.
    """
    try:
        store.mkdir(parents=True, exist_ok=True)
        with FileLock(store / "refresh.lock", timeout=wait):
            yield
    except Timeout as error:
        raise StoreBusyError(f"Another refresh is working on {store}: wait for it to end and try again.") from error
    except sqlite3.DatabaseError as error:
        raise UserError(
            f"The store {store} cannot be read or written ({error}): free or mend the disk and run the command again."
        ) from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UserError(f"{error.filename or store} cannot be read or written ({reason}): check the path and the disk.") from error


@contextmanager
def transaction(catalog: Catalog) -> Iterator[None]:
    """All that is written within it becomes true at once, or nothing does."""
    catalog.db.execute("BEGIN IMMEDIATE")
    try:
        yield
        catalog.db.execute("COMMIT")
    except BaseException:
        catalog.db.rollback()
        raise


@contextmanager
def change(catalog: Catalog) -> Iterator["Change"]:
    """A transaction that readers are told of: they open the index anew."""
    with transaction(catalog):
        catalog.db.execute("INSERT OR IGNORE INTO meta SELECT ?, coalesce(max(number), 0) FROM passages", (PASSAGES_MADE,))
        yield Change(catalog.db)
        catalog.db.execute("INSERT INTO meta VALUES ('generation', '1') ON CONFLICT (key) DO UPDATE SET value = CAST(value AS INTEGER) + 1")


def note(catalog: Catalog, collection: str, ids: Sequence[str]) -> None:
    """Enter vectors in the journal before they are written, so that they are swept if they never become true."""
    with transaction(catalog):
        catalog.db.executemany("INSERT OR IGNORE INTO journal VALUES (?, ?)", [(collection, item) for item in ids])


def strike(catalog: Catalog, deleted: int) -> int:
    """Clear the journal once its vectors are deleted; returns how many were deleted since the index was made."""
    with transaction(catalog):
        catalog.db.execute("DELETE FROM journal")
        dead = int(catalog.meta("dead_vectors") or 0) + deleted
        catalog.db.execute("INSERT OR REPLACE INTO meta VALUES ('dead_vectors', ?)", (str(dead),))
    return dead


def note_begun(catalog: Catalog, commands: int) -> None:
    """Keep how many commands in a row have begun to work on the index and not ended."""
    with transaction(catalog):
        catalog.db.execute("INSERT OR REPLACE INTO meta VALUES ('begun', ?)", (str(commands),))


def checked(catalog: Catalog, cursors: dict[str, str]) -> None:
    """Note that the sources were looked at, and from where they are to be looked at next."""
    with transaction(catalog):
        catalog.db.execute("INSERT OR REPLACE INTO meta VALUES ('checked', ?)", (now(),))
        catalog.db.executemany("INSERT OR REPLACE INTO sources VALUES (?, ?)", cursors.items())


def settle(db: sqlite3.Connection, wait: float = 1.0) -> bool:
    """Bring the write-ahead log into the file, so that it does not grow; whether no reader stood in the way so many seconds.

    It is tried again and again for a moment: a longer try waits for a place among the readers that, once taken by a reader of
    the newest state, is not given up as long as readers follow each other closely.
    """
    until = time.monotonic() + wait
    before = db.execute("PRAGMA busy_timeout").fetchone()[0]
    db.execute("PRAGMA busy_timeout = 50")
    try:
        while db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            if time.monotonic() > until:
                return False
        return True
    finally:
        db.execute(f"PRAGMA busy_timeout = {before}")


def forget_deleted(catalog: Catalog) -> None:
    """Leave no deleted text behind in the lexical index or the write-ahead log.

    Raises:
        UserError: another program reads the catalog all the while.
    """
    catalog.db.execute("INSERT INTO lexical (lexical) VALUES ('optimize')")
    if not settle(catalog.db, PATIENCE):
        raise UserError(
            f"{catalog.path.name} is being read by another program: close the desk and run the command again to erase all traces."
        )


def erased(catalog: Catalog) -> None:
    """Note that nothing is left to be erased."""
    with transaction(catalog):
        catalog.db.execute("DELETE FROM erasing")


def last_left_out(catalog: Catalog) -> set[tuple[str, str]]:
    """Path and reason of what the last refresh in the history left out; of a source that was not reached, without the reason."""
    row = catalog.db.execute(
        "SELECT report FROM refreshes WHERE coalesce(json_extract(report, '$.event'), 'refresh') = 'refresh' ORDER BY number DESC LIMIT 1"
    ).fetchone()
    report = json.loads(row[0]) if row else {"quarantined": [], "unreached": []}
    return {(item["path"], item["reason"]) for item in report["quarantined"]} | {(item["path"], "") for item in report["unreached"]}


class Change:
    """What may be done inside a catalog's transaction."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def set_meta(self, key: str, value: str) -> None:
        """Store a setting."""
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def clear_journal(self) -> None:
        """Forget which vectors are to be swept: the index named now holds true ones only."""
        self._db.execute("DELETE FROM journal")

    def remove_article(self, article_id: str) -> None:
        """Stop serving an article; its text is kept as a former version."""
        self._retire(article_id)
        self.drop_article(article_id)

    def drop_article(self, article_id: str) -> None:
        """Delete the serving version of an article."""
        self._db.execute("INSERT OR IGNORE INTO journal SELECT 'passages', passage_id FROM passages WHERE article_id = ?", (article_id,))
        self._db.execute("DELETE FROM lexical WHERE rowid IN (SELECT number FROM passages WHERE article_id = ?)", (article_id,))
        self._db.execute("DELETE FROM passages WHERE article_id = ?", (article_id,))
        self._db.execute("DELETE FROM articles WHERE article_id = ?", (article_id,))

    def forget_article(self, article_id: str) -> None:
        """Delete all versions of an article, and its id and place from wherever they stand; readers are served none of it."""
        path, source = self._db.execute("SELECT path, source FROM articles WHERE article_id = ?", (article_id,)).fetchone() or ("", "")
        # A reason may quote the article, and where its file lay before is not known any more, so all of them go.
        self._scrub_reports(article_id, path, also=lambda kind, item: kind == "quarantined")
        # From its cursor on, the source would not name the article again, which it may still hold.
        self._db.execute("DELETE FROM sources WHERE name = ?", (source,))
        self.drop_article(article_id)
        self._db.execute("DELETE FROM versions WHERE article_id = ?", (article_id,))
        self._db.execute("DELETE FROM last_versions WHERE article_id = ?", (article_id,))

    def erase(self, sources: Sequence[str]) -> None:
        """Have sources erased from everything else, be it by a later command."""
        self._db.executemany("INSERT OR IGNORE INTO erasing VALUES (?)", [(source,) for source in sources])

    def drop_version(self, article_id: str, version: int) -> None:
        """Delete a former version."""
        self._db.execute("DELETE FROM versions WHERE article_id = ? AND version = ?", (article_id, version))

    def put_article(self, article: Article, version: int, vectors: list[PassageVectors], source: str, path: str, restored: bool) -> None:
        """Serve this version of an article; ``vectors`` holds those of each passage.

        The text that served so far is kept as a former version, unless it is of the same version.
        """
        if version > 1:
            self._retire(article.article_id, but=version)
        self.drop_article(article.article_id)
        self._db.execute(
            "INSERT INTO articles VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                article.article_id, version, article.title, article.section, article.audience, json.dumps(article.plans),
                article.product, article.language, article.updated, now(), article.digest, source, path, restored,
            ),
        )  # fmt: skip
        self._db.execute("INSERT OR REPLACE INTO last_versions VALUES (?, ?)", (article.article_id, version))
        for ordinal, (passage, made) in enumerate(zip(article.passages, vectors, strict=True)):
            passage_id = passage_key(article.article_id, version, ordinal)
            number = self._next_number()
            self._db.execute(
                "INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    number, passage_id, article.article_id, version, ordinal, passage.heading, passage.text, _units_json(passage.units),
                    json.dumps(passage.asked, ensure_ascii=False), pack(made.whole), pack(made.units), pack(made.title), pack(made.asked),
                    json.dumps(passage.gaps, ensure_ascii=False), pack(made.gaps),
                    json.dumps(passage.ambiguous, ensure_ascii=False), pack(made.ambiguous), pack_places(passage.answered_by),
                ),
            )  # fmt: skip
            self._db.execute(
                "INSERT INTO lexical (rowid, title, heading, text, asked) VALUES (?, ?, ?, ?, ?)",
                (number, article.title, passage.heading, passage.text, " ".join(passage.asked)),
            )
            self._db.execute("DELETE FROM journal WHERE collection = 'passages' AND id = ?", (passage_id,))

    def _next_number(self) -> int:
        """A number that no passage ever had."""
        self._db.execute("UPDATE meta SET value = value + 1 WHERE key = ?", (PASSAGES_MADE,))
        return int(self._db.execute("SELECT value FROM meta WHERE key = ?", (PASSAGES_MADE,)).fetchone()[0])

    def _retire(self, article_id: str, but: int = 0) -> None:
        row = self._db.execute("SELECT version, title, updated, indexed FROM articles WHERE article_id = ?", (article_id,)).fetchone()
        if row and row[0] != but:
            body = body_of(self._db, article_id)
            self._db.execute("INSERT OR REPLACE INTO versions VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (article_id, *row, now(), body, row[0]))

    def thin_versions(self, keep: int) -> None:
        """Of each article keep the text of only the newest former versions, and one line for all others of a day."""
        articles = self._db.execute("SELECT article_id FROM versions WHERE body != '' GROUP BY article_id HAVING count(*) > ?", (keep,))
        for (article_id,) in articles.fetchall():
            # Retention ends with the first of the day, so that what the line stands for is kept no longer than is promised.
            self._db.execute(
                "UPDATE versions SET body = '', title = '', retired = substr(retired, 1, 10) || 'T00:00:00Z' WHERE article_id = ?1"
                " AND body != '' AND version NOT IN (SELECT version FROM versions WHERE article_id = ?1 ORDER BY version DESC LIMIT ?2)",
                (article_id, keep),
            )
            days = "SELECT min(first), max(version) FROM versions WHERE article_id = ? AND body = '' GROUP BY retired"
            for first, last in self._db.execute(days, (article_id,)).fetchall():
                self._db.execute(
                    "DELETE FROM versions WHERE article_id = ? AND version >= ? AND version < ? AND body = ''", (article_id, first, last)
                )
                self._db.execute("UPDATE versions SET first = ? WHERE article_id = ? AND version = ?", (first, article_id, last))

    def remove_customer(self, customer_id: str) -> None:
        """Forget a customer's record and facts."""
        self._db.execute(
            "INSERT OR IGNORE INTO journal SELECT 'account_facts', fact_id FROM account_facts WHERE customer_id = ?", (customer_id,)
        )
        self._db.execute("DELETE FROM account_facts WHERE customer_id = ?", (customer_id,))
        self._db.execute("DELETE FROM customers WHERE customer_id = ?", (customer_id,))

    def put_customer(
        self, record: Record, key: str, version: int, digest: str, as_of: str, facts: list[AccountFact], vectors: np.ndarray
    ) -> None:
        """Serve this version of a customer's record; ``vectors`` has a row for each fact."""
        customer_id = str(record["customer_id"])
        self.remove_customer(customer_id)
        self._db.execute(
            "INSERT INTO customers VALUES (?, ?, ?, ?, ?, ?, ?)",
            (customer_id, key, json.dumps(record, ensure_ascii=False, default=str), digest, version, as_of, now()),
        )
        for ordinal, (fact, vector) in enumerate(zip(facts, vectors, strict=True)):
            row = (fact_key(key, ordinal), customer_id, ordinal, fact.path, fact.title, fact.text, pack(vector), fact.audience)
            self._db.execute("INSERT INTO account_facts VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
            self._db.execute("DELETE FROM journal WHERE collection = 'account_facts' AND id = ?", (row[0],))

    def forget_customer(self, customer_id: str) -> None:
        """Forget a customer, and the id wherever it stands."""
        # A database quotes in its errors what it was asked for.
        self._scrub_reports(customer_id, also=lambda kind, item: kind == "unreached" and item["path"].startswith("customers:"))
        self.remove_customer(customer_id)

    def _scrub_reports(self, *names: str, also: Callable[[str, dict[str, str]], bool]) -> None:
        """Take names out of what the history says of files, lines and sources that were left out, and of restored articles.

        Args:
            names: what is never to be read again.
            also: of what was ``quarantined`` or ``unreached``, which items are to be blanked as a whole.
        """
        named = re.compile("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in names if name))
        for number, text in self._db.execute("SELECT number, report FROM refreshes").fetchall():
            report = json.loads(text)
            for kind in ("quarantined", "unreached"):
                for item in report[kind]:
                    blank = also(kind, item)
                    item.update({key: "(purged)" if blank else named.sub("(purged)", value) for key, value in item.items()})
            if report.get("event") == "restore":
                report["subject"] = named.sub("(purged)", report["subject"])
            if (clean := json.dumps(report)) != text:
                self._db.execute("UPDATE refreshes SET report = ? WHERE number = ?", (clean, number))

    def record(self, event: str, subject: str = "", **report: object) -> None:
        """Keep an entry of the history, and forget the oldest beyond those that are kept.

        Args:
            event: ``refresh``, ``restore`` or ``purge``.
            subject: what was restored; of what was purged only its kind.
            report: the fields of a refresh's report that are not 0 or empty.
        """
        passages = self._db.execute("SELECT count(*) FROM passages").fetchone()[0]
        nothing: dict[str, object] = {**dict.fromkeys(_COUNTS, 0), "quarantined": [], "unreached": [], "seconds": None}
        entry = {"event": event, "subject": subject, **nothing, **report, "passages": passages}
        self._db.execute("INSERT INTO refreshes VALUES (NULL, ?, ?)", (now(), json.dumps(entry)))
        self._db.execute("DELETE FROM refreshes WHERE number <= (SELECT max(number) FROM refreshes) - ?", (REFRESHES_KEPT,))


def passage_key(article_id: str, version: int, ordinal: int) -> str:
    """Id of a passage: article, version and place."""
    return f"{article_id}@{version}#{ordinal}"


def new_customer_key() -> str:
    """A random name for a version of a customer's record, so that the vector index never learns an id."""
    return secrets.token_hex(12)


def fact_key(key: str, ordinal: int) -> str:
    """Id of an account fact: its record's key and its place."""
    return f"{key}#{ordinal}"


def _units_json(units: tuple[Unit, ...]) -> str:
    return json.dumps([[unit.text, unit.kind, unit.step] for unit in units], ensure_ascii=False)
