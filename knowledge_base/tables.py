"""Tables of HTML worded row by row, so that each row can be read, found and quoted by itself."""

import re
from collections.abc import Callable, Sequence

from bs4 import Tag

from knowledge_base.blocks import LINE, UNIT_WORDS, Block, cut, joined, words

Cell = tuple[Tag, list[Block]]
_LABEL_WORDS = 8
_BARE_WORDS = 2
"""Most words of a figure that does not tell what it is, such as "5" or "2 GB"."""
_FIGURE = re.compile(r"\W{0,3}\d[\d\W]*$")
"""A figure, a range of them or a date without a word or unit, which does not tell of what it is."""
_SAYS_NOTHING = frozenset("value values description meaning detail details answer note notes".split())
"""Names of columns that would not tell it either."""


def table_blocks(table: Tag, read: Callable[[Tag], list[Block]]) -> list[Block]:
    """The rows of a table as blocks, merged cells repeated where they reach.

    A row reads "Name: Column: value; Column: value." with the names of its columns. Where there are two it reads
    "Name: value.", or "Column: name: value." where the value is a bare figure. Where the name is a figure, that of its column
    stands before it. A row whose cells hold steps, headings or lines of code of their own is read cell by cell.

    Args:
        table: the table's element.
        read: what a cell holds.
    """
    own = [row for row in table.find_all("tr") if row.find_parent("table") is table]
    rows = _grid(own, read)
    blocks = [Block("text", caption.get_text()) for caption in table.find_all("caption", recursive=False)]
    names, body = _head(rows)
    for row in body:
        if any(_stands_alone(block) for _, inside in row for block in inside) or len(row) == 1:
            blocks += _cell_by_cell(row, names)
        else:
            blocks += _worded(row, names)
    return blocks


def _grid(rows: Sequence[Tag], read: Callable[[Tag], list[Block]]) -> list[list[Cell]]:
    """The cells that stand in each row, column by column; rows without a word are left out."""
    grid: list[list[Cell]] = []
    reaching: dict[int, tuple[int, Cell]] = {}  # column -> how many more rows a cell from above stands in it, and the cell
    for row in rows:
        cells: list[Cell] = []
        for tag in row.find_all(["td", "th"], recursive=False):
            while len(cells) in reaching:
                cells.append(_taken(reaching, len(cells)))
            cell = (tag, read(tag))
            for _ in range(min(_span(tag, "colspan"), 50)):
                if (more := _span(tag, "rowspan") - 1) > 0:
                    reaching[len(cells)] = (more, cell)
                cells.append(cell)
        while len(cells) in reaching:
            cells.append(_taken(reaching, len(cells)))
        if any(_said(inside) for _, inside in cells):
            if not grid or [id(tag) for tag, _ in cells] != [id(tag) for tag, _ in grid[-1]]:
                grid.append(cells)
        elif cells and all(tag.name == "th" for tag, _ in cells):
            grid.append(cells)  # a head that names nothing is still no row of data
    return grid


def _taken(reaching: dict[int, tuple[int, Cell]], column: int) -> Cell:
    more, cell = reaching.pop(column)
    if more > 1:
        reaching[column] = (more - 1, cell)
    return cell


def _span(tag: Tag, name: str) -> int:
    value = str(tag.get(name) or "1").strip()
    return max(int(value), 1) if value.isdigit() and len(value) < 6 else 1


def _said(blocks: Sequence[Block]) -> str:
    return joined((line for block in blocks for line in block.text.split(LINE)), mark=",")


def _head(rows: list[list[Cell]]) -> tuple[list[str], list[list[Cell]]]:
    """The columns' names, and the rows below them."""
    deep = 0
    while deep < len(rows) and _is_head(rows[deep]):
        deep += 1
    if not deep and _reads_like_a_head(rows):
        deep = 1
    columns = max(map(len, rows), default=0)
    above = [[_said(row[column][1]) for row in rows[:deep] if column < len(row)] for column in range(columns)]
    return [" ".join(dict.fromkeys(filter(None, names))) for names in above], rows[deep:]


def _is_head(row: list[Cell]) -> bool:
    return all(tag.name == "th" or tag.find_parent(["thead", "table"]).name == "thead" for tag, _ in row)  # type: ignore[union-attr]


def _reads_like_a_head(rows: list[list[Cell]]) -> bool:
    """Whether the first row, though marked up like the others, is alone in bold letters, or holds short names, each another one and
    none a number.

    Of two columns the others must then all begin with a figure.
    """
    if len(rows) < 2 or not rows[0]:
        return False
    if _bold(rows[0]) and not all(map(_bold, rows[1:])):
        return True
    names = [_said(inside) for _, inside in rows[0]]
    if len(names) < 3:
        figures = [_FIGURE.match(_said(row[0][1])) for row in rows[1:] if row]
        return len(figures) > 1 and all(figures) and all(name and words(name) <= 3 and not _FIGURE.match(name) for name in names)
    short = all(name and words(name) <= 5 and not any(character.isdigit() for character in name) for name in names[1:])
    return short and len({id(tag) for tag, _ in rows[0]}) == len(set(names)) > 1


def _bold(row: list[Cell]) -> bool:
    """Whether all letters of a row of several cells are bold or a head's; the corner above the rows' names may be empty."""
    said = [tag for tag, inside in row if _said(inside)]
    return len({id(tag) for tag, _ in row}) > 1 and bool(said) and all(tag.name == "th" or not _plain_letters(tag) for tag in said)


def _plain_letters(tag: Tag) -> bool:
    return any(text.strip() and not text.find_parent(["b", "strong", "th"]) for text in tag.find_all(string=True))


def _stands_alone(block: Block) -> bool:
    """Whether a block of a cell would lose by being worded as a part of its row."""
    return block.kind in {"step", "heading", "row"} or (block.kind == "code" and "\n" in block.text.strip())


def _worded(row: list[Cell], names: list[str]) -> list[Block]:
    """A row as a sentence, or as several that each begin with its name where it is long."""
    first = _said(row[0][1])
    parts: list[str] = []
    for column in range(1, len(row)):
        said = _said(row[column][1])
        if said and row[column][0] is not row[column - 1][0]:
            head = f"{names[column]}: " if len(row) > 2 and names[column] else ""
            room = max(UNIT_WORDS - words(f"{first} {head}"), UNIT_WORDS // 2)
            parts += (head + (piece.rstrip(".") if head else piece) for piece in cut(said, most=room))
    if not parts:
        return [Block("row", first.rstrip(":. ") + ".")]
    rows: list[list[str]] = [[]]
    for part in parts:
        if rows[-1] and words(" ".join([first, *rows[-1], part])) > UNIT_WORDS:
            rows.append([])
        rows[-1].append(part)
    name = first.rstrip(": ")
    if names[0] and words(names[0]) <= _BARE_WORDS and names[0].lower() not in _SAYS_NOTHING and _FIGURE.match(name):
        name = f"{names[0].rstrip(': ')} {name}"
    bare = words(parts[0]) <= _BARE_WORDS and re.match(r"[^\w\s]{0,2}\d", parts[0]) is not None
    if bare and len(row) == 2 and name and names[1].lower() not in {"", *_SAYS_NOTHING}:
        name = f"{names[1].rstrip(': ')}: {name}"
    between = " " if name[-1:] in "?!." else ": "
    return [Block("row", f"{name}{between if name else ''}{'; '.join(group)}".rstrip(":. ") + ".") for group in rows]


def _cell_by_cell(row: list[Cell], names: list[str]) -> list[Block]:
    """What the cells hold, one after the other, each after the name of its row or column."""
    blocks: list[Block] = []
    label = _said(row[0][1])
    labelled = len(row) > 1 and 0 < words(label) <= _LABEL_WORDS and all(block.kind == "text" for block in row[0][1])
    if labelled:
        blocks.append(Block("text", label.rstrip(":. ") + ":"))
    for column, (tag, inside) in enumerate(row):
        if (column == 0 and labelled) or (column and tag is row[column - 1][0]):
            continue
        if inside and column < len(names) and names[column] and len(row) - labelled > 1:
            blocks.append(Block("text", names[column] + ":"))
        blocks += inside
    return blocks
