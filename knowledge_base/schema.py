"""The tables of the catalog, and how a search's filters stand in a query."""

import sqlite3

from knowledge_base.stored import Filters

SCHEMA_VERSION = 7
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
    unit_vectors BLOB NOT NULL, title_vector BLOB NOT NULL, asked_vectors BLOB NOT NULL);
CREATE INDEX passages_by_article ON passages (article_id);
CREATE VIRTUAL TABLE lexical USING fts5 (title, heading, text, asked, tokenize = 'porter unicode61');
CREATE TABLE last_versions (article_id TEXT PRIMARY KEY, version INTEGER NOT NULL);
CREATE TABLE versions (
    article_id TEXT NOT NULL, version INTEGER NOT NULL, title TEXT NOT NULL, updated TEXT NOT NULL, indexed TEXT NOT NULL,
    retired TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (article_id, version));
CREATE TABLE customers (
    customer_id TEXT PRIMARY KEY, key TEXT NOT NULL UNIQUE, record TEXT NOT NULL, digest TEXT NOT NULL,
    version INTEGER NOT NULL, as_of TEXT NOT NULL, indexed TEXT NOT NULL);
CREATE TABLE account_facts (
    fact_id TEXT PRIMARY KEY, customer_id TEXT NOT NULL REFERENCES customers ON DELETE CASCADE,
    ordinal INTEGER NOT NULL, path TEXT NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL, vector BLOB NOT NULL);
CREATE INDEX facts_by_customer ON account_facts (customer_id);
CREATE TABLE journal (collection TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (collection, id)) WITHOUT ROWID;
CREATE TABLE erasing (source TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE refreshes (number INTEGER PRIMARY KEY, at TEXT NOT NULL, report TEXT NOT NULL);
PRAGMA user_version = {SCHEMA_VERSION};
"""

FILTERED = (
    "a.audience = ? AND (? = '' OR a.plans = '[]' OR EXISTS (SELECT 1 FROM json_each(a.plans) WHERE lower(value) = lower(?)))"
    " AND (? = '' OR a.product = '' OR lower(a.product) = lower(?))"
    " AND (? = '' OR a.language = '' OR lower(a.language) = lower(?) OR instr(lower(a.language), lower(?) || '-') = 1)"
)


def lay_out(db: sqlite3.Connection) -> None:
    """Lay out an empty catalog, in one transaction.

    What an earlier layout held is read from the sources again, but for what is still to be erased: no source tells that.
    """
    old = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'lexical_%'")]
    drops = "".join(f"DROP TABLE IF EXISTS {name};" for name in old if not name.startswith("sqlite_"))
    erasing = db.execute("SELECT source FROM erasing").fetchall() if "erasing" in old else []
    db.executescript(f"PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE; {drops}{SCHEMA}")
    db.executemany("INSERT INTO erasing VALUES (?)", erasing)
    db.execute("COMMIT")
    db.execute("PRAGMA foreign_keys = ON")


def filter_values(filters: Filters) -> tuple[str, ...]:
    """What the marks of ``FILTERED`` stand for."""
    plan, product, language = filters.plan, filters.product, filters.language
    return (filters.audience, plan, plan, product, product, language, language, language)
