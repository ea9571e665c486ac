"""Adds questions to a file of named questions (``knowledge_base/asked_as.py``); what stands in it stays as it is, comments included."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from assistant.errors import UserError
from knowledge_base.asked_as import Asked, AskedAs, read_asked_as
from knowledge_base.blocks import clean
from knowledge_base.yaml_texts import TextLoader

Kind = Literal["asked_as", "gaps", "ambiguous"]
Edit = tuple[int, str]
"""Where in a text something is put in, and what."""
_SHORT = {2: "asked_as", 3: ""}
"""By depth the key that a bare list of questions stands for."""
_BREAK = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")
_ESCAPED = re.compile(r'[\\"]|[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]')
_LONGEST_KEY = 1000
"""Characters of a key that needs no ``?`` before it, a little under YAML's limit."""


@dataclass(frozen=True)
class Entry:
    """A question and where it stands: article id, heading ("" before the first), what it is there, and of one that is answered how the
    sentence begins that answers it ("" for the heading's text as a whole).
    """

    article_id: str
    heading: str
    kind: Kind
    opening: str
    question: str


def add(path: Path, entries: Sequence[Entry]) -> int:
    """Add questions to a file, which is made where there is none, and tell how many were new.

    A question that its heading has, of whatever kind, stays as it is. One that several sentences answer may come once for each of them.
    The file is replaced in one step, so that whoever reads it meanwhile sees all of them or none.

    Raises:
        UserError: the file is not of the shape of a file of questions, is written so that nothing can be added without changing what
            stands in it, or cannot be written.
    """
    path = path.resolve()
    before = read_asked_as(path) if path.exists() else AskedAs()
    fresh = _fresh(before, entries)
    if not fresh:
        return 0
    raw = path.read_bytes() if path.exists() else b""
    text = raw.decode("utf-8-sig")
    mark = b"\xef\xbb\xbf" if raw.startswith(b"\xef\xbb\xbf") else b""
    written = mark + _with(text, _nested(fresh)).encode()
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        draft = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(written)
            if not _holds(draft, before, fresh):
                raise UserError(
                    f"To {path} nothing can be added without changing what stands in it: name another file, and join them by hand."
                )
            if path.exists():
                shutil.copymode(path, draft)
            else:
                draft.chmod(0o644)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"The file {path} cannot be written ({(error.strerror or str(error)).lower()}): name another place.") from error
    return len(fresh)


def _fresh(before: AskedAs, entries: Sequence[Entry]) -> list[Entry]:
    """The entries whose questions their headings lack, each once, as the file will say them."""
    have = {(name, head): _words(asked) for name, found in before.articles.items() for head, asked in found.headings.items()}
    found: dict[tuple[str, str, str, str], Entry] = {}
    first: dict[tuple[str, str, str], Entry] = {}
    for entry in entries:
        article_id, heading, opening, question = (
            text.encode("utf-8", "replace").decode()
            for text in (entry.article_id, clean(entry.heading), entry.opening, clean(entry.question))
        )
        place = article_id, heading.casefold()
        if not question or question.casefold() in have.get(place, ()):
            continue
        opening = opening if entry.kind == "asked_as" else ""
        made = Entry(article_id, heading, entry.kind, opening, question)
        known = first.setdefault((*place, question.casefold()), made)
        if known is made or (entry.kind == known.kind and opening and known.opening):
            found.setdefault((*place, question.casefold(), opening), Entry(article_id, heading, entry.kind, opening, known.question))
    return list(found.values())


def _words(asked: Asked) -> set[str]:
    return {question.casefold() for question in (*asked.questions, *asked.gaps, *asked.ambiguous)}


def _nested(entries: Sequence[Entry]) -> dict[str, Any]:
    """The entries by article, heading and kind, those that are answered also by how the sentence begins."""
    found: dict[str, Any] = {}
    spelled: dict[tuple[str, str], str] = {}
    for entry in entries:
        heading = spelled.setdefault((entry.article_id, entry.heading.casefold()), entry.heading)
        kinds = found.setdefault(entry.article_id, {}).setdefault(heading, {})
        if entry.kind == "asked_as":
            kinds.setdefault("asked_as", {}).setdefault(entry.opening, []).append(entry.question)
        else:
            kinds.setdefault(entry.kind, []).append(entry.question)
    return found


def _holds(path: Path, before: AskedAs, fresh: Sequence[Entry]) -> bool:
    """Whether a file holds what was there before and what is new, and nothing else."""
    try:
        now = _content(read_asked_as(path))
    except UserError:
        return False
    wanted = _content(before)
    for entry in fresh:
        key = entry.article_id, entry.heading.casefold(), entry.kind, entry.question
        wanted[key] = wanted.get(key, frozenset()) | ({entry.opening} - {""})
    return now == wanted


def _content(asked: AskedAs) -> dict[tuple[str, str, str, str], frozenset[str]]:
    """Of each question where it stands and which sentences answer it, without regard to order."""
    found: dict[tuple[str, str, str, str], frozenset[str]] = {}
    for article_id, article in asked.articles.items():
        for heading, item in article.headings.items():
            found |= {(article_id, heading, "asked_as", question): frozenset(of) for question, of in item.questions.items()}
            found |= {(article_id, heading, "gaps", question): frozenset() for question in item.gaps}
            found |= {(article_id, heading, "ambiguous", question): frozenset() for question in item.ambiguous}
    return found


def _with(text: str, wanted: Mapping[str, Any]) -> str:
    """A file's text with what is wanted put in, in the style of what it stands beside; nothing of the text is taken out."""
    if text and not re.search(f"(?:{_BREAK.pattern})\\Z", text):
        text += "\n"
    root = yaml.compose(text, Loader=TextLoader)
    edits = [(len(text), _block(wanted, 0))] if root is None else list(_merged(text, root, wanted, 0, -2))
    parts, at = [], 0
    for place, what in sorted(edits, key=lambda edit: edit[0]):  # stable: what is put in at one place keeps its order
        parts += [text[at:place], what.replace("\n", "\r\n") if "\r\n" in text else what]
        at = place
    return "".join((*parts, text[at:]))


def _merged(text: str, node: yaml.Node, wanted: Any, depth: int, column: int) -> Iterator[Edit]:
    """What to put into a text so that a node holds what is wanted as well.

    Args:
        text: the file's.
        node: in it, a mapping or a list of questions.
        wanted: mappings down to lists of questions, of the form of a whole file below this depth.
        depth: 0 for the articles, 1 for headings, 2 for kinds, 3 for beginnings of sentences.
        column: where the key of the node stands.
    """
    if isinstance(node, yaml.SequenceNode):
        yield from _added_to_list(text, node, wanted, depth, column)
    if not isinstance(node, yaml.MappingNode):
        return
    held = {_known(key.value, depth): (key, value) for key, value in node.value}
    new = {}
    for name, below in wanted.items():
        if _known(name, depth) in held:
            key, value = held[_known(name, depth)]
            yield from _merged(text, value, below, depth + 1, key.start_mark.column)
        else:
            new[name] = below
    if new and node.flow_style:
        if node.value:
            yield node.value[-1][1].end_mark.index, ", " + _flow(new)[1:-1]
        else:
            yield node.start_mark.index + 1, _flow(new)[1:-1]
    elif new:
        yield _end(text, node), _block(new, node.start_mark.column)


def _added_to_list(text: str, node: yaml.SequenceNode, wanted: Any, depth: int, column: int) -> Iterator[Edit]:
    """The same of a list; it is put under the keys that it stands for where others are to stand beside it."""
    levels = []
    while isinstance(wanted, dict):
        levels.append((_SHORT[depth], {name: below for name, below in wanted.items() if name != _SHORT[depth]}))
        wanted, depth = wanted.get(_SHORT[depth], []), depth + 1
    while levels and not levels[-1][1]:
        levels.pop()
    start = node.start_mark
    if node.flow_style:
        yield start.index, "".join(f"{{{_quoted(key)}: " for key, _ in levels)
        yield node.value[-1].end_mark.index, "".join(f", {_quoted(question)}" for question in wanted)
        yield node.end_mark.index, "".join(f", {_flow(beside)[1:-1]}}}" if beside else "}" for _, beside in reversed(levels))
        return
    end, first = _end(text, node), max(start.column, column + 2) if levels else start.column
    shift = first + 2 * len(levels) - start.column
    keys = [f"{' ' * (first + 2 * at)}{_key(key)}:\n" for at, (key, _) in enumerate(levels)]
    yield start.index, "".join((*keys, " " * (first + 2 * len(levels))))[start.column :]
    for match in _BREAK.finditer(text, start.index, end):
        if match.end() < end:
            yield match.end(), " " * shift
    yield end, "".join(f"{' ' * (start.column + shift)}- {_quoted(question)}\n" for question in wanted)
    for at, (_, beside) in reversed(list(enumerate(levels))):
        yield end, _block(beside, first + 2 * at)


def _known(name: str, depth: int) -> str:
    """A key as it is told from others: headings without regard to case."""
    return clean(name).casefold() if depth == 1 else name


def _end(text: str, node: yaml.Node) -> int:
    """Where the line begins after the last one of a node, comments after it left out."""
    while isinstance(node, yaml.CollectionNode) and node.value and not node.flow_style:
        node = node.value[-1][1] if isinstance(node, yaml.MappingNode) else node.value[-1]
    if node.end_mark.column == 0:
        return int(node.end_mark.index)
    match = _BREAK.search(text, node.end_mark.index)
    return match.end() if match else len(text)


def _block(value: Mapping[str, Any], column: int) -> str:
    """Mappings and lists, one item a line, set in by so many spaces."""
    lines, space = [], " " * column
    for name, below in value.items():
        lines.append(f"{space}{_key(name)}\n{space}:\n" if _long(name) else f"{space}{_key(name)}:\n")
        if isinstance(below, list):
            lines += [f"{space}  - {_quoted(question)}\n" for question in below]
        else:
            lines.append(_block(below, column + 2))
    return "".join(lines)


def _flow(value: Any) -> str:
    """Mappings and lists on one line, as JSON says them too."""
    if isinstance(value, list):
        return f"[{', '.join(map(_quoted, value))}]"
    return f"{{{', '.join(f'{_key(name) if _long(name) else _quoted(name)}: {_flow(below)}' for name, below in value.items())}}}"


def _long(name: str) -> bool:
    return len(_quoted(name)) > _LONGEST_KEY


def _key(name: str) -> str:
    if name in ("asked_as", "gaps", "ambiguous"):
        return name
    return f"? {_quoted(name)}" if _long(name) else _quoted(name)


def _quoted(text: str) -> str:
    """A text between double quotes, as YAML and JSON read it."""
    return f'"{_ESCAPED.sub(lambda sign: chr(92) + (sign[0] if sign[0].isprintable() else f"u{ord(sign[0]):04x}"), text)}"'
