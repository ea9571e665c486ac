"""Refresh: bring the store in line with the articles and the account records, doing only what changed."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout
from pydantic import BaseModel

from knowledge_base import accounts, vectors
from knowledge_base.articles import Article, read_article
from knowledge_base.catalog import Catalog, fact_key, passage_key
from knowledge_base.embeddings import SentenceEmbeddings, load_embeddings
from knowledge_base.errors import UserError
from knowledge_base.settings import KnowledgeSettings
from knowledge_base.stored import PassageVectors

EMBEDDED_AT_ONCE = 256
LAYOUT = "5"
"""Grows when the way articles are cut or embedded changes, so that a store made the old way is made anew."""


class Quarantined(BaseModel):
    """A file or line that could not be read; the last good version goes on serving."""

    path: str
    reason: str


class RefreshReport(BaseModel):
    """What a refresh did; counts are of articles and, apart, of customers."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0
    customers_changed: int = 0
    customers_removed: int = 0
    quarantined: list[Quarantined] = []
    passages: int = 0
    seconds: float = 0.0


def refresh(settings: KnowledgeSettings, progress: Callable[[str, int, int], None] | None = None) -> RefreshReport:
    """Bring the store in line with its sources.

    New vectors are written first, then one transaction makes them true, then vectors that nothing refers to are swept;
    stopped at any point, the store answers as before or as after.

    Args:
        settings: names the sources and the store.
        progress: called with what is being worked on, how much is done and how much there is.

    Raises:
        UserError: a source is missing or empty, or another refresh holds the store.
    """
    began = time.monotonic()
    paths = article_paths(settings.articles)
    records, left_out = accounts.read_customers(settings.customers)
    wordings = accounts.read_wordings(settings.wording)
    settings.store.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(settings.store / "refresh.lock", timeout=60), Catalog(settings.store, create=True) as catalog:
            made_by = f"{settings.embedding_model}/{LAYOUT}"
            if catalog.meta("made_by") not in (None, made_by):
                vectors.discard(settings.store)
            index = vectors.Vectors(settings.store)
            rebuild = catalog.meta("made_by") != made_by or index.missing(catalog.passage_ids(), catalog.fact_ids())
            report = RefreshReport(quarantined=[Quarantined(path=place, reason=why) for place, why in left_out])
            articles = _read_articles(paths, settings.articles, catalog, report)
            job = _Job(catalog, index, settings, rebuild, report, progress or (lambda what, done, total: None))
            job.run(articles, records, wordings, made_by)
            report.seconds = round(time.monotonic() - began, 3)
            return report
    except Timeout as error:
        raise UserError(f"Another refresh is working on {settings.store}: wait for it to end and try again.") from error


def article_paths(folder: Path) -> list[Path]:
    """The Markdown files of a help center.

    Raises:
        UserError: there is no such folder, or no article in it.
    """
    paths = sorted(path for path in folder.rglob("*.md") if path.is_file()) if folder.is_dir() else []
    if not paths:
        raise UserError(f"There are no articles (*.md) in {folder}: add some or point DESK_ARTICLES elsewhere; nothing was changed.")
    return paths


def _read_articles(paths: list[Path], folder: Path, catalog: Catalog, report: RefreshReport) -> list[tuple[Article | None, str]]:
    """Each file's article, or None where it cannot be read, with its relative path."""
    read: list[tuple[Article | None, str]] = []
    seen: dict[str, str] = {}
    for path in paths:
        relative = path.relative_to(folder).as_posix()
        try:
            article: Article | None = read_article(path, folder)
        except (ValueError, OSError) as error:
            report.quarantined.append(Quarantined(path=relative, reason=str(error)))
            article = None
        if article and article.article_id in seen:
            reason = f"repeats the id {article.article_id} of {seen[article.article_id]}; give it an id of its own"
            report.quarantined.append(Quarantined(path=relative, reason=reason))
            article = None
        if article:
            seen[article.article_id] = relative
        read.append((article, relative))
    if not seen and not catalog.article_digests():
        first = report.quarantined[0]
        raise UserError(f"None of the articles can be read; the first, {first.path}, {first.reason}.")
    return read


class _Job:
    """One refresh at work."""

    def __init__(
        self,
        catalog: Catalog,
        index: vectors.Vectors,
        settings: KnowledgeSettings,
        rebuild: bool,
        report: RefreshReport,
        progress: Callable[[str, int, int], None],
    ) -> None:
        self.catalog, self.index, self.rebuild = catalog, index, rebuild
        self.settings, self.report, self.progress = settings, report, progress

    @property
    def embeddings(self) -> SentenceEmbeddings:
        return load_embeddings(self.settings.embedding_model, self.settings.threads)

    def run(
        self,
        articles: list[tuple[Article | None, str]],
        records: list[accounts.Record],
        wordings: list[accounts.Wording],
        made_by: str,
    ) -> None:
        known = self.catalog.article_digests()
        fresh = [
            (article, path)
            for article, path in articles
            if article and (self.rebuild or known.get(article.article_id, (0, "", ""))[1:] != (article.digest, path))
        ]
        unreadable = {path for article, path in articles if article is None}
        present = {article.article_id for article, _ in articles if article}
        gone = [item for item, (_, _, path) in known.items() if item not in present and path not in unreadable]
        versions = {article.article_id: self.catalog.next_version(article.article_id) for article, _ in fresh}
        made = {
            article.article_id: self._embed_article(article, versions[article.article_id], number, len(fresh))
            for number, (article, _) in enumerate(fresh, 1)
        }
        customers = self._embed_customers(records, wordings)
        present_customers = {str(record["customer_id"]) for record in records}
        quarantined_customers = any(item.path.startswith(f"{self.settings.customers.name}:") for item in self.report.quarantined)
        lost = [] if quarantined_customers else sorted(set(self.catalog.customer_digests()) - present_customers)

        report = self.report
        report.added = sum(article.article_id not in known for article, _ in fresh)
        report.changed = len(fresh) - report.added
        report.removed, report.unchanged = len(gone), len(present) - len(fresh)
        report.customers_changed, report.customers_removed = len(customers), len(lost)
        if fresh or gone or customers or lost or self.rebuild:
            with self.catalog.change() as change:
                for article, path in fresh:
                    change.put_article(article, versions[article.article_id], path, made[article.article_id])
                for article_id in gone:
                    change.remove_article(article_id)
                for record, version, digest, facts in customers:
                    change.put_customer(record, version, digest, facts)
                for customer_id in lost:
                    change.remove_customer(customer_id)
                change.set_meta("made_by", made_by)
                change.set_meta("embedding_model", self.settings.embedding_model)
                change.record_refresh(report.model_dump(exclude={"quarantined", "seconds"}))
        passages = self.catalog.passage_ids()
        self.index.sweep(passages, self.catalog.fact_ids())
        self.catalog.forget_deleted()
        report.passages = len(passages)

    def _embed_article(self, article: Article, version: int, number: int, total: int) -> list[PassageVectors]:
        """Write the passages' vectors; return what the catalog keeps."""
        self.progress("articles", number, total)
        titles = [f"{article.title}. {passage.heading}".strip(". ") for passage in article.passages]
        wholes = [f"{title}\n{passage.text}" for title, passage in zip(titles, article.passages, strict=True)]
        units = [unit.text for passage in article.passages for unit in passage.units]
        asked = [phrase for passage in article.passages for phrase in passage.asked]
        encoded = self.embeddings.vectors([*wholes, *titles, *units, *asked])
        count = len(wholes)
        ids = [passage_key(article.article_id, version, ordinal) for ordinal in range(count)]
        metadata = [{"article_id": article.article_id, "audience": article.audience}] * count
        self.index.put_passages(ids, encoded[:count], metadata)
        of_units, of_asked = iter(encoded[2 * count :]), iter(encoded[2 * count + len(units) :])
        return [
            PassageVectors(
                units=np.array([next(of_units) for _ in passage.units]),
                title=encoded[count + ordinal],
                asked=np.array([next(of_asked) for _ in passage.asked]),
            )
            for ordinal, passage in enumerate(article.passages)
        ]

    def _embed_customers(
        self, records: list[accounts.Record], wordings: list[accounts.Wording]
    ) -> list[tuple[accounts.Record, int, str, list[accounts.AccountFact]]]:
        """Write the vectors of the facts of records that changed; return what the catalog is to hold."""
        known = self.catalog.customer_digests()
        changed = []
        for record in records:
            digest = accounts.record_digest(record, wordings)
            version, before = known.get(str(record["customer_id"]), (0, ""))
            if self.rebuild or digest != before:
                changed.append((record, version + 1, digest, accounts.account_facts(record, wordings)))
        # Customers share most of their sentences, so each is embedded once.
        said = sorted({_worded(fact) for _, _, _, facts in changed for fact in facts})
        place = {text: row for row, text in enumerate(said)}
        parts = range(0, len(said), EMBEDDED_AT_ONCE)
        encoded = [self.embeddings.vectors([])]
        for number, start in enumerate(parts, 1):
            self.progress("account facts", number, len(parts))
            encoded.append(self.embeddings.vectors(said[start : start + EMBEDDED_AT_ONCE]))
        rows = np.concatenate(encoded)
        for record, version, _, facts in changed:
            customer_id = str(record["customer_id"])
            ids = [fact_key(customer_id, version, ordinal) for ordinal in range(len(facts))]
            self.index.put_facts(ids, rows[[place[_worded(fact)] for fact in facts]], [customer_id] * len(facts))
        return changed


def _worded(fact: accounts.AccountFact) -> str:
    return f"{fact.title}. {fact.text}"
