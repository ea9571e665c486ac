"""What lies outside the store is read as a whole before the store is held: a help center's API may keep its reader waiting."""

from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field

from knowledge_base import accounts, customer_sources
from knowledge_base.articles import Article
from knowledge_base.asked_as import NO_QUESTIONS, AskedAs, read_asked_as
from knowledge_base.catalog import Catalog
from knowledge_base.errors import UserError
from knowledge_base.folder import list_folder
from knowledge_base.intercom import list_intercom
from knowledge_base.redaction import Rules, redaction_rules
from knowledge_base.settings import KnowledgeSettings
from knowledge_base.sources import ArticleSource, FolderSource, Listing, Told, ZendeskSource, untold
from knowledge_base.zendesk import list_zendesk

Progress = Callable[[str, int, int], None]
"""Is called with what is being worked on, how much is done and how much there is, 0 where nobody knows yet."""
CUSTOMERS = "customers"
"""Stands among the names of article sources for all sources of customers: whose record is from where is not known."""


NO_ARTICLES = (
    "The setting `articles` is empty: name a folder or a help center in settings.toml or DESK_ARTICLES, for the bundled articles are"
    " read only together with the bundled customers and their wording."
)


@dataclass(frozen=True)
class Listings:
    """What the sources held, asked when the catalog was as ``seen`` says (``last_seen``).

    ``articles`` has a listing for each source; one that was not asked, or not reached, holds what it held. ``customers`` is
    None where they were not asked for.
    """

    seen: int
    whole: bool
    wordings: list[accounts.Wording]
    rules: Rules
    customers: customer_sources.CustomerListing | None = None
    articles: dict[str, Listing] = field(default_factory=dict)
    unreached: list[tuple[str, str]] = field(default_factory=list)
    asked: AskedAs = NO_QUESTIONS

    @property
    def cursors(self) -> dict[str, str]:
        """From where the sources that were reached are to be listed next."""
        return {name: self.asked.marked(listing.cursor) for name, listing in self.articles.items() if listing is not _AS_IT_WAS}


_AS_IT_WAS = Listing([], partial=True)


def list_sources(
    settings: KnowledgeSettings, catalog: Catalog, everything: bool, progress: Progress, only: Set[str] | None = None
) -> Listings:
    """Ask the sources what they hold; the catalog is read before, and not held while they answer.

    Args:
        settings: names the sources.
        catalog: says what the sources are known to hold.
        everything: list all, not only what changed since the last time.
        progress: called with how much of a help center's listing is read.
        only: names of the sources to ask, ``CUSTOMERS`` among them; by default all.

    Raises:
        UserError: no source of articles can be read, or the file of questions or that of wordings cannot.
    """
    if not settings.articles:
        raise UserError(NO_ARTICLES)
    asked = read_asked_as(settings.asked_as)
    with catalog.snapshot():
        seen, cursors, known = last_seen(catalog), {} if everything else catalog.cursors(), catalog.known_articles()
    listings = Listings(
        seen,
        only is None,
        accounts.read_wordings(settings.wording),
        redaction_rules(settings.secret_fields, settings.secret_patterns),
        customer_sources.read_customers(settings.customers) if only is None or CUSTOMERS in only else None,
        asked=asked,
    )
    for source in settings.articles:
        places = {item.path for item in known.values() if item.source == source.name}
        listing = _AS_IT_WAS
        if only is None or source.name in only:
            try:
                cursor = asked.cursor(cursors.get(source.name, ""))
                listing = list_source(source, cursor, places, _counted(source, progress))
            except UserError as error:
                if len(settings.articles) == 1:
                    raise
                listings.unreached.append((source.name, str(error)))
        listings.articles[source.name] = listing
    if len(listings.unreached) == len(settings.articles):
        raise UserError(f"None of the article sources can be read: {listings.unreached[0][1]}")
    listings.unreached.extend(listings.customers.unreached if listings.customers else ())
    return listings


def last_seen(catalog: Catalog) -> int:
    """Another number whenever anybody else has written to the catalog; it says something to this connection alone."""
    return int(catalog.db.execute("PRAGMA data_version").fetchone()[0])


def list_source(source: ArticleSource, cursor: str = "", known: Set[str] = frozenset(), told: Told = untold) -> Listing:
    """What an article source holds.

    Args:
        source: the source.
        cursor: what its last listing returned, "" for all there is.
        known: the places of the articles that the catalog has from there.
        told: called with how many things were read of an API so far.

    Raises:
        UserError: the source cannot be reached or read.
    """
    if isinstance(source, FolderSource):
        return list_folder(source)
    if isinstance(source, ZendeskSource):
        return list_zendesk(source, cursor, known, told=told)
    return list_intercom(source, cursor, known, told=told)


def live_articles(sources: Sequence[ArticleSource]) -> Iterator[Article]:
    """Every article that the sources hold and that can be read.

    Raises:
        UserError: there is no source, or one cannot be reached or read.
    """
    if not sources:
        raise UserError(NO_ARTICLES)
    for source in sources:
        for document in list_source(source).documents:
            with suppress(Exception):
                yield document.read()


def _counted(source: ArticleSource, progress: Progress) -> Told:
    return lambda count: progress(f"listing {source.name}", count, 0)
