"""What an HTML tree holds beside its text, taken out or put into words before the tree is read."""

import re
from collections.abc import Iterable

from bs4 import Tag
from bs4.element import NavigableString
from rich.emoji import Emoji

from knowledge_base.blocks import LINE, clean, words

_NO_TEXT = set(
    "script style template noscript head nav iframe video audio object embed canvas svg input select textarea datalist"
    " rt rp annotation del s strike".split()
)
_NO_TEXT_CLASSES = {"sr-only", "visually-hidden", "headerlink", "footnote-backref"}
_HIDDEN = re.compile(r"display\s*:\s*none")
_TEMPLATE = re.compile(r"\{%.*?%\}|<%.*?%>", re.DOTALL)
_VARIABLE = re.compile(r"""\{\{-?\s*([\w.]+)\s*(?:\|[^}]*?["']([^"'}]*)["'])?[^}]*\}\}""")
_ATTRIBUTES = re.compile(r"\s*\{:?\s*[#.][A-Za-z_][^{}\n]*\}|\s*\{:\s*[^{}\n]*\}")
_SHORTCODE = re.compile(r"(?<![\w:/]):[a-z0-9_+-]{2,}:(?![\w:/])")
_TASK = re.compile(r"^\s*\[[ xX]\]\s+")
_STRAY = re.compile(r"(?<!\w)\*{2,}(?=\w)|(?<=\w)\*{2,}(?!\w)|^\*{2,}(?=\s|$)")
_ALERT = re.compile(r"^\s*\[!\s*(\w+)\s*\][+-]?[ \t]*")
_FILE_NAME = re.compile(r"(?i)^(image|img|screenshot|picture|photo|icon|logo|untitled)?[\s\d_-]*$|\.(png|jpe?g|gif|svg|webp)$|^\S{20,}$")
_ALT_WORDS = 6
_ANNOUNCING_WORDS = 5


def undress(root: Tag) -> None:
    """Leave only text in a tree: what is hidden or no text goes; images, breaks, notes, callouts and placeholders become words."""
    for tag in reversed([tag for tag in root.descendants if isinstance(tag, Tag) and _says_nothing(tag)]):
        tag.decompose()  # the inner ones first, for what is decomposed cannot be asked anything
    _strings(root)
    _tasks(_all(root, "li"))
    _contents(reversed(_all(root, "ul", "ol")))
    _galleries(_all(root, "tr"))
    _images(_all(root, "img"))
    for tag in _all(root, "br"):
        tag.replace_with(LINE)
    for tag in _all(root, "sup"):
        power = isinstance(tag.previous_sibling, NavigableString) and tag.previous_sibling[-1:].isdigit()
        if power and tag.get_text().strip().isdigit():
            tag.insert(0, "^")
    for tag in _all(root, "q"):
        tag.insert(0, "\u201c")
        tag.append("\u201d")
    _footnotes(root, _all(root, "a"))
    _callouts(_all(root, "blockquote"))
    for tag in _all(root, "p"):
        if "admonition-title" in tag.get_attribute_list("class"):
            _lead(tag)


def _all(root: Tag, *names: str) -> list[Tag]:
    return [tag for tag in root.descendants if isinstance(tag, Tag) and tag.name in names]


def _says_nothing(tag: Tag) -> bool:
    if tag.name in _NO_TEXT or not _NO_TEXT_CLASSES.isdisjoint(tag.get_attribute_list("class")) or tag.get("aria-hidden") == "true":
        return True
    # a hidden div may be the closed part of an accordion
    return tag.name in {"p", "span"} and _HIDDEN.search(str(tag.get("style") or "")) is not None


def _strings(root: Tag) -> None:
    """Take what is written for programs out of the text that is no code."""
    for text in root.find_all(string=re.compile(r"[{*:%]")):
        if type(text) is not NavigableString or text.find_parent(["code", "pre", "kbd", "samp", "tt"]):
            continue
        before = text.previous_sibling
        said = re.sub(r"^\{[^{}\n]*\}", "", text) if isinstance(before, Tag) and before.name in {"a", "img"} else str(text)
        said = _VARIABLE.sub(_variable, _TEMPLATE.sub("", said))
        said = _STRAY.sub("", _ATTRIBUTES.sub("", said))
        said = _SHORTCODE.sub(lambda match: Emoji.replace(match[0]), said)
        if said != text:
            text.replace_with(said)


def _tasks(items: Iterable[Tag]) -> None:
    """Take the typed boxes of a list of tasks out."""
    for item in items:
        text = item.find(string=True)
        if type(text) is NavigableString and _TASK.match(text):
            text.replace_with(_TASK.sub("", text))


def _variable(match: re.Match[str]) -> str:
    """A placeholder's fallback, or the last part of a dotted name; a plain name stays as it is written."""
    if match[2] is not None:
        return match[2]
    name = match[1].rpartition(".")
    return name[2].replace("_", " ") if name[0] else match[0]


def _contents(lists: Iterable[Tag]) -> None:
    """Take out lists of nothing but links into the same page, and the line that announces them."""
    for tag in lists:
        items = tag.find_all("li")
        links = [item.find_all("a", recursive=False) for item in items]
        if items and all(
            len(found) == 1 and str(found[0].get("href", "")).startswith("#") and _own_text(item) == clean(found[0].get_text())
            for item, found in zip(items, links, strict=True)
        ):
            before = tag.find_previous_sibling()
            if before is not None and before.name == "p" and before.get_text().strip().endswith(":"):
                if words(before.get_text()) > _ANNOUNCING_WORDS:
                    continue  # the list is what the sentence says
                before.decompose()
            tag.decompose()


def _own_text(item: Tag) -> str:
    return clean("".join(child.get_text() for child in item.children if getattr(child, "name", None) not in {"ul", "ol"}))


def _galleries(rows: Iterable[Tag]) -> None:
    """Make tables that only set out images and their captions no tables."""
    for row in rows:
        cells = row.find_all(["td", "th"], recursive=False)
        table = row.find_parent("table")
        if table is not None and cells and not clean(row.get_text()) and all(cell.find("img") for cell in cells):
            for part in table.find_all(["tr", "td", "th"]):
                part.name = "div"
            table.name = "div"


def _images(images: Iterable[Tag]) -> None:
    """Put an image's description where the sentence around it would have a hole; an image on its own says nothing."""
    for image in images:
        alt = clean(str(image.get("alt") or "")).rstrip(".")
        before, after = _line(image, forward=False), _line(image, forward=True)
        beside = f"{before[-40:]} {after[:40]}".casefold()
        behind = next((part for part in image.next_siblings if clean(part.get_text())), None)
        labelled = isinstance(behind, Tag) and behind.name in {"a", "b", "code", "em", "i", "kbd", "strong"}
        named = labelled or any(len(word) > 2 and word.casefold() in beside for word in alt.split())
        quoted = before[-1:] in {'"', "\u201c", "\u2018", "("}
        if alt and (before or after) and words(alt) <= _ALT_WORDS and (quoted or not named) and not _FILE_NAME.search(alt):
            image.replace_with(alt)
        else:
            image.decompose()


def _line(image: Tag, forward: bool) -> str:
    """The text beside an image on its line, as far as its siblings and those of the inline elements around it reach."""
    said = ""
    node: Tag = image
    while node.name in {"img", "a", "em", "i", "b", "strong", "span", "picture"} and node.parent is not None:
        for sibling in node.next_siblings if forward else node.previous_siblings:
            if isinstance(sibling, Tag) and sibling.name in {"br", "p", "div", "ul", "ol", "table", "pre", "figure"}:
                return said.strip()
            text = sibling.get_text() if isinstance(sibling, Tag) else str(sibling)
            head, newline, _ = text.partition("\n") if forward else text.rpartition("\n")[::-1]
            said = said + head if forward else head + said
            if newline or len(said) > 100:
                return said.strip()
        node = node.parent
    return said.strip()


def _footnotes(root: Tag, anchors: Iterable[Tag]) -> None:
    """Put each footnote behind the paragraph that first refers to it, and take the marks out."""
    links = [link for link in anchors if _is_reference(link)]
    notes = {str(tag["id"]): tag for tag in root.find_all(id=True)} if links else {}
    marks: list[Tag] = []
    last: dict[int, Tag] = {}
    for link in links:
        if link.decomposed:
            continue
        note = notes.pop(str(link.get("href", ""))[1:], None)
        marks.append(link.find_parent("sup") or link)
        place = link.find_parent(["p", "li", "dt", "dd", "table", "h1", "h2", "h3", "h4", "h5", "h6"])
        table = link.find_parent("table")
        place = table if table is not None else place
        if (
            note is not None
            and place is not None
            and note.name in {"li", "p", "div", "dd", "aside"}
            and place is not note
            and place not in note.find_all(place.name)
        ):
            for back in note.find_all("a", href=re.compile("^#")):
                back.decompose()
            note.name = "blockquote"
            note.extract()
            if place.name in {"li", "dd"}:
                place.append(note)
            else:
                last.get(id(place), place).insert_after(note)
                last[id(place)] = note
    for mark in marks:  # only now, for one may hold several links
        if not mark.decomposed:
            mark.decompose()


def _is_reference(link: Tag) -> bool:
    inside = str(link.get("href") or "").startswith("#")
    marked = "footnote-ref" in link.get_attribute_list("class") or link.get("role") == "doc-noteref"
    return inside and (marked or link.find_parent("sup") is not None)


def _callouts(quotes: Iterable[Tag]) -> None:
    """Put "Note:" and the like before the callout that it heads."""
    for quote in quotes:
        text = quote.find(string=re.compile(r"\S"))
        match = _ALERT.match(text) if type(text) is NavigableString else None
        if match and text is not None:
            head = quote.find("p")
            alone = head is not None and head.get_text().strip() == match[0].strip()
            text.replace_with(f"{match[1].capitalize()}: {text[match.end() :].lstrip()}")
            if alone and head is not None:
                _lead(head)


def _lead(label: Tag) -> None:
    """Move a label to the start of the paragraph behind it; before anything else it goes."""
    said = clean(label.get_text()).rstrip(": ") + ": "
    behind = label.find_next_sibling()
    if behind is not None and behind.name == "p":
        behind.insert(0, said)
    label.decompose()
