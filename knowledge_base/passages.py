"""Passages: an article's text, cut so that sentences and lists of steps stay whole."""

import re
from dataclasses import dataclass
from typing import Literal

from knowledge_base.blocks import Block, finished, words

UnitKind = Literal["sentence", "step", "row", "code"]
PASSAGE_WORDS = 150
_STEPS_WORDS = 800


@dataclass(frozen=True)
class Unit:
    """The smallest piece that is quoted or cited: a sentence, a step, a table row worded as a sentence, or code, line by line.

    ``step`` is the number that an ordered list gives a step, else None.
    """

    text: str
    kind: UnitKind = "sentence"
    step: int | None = None


@dataclass(frozen=True)
class Passage:
    """A heading's part of an article, at most about 150 words unless one step list is longer.

    ``asked`` holds questions that this part answers, in customers' own words; they are searched, never shown. ``gaps`` holds
    questions near to it that no article answers, ``ambiguous`` those that another article fits just as well. ``answered_by``
    holds for each of ``asked`` which units answer it, none where that is not told.
    """

    heading: str
    units: tuple[Unit, ...]
    asked: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()
    ambiguous: tuple[str, ...] = ()
    answered_by: tuple[tuple[int, ...], ...] = ()

    @property
    def text(self) -> str:
        """The passage as a person reads it, steps numbered, one unit per line."""
        return "\n".join(f"{unit.step}. {unit.text}" if unit.step else unit.text for unit in self.units)


def passages_of(blocks: list[Block], language: str) -> tuple[Passage, ...]:
    """Blocks cut into passages at headings and after about 150 words, between sentences and never inside a list of steps.

    Only a list of steps of more than 800 words is cut, before a step.
    """
    passages: list[Passage] = []
    heading, units, held = "", list[Unit](), 0

    def close() -> None:
        nonlocal held
        if units:
            passages.append(Passage(heading, tuple(units)))
        units.clear()
        held = 0

    done = finished(blocks, language)
    for (kind, text, step), coming in zip(done, _coming_steps(done), strict=True):
        if kind == "heading":
            close()
            heading = text
            continue
        if re.match(r"(?i)related( articles)?:", text):
            continue
        inside_steps = coming > 1 and any(unit.step for unit in units) and (held < _STEPS_WORDS or not step)
        if held + words(text) > PASSAGE_WORDS and not inside_steps:
            close()
        units.append(Unit(text, kind, step))  # type: ignore[arg-type]  # kind is a UnitKind once blocks are finished
        held += words(text)
    close()
    return tuple(passages)


def _coming_steps(blocks: list[Block]) -> list[int]:
    """For each block the number of the step that it is, or that comes next under its heading; 0 where none comes."""
    coming = 0
    numbers = []
    for block in reversed(blocks):
        coming = 0 if block.kind == "heading" else block.step or coming
        numbers.append(coming)
    return numbers[::-1]
