"""Erasing: text that is to be gone leaves the catalog, the versions, the indexes, the stored turns and the lessons.

Whatever else keeps text of the knowledge base in the store (the stored turns do) does so in an SQLite file with a view
``erasures(source)``. A source inserted there is erased by the file's own trigger, so that nothing here needs to know what
those files hold. A source is ``article:ID``, ``version:ID@VERSION`` or ``customer:ID``. What was made of such text stands as
rows of JSON Lines in ``STORE/lessons``; of them those stay that a view ``kept_rows(id)`` of such a file still names.

One transaction stops the serving and enters the sources as ``erasing``; they stay entered until every trace is gone, so that
a run that was killed, or kept from a file by another program, is completed by the next purge or refresh.
"""

import datetime
import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from knowledge_base import vectors
from knowledge_base.accounts import valid_customer_id
from knowledge_base.catalog import FILE, PATIENCE, Catalog
from knowledge_base.change import change, erased, forget_deleted, settle, store_lock
from knowledge_base.errors import NoArticleError, UserError
from knowledge_base.index import renew
from knowledge_base.settings import KnowledgeSettings


def purge_article(settings: KnowledgeSettings, article_id: str) -> int:
    """Erase an article, all its versions and the turns that draw on it.

    Returns:
        how many versions were erased.

    Raises:
        UserError: the store holds no such article, or another program keeps the text from being erased.
    """
    with store_lock(settings.store), Catalog(settings.store) as catalog:
        source = f"article:{article_id}"
        versions = catalog.versions(article_id)
        if not versions and source not in catalog.erasing():
            raise NoArticleError(article_id)
        with change(catalog) as flip:
            served = any(not item.retired for item in versions)
            flip.forget_article(article_id)
            flip.erase([source])
            flip.record("purge", "article", removed=int(served))
        finish_erasure(settings.store, catalog)
    return sum(item.version - item.first + 1 for item in versions)


def purge_customer(settings: KnowledgeSettings, customer_id: str) -> bool:
    """Erase a customer's record, facts and turns.

    Returns:
        whether there was a record; turns may be left of one whose record is gone.

    Raises:
        UserError: the id is not one, or another program keeps the text from being erased.
    """
    if not valid_customer_id(customer_id):
        raise UserError(f"{str(customer_id)[:70]!r} is no customer id: check it.")
    with store_lock(settings.store), Catalog(settings.store) as catalog:
        known = catalog.customer(customer_id) is not None
        with change(catalog) as flip:
            flip.forget_customer(customer_id)
            flip.erase([f"customer:{customer_id}"])
            flip.record("purge", "customer", customers_removed=int(known))
        finish_erasure(settings.store, catalog)
    return known


def erase_due(settings: KnowledgeSettings, catalog: Catalog) -> str:
    """Erase the former versions whose retention has ended, and what a purge left; the store's lock must be held.

    Returns:
        why something of it is still there; "" where nothing is.
    """
    end_retention(settings, catalog)
    try:
        finish_erasure(settings.store, catalog)
    except UserError as error:
        return str(error)
    return ""


def end_retention(settings: KnowledgeSettings, catalog: Catalog) -> None:
    """Begin to erase the former versions that were retired longer ago than the setting allows; the store's lock must be held."""
    limit = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=settings.retention_days)
    ended = catalog.retired_before(limit.strftime("%Y-%m-%dT%H:%M:%SZ"))
    if ended:
        with change(catalog) as flip:
            for article_id, _, version in ended:
                flip.drop_version(article_id, version)
            for article_id in {item[0] for item in ended}:
                if not catalog.versions(article_id):
                    flip.forget_article(article_id)
            flip.erase([f"version:{article_id}@{number}" for article_id, first, last in ended for number in range(first, last + 1)])


def finish_erasure(store: Path, catalog: Catalog) -> None:
    """Have every other file of the store erase what is to be erased, and leave no trace of it; the store's lock must be held.

    Raises:
        UserError: another program keeps the text from being erased; it is tried again by the next command that writes.
    """
    sources = catalog.erasing()
    if not sources:
        return
    for path in sorted(store.glob("*.sqlite3")):
        if path.name != FILE:
            _erase_in(path, sources)
    _drop_rows(store)
    # Chroma leaves deleted vectors and their ids in its files, so the index is made anew without them.
    vectors.discard_others(store, renew(store, catalog))
    forget_deleted(catalog)
    erased(catalog)
    settle(catalog.db)


def _drop_rows(store: Path) -> None:
    """Drop the rows of ``STORE/lessons`` that no file vouches for any more; each file is replaced as a whole."""
    kept = {row for path in sorted(store.glob("*.sqlite3")) if path.name != FILE for row in _kept_rows(path)}
    try:
        for draft in store.glob("lessons/.*.new"):
            draft.unlink()
        for path in store.glob("lessons/*.jsonl"):
            lines = path.read_bytes().splitlines(keepends=True)
            left = [line for line in lines if _row_id(line) in kept]
            if left != lines:
                draft = path.with_name(f".{path.name}.new")
                draft.write_bytes(b"".join(left))
                draft.replace(path)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UserError(f"{store / 'lessons'} could not be erased from ({reason}): mend that and run the command again.") from error


def _kept_rows(path: Path) -> list[str]:
    try:
        with closing(sqlite3.connect(path, timeout=PATIENCE)) as db:
            known = db.execute("SELECT 1 FROM sqlite_master WHERE type = 'view' AND name = 'kept_rows'").fetchone()
            return [row[0] for row in db.execute("SELECT id FROM kept_rows")] if known else []
    except sqlite3.DatabaseError as error:
        raise UserError(f"{path} cannot be read ({error}): mend or remove the file and run the command again.") from error


def _row_id(line: bytes) -> str:
    """The id of a lesson, or of the lesson that a reply is to; "" for what cannot be read."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return ""
    return str(row.get("id") or row.get("lesson") or "") if isinstance(row, dict) else ""


def _erase_in(path: Path, sources: Sequence[str]) -> None:
    try:
        with closing(sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)) as db:
            if db.execute("SELECT 1 FROM sqlite_master WHERE type = 'view' AND name = 'erasures'").fetchone():
                db.execute("PRAGMA secure_delete = ON")
                db.execute("BEGIN IMMEDIATE")
                db.executemany("INSERT INTO erasures (source) VALUES (?)", [(source,) for source in sources])
                db.execute("COMMIT")
                if not settle(db, PATIENCE):
                    raise UserError(
                        f"{path.name} is being read by another program: close the desk and run the command again to erase all traces."
                    )
    except sqlite3.DatabaseError as error:
        raise UserError(f"{path} could not be erased from ({error}): mend or remove the file and run the command again.") from error
