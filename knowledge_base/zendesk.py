"""A Zendesk help center: what its API, or an export of it, holds, and cheaply what has changed there since the last run.

The first run lists every article (cursor pagination, oldest first). Later runs list those updated or edited last
until they are older than the bookmark. That needs no more rights than reading does, while Zendesk's incremental export is for
agents only. What vanished has no date to sort by. So the whole is listed again whenever the number of articles that the API
reports is not the old one plus the new articles, when a section changed its name, when the reader or anything about the
answers is not as before, and every twelve hours all the same.
"""

import datetime
import hashlib
import json
import time
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from contextlib import suppress
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError

from knowledge_base.errors import UserError
from knowledge_base.help_center_api import (
    MOST_PAGES,
    Api,
    Item,
    NotThereError,
    Sleep,
    document,
    export_pages,
    flaw,
    keyed,
    labelled,
    settled,
    token,
)
from knowledge_base.sources import Document, Listing, Told, ZendeskSource, untold

PAGE = 100
MOST_CHANGED_PAGES = 20
"""A change longer than this is listed whole; offset pagination would end at the hundredth page."""
OVERLAP = 600.0
"""Seconds before the newest known change that are listed again: edits of the same second, and those that show late."""
WHOLE_EVERY = 12 * 3600.0
_SORTED_BY = ("updated_at", "edited_at")


class _Bookmark(BaseModel):
    """What the last run saw, drafts included; ``newest`` is the latest time of each kind that a change is sorted by."""

    layout: Literal[1] = 1
    reader: str
    sections: str
    newest: dict[str, float]
    listed_whole: float
    ids: list[str]


def list_zendesk(source: ZendeskSource, cursor: str, known: AbstractSet[str], *, sleep: Sleep = time.sleep, told: Told = untold) -> Listing:
    """What a Zendesk help center holds in one locale, or only what changed since ``cursor`` where nothing vanished.

    Drafts are left out. An article for a user segment has the audience ``internal``. Labels ``plan:NAME`` and ``product:NAME`` set
    plans and product. An article is known by its number, in a locale that it was translated to by number and locale.

    Args:
        source: the help center, or an export of it.
        cursor: the cursor of the last listing that was carried out, or "".
        known: paths of the documents that the catalog holds from this source.
        sleep: waits the given seconds between tries.
        told: called with how much was read so far.

    Raises:
        UserError: the help center or the export cannot be read as a whole; the sentence says what to do.
    """
    if source.export:
        return _exported(source, source.export)
    with _connect(source, sleep, told) as api:
        articles = f"/api/v2/help_center/{quote(source.locale.lower(), safe='')}/articles.json"
        sections = _section_names(api, source)
        fingerprint = hashlib.sha256(json.dumps(sections, sort_keys=True).encode()).hexdigest()
        if last := _bookmark(cursor, source.email, fingerprint, known):
            changed = _changed(api, articles, last)
            if changed is not None and not any(item.get("draft") and _path(key) in known for key, item in changed.items()):
                return _listing(source, changed, sections, partial=True, cursor=last.model_dump_json())
        # Taken first: an edit made while the pages are read must count as newer than the bookmark.
        newest = {name: _newest(api, articles, name) for name in _SORTED_BY}
        items, complete = settled(api, lambda: _whole(api, articles))
        bookmark = _Bookmark(
            reader=source.email,
            sections=fingerprint,
            newest=newest,
            listed_whole=time.time(),
            ids=sorted(items),
        )
        return _listing(source, items, sections, cursor=bookmark.model_dump_json() if complete else "")


def _connect(source: ZendeskSource, sleep: Sleep, told: Told) -> Api:
    auth = None
    if source.email:
        key = token(source.token_env, ", or take `email` out of the settings to read a public help center without one")
        auth = httpx.BasicAuth(f"{source.email}/token", key)
    credentials = (
        f"`email` and the token in {source.token_env}" if auth else "whether the help center is public, or set `email` and a token"
    )
    return Api(source.url, setting="zendesk", auth=auth, headers={}, credentials=credentials, sleep=sleep, told=told)


def _bookmark(cursor: str, reader: str, sections: str, known: AbstractSet[str]) -> _Bookmark | None:
    """The last run's bookmark, None where a whole listing is due."""
    try:
        found = _Bookmark.model_validate_json(cursor)
    except ValidationError:
        return None
    fits = known and found.reader == reader and found.sections == sections and found.newest.keys() == set(_SORTED_BY)
    return found if fits and 0 <= time.time() - found.listed_whole < WHOLE_EVERY else None


def _section_names(api: Api, source: ZendeskSource) -> dict[str, str]:
    path = f"/api/v2/help_center/{quote(source.locale.lower(), safe='')}/sections.json"
    try:
        return _names(_cursor_pages(api, path, "sections", sort_by="created_at", sort_order="asc"))
    except NotThereError as error:
        locales: list[str] = []
        with suppress(UserError):
            locales = [str(item) for item in api.page("/api/v2/help_center/locales.json", {}, "locales")["locales"]]
        if not locales or source.locale.lower() in map(str.lower, locales):
            raise
        raise UserError(_no_locale(f"The help center of {api.host}", source.locale, locales)) from error


def _no_locale(whose: str, locale: str, locales: Iterable[str]) -> str:
    return (
        f"{whose} has nothing in the locale {locale}: set `locale` to one that it has ({', '.join(sorted(locales))}); nothing was changed."
    )


def _names(sections: dict[str, Item]) -> dict[str, str]:
    return {key: str(item.get("name") or "") for key, item in sections.items()}


def _whole(api: Api, path: str) -> tuple[dict[str, Item], bool]:
    """All articles, and whether they are as many as the server counts afterwards."""
    items = _cursor_pages(api, path, "articles", sort_by="created_at", sort_order="asc")
    return items, api.page(path, {"page": 1, "per_page": 1}, "articles").get("count") == len(items)


def _cursor_pages(api: Api, path: str, key: str, **order: str) -> dict[str, Item]:
    found: list[Item] = []
    after, seen = "", set[str]()
    for _ in range(MOST_PAGES):
        page = api.page(path, {"page[size]": PAGE, **order, **({"page[after]": after} if after else {})}, key)
        found += page[key]
        if not isinstance(meta := page.get("meta"), dict):
            raise api.give_up(f"answers {path} without the `meta` that says whether there is more")
        if not meta.get("has_more"):
            return keyed(found)
        after = str(meta.get("after_cursor") or "")
        if not after or after in seen:
            break
        seen.add(after)
    raise api.give_up(f"has no end to its pages of {key}")


def _changed(api: Api, path: str, last: _Bookmark) -> dict[str, Item] | None:
    """What changed since the bookmark, which then moves on; None where the answers do not add up and only a whole listing is sure."""
    found: list[Item] = []
    counts: set[object] = set()
    newest = dict(last.newest)
    for name in _SORTED_BY:
        previous = float("inf")
        for number in range(1, MOST_CHANGED_PAGES + 1):
            params: dict[str, str | int] = {"sort_by": name, "sort_order": "desc", "page": number, "per_page": PAGE}
            page = api.page(path, params, "articles")
            counts.add(page.get("count"))
            times = [_time(item, name) for item in page["articles"]]
            if not all(times) or sorted([previous, *times], reverse=True) != [previous, *times]:
                return None
            if number == 1:
                newest[name] = max([newest[name], *times])
            recent = [when for when in times if when >= last.newest[name] - OVERLAP]
            found += page["articles"][: len(recent)]
            if len(recent) < PAGE:
                break
            previous = times[-1]
        else:
            return None
    changed = keyed(found)
    ids = changed.keys() | last.ids
    if counts != {len(ids)}:
        return None
    last.newest, last.ids = newest, sorted(ids)
    return changed


def _time(item: object, name: str) -> float:
    """A time of an item in seconds, 0 where it has none."""
    try:
        return datetime.datetime.fromisoformat(str(item.get(name) if isinstance(item, dict) else "")).timestamp()
    except ValueError:
        return 0.0


def _newest(api: Api, path: str, name: str) -> float:
    page = api.page(path, {"sort_by": name, "sort_order": "desc", "page": 1, "per_page": 1}, "articles")
    return max((_time(item, name) for item in page["articles"]), default=0.0)


def _exported(source: ZendeskSource, path: Path) -> Listing:
    found: list[Item] = []
    named: list[Item] = []
    for page in export_pages(path, "articles"):
        found += page["articles"]
        named += page["sections"] if isinstance(page.get("sections"), list) else []
    here = {key: item for key, item in keyed(found).items() if str(item.get("locale") or source.locale).lower() == source.locale.lower()}
    if found and not here:
        raise UserError(
            _no_locale(
                f"The export {path}", source.locale, {str(item.get("locale")) for item in keyed(found).values() if item.get("locale")}
            )
        )
    return _listing(source, here, _names(keyed(named)))


def _path(key: str) -> str:
    return f"articles/{key}"


def _listing(
    source: ZendeskSource, items: dict[str, Item], sections: dict[str, str], *, partial: bool = False, cursor: str = ""
) -> Listing:
    documents: list[Document] = []
    left_out: list[tuple[str, str]] = []
    for key, item in items.items():
        if item.get("draft"):
            continue
        if reason := flaw(key, item.get("title"), item.get("body")):
            left_out.append((_path(key), reason))
        else:
            documents.append(_document(source, key, item, sections))
    return Listing(documents, partial, cursor, tuple(left_out))


def _document(source: ZendeskSource, key: str, item: Item, sections: dict[str, str]) -> Document:
    translated = str(item.get("source_locale") or source.locale).lower() != source.locale.lower()
    restricted = item.get("user_segment_id") is not None or bool(item.get("user_segment_ids"))
    return document(
        _path(key),
        item["body"],
        article_id=f"{key}-{source.locale.lower()}" if translated else key,
        title=item["title"],
        section=sections.get(str(item.get("section_id")), ""),
        audience="internal" if restricted else "public",
        plans=labelled(item.get("label_names"), "plan"),
        product=", ".join(labelled(item.get("label_names"), "product")),
        language=source.locale,
        updated=str(item.get("edited_at") or item.get("updated_at") or "")[:10],
    )
