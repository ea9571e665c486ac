"""Where the facts come from: the sources that the settings may name, and what a source lists for a refresh."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_settings import NoDecode

from knowledge_base.articles import Article

Told = Callable[[int], None]
"""Is called with how many articles, sections and collections were read of an API so far."""


def untold(count: int) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True)
class Document:
    """One article as its source holds it, not read yet.

    ``path`` is its place in the source and unique there; ``digest`` changes whenever the article does; ``read`` parses
    it and raises ``ValueError`` with a sentence that follows the path ("is not UTF-8 text; save it as UTF-8").
    """

    path: str
    digest: str
    read: Callable[[], Article]


@dataclass(frozen=True)
class Listing:
    """What a source holds now, or with ``partial`` only what may have changed since the cursor it was given.

    ``cursor`` is handed back to the source at the next refresh, once this one is done. ``left_out`` holds what cannot
    be read at all, as (path, reason); whatever the catalog has from there goes on serving.
    """

    documents: list[Document]
    partial: bool = False
    cursor: str = ""
    left_out: tuple[tuple[str, str], ...] = ()


class _Source(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FolderSource(_Source):
    """A folder of Markdown, HTML, text, PDF and DOCX files, searched recursively."""

    kind: Literal["folder"] = "folder"
    path: Path

    @property
    def name(self) -> str:
        """How the catalog knows the source."""
        return f"folder:{self.path.as_posix()}"


class ZendeskSource(_Source):
    """A Zendesk help center: its API, or with ``export`` a JSON file of the API's ``{"articles": [...]}``.

    The API wants an agent's ``email`` and an API token, or no credentials for a public help center; the token is read
    from the environment variable that ``token_env`` names.
    """

    kind: Literal["zendesk"] = "zendesk"
    url: str = ""
    export: Path | None = None
    locale: str = "en-us"
    email: str = ""
    token_env: str = "ZENDESK_TOKEN"  # noqa: S105  # the name of a variable, not a token

    @property
    def name(self) -> str:
        """How the catalog knows the source."""
        return f"zendesk:{self.export or self.url}:{self.locale}"


class IntercomSource(_Source):
    """An Intercom help center: its API, or with ``export`` a JSON file of the API's ``{"data": [...]}``.

    The access token is read from the environment variable that ``token_env`` names.
    """

    kind: Literal["intercom"] = "intercom"
    url: str = "https://api.intercom.io"
    export: Path | None = None
    locale: str = "en"
    token_env: str = "INTERCOM_TOKEN"  # noqa: S105  # the name of a variable, not a token

    @property
    def name(self) -> str:
        """How the catalog knows the source."""
        return f"intercom:{self.export or self.url}:{self.locale}"


class CustomerFile(_Source):
    """Account records in a file: JSON with one object per line or an array of them, or ``.csv`` with one row per customer."""

    kind: Literal["file"] = "file"
    path: Path

    @property
    def name(self) -> str:
        """How reports name the source."""
        return f"customers:{self.path.as_posix()}"


class CustomerQuery(_Source):
    """Account records from a database: a query that yields one row, or one JSON document, per customer.

    ``url`` is an SQLAlchemy URL; a password is better left to ``url_env``, the name of an environment variable that
    holds the whole URL. A row has a column ``customer_id``, or one column whose document has it.
    """

    kind: Literal["sql"] = "sql"
    url: str = ""
    url_env: str = ""
    query: str

    @property
    def name(self) -> str:
        """How reports name the source; of its URL, which may hold a password, nothing is told."""
        return f"customers:sql{self.url_env and ':'}{self.url_env}"


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


def _folders(value: Any) -> Any:
    return [{"kind": "folder", "path": item} if isinstance(item, str | Path) else item for item in _as_list(value)]


def _files(value: Any) -> Any:
    return [{"kind": "file", "path": item} if isinstance(item, str | Path) else item for item in _as_list(value)]


ArticleSource = Annotated[FolderSource | ZendeskSource | IntercomSource, Field(discriminator="kind")]
CustomerSource = Annotated[CustomerFile | CustomerQuery, Field(discriminator="kind")]
ArticleSources = Annotated[tuple[ArticleSource, ...], NoDecode, BeforeValidator(_folders)]
"""One source or several; a bare path names a folder."""
CustomerSources = Annotated[tuple[CustomerSource, ...], NoDecode, BeforeValidator(_files)]
"""One source or several; a bare path names a file."""
