"""Reading a help center over HTTP: one polite, patient and suspicious client, and what both vendors' listings share."""

import datetime
import email.utils
import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Self

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from knowledge_base.articles import article_from_html
from knowledge_base.errors import UserError
from knowledge_base.sources import Document, Told

Item = dict[str, Any]
"""One article, section or collection as the API gives it."""
Sleep = Callable[[float], None]

ATTEMPTS = 6
LONGEST_WAIT = 120.0
"""Seconds; a server that wants more patience than this is left alone until the next refresh."""
TIMEOUT = httpx.Timeout(30.0, connect=10.0)
MOST_PAGES = 10_000
LISTINGS = 4
_BACKOFF = wait_exponential_jitter(initial=0.5, max=30.0)
_UNCHANGED = "nothing was changed"


class NotThereError(UserError):
    """A help center answers that it does not have what was asked for."""


class _Passing(Exception):  # noqa: N818  # a passing fault, not an error until it stays
    """A fault that may be gone at the next try; ``wait`` is how long the server asks to leave it alone, in seconds."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


class Api:
    """The JSON API of one help center. Redirects and links to elsewhere are never followed, so credentials stay with its host.

    Args:
        url: any address of the help center; only its scheme, host and port count.
        setting: the setting that holds the address, for error sentences.
        auth: an httpx authentication, or None for an anonymous reader.
        headers: sent with every request.
        credentials: where the credentials stand, for error sentences.
        sleep: waits the given seconds.
        told: called with how many things of the lists were read so far.

    Raises:
        UserError: the address is none, or would send credentials unencrypted over the network.
    """

    def __init__(
        self,
        url: str,
        *,
        setting: str,
        auth: httpx.Auth | None,
        headers: dict[str, str],
        credentials: str,
        sleep: Sleep,
        told: Told,
    ) -> None:
        try:
            address = httpx.URL(url.strip())
        except httpx.InvalidURL:
            address = httpx.URL("")
        if address.scheme not in ("http", "https") or not re.fullmatch(r"[\w.:-]+", address.host):
            raise UserError(f"The {setting} source needs its address: set `url` to one like https://example.com.")
        if auth and address.scheme == "http" and address.host not in ("localhost", "127.0.0.1", "::1"):
            raise UserError(f"The {setting} source would send its token unencrypted to {address.host}: begin `url` with https://.")
        self.host = address.netloc.decode("ascii")
        self._setting = setting
        self._credentials = credentials
        self._told, self._read = told, 0
        self._client = httpx.Client(
            base_url=f"{address.scheme}://{self.host}", auth=auth, headers={"Accept": "application/json", **headers}, timeout=TIMEOUT
        )
        self._retrying = Retrying(
            retry=retry_if_exception_type(_Passing), stop=stop_after_attempt(ATTEMPTS), wait=_pause, sleep=sleep, reraise=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def page(self, path: str, params: dict[str, str | int], key: str) -> Item:
        """One page of a list, a JSON object with a list under ``key``.

        Raises:
            UserError: the server refuses, cannot be reached for longer than is worth waiting, or answers something else.
        """
        try:
            page: object = self._retrying(self._once, path, params)
        except _Passing as error:
            raise UserError(
                f"{self.host} {error} ({ATTEMPTS} tries): check the connection or run the refresh again later; {_UNCHANGED}."
            ) from error
        if not isinstance(page, dict) or not isinstance(page.get(key), list):
            raise UserError(
                f"{self.host} answered {path} without the list of {key} that is documented: check the `url` of the {self._setting} source; "
                f"{_UNCHANGED}."
            )
        self._read += len(page[key])
        self._told(self._read)
        return page

    def give_up(self, reason: str) -> UserError:
        """The error of a server that answers, but not sensibly."""
        return UserError(f"{self.host} {reason}: run the refresh again in a few minutes; {_UNCHANGED}.")

    def _once(self, path: str, params: dict[str, str | int]) -> object:
        try:
            answer = self._client.get(path, params=params)
        except httpx.TransportError as error:
            raise _Passing(f"cannot be reached ({type(error).__name__})") from error
        except httpx.DecodingError as error:
            raise _Passing("answers with a damaged body") from error
        if answer.status_code == 429 or answer.status_code >= 500:
            raise _Passing(*self._patience(answer))
        if answer.status_code == 404:
            raise NotThereError(f"{self.host} has no {path}: check the `url` and `locale` of the {self._setting} source; {_UNCHANGED}.")
        if answer.status_code != 200:
            raise UserError(self._refusal(answer, path))
        try:
            return answer.json()
        except (ValueError, RecursionError) as error:
            kind = answer.headers.get("content-type", "no content type").split(";")[0]
            raise UserError(
                f"{self.host} answered {path} with {kind} instead of JSON: check the `url` of the {self._setting} source; {_UNCHANGED}."
            ) from error

    def _patience(self, answer: httpx.Response) -> tuple[str, float | None]:
        wait = _asked_wait(answer)
        if wait is not None and wait > LONGEST_WAIT:
            raise UserError(
                f"{self.host} wants to be left alone for {min(wait, 86400):.0f} seconds: run the refresh again then; {_UNCHANGED}."
            )
        return ("limits the rate of requests" if answer.status_code == 429 else f"answers with status {answer.status_code}"), wait

    def _refusal(self, answer: httpx.Response, path: str) -> str:
        status = answer.status_code
        if status == 401:
            return f"{self.host} does not accept the credentials: check {self._credentials}; {_UNCHANGED}."
        if status == 403:
            return f"{self.host} does not let this reader list {path}: check {self._credentials} and what it may read; {_UNCHANGED}."
        if answer.has_redirect_location:
            found = re.match(r"https?://[^/?#@\s]+", answer.headers["location"])
            target = found[0] if found else "a page of its own"
            return (
                f"{self.host} sends {path} on to {target}, another address or a login page: check the `url` of the {self._setting} source "
                f"and {self._credentials}; {_UNCHANGED}."
            )
        return f"{self.host} refuses {path} with status {status}: check the {self._setting} source in the settings; {_UNCHANGED}."


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return error.wait if isinstance(error, _Passing) and error.wait is not None else _BACKOFF(state)


def _asked_wait(answer: httpx.Response) -> float | None:
    """The seconds that ``Retry-After`` or ``X-RateLimit-Reset`` ask for; by the server's own clock where it shows it."""
    after = answer.headers.get("retry-after", "")
    now = _http_date(answer.headers.get("date", "")) or time.time()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", after):
        return float(after)
    if date := _http_date(after):
        return max(0.0, date - now)
    reset = answer.headers.get("x-ratelimit-reset", "")
    if answer.status_code == 429 and re.fullmatch(r"\d{1,12}", reset):
        return max(0.0, float(reset) - now)
    return None


def _http_date(text: str) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None


def token(variable: str, otherwise: str) -> str:
    """A token from the environment.

    Args:
        variable: the variable that holds it.
        otherwise: what can be done without one, or "".

    Raises:
        UserError: there is none, or it holds what no token does.
    """
    found = os.environ.get(variable, "").strip()
    if not found:
        raise UserError(f"The environment variable {variable} holds no token: set it to an API token of the help center{otherwise}.")
    if not re.fullmatch(r"[\x21-\x7e]+", found):
        raise UserError(f"The environment variable {variable} holds characters that no token has: copy the token again.")
    return found


def keyed(items: list[Any]) -> dict[str, Item]:
    """Items by their id as text; one without an id gets its place in the list, after a question mark."""
    found: dict[str, Item] = {}
    for place, item in enumerate(items, 1):
        item_id = item.get("id") if isinstance(item, dict) else None
        valid = isinstance(item_id, int | str) and not isinstance(item_id, bool) and re.fullmatch(r"[\w-]+", str(item_id))
        found[str(item_id) if valid else f"?{place}"] = item if isinstance(item, dict) else {}
    return found


def settled(api: Api, read: Callable[[], tuple[dict[str, Item], bool]]) -> tuple[dict[str, Item], bool]:
    """A listing that can be believed, although articles may come and go while its pages are read.

    Pages shift under a reader, and an article that slips through would look deleted. So a listing counts when it is as
    long as the server says, or when the next one has the same articles.

    Args:
        api: where the listing comes from.
        read: reads all pages; returns the items and whether they are as many as the server says.

    Raises:
        UserError: the help center would not hold still.
    """
    before: set[str] | None = None
    for _ in range(LISTINGS):
        items, complete = read()
        if complete or items.keys() == before:
            return items, complete
        before = set(items)
    raise api.give_up("changed too much while it was read")


def document(path: str, html: str, **made_of: Any) -> Document:
    """A document whose digest covers all that its article is made from, the arguments of ``article_from_html``."""
    html, made_of = _storable(html), {name: _storable(value) for name, value in made_of.items()}
    digest = hashlib.sha256(json.dumps([html, made_of], sort_keys=True).encode()).hexdigest()
    return Document(path, digest, partial(article_from_html, html, digest=digest, **made_of))


def _storable(value: Any) -> Any:
    """Text without halves of surrogate pairs, which JSON can carry and no database takes."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else tuple(map(_storable, value))


def flaw(key: str, title: object, body: object) -> str:
    """Why an item cannot become an article, as a sentence that follows its path; "" where it can."""
    if key.startswith("?"):
        return "has no id; export it again"
    if not isinstance(title, str) or not title.strip():
        return "has no title; give it one"
    if not isinstance(body, str) or not body.strip():
        return "has no text; write the article or unpublish it"
    return ""


def labelled(labels: object, kind: str) -> tuple[str, ...]:
    """What labels like ``plan:pro`` name for a kind, here ``plan``."""
    found = [label.split(":", 1) for label in labels if isinstance(label, str) and ":" in label] if isinstance(labels, list) else []
    return tuple(sorted({value.strip() for head, value in found if head.strip().casefold() == kind and value.strip()}))


def export_pages(path: Path, key: str) -> Iterator[Item]:
    """The pages of an export: a JSON file with one page or with the bare list of items, or JSON Lines of pages or of items.

    Raises:
        UserError: the file is missing, damaged or of another shape.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise UserError(f"There is no export {path}: export it there or mend `export` in the settings; {_UNCHANGED}.") from error
    except OSError as error:
        raise UserError(f"The export {path} cannot be opened ({error.strerror}): mend that and refresh; {_UNCHANGED}.") from error
    except UnicodeDecodeError as error:
        raise UserError(f"The export {path} cannot be read as UTF-8 text: export it again; {_UNCHANGED}.") from error
    try:
        pages = [json.loads(text)]
    except (ValueError, RecursionError):
        try:
            pages = [json.loads(line) for line in text.split("\n") if line.strip()]
        except (ValueError, RecursionError) as error:
            raise UserError(f"The export {path} is not JSON, or only a part of it: export it again; {_UNCHANGED}.") from error
    for page in pages or [None]:
        whole = {key: page} if isinstance(page, list) else {key: [page]} if _item(page) else page
        if not isinstance(whole, dict) or not isinstance(whole.get(key), list):
            raise UserError(f'The export {path} is not of the API\'s shape, {{"{key}": [...]}}: export it again; {_UNCHANGED}.')
        yield whole


def _item(page: object) -> bool:
    """Whether what stands in a place of a page is itself an article or a collection."""
    return isinstance(page, dict) and "id" in page and ("title" in page or page.get("type") == "collection")


def utc_date(seconds: object) -> str:
    """The date of a Unix time, "" for anything else."""
    if not isinstance(seconds, int) or not 0 < seconds < 1e11:
        return ""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).date().isoformat()
