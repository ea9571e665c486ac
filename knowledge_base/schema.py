"""The tables of the catalog, and how a search's filters stand in a query."""

import datetime
import sqlite3
from pathlib import Path
from typing import Any

from knowledge_base.stored import Filters

SCHEMA_VERSION = 11
SCHEMA = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE sources (name TEXT PRIMARY KEY, cursor TEXT NOT NULL);
CREATE TABLE articles (
    article_id TEXT PRIMARY KEY, version INTEGER NOT NULL, title TEXT NOT NULL, section TEXT NOT NULL,
    audience TEXT NOT NULL, plans TEXT NOT NULL, product TEXT NOT NULL, language TEXT NOT NULL, updated TEXT NOT NULL,
    indexed TEXT NOT NULL, digest TEXT NOT NULL, source TEXT NOT NULL, path TEXT NOT NULL, restored INTEGER NOT NULL);
CREATE TABLE passages (
    number INTEGER PRIMARY KEY, passage_id TEXT NOT NULL UNIQUE,
    article_id TEXT NOT NULL REFERENCES articles ON DELETE CASCADE, version INTEGER NOT NULL, ordinal INTEGER NOT NULL,
    heading TEXT NOT NULL, text TEXT NOT NULL, units TEXT NOT NULL, asked TEXT NOT NULL, vector BLOB NOT NULL,
    unit_vectors BLOB NOT NULL, title_vector BLOB NOT NULL, asked_vectors BLOB NOT NULL, gaps TEXT NOT NULL,
    gap_vectors BLOB NOT NULL, ambiguous TEXT NOT NULL, ambiguous_vectors BLOB NOT NULL,
    answered_by BLOB NOT NULL);
CREATE INDEX passages_by_article ON passages (article_id);
CREATE VIRTUAL TABLE lexical USING fts5 (title, heading, text, asked, tokenize = 'porter unicode61');
CREATE TABLE last_versions (article_id TEXT PRIMARY KEY, version INTEGER NOT NULL);
CREATE TABLE versions (
    article_id TEXT NOT NULL, version INTEGER NOT NULL, title TEXT NOT NULL, updated TEXT NOT NULL, indexed TEXT NOT NULL,
    retired TEXT NOT NULL, body TEXT NOT NULL, first INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (article_id, version));
CREATE INDEX versions_with_text ON versions (article_id) WHERE body != '';
CREATE TABLE customers (
    customer_id TEXT PRIMARY KEY, key TEXT NOT NULL UNIQUE, record TEXT NOT NULL, digest TEXT NOT NULL,
    version INTEGER NOT NULL, as_of TEXT NOT NULL, indexed TEXT NOT NULL);
CREATE TABLE account_facts (
    fact_id TEXT PRIMARY KEY, customer_id TEXT NOT NULL REFERENCES customers ON DELETE CASCADE,
    ordinal INTEGER NOT NULL, path TEXT NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL, vector BLOB NOT NULL,
    audience TEXT NOT NULL);
CREATE INDEX facts_by_customer ON account_facts (customer_id);
CREATE TABLE journal (collection TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (collection, id)) WITHOUT ROWID;
CREATE TABLE erasing (source TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE refreshes (number INTEGER PRIMARY KEY, at TEXT NOT NULL, report TEXT NOT NULL);
PRAGMA user_version = {SCHEMA_VERSION};
"""

_NAMED = {
    "plan": ("a.plans = '[]'", "EXISTS (SELECT 1 FROM json_each(a.plans) WHERE folded(value) = ?)"),
    "product": ("a.product = ''", "instr(', ' || folded(a.product) || ', ', ', ' || ? || ', ') > 0"),
    "language": ("a.language = ''", "(instr(lower(a.language) || '-', ? || '-') = 1 OR instr(? || '-', lower(a.language) || '-') = 1)"),
}
"""For each filter how an article fits every value of it, and how it fits one."""
FILTERED = "a.audience = ?" + "".join(f" AND (? = '' OR {every} OR {one})" for every, one in _NAMED.values())


def connect(path: Path | str, **how: Any) -> sqlite3.Connection:
    """A connection to a catalog, with the function that ``FILTERED`` needs: SQLite's own folds no letters but A to Z."""
    db: sqlite3.Connection = sqlite3.connect(path, **how)
    db.create_function("folded", 1, lambda text: str(text).casefold(), deterministic=True)
    return db


def lay_out(db: sqlite3.Connection) -> None:
    """Lay out an empty catalog, in one transaction.

    What an earlier layout held is read from the sources again, but for what no source tells: former versions, and what is
    still to be erased.
    """
    old = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'lexical_%'")]
    drops = "".join(f"DROP TABLE IF EXISTS {name};" for name in old if not name.startswith("sqlite_"))
    kept = {name: _rows(db, name) for name in ("last_versions", "versions", "erasing") if name in old}
    served = _rows(db, "articles") if "articles" in old else []
    db.executescript(f"PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE; {drops}{SCHEMA}")
    for name, rows in kept.items():
        for row in rows:
            _insert(db, name, row)
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    for row in served:
        # Its text comes from its source again; what was answered with it is still known by its version.
        named = {name: row.get(name, "") for name in ("article_id", "version", "updated", "indexed")}
        _insert(db, "versions", {**named, "title": "", "retired": now, "body": ""})
    db.execute("UPDATE versions SET first = version WHERE first = 0")
    db.execute("COMMIT")
    db.execute("PRAGMA foreign_keys = ON")


def _rows(db: sqlite3.Connection, table: str) -> list[dict[str, Any]]:
    found = db.execute(f"SELECT * FROM {table}")
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found]


def _insert(db: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    """Put what a table has a column for into it, unless it has such a row."""
    names = [column[1] for column in db.execute(f"PRAGMA table_info({table})") if column[1] in row]
    db.execute(f"INSERT OR IGNORE INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})", [row[name] for name in names])


def _wanted(filters: Filters) -> dict[str, str]:
    plan, product, language = (" ".join(value.split()).casefold() for value in (filters.plan, filters.product, filters.language))
    return {"plan": plan, "product": product, "language": language.replace("_", "-")}


def filter_values(filters: Filters) -> tuple[str, ...]:
    """What the marks of ``FILTERED`` stand for."""
    marks = (value for name, value in _wanted(filters).items() for _ in range(1 + _NAMED[name][1].count("?")))
    return (filters.audience, *marks)


def unnamed(db: sqlite3.Connection, filters: Filters) -> str:
    """A remark where a filter asks for what no article names, and lets through only those that fit every value of it; else ""."""
    said = []
    for name, value in _wanted(filters).items():
        every, one = _NAMED[name]
        marks = (filters.audience, *[value] * one.count("?"))
        if (
            value
            and not db.execute(
                f"SELECT EXISTS (SELECT 1 FROM articles a WHERE a.audience = ? AND NOT {every} AND {one})", marks
            ).fetchone()[0]
        ):
            said.append(
                f"No article names the {name} {getattr(filters, name).strip()[:40]!r}: only those that name no {name} are searched."
            )
    return " ".join(said)
