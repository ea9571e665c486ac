"""Markdown and HTML read as a person sees them: a page's blocks in reading order, without what is no text."""

import re
from itertools import takewhile

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString
from markdown_it import MarkdownIt
from mdit_py_plugins.admon import admon_plugin
from mdit_py_plugins.container import container_plugin
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote import footnote_plugin

from knowledge_base.blocks import LINE, Block, clean, joined, words
from knowledge_base.dressing import undress
from knowledge_base.tables import table_blocks

_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6", "summary"}
_BLOCKS = _HEADINGS | set(
    "address article aside blockquote body center dd details dialog dir div dl dt fieldset figcaption figure footer form"
    " header hgroup hr html legend li main menu nav ol p pre search section table tbody td tfoot th thead tr ul".split()
)
_ELEMENTS = _BLOCKS | set(
    "a abbr acronym annotation applet area audio b base basefont bdi bdo big br button canvas caption cite code col colgroup"
    " command data datalist del dfn em embed font frame frameset head i iframe image img input ins kbd keygen label link map"
    " mark marquee math meta meter nobr noframes noscript object optgroup option output param picture plaintext portal"
    " progress q rb rp rt rtc ruby s samp script select slot small source span strike strong style sub sup svg template"
    " textarea time title track tt u var video wbr xmp".split()
)
_TAG = re.compile(r"<([A-Za-z][\w.:/+-]*)((?: [\w.+-]+)*) ?>")
_CLOSING = re.compile(r"</([A-Za-z][\w.:-]*)")
_TURNS = re.compile(
    r"(?i)\b(?:not|never|no|none|nothing|cannot|without|except|exceptions?|excluded|exclusions?|excludes?|forbidden|prohibited|banned)\b"
    r"|n['’]t\b"
)
_LEAD_WORDS = 20
"""Words at most of what leads to a list and is said with each of its items."""


def _callout(_: object, tokens: list, index: int, *__: object) -> str:
    """A ``:::note Title`` block; only a title of its own is shown."""
    token = tokens[index]
    kind, _, title = token.info.strip().strip("{}").partition(" ")
    label = title.strip("[]{} ") or kind.strip("{}").capitalize()
    return f'<div><p class="admonition-title">{label}</p>' if token.nesting == 1 else "</div>"


_MARKDOWN = (
    MarkdownIt("commonmark", {"html": True, "maxNesting": 100})
    .enable(["table", "strikethrough"])
    .use(footnote_plugin)
    .use(deflist_plugin)
    .use(admon_plugin)
    .use(container_plugin, name="callout", validate=lambda *_: True, render=_callout)
)


def markdown_blocks(markdown: str) -> list[Block]:
    """Markdown, the raw HTML inside it included, as blocks.

    Raises:
        ValueError: its elements are nested too deeply.
    """
    return html_blocks(_MARKDOWN.render(markdown))


def html_blocks(html: str) -> list[Block]:
    """HTML as blocks.

    Raises:
        ValueError: its elements are nested too deeply.
    """
    return tree_blocks(parse(html))


def parse(html: str) -> BeautifulSoup:
    """The tree of an HTML text; ``<name>`` that is no element of HTML and never closed is a placeholder and stays text."""
    closed = {name.lower() for name in _CLOSING.findall(html)}

    def spoken(match: re.Match[str]) -> str:
        name = match[1].lower().removesuffix("/")  # XML closes an element that holds nothing in its own tag
        return match[0] if name in _ELEMENTS or name in closed else f"&lt;{match[1]}{match[2]}&gt;"

    return BeautifulSoup(_TAG.sub(spoken, html.replace("\0", "")), "lxml")


def tree_blocks(root: Tag) -> list[Block]:
    """A parsed page, or a part of it, as blocks; the tree is changed.

    Raises:
        ValueError: its elements are nested too deeply.
    """
    undress(root)
    holding: set[int] = set()  # elements with a block inside
    for tag in root.descendants:
        for parent in tag.parents if isinstance(tag, Tag) and tag.name in _BLOCKS else ():
            if id(parent) in holding:
                break
            holding.add(id(parent))
    blocks: list[Block] = []
    try:
        _walk(root, blocks, holding)
    except RecursionError as error:
        raise ValueError("nests its elements too deeply; flatten it") from error
    return [block._replace(kind="text") if block.kind == "item" else block for block in blocks]


def _walk(node: Tag, blocks: list[Block], holding: set[int], listed: bool = False, numbered: bool = False) -> None:
    """Read what an element holds; ``listed`` inside a list, table or callout, ``numbered`` inside numbered steps."""
    running: list[str] = []  # text and inline elements that stand side by side make one text

    def flush() -> None:
        if clean("".join(running)):
            blocks.append(Block("text", "".join(running)))
        running.clear()

    for child in node.children:
        if type(child) is NavigableString:
            running.append(str(child))
        elif isinstance(child, Tag) and child.name not in _BLOCKS and id(child) not in holding:
            running.append(child.get_text())
        elif isinstance(child, Tag):
            flush()
            _block(child, blocks, holding, listed, numbered)
    flush()


def _block(tag: Tag, blocks: list[Block], holding: set[int], listed: bool, numbered: bool) -> None:
    if tag.name in _HEADINGS:
        text = tag.get_text()
        blocks += [Block("text" if listed else "heading", text)] if clean(text) else []
    elif tag.name in {"ol", "ul", "menu", "dir"}:
        _list(tag, blocks, holding, numbered)
    elif tag.name == "li":
        _item(tag, None, blocks, holding, numbered)
    elif tag.name == "table":
        blocks += table_blocks(tag, lambda cell: _cell(cell, holding, numbered))
    elif tag.name == "pre":
        blocks.append(Block("code", tag.get_text().replace(LINE, "\n")))
    elif tag.name == "dl":
        _definitions(tag, blocks, holding, numbered)
    elif tag.name == "blockquote":
        inside = _inside(tag, holding, numbered)
        blocks += (block._replace(kind="item") if block.kind == "text" and listed else block for block in inside)
    elif tag.name == "p" and not listed and _is_question(tag):
        blocks.append(Block("heading", tag.get_text()))
    else:
        _walk(tag, blocks, holding, listed, numbered)


def _inside(tag: Tag, holding: set[int], numbered: bool) -> list[Block]:
    inside: list[Block] = []
    _walk(tag, inside, holding, listed=True, numbered=numbered)
    return inside


def _cell(cell: Tag, holding: set[int], numbered: bool) -> list[Block]:
    """What a table's cell holds; headings are such only where they have text below them."""
    inside: list[Block] = []
    _walk(cell, inside, holding, numbered=numbered)
    sections = len(inside) > 1 and cell.name == "td"
    return inside if sections else [block._replace(kind="text") if block.kind == "heading" else block for block in inside]


def _is_question(paragraph: Tag) -> bool:
    """Whether a paragraph is nothing but a question in bold letters, as hand-made lists of questions have for headings."""
    parts = [child for child in paragraph.children if not (type(child) is NavigableString and not child.strip())]
    return (
        len(parts) == 1
        and isinstance(parts[0], Tag)
        and parts[0].name in {"b", "strong"}
        and paragraph.get_text().strip().endswith(("?", "？", "؟"))
    )


def _list(tag: Tag, blocks: list[Block], holding: set[int], numbered: bool) -> None:
    start = str(tag.get("start") or "1")
    number = int(start) if start.isdigit() else 1
    lead, first = _turned_round(blocks), len(blocks)
    for child in tag.find_all(True, recursive=False):
        if child.name != "li":
            _block(child, blocks, holding, listed=True, numbered=True if tag.name == "ol" else numbered)
        elif tag.name == "ol" and not numbered:
            value = str(child.get("value") or "")
            number = int(value) if value.isdigit() else number
            _item(child, number, blocks, holding, numbered=True)
            number += 1
        else:
            _item(child, None, blocks, holding, numbered)
    if lead:
        blocks[first:] = [_after(lead, block) for block in blocks[first:]]


def _turned_round(blocks: list[Block]) -> str:
    """What stands right before a list, where its items would be taken for the opposite without it: "Not covered", "We never ask for:"."""
    text = clean(blocks[-1].text.split(LINE)[-1]) if blocks and blocks[-1].kind in {"heading", "text"} else ""
    leads = blocks and (blocks[-1].kind == "heading" or text.endswith(":")) and not text.endswith("?")
    return text.rstrip(": ") if leads and _TURNS.search(text) and words(text) <= _LEAD_WORDS else ""


def _after(lead: str, item: Block) -> Block:
    """An item after what leads to it, unless it is a sentence of its own."""
    whole = item.kind != "item" or clean(item.text).endswith((".", "!", "?", ":"))
    return item if whole else item._replace(text=f"{lead}: {item.text}")


def _item(item: Tag, step: int | None, blocks: list[Block], holding: set[int], numbered: bool) -> None:
    """A list's item: what stands before its first list, table, code or callout is one step or bullet."""
    inside = _inside(item, holding, numbered)
    lead = list(takewhile(lambda block: block.kind == "text", inside))
    if step is None:
        blocks += [Block("item", (LINE + LINE).join(block.text for block in lead))] if lead else []
    elif lead:
        blocks.append(Block("step", joined(line for block in lead for line in block.text.split(LINE)), step))
    elif inside:
        lead = inside[:1]
        blocks.append(Block("code" if lead[0].kind == "code" else "step", lead[0].text, step))
    blocks += inside[len(lead) :]


def _definitions(tag: Tag, blocks: list[Block], holding: set[int], numbered: bool) -> None:
    """A list of definitions, each read like a row of a table with two columns."""
    term = ""
    for child in tag.find_all(["dt", "dd"]):
        inside = _inside(child, holding, numbered)
        if child.name == "dt":
            term = joined(block.text for block in inside)
        elif all(block.kind in {"text", "item"} for block in inside) and term and inside:
            meaning = joined(line for block in inside for line in block.text.split(LINE))
            blocks.append(Block("row", f"{term.rstrip(': ')}: {meaning.rstrip(':. ')}."))
        else:
            blocks += inside
