"""A printed page's lines and tables, put into reading order by where they stand."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import groupby, pairwise, takewhile
from operator import attrgetter
from statistics import median
from typing import Any, NamedTuple

from pdfplumber.page import Page
from pdfplumber.table import Table

_BOLD = ("bold", "black", "heavy", "semibold", "demi", "cmbx")
_MONO = ("mono", "courier", "consol", "menlo", "cmtt", "typewriter")
_NO_CHARACTER = re.compile(r"\(cid:\d+\)")  # a glyph that the font gives no character for
_NUMBER = re.compile(r"^([.)])(\d+)$")  # a list's number where text is written from the right
_GUTTERS = 60
_TABLE_LINES = 200
_BEYOND = 1e5  # a place right of every page
Word = dict[str, Any]


class Line(NamedTuple):
    """A line, or the part of it that stands in one column; places in points from the page's top left corner.

    ``words`` are its parts as (x0, x1, text), ``edge`` is where its column ends on the right, ``height`` the page's height.
    """

    text: str
    x0: float
    x1: float
    top: float
    bottom: float
    size: float
    bold: bool
    mono: bool
    page: int
    height: float
    words: tuple[tuple[float, float, str], ...]
    edge: float = 0


class Rows(NamedTuple):
    """A table's cells; ``head`` says that the first row names the columns."""

    rows: list[list[str]]
    x0: float
    x1: float
    top: float
    bottom: float
    page: int
    head: bool


Printed = Line | Rows


def page_content(page: Page) -> list[Printed]:
    """A page's lines and tables as they are read: from the top down, column after column.

    Args:
        page: text that does not stand upright, such as a watermark, is left out.
    """
    page = page.dedupe_chars().filter(lambda part: part.get("upright", True))
    tables = [table for table in page.find_tables() if sum(any(row) for row in table.extract()) > 1 and len(table.columns) > 1]
    words = page.extract_words(x_tolerance_ratio=0.2, return_chars=True)
    free = [word for word in words if not any(_within(word, table) for table in tables)]
    lines = [_line(segment, page) for segment in _segments(free)]
    ordered = _in_columns([*lines, *(_ruled(table, page) for table in tables)])
    return list(_unruled(ordered))


def _within(word: Word, table: Table) -> bool:
    x0, top, x1, bottom = table.bbox
    return bool(x0 <= (word["x0"] + word["x1"]) / 2 <= x1 and top <= (word["top"] + word["bottom"]) / 2 <= bottom)


def _segments(words: list[Word]) -> list[list[Word]]:
    """Words that stand side by side with no wider gap than a space's; a list's mark stays with its text."""
    segments: list[list[Word]] = []
    for word in sorted(words, key=lambda word: word["x0"]):
        height = word["bottom"] - word["top"]
        best: list[Word] | None = None
        for segment in segments:
            last = segment[-1]
            shared = min(last["bottom"], word["bottom"]) - max(last["top"], word["top"])
            marks = len(segment) == 1 and len(last["text"]) <= 3 and not last["text"].isalpha()
            near = -height < word["x0"] - last["x1"] < height * (4 if marks else 1.5)
            if near and shared > 0.5 * min(height, last["bottom"] - last["top"]) and (best is None or last["x1"] > best[-1]["x1"]):
                best = segment
        if best is None:
            segments.append([word])
        else:
            best.append(word)
    return segments


def _line(words: list[Word], page: Page) -> Line:
    chars = [char for word in words for char in word["chars"]]
    fonts = [str(char["fontname"]).lower() for char in chars]
    size = median(round(char["size"] * 2) / 2 for char in chars)
    texts = [_NO_CHARACTER.sub("", unicodedata.normalize("NFKC", word["text"])) for word in words]
    if sum(map(_is_rtl, "".join(texts))) * 2 > len("".join(texts)):
        texts = [
            _reversed(word) if any(map(_is_rtl, text)) else _NUMBER.sub(r"\2\1", text) for word, text in zip(words, texts, strict=True)
        ][::-1]
    return Line(
        text=" ".join(texts),
        x0=words[0]["x0"],
        x1=words[-1]["x1"],
        top=min(word["top"] for word in words),
        bottom=max(word["bottom"] for word in words),
        size=size,
        bold=all(any(mark in font for mark in _BOLD) for font in fonts),
        mono=all(any(mark in font for mark in _MONO) for font in fonts),
        page=page.page_number - 1,
        height=float(page.height),
        words=tuple((word["x0"], word["x1"], unicodedata.normalize("NFKC", word["text"])) for word in words),
    )


def _reversed(word: Word) -> str:
    """A word that is written from the right, whose letters were printed from the left."""
    return unicodedata.normalize("NFKC", "".join(str(char["text"]) for char in reversed(word["chars"])))


def _is_rtl(character: str) -> bool:
    return unicodedata.bidirectional(character) in {"R", "AL"}


def _in_columns(items: list[Printed]) -> list[Printed]:
    """Lines and tables in reading order, where the page has two columns the left one first."""
    if not items:
        return []
    left, right = min(item.x0 for item in items), max(item.x1 for item in items)
    places = [left + (right - left) * (0.3 + 0.4 * step / _GUTTERS) for step in range(_GUTTERS + 1)]
    gutter = max(places, key=lambda x: sum(map(len, _bands(items, x, left, right))))
    bands = _bands(items, gutter, left, right)
    in_bands = {id(item) for band in bands for item in band}
    ordered: list[Printed] = []
    for band in sorted(
        [*bands, *([item] for item in items if id(item) not in in_bands)], key=lambda band: (round(band[0].top), band[0].x0)
    ):
        two = len(band) > 1
        for column in ([item for item in band if not two or item.x1 <= gutter], [item for item in band if two and item.x1 > gutter]):
            edge = max((item.x1 for item in column), default=0) if two else right
            ends = (item._replace(edge=edge) if isinstance(item, Line) else item for item in column)
            ordered += sorted(ends, key=lambda item: (round(item.top), item.x0))
    return ordered


def _bands(items: list[Printed], x: float, left: float, right: float) -> list[list[Printed]]:
    """Stretches of the page that are set in two columns of equal width with the gutter at ``x``, and nothing across it."""
    bands = []
    for across, group in groupby(sorted(items, key=attrgetter("top")), key=lambda item: item.x0 < x < item.x1):
        band = list(group)
        first, second = [item for item in band if item.x1 <= x], [item for item in band if item.x0 >= x]
        if across or min(len(first), len(second)) < 2 or max(len(first), len(second)) < 6:
            continue
        wide = max(item.x1 for item in first) - left, right - min(item.x0 for item in second)
        if abs(wide[0] - wide[1]) > 0.1 * sum(wide) or _filled(first) < 0.8 * wide[0] or _filled(second) < 0.7 * wide[1]:
            continue
        if not _breaks(first) == _breaks(second) == _breaks(band) > 1:  # else they are the rows of a table
            bands.append(band)
    return bands


def _filled(items: list[Printed]) -> float:
    """How wide the wider ones are."""
    return sorted(item.x1 - item.x0 for item in items)[len(items) * 3 // 4]


def _breaks(items: list[Printed]) -> int:
    """How often there is more room below than there is at least, by a quarter of a line's height."""
    rooms = []
    bottom = items[0].bottom
    for item in items[1:]:
        if item.top > bottom - 1:
            rooms.append((item.top - bottom) / (item.bottom - item.top))
        bottom = max(bottom, item.bottom)
    return sum(room > min(rooms) + 0.25 for room in rooms)


def _ruled(table: Table, page: Page) -> Rows:
    """A table with lines around its cells; what is merged downwards is repeated."""
    rows: list[list[str]] = []
    for row in table.extract(x_tolerance_ratio=0.2):
        above = rows[-1] if rows else []
        rows.append([cell if cell is not None else (above[at] if at == 0 and above else "") for at, cell in enumerate(row)])
    fonts = [str(char["fontname"]).lower() for char in page.crop(table.rows[0].bbox, strict=False).chars if char["text"].strip()]
    head = bool(fonts) and all(any(mark in font for mark in _BOLD) for font in fonts)
    x0, top, x1, bottom = table.bbox
    return Rows(rows, x0, x1, top, bottom, page.page_number - 1, head)


Gap = tuple[float, float]


def _unruled(items: list[Printed]) -> Iterator[Printed]:
    """Turn lines whose words leave the same gaps free, one below the other, into the rows of a table."""
    at = 0
    while at < len(items):
        run, gaps = _run(items, at)
        if gaps:
            yield _rows(run, gaps)
            at += len(run)
        else:
            yield items[at]
            at += 1


def _run(items: list[Printed], at: int) -> tuple[list[Line], list[Gap]]:
    """The longest run of lines from here that reads like a table, and the gaps between its columns; none where it is none."""
    run: list[Line] = []
    best: tuple[list[Line], list[Gap]] = [], []
    gaps: list[Gap] = []
    for line in _physical(items, at):
        if run and (line[0].top - run[-1].bottom > 2 * line[0].size or line[0].page != run[-1].page):
            break
        free = _free(line)
        gaps = _common(gaps, free) if run else free
        run += line
        inner = [gap for gap in gaps if _is_column(gap, run)]
        if (best[1] and not inner) or not any(gap[0] and gap[1] < _BEYOND for gap in gaps):
            break
        wrapped = bool(best[1]) and line[0].x0 >= best[1][0][1] - 1  # only the columns on the right go on in this line
        if wrapped or any(_parts(gap, line) for gap in inner):
            best = list(run), inner
    return best


def _physical(items: list[Printed], at: int) -> Iterator[list[Line]]:
    """Lines side by side as one, from a place on and as far as nothing else comes between them."""
    coming = takewhile(lambda item: isinstance(item, Line) and not item.mono, items[at : at + _TABLE_LINES])
    return _same_top(item for item in coming if isinstance(item, Line))


def _words(lines: list[Line]) -> list[tuple[float, float, str]]:
    return sorted(word for line in lines for word in line.words)


def _free(line: list[Line]) -> list[Gap]:
    """Where a line leaves room: before it, after it, and between words that stand wide apart."""
    spoken = _words(line)
    between = [(before[1], after[0]) for before, after in pairwise(spoken)]
    return [(0.0, spoken[0][0]), *(gap for gap in between if gap[1] - gap[0] > 0.9 * line[0].size), (spoken[-1][1], _BEYOND)]


def _common(gaps: list[Gap], others: list[Gap]) -> list[Gap]:
    both = ((max(gap[0], other[0]), min(gap[1], other[1])) for gap in gaps for other in others)
    return sorted({gap for gap in both if gap[1] - gap[0] > 4})


def _parts(gap: Gap, line: list[Line]) -> bool:
    """Whether a line has words on both sides of a gap, more on the left than a list's mark."""
    left = "".join(text for _, x1, text in _words(line) if x1 <= gap[0] + 1)
    return (len(left) > 3 or left.isalpha()) and any(x0 >= gap[1] - 1 for x0, _, _ in _words(line))


def _is_column(gap: Gap, run: list[Line]) -> bool:
    wide = gap[1] - gap[0] > 0.9 * run[0].size
    return wide and sum(_parts(gap, line) for line in _same_top(run)) > 2


def _rows(run: list[Line], gaps: list[Gap]) -> Rows:
    """The lines of a table by columns; a row begins after more room than lines have, else where the first column has text."""
    printed = list(_same_top(run))
    spaces = [0.0]
    for above, below in pairwise(printed):
        spaces.append(min(line.top for line in below) - max(line.bottom for line in above))
    between = (min(spaces[1:]) + max(spaces[1:])) / 2
    tight = max(spaces[1:]) - min(spaces[1:]) < 0.2 * run[0].size
    rows: list[list[str]] = []
    for number, lines in enumerate(printed):
        cells = [""] * (len(gaps) + 1)
        for x0, _, text in _words(lines):
            column = sum(x0 >= gap[1] - 1 for gap in gaps)
            cells[column] = f"{cells[column]} {text}".strip()
        if number == 0 or (cells[0] if tight else spaces[number] > between):
            rows.append(cells)
        else:
            rows[-1] = [f"{above}\n{below}".strip() for above, below in zip(rows[-1], cells, strict=True)]
    x0, x1 = min(line.x0 for line in run), max(line.x1 for line in run)
    return Rows(rows, x0, x1, run[0].top, run[-1].bottom, run[0].page, all(line.bold for line in printed[0]))


def _same_top(lines: Iterable[Line]) -> Iterator[list[Line]]:
    group: list[Line] = []
    for line in lines:
        if group and (abs(line.top - group[0].top) >= 3 or line.page != group[0].page):
            yield group
            group = []
        group.append(line)
    if group:
        yield group
