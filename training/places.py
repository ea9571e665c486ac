"""Where what is trained in stands, by file and line, so that what is found wrong with it can be named."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

import yaml
from pydantic import BaseModel, PrivateAttr

from assistant.errors import UserError

Keys = tuple[str | int, ...]
"""The way to a value of a YAML file: the keys and list positions above it and its own."""


@dataclass(frozen=True)
class Place:
    """A line of a file."""

    file: Path
    line: int

    def __str__(self) -> str:
        here = Path.cwd()
        file = self.file.resolve()
        return f"{file.relative_to(here) if file.is_relative_to(here) else self.file}:{self.line}"


class Placed(BaseModel):
    """What is read from a file and knows where it stood there; of two that say the same the place makes no difference."""

    _place: Place | None = PrivateAttr(None)
    _lines: Mapping[Keys, int] = PrivateAttr(default_factory=dict)

    @property
    def place(self) -> Place | None:
        """Where it was read; None where it was made otherwise."""
        return self._place

    def at(self, place: Place, lines: Mapping[Keys, int] = MappingProxyType({})) -> Self:
        """Itself, with the place where it was read and, of a YAML file, the lines of its values."""
        self._place, self._lines = place, lines
        return self

    def place_of(self, way: Keys) -> Place | None:
        """Where one of its values was read, or what stands above one that the file leaves out."""
        while way and way not in self._lines:
            way = way[:-1]
        return self._place and Place(self._place.file, self._lines.get(way, self._place.line))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self.model_dump() == other.model_dump()

    __hash__ = None  # type: ignore[assignment]  # its fields can be changed


def read_yaml(file: Path) -> tuple[Any, Mapping[Keys, int]]:
    """What a YAML file holds, and the line that each of its values begins in.

    Raises:
        UserError: a key stands twice in one place, where YAML itself would silently take the last one; names both lines.
        yaml.YAMLError: it is no YAML.
        UnicodeDecodeError: it is no UTF-8 text.
    """
    loader = yaml.SafeLoader(file.read_text("utf-8"))
    try:
        node = loader.get_single_node()
        if node is None:
            return None, {}
        lines = dict(_lines(file, node, (), ()))
        return loader.construct_document(node), lines
    finally:
        loader.dispose()


def _lines(file: Path, node: yaml.Node, way: Keys, above: tuple[yaml.Node, ...]) -> Iterator[tuple[Keys, int]]:
    yield way, node.start_mark.line + 1
    if any(node is other for other in above):  # by an alias a list may hold itself
        return
    parts: list[tuple[str | int, yaml.Node]] = []
    if isinstance(node, yaml.MappingNode):
        _each_key_once(file, node)
        parts = [(str(key.value), value) for key, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        parts = list(enumerate(node.value))
    for name, part in parts:
        yield from _lines(file, part, (*way, name), (*above, node))


def _each_key_once(file: Path, node: yaml.MappingNode) -> None:
    known: dict[tuple[str, str], int] = {}
    for key, _ in node.value:
        line, name = key.start_mark.line + 1, (key.tag, str(key.value))
        if name in known:
            raise UserError(f"{file}: line {line} says {key.value!r} again, after line {known[name]}; keep one of the two and try again.")
        known[name] = line
