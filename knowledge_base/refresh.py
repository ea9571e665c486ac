"""Refresh: bring the store in line with the articles and the account records, doing only what changed."""

import time
from collections.abc import Iterator, Sequence, Set
from contextlib import ExitStack, contextmanager

import numpy as np
from pydantic import BaseModel

from knowledge_base import accounts, vectors
from knowledge_base.articles import Article
from knowledge_base.catalog import Catalog
from knowledge_base.change import (
    Change,
    change,
    checked,
    fact_key,
    last_left_out,
    note,
    passage_key,
    settle,
    store_lock,
    transaction,
)
from knowledge_base.embedder import EmbeddedCustomer, Embedder
from knowledge_base.erasure import erase_due
from knowledge_base.errors import UserError
from knowledge_base.index import begin, open_index, renew, sweep
from knowledge_base.listings import Progress, last_seen, list_sources
from knowledge_base.plan import Plan, Quarantined, TooManyRemovalsError, check_removals, make_plan
from knowledge_base.settings import KnowledgeSettings
from knowledge_base.stored import PassageVectors

LAYOUT = "10"
"""Grows when the way articles are cut or embedded changes, so that a store made the old way is made anew."""
OVERTAKEN = 3
"""Times that the sources are asked while others may write to the store; after so many overtaken ones it is held meanwhile."""


class RefreshReport(BaseModel):
    """What a refresh did; counts are of articles and, apart, of customers."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0
    customers_changed: int = 0
    customers_removed: int = 0
    quarantined: list[Quarantined] = []
    unreached: list[Quarantined] = []
    erasing: str = ""
    """Why purged text, or text whose retention has ended, still leaves traces; the next refresh tries again."""
    passages: int = 0
    embedded: int = 0
    """Texts that were embedded."""
    seconds: float = 0.0


def preview(settings: KnowledgeSettings, progress: Progress | None = None, force: bool = False) -> Plan:
    """What a refresh would do now, or with ``refused`` what keeps it from doing that; nothing is written.

    Raises:
        UserError: a source is missing, empty or cannot be reached.
    """
    progress = progress or _silent
    if not Catalog.laid_out(settings.store):
        return _first_plan(settings, progress)
    with Catalog(settings.store) as catalog:
        with catalog.snapshot():
            everything = catalog.meta("made_by") != made_by(settings)
        listings = list_sources(settings, catalog, everything, progress)
        with catalog.snapshot():
            plan = make_plan(listings, catalog, everything, progress)
            try:
                check_removals(plan, catalog, 1.0 if force else settings.most_removed)
            except TooManyRemovalsError as error:
                plan.refused = str(error)
            return plan


def refresh(
    settings: KnowledgeSettings, progress: Progress | None = None, force: bool = False, only: Set[str] | None = None
) -> RefreshReport:
    """Bring the store in line with its sources.

    New vectors are written first, then one transaction makes them true, then vectors that are true no more are swept;
    stopped at any point, the store answers as before or as after. What is due to be erased is erased even where the sources
    cannot be read.

    Args:
        settings: names the sources and the store.
        progress: called with what is being worked on, how much is done and how much there is.
        force: remove even more than the setting ``most_removed`` allows.
        only: names of the sources to ask, ``CUSTOMERS`` among them; all others hold what they held. By default all are asked, and
            so they are where everything is made anew.

    Raises:
        UserError: a source is missing or empty, too much would be removed, or another command holds the store.
    """
    began = time.monotonic()
    progress = progress or _silent
    # A store is only made, or an earlier layout's given up, for sources that can be read.
    first = None if Catalog.laid_out(settings.store) else _first_plan(settings, progress)
    with store_lock(settings.store), Catalog(settings.store, create=True) as catalog:
        if first and catalog.new:
            return _carried_out(first, settings, catalog, True, progress, began, "")
        kept = erase_due(settings, catalog)
    with Catalog(settings.store) as catalog, _planned(settings, catalog, progress, only) as (plan, everything):
        if not force:
            check_removals(plan, catalog, settings.most_removed)
        return _carried_out(plan, settings, catalog, everything, progress, began, kept)


def _first_plan(settings: KnowledgeSettings, progress: Progress) -> Plan:
    nothing = Catalog.empty()
    listings = list_sources(settings, nothing, True, progress)
    if listings.customers and listings.customers.unreached:  # there is nobody yet who could go on being served
        raise UserError(listings.customers.unreached[0][1])
    return make_plan(listings, nothing, True, progress)


@contextmanager
def _planned(settings: KnowledgeSettings, catalog: Catalog, progress: Progress, only: Set[str] | None) -> Iterator[tuple[Plan, bool]]:
    """A plan, whether it makes everything anew, and the store held to carry it out.

    The sources answer while nobody holds the store. Where another command wrote meanwhile, their answer may be older than what
    is true by now, and bring back what was edited or purged: they are asked again.
    """
    for last in (*(False,) * OVERTAKEN, True):
        with ExitStack() as held:
            if last:
                held.enter_context(store_lock(settings.store))
            with catalog.snapshot():
                everything = catalog.meta("made_by") != made_by(settings)
            listings = list_sources(settings, catalog, everything, progress, None if everything else only)
            if not last:
                held.enter_context(store_lock(settings.store))
            if last or listings.seen == last_seen(catalog):
                yield make_plan(listings, catalog, everything, progress), everything
                return


def _carried_out(
    plan: Plan, settings: KnowledgeSettings, catalog: Catalog, everything: bool, progress: Progress, began: float, kept: str
) -> RefreshReport:
    report = RefreshReport(
        added=len(plan.added),
        changed=len(plan.changed),
        removed=len(plan.removed),
        unchanged=plan.unchanged,
        customers_changed=len(plan.customers_changed),
        customers_removed=len(plan.customers_removed),
        quarantined=plan.quarantined,
        unreached=plan.unreached,
    )
    try:
        begin(settings.store, catalog)
        if everything or plan.changes:
            new = vectors.new_folder(settings.store)
            index = vectors.reopen(new, create=True) if everything else open_index(settings.store, catalog)
            _flip(plan, settings, catalog, index, everything, report, progress, began)
        elif plan.whole and _left_out(report) != last_left_out(catalog):
            with transaction(catalog):
                _record(Change(catalog.db), report, began)
        checked(catalog, plan.cursors)
        sweep(settings.store, catalog)
    finally:
        vectors.discard_others(settings.store, vectors.index_folder(settings.store, catalog))
    report.erasing = kept or erase_due(settings, catalog)
    settle(catalog.db)
    report.passages = catalog.counts()[0]
    report.seconds = round(time.monotonic() - began, 3)
    return report


def _flip(
    plan: Plan,
    settings: KnowledgeSettings,
    catalog: Catalog,
    index: vectors.Vectors,
    everything: bool,
    report: RefreshReport,
    progress: Progress,
    began: float,
) -> None:
    """Write the new vectors, then make all that the plan says true in one transaction."""
    embedder = Embedder(settings)
    made = []
    for number, placed in enumerate(plan.articles, 1):
        progress("articles", number, len(plan.articles))
        made.append(embedder.article(placed.article, {} if everything else catalog.known_vectors(placed.article.article_id)))
    customers = embedder.customers(plan, progress)
    report.embedded = embedder.embedded
    try:
        _write(index, catalog, plan, made, customers)
    except vectors.DamagedIndex:
        index.close()
        if everything:
            raise
        index = vectors.reopen(renew(settings.store, catalog))
        _write(index, catalog, plan, made, customers)
    index.close()
    versions = catalog.customer_digests()
    with change(catalog) as flip:
        for placed, rows in zip(plan.articles, made, strict=True):
            flip.put_article(placed.article, placed.version, rows, placed.source, placed.path, placed.restored)
        for article_id in plan.removed:
            flip.remove_article(article_id)
        for item in customers:
            version, digest = versions.get(str(item.record["customer_id"]), (0, ""))
            version += digest != item.digest
            flip.put_customer(item.record, item.key, version, item.digest, accounts.as_of(item.record), item.facts, item.vectors)
        for customer_id in plan.customers_removed:
            flip.remove_customer(customer_id)
        flip.thin_versions(settings.versions_kept)
        flip.set_meta("made_by", made_by(settings))
        flip.set_meta("embedding_model", settings.embedding_model)
        flip.set_meta("vectors", index.folder.name)
        if everything:
            flip.set_meta("dead_vectors", "0")
        _record(flip, report, began)


def _record(flip: Change, report: RefreshReport, began: float) -> None:
    """Enter a refresh in the history, with the seconds that it took so far."""
    report.seconds = round(time.monotonic() - began, 3)
    flip.record("refresh", **report.model_dump(exclude={"erasing", "passages"}))


def _left_out(report: RefreshReport) -> set[tuple[str, str]]:
    """What a refresh left out, to be held against ``last_left_out``."""
    return {(item.path, item.reason) for item in report.quarantined} | {(item.path, "") for item in report.unreached}


def _write(
    index: vectors.Vectors,
    catalog: Catalog,
    plan: Plan,
    made: Sequence[Sequence[PassageVectors]],
    customers: Sequence[EmbeddedCustomer],
) -> None:
    put_vectors(index, catalog, [(placed.article, placed.version) for placed in plan.articles], made)
    facts = [(fact_key(item.key, ordinal), item.key) for item in customers for ordinal in range(len(item.facts))]
    if facts:
        note(catalog, vectors.FACTS, [item for item, _ in facts])
        rows = np.concatenate([item.vectors for item in customers if item.facts])
        index.put_facts([item for item, _ in facts], rows, [key for _, key in facts])


def put_vectors(
    index: vectors.Vectors, catalog: Catalog, articles: Sequence[tuple[Article, int]], made: Sequence[Sequence[PassageVectors]]
) -> None:
    """Write passages' vectors under their articles' versions, entered in the journal first."""
    ids = [
        passage_key(article.article_id, version, ordinal)
        for (article, version), rows in zip(articles, made, strict=True)
        for ordinal in range(len(rows))
    ]
    if ids:
        note(catalog, vectors.PASSAGES, ids)
        index.put_passages(ids, np.array([row.whole for rows in made for row in rows], dtype=np.float32))


def made_by(settings: KnowledgeSettings) -> str:
    """What a store's vectors depend on."""
    return f"{settings.embedding_model}/{LAYOUT}"


def _silent(what: str, done: int, total: int) -> None:
    return None
