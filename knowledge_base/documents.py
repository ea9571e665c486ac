"""Files of every kind that articles are written in: Markdown, HTML, text, PDF and DOCX."""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any

from bs4 import BeautifulSoup, Tag
from bs4.dammit import EncodingDetector

from knowledge_base.articles import Article, article_from_blocks, article_from_markdown, decoded
from knowledge_base.blocks import LINE, Block, clean, words
from knowledge_base.front_matter import AUDIENCES, front_matter
from knowledge_base.markup import parse, tree_blocks

_META = {
    "id": ("id",),
    "title": ("og:title", "twitter:title", "dc.title"),
    "section": ("section", "article:section", "category"),
    "audience": ("audience",),
    "plans": ("plans", "plan"),
    "product": ("product", "products"),
    "language": ("language", "og:locale"),
    "updated": ("updated", "article:modified_time", "og:updated_time", "last-modified", "dcterms.modified", "date.modified"),
}
_CHROME = "nav, form, dialog, [role=navigation], [role=search], [role=dialog], .breadcrumb, .breadcrumbs"
_FRAME = "header, footer, aside, [role=banner], [role=contentinfo], [role=complementary]"
_ITEM = re.compile(r"^\s*(?:[-*•‣▪●○]\s+|\d{1,3}[.)]\s+)\S")
_UNDERLINE = re.compile(r"^\s*([=\-~])\1{2,}\s*$")
_HEADING_WORDS = 10
_WRAPPED = 50  # lines of fewer characters are not filled to a margin


def read_document(raw: bytes, path: str, edited: str = "") -> Article:
    """An article from the bytes of a file; the ending of its name says what kind it is.

    Args:
        raw: the file's bytes.
        path: its place below the folder; stands in for an id and a section that the file does not name.
        edited: the date of its last edit, YYYY-MM-DD, where the file does not name one.

    Raises:
        ValueError: one sentence on what is wrong with it, to be read after its path.
    """
    return _READERS[PurePosixPath(path).suffix.lower()](raw, path, edited)


def _html(raw: bytes, path: str, edited: str) -> Article:
    meta, body = front_matter(_html_text(raw))
    tree = parse(body)
    meta = {**_told(tree), **meta}
    digest = hashlib.sha256(raw).hexdigest()
    return article_from_blocks(tree_blocks(_main(tree)), meta, path=path, digest=digest, edited=edited)


def _html_text(raw: bytes) -> str:
    """The text of a page in UTF-8, else in the encoding that the page declares."""
    declared = EncodingDetector.find_declared_encoding(raw, is_html=True, search_entire_document=False)
    try:
        return decoded(raw)
    except ValueError:
        try:
            return raw.decode(declared or "utf-8")
        except (UnicodeDecodeError, LookupError):
            pass
        raise


def _told(tree: BeautifulSoup) -> dict[str, Any]:
    """What a page's head says of it, in the words of front matter."""
    given: dict[str, str] = {}
    for tag in tree.find_all("meta"):
        name = str(tag.get("name") or tag.get("property") or tag.get("http-equiv") or "").lower()
        given.setdefault(name, clean(str(tag.get("content") or "")))
    told: dict[str, Any] = {name: next((given[key] for key in keys if given.get(key)), "") for name, keys in _META.items()}
    told["audience"] = AUDIENCES.get(told["audience"].lower(), "")  # pages name other kinds of audience too
    root = tree.find("html")
    told["language"] = (
        clean(str(root.get("lang") or "")) if isinstance(root, Tag) and root.get("lang") else told["language"].replace("_", "-")
    )
    heads = [clean(tag.get_text()) for tag in tree.find_all("h1")]
    named = tree.find("title")
    told["title"] = (heads[0] if len(heads) == 1 else "") or told["title"] or (clean(named.get_text()) if named is not None else "")
    return {name: value for name, value in told.items() if value}


def _main(tree: BeautifulSoup) -> Tag:
    """The part of a page that is the article, without what frames it."""
    articles = tree.find_all("article")
    main = tree.select_one("main, [role=main]") or (articles[0] if len(articles) == 1 else None)
    root = main if main is not None and clean(main.get_text()) else tree
    for tag in root.select(_CHROME if root is main else f"{_CHROME}, {_FRAME}"):
        tag.decompose()
    for tag in root.find_all("button"):
        if tag.find_parent(["h1", "h2", "h3", "h4", "h5", "h6", "summary", "p", "li", "td"]) is None:
            tag.decompose()
    return root


def _text(raw: bytes, path: str, edited: str) -> Article:
    meta, body = front_matter(decoded(raw))
    return article_from_blocks(list(text_blocks(body)), meta, path=path, digest=hashlib.sha256(raw).hexdigest(), edited=edited)


def text_blocks(text: str) -> Iterator[Block]:
    """Plain text as blocks: paragraphs, lists whose marks were typed, and headings that stand alone or are underlined."""
    paragraphs = [lines.splitlines() for lines in re.split(r"\n[ \t\f]*\n", text.replace("\f", "\n\n")) if lines.strip()]
    for number, lines in enumerate(paragraphs):
        after = paragraphs[number + 1] if number + 1 < len(paragraphs) else []
        if len(lines) > 1 and _UNDERLINE.match(lines[1]):
            yield Block("heading", lines[0])
            lines = lines[2:]  # noqa: PLW2901  # what follows the heading without an empty line
        elif len(lines) == 1 and _is_heading(lines[0], after):
            yield Block("heading", lines[0].strip().lstrip("#").rstrip("#"))
            continue
        if lines and not all(map(_UNDERLINE.match, lines)):
            yield Block("text", LINE.join(_unwrapped(lines)))


def _is_heading(line: str, after: list[str]) -> bool:
    said = line.strip()
    if re.match(r"#{1,6}\s+\S", said):
        return True
    short = words(said) <= _HEADING_WORDS and said[-1] not in ".,;:!" and not _ITEM.match(line)
    letters = [character for character in said if character.isalpha()]
    if not short or not letters or not after:
        return False
    introduces = _ITEM.match(after[0]) is not None or len(after) > 1 or words(after[0]) >= _HEADING_WORDS
    return said.isupper() or (introduces and not letters[0].islower())


def _unwrapped(lines: Iterable[str]) -> Iterator[str]:
    """Lines put together that an editor wrapped: each fills its line, or goes on with a list's item."""
    kept = [line.rstrip() for line in lines if line.strip() and not _UNDERLINE.match(line)]
    width = max(map(len, kept), default=0)
    text, last = "", ""
    for line in kept:
        said = line.strip()
        room = width < _WRAPPED or len(last) + len(said.split()[0]) < width
        if text and (_ITEM.match(line) or (room and not said[0].islower() and not line[0].isspace())):
            yield text
            text = ""
        text = f"{text} {said}".strip()
        last = line
    if text:
        yield text


def _pdf(raw: bytes, path: str, edited: str) -> Article:
    from knowledge_base.pdf import pdf_blocks

    meta, blocks = pdf_blocks(raw)
    return article_from_blocks(blocks, meta, path=path, digest=hashlib.sha256(raw).hexdigest(), edited=edited)


def _docx(raw: bytes, path: str, edited: str) -> Article:
    from knowledge_base.docx import docx_blocks

    meta, blocks = docx_blocks(raw)
    return article_from_blocks(blocks, meta, path=path, digest=hashlib.sha256(raw).hexdigest(), edited=edited)


_READERS: dict[str, Callable[[bytes, str, str], Article]] = {
    ".md": article_from_markdown,
    ".markdown": article_from_markdown,
    ".html": _html,
    ".htm": _html,
    ".txt": _text,
    ".pdf": _pdf,
    ".docx": _docx,
}
KINDS = frozenset(_READERS)
"""The endings of names that articles may have."""
