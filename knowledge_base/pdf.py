"""PDF files: printed lines put back together into headings, paragraphs, steps and tables."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from io import BytesIO
from itertools import pairwise
from statistics import median

import pdfplumber
from pdfminer.pdfdocument import PDFPasswordIncorrect
from pdfplumber.utils.exceptions import PdfminerException

from knowledge_base.blocks import LINE, Block, clean, words
from knowledge_base.markup import html_blocks
from knowledge_base.printed import Line, Printed, Rows, page_content

_MARKER = re.compile(r"^(?:[-*•‣▪●○–·\uf0b7]|\d{1,3}[.)]|[a-z][.)])(?:\s|$)")
_PAGE_NUMBER = re.compile(
    r"(?i)^(?:page|seite|página|pagina|p\.)?\s*[-–]?\s*(?:\d{1,4}|[ivxl]{1,6})\s*[-–]?(?:\s*(?:/|of|von|de|di)\s*\d{1,4})?$"
)
_CONTENTS = re.compile(r"(?:\. ?){4,}\s*[\divxlc]{1,5}$")
_NO_TITLE = re.compile(r"(?i)^(microsoft (word|powerpoint) - .*|untitled.*|document\d*|.*\.(docx?|pdf|html?|md|odt|indd|tex))$")
_HYPHENS = "-\u2010\u00ad"
_HEADING_WORDS = 16
_EDGE = 0.12  # the part of a page's height at its top and bottom where headers and footers stand


def pdf_blocks(raw: bytes) -> tuple[dict[str, str], list[Block]]:
    """What a PDF file says of itself (``title``, ``updated``, ``language``), and its text as blocks.

    Headings are told by their size or weight. Headers, footers and page numbers are left out, words that were
    hyphenated at a line's end are whole again, and what goes on over a page's end is one.

    Raises:
        ValueError: it is locked, damaged or holds only pictures of text.
    """
    pages: list[list[Printed]] = []
    try:
        with pdfplumber.open(BytesIO(raw)) as pdf:
            for page in pdf.pages:
                pages.append(page_content(page))
                page.close()  # what was read of it would stay in memory
            told = {str(name): value for name, value in (pdf.metadata or {}).items() if isinstance(value, str)}
            language = pdf.doc.catalog.get("Lang")
    except Exception as error:  # a damaged file can break any part of the parser
        cause = error.args[0] if isinstance(error, PdfminerException) and error.args else error
        if isinstance(cause, PDFPasswordIncorrect):
            raise ValueError("is locked with a password; save a copy without one") from error
        reason = clean(str(cause))[:80] or type(cause).__name__
        raise ValueError(f"cannot be read as a PDF ({reason}); export it again") from error
    items = _without_margins(pages)
    if not items:
        raise ValueError("holds no text, only pictures of it, as scans do; run it through text recognition (OCR) first")
    size = _body_size(items)
    meta = {
        "title": _title(told.get("Title", ""), items, size),
        "updated": _day(told.get("ModDate") or told.get("CreationDate") or ""),
        "language": language.decode("latin-1") if isinstance(language, bytes) else "",
    }
    return meta, list(_blocks(items, size))


def _day(date: str) -> str:
    match = re.match(r"D:(\d{4})(\d\d)(\d\d)", date)
    return "-".join(match.groups()) if match else ""


def _title(told: str, items: Sequence[Printed], size: float) -> str:
    """The title that the file names, else the largest heading of the first page."""
    if clean(told) and not _NO_TITLE.match(clean(told)):
        return clean(told)
    first = [line for line in _lines(items) if line.page == 0 and line.size > size * 1.1]
    largest = max((line.size for line in first), default=0)
    return clean(" ".join(line.text for line in first if line.size == largest))


def _lines(items: Iterable[Printed]) -> Iterator[Line]:
    return (item for item in items if isinstance(item, Line))


def _body_size(items: Sequence[Printed]) -> float:
    sizes = Counter[float]()
    for line in _lines(items):
        sizes[line.size] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 10.0


def _place(line: Line) -> tuple[str, int]:
    return re.sub(r"\d+", "0", line.text), round(line.top / 4)


def _without_margins(pages: Sequence[list[Printed]]) -> list[Printed]:
    """All pages' lines and tables, without page numbers, lines of contents and what stands at the same edge of several pages."""
    edges = [[line for line in _lines(page) if not _EDGE < line.top / line.height < 1 - _EDGE] for page in pages]
    seen = Counter(place for edge in edges for place in set(map(_place, edge)))
    kept: list[Printed] = []
    for page, edge in zip(pages, edges, strict=True):
        margins = {line for line in edge if seen[_place(line)] > 1 or _PAGE_NUMBER.match(line.text) or _apart(line, page)}
        kept += (item for item in page if isinstance(item, Rows) or (item not in margins and not _CONTENTS.search(item.text)))
    return kept


def _apart(line: Line, page: Sequence[Printed]) -> bool:
    """Whether a line at the edge is small or no sentence, and far from the rest, as a header or footer of a single page is."""
    others = [other for other in page if abs(other.top - line.top) > 2]
    sizes = [other.size for other in _lines(others)]
    nearest = min((max(other.top - line.bottom, line.top - other.bottom) for other in others), default=0.0)
    small = bool(sizes) and line.size < 0.9 * median(sizes)
    label = line.top > line.height / 2 and words(line.text) < 8 and line.text[-1] not in ".!?:"
    return (small or label) and nearest > 2 * line.size


def _blocks(items: Sequence[Printed], size: float) -> Iterator[Block]:
    known = set(re.findall(r"\w+(?:-\w+)+", " ".join(line.text for line in _lines(items))))
    tight = _pitch(items, size)
    group: list[Line] = []
    table: list[list[str]] = []
    last: Rows | None = None
    for item in items:
        if isinstance(item, Line):
            yield from _table(table, last, known)
            table, last = [], None
            if group and not _same_paragraph(group, item, tight):
                yield _block(group, size, known)
                group = []
            group.append(item)
            continue
        if group:
            yield _block(group, size, known)
            group = []
        if last is not None and item.page > last.page and len(item.rows[0]) == len(table[0]):
            table += item.rows[1:] if item.rows[0] == table[0] else item.rows
            last = item._replace(head=last.head)
            continue
        yield from _table(table, last, known)
        table, last = list(item.rows), item
    yield from _table(table, last, known)
    if group:
        yield _block(group, size, known)


def _pitch(items: Sequence[Printed], size: float) -> float:
    """How far the lines of a paragraph stand apart, as a multiple of their size."""
    steps = Counter[float]()
    for above, below in pairwise(items):
        if (
            isinstance(above, Line)
            and isinstance(below, Line)
            and above.size == below.size == size
            and 0.9 * size < below.top - above.top < 3 * size
        ):
            steps[round((below.top - above.top) / size, 1)] += 1
    often = [step for step, count in steps.items() if count >= max(steps.values()) / 3]
    return min(often, default=1.4)


def _same_paragraph(group: Sequence[Line], line: Line, tight: float) -> bool:
    """Whether a line goes on with the paragraph of the lines before it."""
    above = group[-1]
    small = line.text[:1].islower()
    if line.mono != above.mono or abs(line.size - above.size) > 0.6 or _MARKER.match(line.text):
        return line.mono and above.mono and line.page == above.page
    if line.page != above.page or line.top < above.top:
        return above.text[-1:] in _HYPHENS or (small and above.text[-1:] not in ".!?:")
    if line.top - above.top > max(tight, 1.0) * 1.25 * line.size and not line.mono:
        return False
    if line.bold != above.bold and not small:
        return False
    indent = 0.8 * line.size
    listed = _MARKER.match(group[0].text) is not None
    if line.x0 > above.x0 + indent:
        return line.mono or (listed and len(group) == 1)
    return line.x0 > above.x0 - indent or len(group) == 1 or line.mono


def _block(group: Sequence[Line], size: float, known: set[str]) -> Block:
    first = group[0]
    if all(line.mono for line in group):
        return Block("code", "\n".join(line.text for line in group))
    text = ""
    for above, line in zip([first, *group], group, strict=False):
        text = _joined(text, line.text, known, LINE if text and _ended_early(above, line) else " ")
    said = clean(text)
    large = first.size > size * 1.12
    bold = all(line.bold for line in group) and said[-1:] not in ".,;:!"
    bullet = _MARKER.match(said) is not None and not said[0].isdigit()
    if (large or bold) and words(said) <= _HEADING_WORDS and not bullet and any(character.isalpha() for character in said):
        return Block("heading", said)
    return Block("text", text)


def _ended_early(above: Line, line: Line) -> bool:
    """Whether the next word would still have stood on the line above, so that somebody ended it there."""
    x0, x1, word = line.words[0]
    return above.x1 + (x1 - x0) + 0.6 * line.size < above.edge and word[0].isalnum() and not word[0].islower() and above.text[-1] != ","


def _joined(text: str, line: str, known: set[str], glue: str) -> str:
    """Two lines as one text, a hyphen at the first one's end taken out unless the word has it elsewhere too."""
    if not text or text[-1] not in _HYPHENS or not text[-2:-1].isalpha() or not line[:1].islower():
        return f"{text}{glue}{line}" if text else line
    before, after = re.search(r"\w*$", text[:-1]), re.match(r"\w*", line)
    whole = f"{before[0] if before else ''}-{after[0] if after else ''}"
    return text[:-1] + ("-" if text[-1] == "-" and whole in known else "") + line


def _table(rows: Sequence[Sequence[str]], last: Rows | None, known: set[str]) -> Iterator[Block]:
    """A table worded like one of HTML."""
    if last is None:
        return
    html = ""
    for number, row in enumerate(rows):
        name = "th" if number == 0 and last.head else "td"
        cells = []
        for cell in row:
            text = ""
            for line in cell.splitlines():
                text = _joined(text, line, known, " ")
            cells.append(f"<{name}>{escape(text)}</{name}>")
        html += f"<tr>{''.join(cells)}</tr>"
    yield from html_blocks(f"<table>{html}</table>")
