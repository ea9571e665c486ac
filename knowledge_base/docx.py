"""DOCX files: Word's styles, lists and tables as blocks, with the numbers that Word shows."""

import re
import zipfile
from collections import defaultdict
from collections.abc import Callable
from io import BytesIO
from typing import Any

import mammoth
from bs4 import BeautifulSoup
from lxml import etree

from knowledge_base.blocks import Block, clean
from knowledge_base.markup import parse, tree_blocks

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_STYLES = """
p[style-name='Title'] => h1:fresh
p[style-name='Subtitle'] => p:fresh
p[style-name='Code'] => pre:separator('\\n')
p[style-name='Source Code'] => pre:separator('\\n')
p[style-name='HTML Preformatted'] => pre:separator('\\n')
"""
_MOST_BYTES = 200_000_000  # unpacked; no article's text comes near
_CORE = {"title": "title", "category": "section", "language": "language", "modified": "updated"}


def docx_blocks(raw: bytes) -> tuple[dict[str, str], list[Block]]:
    """What a DOCX file says of itself (``title``, ``section``, ``language``, ``updated``), and its text as blocks.

    Raises:
        ValueError: it is locked, damaged or another kind of file.
    """
    if raw.startswith(b"\xd0\xcf\x11\xe0"):
        raise ValueError("is locked with a password or in Word's old format; save a copy as .docx without a password")
    try:
        with zipfile.ZipFile(BytesIO(raw)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) <= _MOST_BYTES:
                return _read(archive, raw)
    except Exception as error:  # a damaged file can break any part of the parsers
        reason = clean(str(error))[:80] or type(error).__name__
        raise ValueError(f"cannot be read as a DOCX file ({reason}); save it again") from error
    raise ValueError("unpacks to more than 200 MB; split it")


def _read(archive: zipfile.ZipFile, raw: bytes) -> tuple[dict[str, str], list[Block]]:
    parts = {name: _xml(archive, name) for name in ("word/document.xml", "word/styles.xml", "word/numbering.xml", "docProps/core.xml")}
    html = mammoth.convert_to_html(
        BytesIO(raw), style_map=_STYLES, ignore_empty_paragraphs=False, convert_image=mammoth.images.img_element(lambda _: {})
    ).value
    tree = parse(html)
    _number(tree, parts)
    return _core(parts["docProps/core.xml"]), tree_blocks(tree)


def _xml(archive: zipfile.ZipFile, name: str) -> Any:
    if name not in archive.namelist():
        return etree.Element("none")
    return etree.fromstring(archive.read(name), etree.XMLParser(resolve_entities=False, no_network=True))


def _core(core: Any) -> dict[str, str]:
    told = {etree.QName(part).localname: clean(part.text or "") for part in core}
    return {name: told.get(written, "")[: 10 if name == "updated" else None] for written, name in _CORE.items()}


def _number(tree: BeautifulSoup, parts: dict[str, Any]) -> None:
    """Give each list's item the number that Word shows, which goes on after a paragraph that comes between."""
    items = tree.find_all("li")
    numbers = _numbers(parts["word/document.xml"], parts["word/styles.xml"], parts["word/numbering.xml"])
    if len(items) == len(numbers):
        for item, number in zip(items, numbers, strict=True):
            item["value"] = str(number)


def _numbers(document: Any, styles: Any, numbering: Any) -> list[int]:
    """The running number of each paragraph that stands in a list, in the document's order."""
    style_of = {style.get(_W + "styleId"): style for style in styles.iter(_W + "style")}
    abstract = {num.get(_W + "numId"): _value(num, "abstractNumId") for num in numbering.iter(_W + "num")}
    starts = {
        (kind.get(_W + "abstractNumId"), level.get(_W + "ilvl")): int(_value(level, "start") or 1)
        for kind in numbering.iter(_W + "abstractNum")
        for level in kind.iter(_W + "lvl")
    }
    restarts = {
        (num.get(_W + "numId"), level.get(_W + "ilvl")): int(_value(level, "startOverride") or 1)
        for num in numbering.iter(_W + "num")
        for level in num.iter(_W + "lvlOverride")
        if level.find(_W + "startOverride") is not None
    }
    counts: dict[str, dict[int, int]] = defaultdict(dict)
    numbers = []
    for paragraph in document.iter(_W + "p"):
        list_id, level = _list_of(paragraph, style_of.get)
        kind = abstract.get(list_id)
        if kind is None or level is None:
            continue
        count = counts[kind]
        restart = restarts.pop((list_id, level), None)
        depth = int(level)
        count[depth] = restart if restart is not None else count.get(depth, starts.get((kind, level), 1) - 1) + 1
        for deeper in [other for other in count if other > depth]:
            del count[deeper]
        numbers.append(count[depth])
    return numbers


def _list_of(paragraph: Any, style: Callable[[str | None], Any]) -> tuple[str | None, str | None]:
    """The list's id and the level of a paragraph, its own or its style's; none for a heading, which is no list's item."""
    name = _value(paragraph, "pPr/pStyle")
    list_id, level = _value(paragraph, "pPr/numPr/numId"), _value(paragraph, "pPr/numPr/ilvl")
    for _ in range(10):  # a style may be based on another
        above = style(name)
        if above is None:
            break
        if re.match(r"(?i)heading|title", _value(above, "name") or ""):
            return None, None
        list_id = list_id or _value(above, "pPr/numPr/numId")
        level = level or _value(above, "pPr/numPr/ilvl")
        name = _value(above, "basedOn")
    return list_id, (level or "0") if list_id else None


def _value(element: Any, path: str) -> str | None:
    found = element.find("/".join(_W + step for step in path.split("/")))
    return None if found is None else found.get(_W + "val")
