"""Adds questions to a file of named questions (``knowledge_base/asked_as.py``); what stands in it stays, remarks included."""

import io
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import CommentMark, YAMLError
from ruamel.yaml.resolver import VersionedResolver
from ruamel.yaml.scalarstring import DoubleQuotedScalarString as Quoted
from ruamel.yaml.tokens import CommentToken

from assistant.errors import UserError
from knowledge_base.asked_as import Asked, AskedAs, read_asked_as
from knowledge_base.blocks import clean

Kind = Literal["asked_as", "gaps", "ambiguous"]
_BOM = "\ufeff"
_START = re.compile(r"(?:[ \t]*(?:#.*)?\n)*---[ \t]*\n")
"""What stands before the contents: a line of three hyphens, and remarks above it."""
_UNWRITABLE = re.compile(r"[\ud800-\udfff]")


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


class _Texts(VersionedResolver):
    """Takes every value for a text, as ``read_asked_as`` does: an id may be a number."""

    @property
    def versioned_resolver(self) -> dict[str, Any]:
        return {}


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
    text = path.read_bytes().decode() if path.exists() else ""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        draft = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_with(text, fresh).encode())
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
            _UNWRITABLE.sub("?", text) for text in (entry.article_id, clean(entry.heading), entry.opening, clean(entry.question))
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


def _with(text: str, fresh: Sequence[Entry]) -> str:
    """A file's text with the entries in it, its remarks and quotes as they were."""
    yaml = YAML()
    yaml.Resolver, yaml.preserve_quotes, yaml.width = _Texts, True, sys.maxsize
    yaml.indent(mapping=2, sequence=4, offset=2)
    mark = _BOM if text.startswith(_BOM) else ""
    whole = text.removeprefix(_BOM).replace("\r\n", "\n")
    start = found[0] if (found := _START.match(whole)) else ""
    plain = whole.removeprefix(start)
    try:
        root = yaml.load(plain) or CommentedMap()
        # Of a file without a question its remarks are not read.
        remarks = [] if root else [f"{line}\n" for line in plain.splitlines() if line.lstrip().startswith("#")]
        for entry in fresh:
            _put(root, entry)
        out = io.StringIO()
        yaml.dump(root, out)
    except (YAMLError, AttributeError, TypeError):  # what another reader takes for another shape
        return text
    written = "".join((start, *remarks, out.getvalue()))
    return mark + (written.replace("\n", "\r\n") if "\r\n" in text else written)


def _put(root: CommentedMap, entry: Entry) -> None:
    """Put a question into the mappings and lists of a file; a list that stands for a mapping becomes one where it has to."""
    article = Quoted(entry.article_id)
    headings = root.setdefault(article, CommentedMap())
    heading = next((key for key in headings if clean(key).casefold() == entry.heading.casefold()), Quoted(entry.heading))
    path: list[tuple[Any, Any]] = [(root, article), (headings, heading)]
    kinds = headings.setdefault(heading, CommentedMap())
    if isinstance(kinds, list) and (entry.kind != "asked_as" or entry.opening):
        kinds = _set_in(headings, heading, "asked_as")
    of = kinds
    if not isinstance(kinds, list):
        path.append((kinds, entry.kind))
        of = kinds.setdefault(entry.kind, CommentedMap() if entry.kind == "asked_as" else CommentedSeq())
        if isinstance(of, list) and entry.opening:
            of = _set_in(kinds, entry.kind, "")
        if not isinstance(of, list):
            path.append((of, Quoted(entry.opening)))
            of = of.setdefault(Quoted(entry.opening), CommentedSeq())
    of.append(Quoted(entry.question))
    _keep_below([*path, (of, len(of) - 1)])


def _set_in(node: CommentedMap, key: str, inner: str) -> CommentedMap:
    """What stands under a key after a list there was put under a key of its own."""
    found = node[key]
    found.ca.comment = None  # it is a remark of the key as well, and would be written twice
    below = _cut(node, key)
    made = node[key] = CommentedMap([(inner, found)])
    _put_below(made, inner, below)
    return made


def _keep_below(path: Sequence[tuple[Any, Any]]) -> None:
    """Have the remarks that stood below what is before a new question stand below the question: they are of what comes next.

    ``path`` leads to the question, as (mapping or list, key or place).
    """
    for node, key in reversed(path):
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if place := keys.index(key):
            _put_below(*path[-1], _cut(node, keys[place - 1]))
            return


def _cut(node: Any, key: Any) -> str:
    """Take away the lines of remarks below what stands under a key, and tell them."""
    node, key = _last(node, key)
    token = (node.ca.items.get(key) or [None] * 4)[0 if isinstance(node, list) else 2]
    if token is None:
        return ""
    line, _, below = token.value.partition("\n")
    token.value = f"{line}\n"
    return str(below)


def _put_below(node: Any, key: Any, remarks: str) -> None:
    if remarks:
        node, key = _last(node, key)
        token = CommentToken(f"\n{remarks}", CommentMark(0), None)
        node.ca.items[key] = [token, None, None, None] if isinstance(node, list) else [None, None, token, None]


def _last(node: Any, key: Any) -> tuple[Any, Any]:
    """Where the last line of what stands under a key stands."""
    while isinstance(inner := node[key], CommentedSeq | CommentedMap) and inner and not inner.fa.flow_style():
        node, key = inner, len(inner) - 1 if isinstance(inner, list) else next(reversed(inner))
    return node, key


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
