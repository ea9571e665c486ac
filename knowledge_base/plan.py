"""The plan of a refresh: what its sources hold, held against what the catalog holds."""

import json
from collections.abc import Set
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath

from pydantic import BaseModel

from knowledge_base import accounts
from knowledge_base.articles import Article
from knowledge_base.asked_as import AskedAs, folded, served_headings, source_digest
from knowledge_base.blocks import clean
from knowledge_base.catalog import Catalog, Known
from knowledge_base.customer_sources import CustomerListing
from knowledge_base.errors import UserError
from knowledge_base.front_matter import AUDIENCES
from knowledge_base.listings import Listings, Progress
from knowledge_base.redaction import DEFAULT_RULES, Rules, redact
from knowledge_base.sources import Document


class TooManyRemovalsError(UserError):
    """A refresh would remove more than the setting allows."""


class Quarantined(BaseModel):
    """A file, line or source that could not be read; the last good version goes on serving."""

    path: str
    reason: str


@dataclass(frozen=True)
class Placed:
    """An article with the source and the place that it was read from, and the version that it is put as."""

    article: Article
    source: str
    path: str
    version: int
    restored: bool = False


@dataclass(frozen=True)
class CustomerChange:
    """A customer's record, redacted, that is new or other than the catalog's."""

    record: accounts.Record
    digest: str


@dataclass
class Plan:
    """What a refresh would do; ids of articles and of customers, sorted, and what it takes to do it."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: int = 0
    customers_changed: list[str] = field(default_factory=list)
    customers_removed: list[str] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)
    unreached: list[Quarantined] = field(default_factory=list)
    articles: list[Placed] = field(default_factory=list)
    """What is to be embedded and put; with a rebuild, unchanged articles among them."""
    whole: bool = True
    """Whether all sources were asked."""
    cursors: dict[str, str] = field(default_factory=dict)
    customers: list[CustomerChange] = field(default_factory=list)
    wordings: list[accounts.Wording] = field(default_factory=list)
    rules: Rules = DEFAULT_RULES
    refused: str = ""
    """Of a preview, why a refresh would not carry it out."""

    @property
    def changes(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.articles or self.removed or self.customers or self.customers_removed)


def make_plan(listings: Listings, catalog: Catalog, everything: bool, progress: Progress) -> Plan:
    """Compare what the sources hold with the catalog.

    Args:
        listings: what the sources hold.
        catalog: what serves now; nothing is written.
        everything: read every article, changed or not, because all vectors are made anew.
        progress: called with what is being read, how much is done and how much there is.

    Raises:
        UserError: none of the articles can be read.
    """
    plan = Plan(
        wordings=listings.wordings,
        rules=listings.rules,
        cursors=listings.cursors,
        whole=listings.whole,
        unreached=[Quarantined(path=name, reason=reason) for name, reason in listings.unreached],
    )
    known, headings = catalog.known_articles(), served_headings(catalog, listings.asked)
    _plan_articles(listings, catalog, known, headings, everything, plan, progress)
    if not plan.unchanged and not plan.articles and not known:
        first = plan.quarantined[0] if plan.quarantined else Quarantined(path="the sources", reason="hold no article")
        raise UserError(f"None of the articles can be read; the first, {first.path}, {first.reason}.")
    gone, placed = set(plan.removed), {item.article.article_id: folded(item.article) for item in plan.articles}
    headings = {name: found for name, found in headings.items() if name not in gone} | placed
    plan.quarantined += [Quarantined(path=listings.asked.path, reason=reason) for reason in listings.asked.flaws(headings)]
    if listings.customers is not None:
        _plan_customers(listings.customers, catalog, everything, plan)
    return plan


def check_removals(plan: Plan, catalog: Catalog, most: float) -> None:
    """Stop a run that would remove more than a share of the articles, or of the customers.

    Raises:
        TooManyRemovalsError: it would.
    """
    for what, gone, there in (
        ("articles", plan.removed, len(catalog.known_articles())),
        ("customers", plan.customers_removed, len(catalog.customer_ids())),
    ):
        if len(gone) > most * there:
            named = ", ".join(gone[:3]) + (" ..." if len(gone) > 3 else "")
            raise TooManyRemovalsError(
                f"This refresh would remove {len(gone)} of {there} {what} ({named}), more than {most:.0%}: check the sources, or "
                "run it with --force; nothing was changed."
            )


def _plan_articles(
    listed: Listings,
    catalog: Catalog,
    known: dict[str, Known],
    headings: dict[str, set[str]],
    everything: bool,
    plan: Plan,
    progress: Progress,
) -> None:
    listings, asked = listed.articles, listed.asked
    by_place = {(item.source, item.path): item for item in known.values()}
    named = {(source, document.path) for source, listing in listings.items() for document in listing.documents}
    named |= {(source, path) for source, listing in listings.items() for path, _ in listing.left_out}
    partial = {source for source, listing in listings.items() if listing.partial}
    # What a partial listing does not name is there as it was, so nothing else may have its id.
    present = {item.article_id: item.path for place, item in by_place.items() if item.source in partial and place not in named}
    waiting: list[tuple[str, Document]] = []
    for source, listing in listings.items():
        for document in listing.documents:
            item = by_place.get((source, document.path))
            # One of another audience than those was put by an earlier program, and is found by nobody.
            digest = asked.digest_of(document.digest, item.article_id, headings.get(item.article_id, set())) if item else ""
            if item and _same(item, digest) and (item.restored or (not everything and item.audience in AUDIENCES.values())):
                present[item.article_id] = document.path
            else:
                waiting.append((source, document))
    read, flaws = _read(waiting, asked, progress)
    # Of several articles with one id, the one that has it already keeps it.
    read.sort(key=lambda item: item[:2] not in by_place or by_place[item[:2]].article_id != item[2].article_id)
    for source, path, article in read:
        if article.article_id in present:
            flaws.append((source, path, f"repeats the id {article.article_id} of {present[article.article_id]}; give it an id of its own"))
            plan.cursors[source] = ""  # from its cursor on, the source would not name it again once the other has gone
        else:
            present[article.article_id] = path
            _place(article, source, path, catalog, known.get(article.article_id), plan)
    flaws = [(source, *item) for source, listing in listings.items() for item in listing.left_out] + flaws
    plan.quarantined += [Quarantined(path=path, reason=reason) for _, path, reason in flaws]
    unreadable = {(source, path) for source, path, _ in flaws}
    absent = [item for item in known.values() if item.article_id not in present]
    stale = {item.article_id for item in absent if _lies_in(item, unreadable)}
    gone = [item.article_id for item in absent if item.source not in ("", *partial) and item.article_id not in stale]
    plan.added.sort()
    plan.changed.sort()
    plan.removed = sorted(gone)
    plan.unchanged = len(known) - len(plan.changed) - len(gone) - len(stale)
    if everything:
        # What stays without being read again (restored, unreadable, unreached) is embedded anew from the catalog's text.
        done = {placed.article.article_id for placed in plan.articles} | set(gone)
        for item in known.values():
            if item.article_id not in done:
                plan.articles.append(Placed(catalog.article(item.article_id), item.source, item.path, item.version, item.restored))


def _same(item: Known, digest: str) -> bool:
    """Whether the catalog has what this digest stands for; a restored article stays as it is until its source changes."""
    return item.digest == digest or (item.restored and source_digest(item.digest) == source_digest(digest))


def _read(
    waiting: list[tuple[str, Document]], asked: AskedAs, progress: Progress
) -> tuple[list[tuple[str, str, Article]], list[tuple[str, str, str]]]:
    """The articles as (source, path, article), and what is wrong with the others as (source, path, reason)."""
    read, flaws = [], []
    for number, (source, document) in enumerate(waiting, 1):
        progress("reading", number, len(waiting))
        try:
            read.append((source, document.path, asked.added_to(_storable(document.read()))))
        except Exception as error:  # one bad document must not stop the others
            flaws.append((source, document.path, _reason(error)))
    return read, flaws


def _reason(error: Exception) -> str:
    """Why a document cannot be read; a plain ``ValueError`` says so itself, anything else is a fault of the parsers."""
    if type(error) is ValueError:
        return str(error)
    return f"cannot be read ({clean(str(error))[:80] or type(error).__name__}); mend or remove it"


def _lies_in(item: Known, places: Set[tuple[str, str]]) -> bool:
    """Whether an article comes from one of these (source, path); a path may be a folder that cannot be opened."""
    return bool(places) and any((item.source, str(path)) in places for path in (item.path, *PurePosixPath(item.path).parents))


def _storable(article: Article) -> Article:
    try:
        json.dumps(asdict(article), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("holds half of a character, which no file can; mend the escape that writes it") from None
    return article


def _place(article: Article, source: str, path: str, catalog: Catalog, item: Known | None, plan: Plan) -> None:
    article_id, version, restored = article.article_id, catalog.next_version(article.article_id), False
    if item is None:
        plan.added.append(article_id)
    elif not _same(item, article.digest):
        plan.changed.append(article_id)
    else:  # the same text, in another place or to be embedded anew
        version, restored = item.version, item.restored
        article = catalog.article(article_id) if restored else article
    plan.articles.append(Placed(article, source, path, version, restored))


def _plan_customers(listing: CustomerListing, catalog: Catalog, everything: bool, plan: Plan) -> None:
    plan.quarantined += [Quarantined(path=place, reason=reason) for place, reason in listing.left_out]
    known = catalog.customer_digests()
    present = {str(record["customer_id"]) for record in listing.records} | listing.kept
    for record in listing.records:
        kept = redact(record, plan.rules)
        digest = accounts.record_digest(kept, plan.wordings)
        if everything or known.get(str(record["customer_id"]), (0, ""))[1] != digest:
            plan.customers.append(CustomerChange(kept, digest))
    read = {str(item.record["customer_id"]): item.digest for item in plan.customers}
    plan.customers_changed = sorted(name for name, digest in read.items() if known.get(name, (0, ""))[1] != digest)
    # A broken line whose id cannot be told, or a source that was not reached, may hold any customer, so nobody is removed.
    plan.customers_removed = [] if listing.unknown or listing.unreached else sorted(set(known) - present)
    if everything:
        # Who stays without being read again is embedded anew from the catalog's record.
        done = {*read, *plan.customers_removed}
        plan.customers += [CustomerChange(catalog.customer(item) or {}, digest) for item, (_, digest) in known.items() if item not in done]
