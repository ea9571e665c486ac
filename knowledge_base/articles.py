"""Help-center articles: Markdown files with front matter, cut into passages that keep sentence and step boundaries."""

import datetime
import hashlib
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import frontmatter
from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString
from markdown_it import MarkdownIt
from sentencex import segment

UnitKind = Literal["sentence", "step", "row", "code"]
PASSAGE_WORDS = 150
_MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")


@dataclass(frozen=True)
class Unit:
    """The smallest piece that is quoted or cited: a sentence, a step, a table row worded as a sentence, or code.

    ``step`` is the number that an ordered list gives a step, else None.
    """

    text: str
    kind: UnitKind = "sentence"
    step: int | None = None


@dataclass(frozen=True)
class Passage:
    """A heading's part of an article, at most about 150 words unless one step list is longer.

    ``asked`` holds questions that this part answers, in customers' own words; they are searched, never shown.
    """

    heading: str
    units: tuple[Unit, ...]
    asked: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The passage as a person reads it, steps numbered, one unit per line."""
        return "\n".join(f"{unit.step}. {unit.text}" if unit.step else unit.text for unit in self.units)


@dataclass(frozen=True)
class Article:
    """One help-center article; ``digest`` covers the whole file."""

    article_id: str
    title: str
    section: str
    audience: str
    plans: tuple[str, ...]
    updated: str
    digest: str
    passages: tuple[Passage, ...] = field(repr=False)


def read_article(path: Path, folder: Path) -> Article:
    """Read one Markdown file.

    Args:
        path: the file.
        folder: the help center's folder; without an ``id`` in the front matter the path relative to it is the id.

    Raises:
        ValueError: one sentence on what is wrong with the file.
    """
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"is not UTF-8 text (byte {error.start}); save it as UTF-8") from error
    try:
        post = frontmatter.loads(text)
    except Exception as error:
        line = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(f"has front matter that is not valid YAML ({line}); mend the block between the --- lines") from error
    meta: dict[str, Any] = post.metadata
    if text.lstrip().startswith("---") and not meta and len(text.strip()) > 3:
        closed = re.search(r"(?m)^---\s*$(.*\n)*?---\s*$", text.lstrip())
        if closed is None:
            raise ValueError("opens its front matter with --- but never closes it; add the closing --- line")
        if closed[0].strip("-\n "):
            raise ValueError("has front matter that is no list of `name: value` lines; mend the block between the --- lines")
    relative = path.relative_to(folder).as_posix()
    try:
        blocks = _blocks(post.content)
    except RecursionError as error:
        raise ValueError("nests its elements too deeply; flatten it") from error
    title = str(meta.get("title") or next((t for k, t, _ in blocks if k == "heading"), path.stem.replace("-", " ")))
    asked = _asked_as(meta.get("asked_as"))
    passages = tuple(replace(p, asked=asked.get(p.heading.casefold(), ())) for p in _passages(blocks))
    if not passages:
        raise ValueError("has no text below its front matter; write the article or remove the file")
    return Article(
        article_id=str(meta.get("id") or relative),
        title=_clean(title),
        section=str(meta.get("section") or Path(relative).parent.as_posix().replace("-", " ")),
        audience=str(meta.get("audience") or "public").lower(),
        plans=_plans(meta.get("plans")),
        updated=_date(meta.get("updated")) or datetime.date.fromtimestamp(path.stat().st_mtime).isoformat(),
        digest=hashlib.sha256(raw).hexdigest(),
        passages=passages,
    )


def _asked_as(value: object) -> dict[str, tuple[str, ...]]:
    """The front matter's ``asked_as``: heading -> phrasings, "" for the part before the first heading."""
    if not isinstance(value, dict):
        return {}
    return {_clean(str(head)).casefold(): tuple(map(str, lines)) for head, lines in value.items() if isinstance(lines, list)}


def _plans(value: object) -> tuple[str, ...]:
    """The front matter's ``plans``, a list or a single one."""
    return tuple(map(str, value)) if isinstance(value, list) else (str(value),) if value else ()


def _date(value: object) -> str:
    if isinstance(value, datetime.datetime):
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, datetime.date) else str(value or "")


Block = tuple[str, str, int | None]  # kind ("heading", "sentence", "step", "row", "code"), text, step number


def _blocks(markdown: str) -> list[Block]:
    """Flatten Markdown, raw HTML included, into headings and units in reading order."""
    soup = BeautifulSoup(_MARKDOWN.render(markdown), "html.parser")
    for hidden in soup(["script", "style", "template"]):
        hidden.decompose()
    for line_end in soup("br"):
        line_end.replace_with("\n")
    for part in soup.select("td p, td li, td div, li p, li div"):
        part.append("\n")
    blocks: list[Block] = []
    _walk(soup, blocks)
    return blocks


_CONTAINERS = {"div", "section", "article", "blockquote", "details", "center", "main", "body", "html", "ul", "tbody", "dl", "figure"}


_INLINE = {"a", "abbr", "b", "cite", "code", "del", "em", "i", "ins", "kbd", "mark", "q", "s", "small", "span", "strong", "sub", "sup", "u"}


def _walk(node: Tag, blocks: list[Block]) -> None:
    running = ""  # text and inline elements that stand side by side make one text
    for child in node.children:
        if isinstance(child, NavigableString):
            running += str(child) if type(child) is NavigableString else ""
        elif isinstance(child, Tag) and child.name in _INLINE:
            running += child.get_text()
        elif isinstance(child, Tag):
            _sentences(running, blocks)
            running = ""
            _walk_tag(child, blocks)
    _sentences(running, blocks)


def _walk_tag(tag: Tag, blocks: list[Block]) -> None:
    name = tag.name
    if re.fullmatch(r"h[1-6]", name):
        blocks.append(("heading", _clean(tag.get_text()), None))
    elif name == "ol":
        start = str(tag.get("start") or "1")
        for number, item in enumerate(tag.find_all("li", recursive=False), int(start) if start.isdigit() else 1):
            _list_item(item, blocks, number)
    elif name == "li":
        _list_item(tag, blocks, None)
    elif name == "table":
        _table(tag, blocks)
    elif name == "pre":
        blocks.append(("code", _clean(tag.get_text()), None))
    elif name in _CONTAINERS:
        _walk(tag, blocks)
    else:
        _sentences(tag.get_text(" " if name == "summary" else ""), blocks)


def _list_item(item: Tag, blocks: list[Block], step: int | None) -> None:
    nested = [child.extract() for child in item.find_all(["ul", "ol", "table", "pre"], recursive=False)]
    text = _clean(item.get_text())
    if text and step:
        blocks.append(("step", text, step))
    elif text:
        _sentences(text, blocks)
    for child in nested:
        if isinstance(child, Tag):
            _walk_tag(child, blocks) if child.name != "ol" else _walk(child, blocks)


def _table(table: Tag, blocks: list[Block]) -> None:
    rows = [[_clean(cell.get_text()) for cell in row.find_all(["th", "td"])] for row in table.find_all("tr")]
    rows = [row for row in rows if any(row)]
    if len(rows) < 2:
        for row in rows:
            _sentences(". ".join(row), blocks)
        return
    head, body = rows[0], rows[1:]
    for row in body:
        if len(row) == 2:
            said = row[1]
        else:
            said = "; ".join(
                f"{name}: {value.rstrip('.')}" if name else value for name, value in zip(head[1:], row[1:], strict=False) if value
            )
        blocks.append(("row", f"{row[0]}: {said}".rstrip(":. ") + ".", None))


def _sentences(text: str, blocks: list[Block]) -> None:
    for sentence in segment("en", _clean(text)):
        if cleaned := _clean(sentence):
            blocks.append(("sentence", cleaned, None))


def _clean(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _coming_steps(blocks: list[Block]) -> list[int]:
    """For each block the number of the step that it is, or that comes next under its heading; 0 where none comes."""
    coming = 0
    numbers = []
    for kind, _, step in reversed(blocks):
        coming = 0 if kind == "heading" else step or coming
        numbers.append(coming)
    return numbers[::-1]


def _passages(blocks: list[Block]) -> list[Passage]:
    passages: list[Passage] = []
    heading, units = "", list[Unit]()

    def close() -> None:
        if units:
            passages.append(Passage(heading, tuple(units)))
            units.clear()

    for (kind, text, step), coming in zip(blocks, _coming_steps(blocks), strict=True):
        if kind == "heading":
            close()
            heading = text
            continue
        if re.match(r"(?i)related( articles)?:", text):
            continue
        words = sum(len(unit.text.split()) for unit in units)
        inside_steps = coming > 1 and any(unit.step for unit in units)
        if words + len(text.split()) > PASSAGE_WORDS and not inside_steps:
            close()
        units.append(Unit(text, kind, step))  # type: ignore[arg-type]  # kind is a UnitKind once headings are gone
    close()
    return passages
