"""An Intercom help center: what its API, or an export of it, holds.

The API can neither filter articles by time nor say what was deleted, and for an article in several languages its order
(last updated first) follows the default language only. So every run reads all pages, 100 articles each, and each document's
digest makes what follows proportional to the change.
"""

import time
from collections.abc import Set as AbstractSet
from typing import Any

import httpx

from knowledge_base.errors import UserError
from knowledge_base.help_center_api import (
    MOST_PAGES,
    Api,
    Item,
    Sleep,
    document,
    export_pages,
    flaw,
    keyed,
    labelled,
    settled,
    token,
    utc_date,
)
from knowledge_base.sources import Document, IntercomSource, Listing, Told, untold

PAGE = 100
VERSION = "2.14"
"""Of the API, sent with every request, so that the answers keep their shape."""


class _Bearer(httpx.Auth):
    def __init__(self, key: str) -> None:
        self._key = key

    def auth_flow(self, request: httpx.Request) -> Any:
        request.headers["Authorization"] = f"Bearer {self._key}"
        yield request


def list_intercom(
    source: IntercomSource, cursor: str, known: AbstractSet[str], *, sleep: Sleep = time.sleep, told: Told = untold
) -> Listing:
    """What an Intercom help center holds in one locale; always the whole, whatever ``cursor`` and ``known`` say.

    Drafts are left out, and so are articles without a version in the locale. Internal articles, which an export may hold, have
    the audience ``internal``. Tags ``plan:NAME`` and ``product:NAME`` set plans and product. An article is known by its number,
    where the locale is not its default one by number and locale.

    Args:
        source: the help center, or an export of it.
        cursor: not used.
        known: not used.
        sleep: waits the given seconds between tries.
        told: called with how much was read so far.

    Raises:
        UserError: the help center or the export cannot be read as a whole; the sentence says what to do.
    """
    if source.export:
        found = [item for page in export_pages(source.export, "data") for item in page["data"]]
        collections = {key: item for key, item in keyed(found).items() if item.get("type") == "collection"}
        articles = keyed([item for item in found if not (isinstance(item, dict) and item.get("type") == "collection")])
        listing = _listing(source, articles, collections)
        if articles and not listing.documents and not listing.left_out and all(_local(item, source) is None for item in articles.values()):
            raise UserError(f"The export {source.export} has no article in the locale {source.locale}: set `locale` to one that it has.")
        return listing
    auth = _Bearer(token(source.token_env, ""))
    headers = {"Intercom-Version": VERSION}
    credentials = f"the token in {source.token_env}"
    with Api(source.url, setting="intercom", auth=auth, headers=headers, credentials=credentials, sleep=sleep, told=told) as api:
        collections, _ = settled(api, lambda: _numbered_pages(api, "/help_center/collections"))
        articles, _ = settled(api, lambda: _numbered_pages(api, "/articles"))
        return _listing(source, articles, collections)


def _numbered_pages(api: Api, path: str) -> tuple[dict[str, Item], bool]:
    """All items, and whether they are as many as every page says."""
    found: list[Item] = []
    counts: set[object] = set()
    for number in range(1, MOST_PAGES + 1):
        page = api.page(path, {"page": number, "per_page": PAGE}, "data")
        found += page["data"]
        counts.add(page.get("total_count"))
        pages = page.get("pages")
        if not isinstance(pages, dict) or not str(pages.get("total_pages")).isdigit():
            raise api.give_up(f"answers {path} without the `pages` that say how many there are")
        if number >= int(pages["total_pages"]):
            items = keyed(found)
            return items, counts == {len(items)}
        if not page["data"]:
            break
    raise api.give_up(f"has no end to its pages of {path}")


def _local(item: Item, source: IntercomSource) -> Item | None:
    """The article's version in the locale, None where it has none."""
    versions = item.get("translated_content")
    if isinstance(versions, dict) and isinstance(found := versions.get(source.locale), dict):
        return found
    return item if str(item.get("default_locale") or source.locale).lower() == source.locale.lower() else None


def _listing(source: IntercomSource, items: dict[str, Item], collections: dict[str, Item]) -> Listing:
    documents: list[Document] = []
    left_out: list[tuple[str, str]] = []
    for key, item in items.items():
        local = _local(item, source)
        if local is None or local.get("state", "published") != "published":
            continue
        if reason := flaw(key, local.get("title"), local.get("body")):
            left_out.append((f"articles/{key}", reason))
        else:
            documents.append(_document(source, key, item, local, collections))
    return Listing(documents, left_out=tuple(left_out))


def _document(source: IntercomSource, key: str, item: Item, local: Item, collections: dict[str, Item]) -> Document:
    translated = str(item.get("default_locale") or source.locale).lower() != source.locale.lower()
    tags = item.get("tags")
    tagged = tags.get("tags") if isinstance(tags, dict) else None
    labels = [tag.get("name") for tag in tagged if isinstance(tag, dict)] if isinstance(tagged, list) else []
    return document(
        f"articles/{key}",
        local["body"],
        article_id=f"{key}-{source.locale.lower()}" if translated else key,
        title=local["title"],
        section=_section(source, item, collections),
        audience="internal" if item.get("type") == "internal_article" else "public",
        plans=labelled(labels, "plan"),
        product=", ".join(labelled(labels, "product")),
        language=source.locale,
        updated=utc_date(local.get("updated_at") or item.get("updated_at")),
    )


def _section(source: IntercomSource, item: Item, collections: dict[str, Item]) -> str:
    """The name of the collection that the article is in, in the locale where it has one."""
    collection = collections.get(str(item.get("parent_id")), {})
    local = _local(collection, source) or collection
    return str(local.get("name") or collection.get("name") or "")
