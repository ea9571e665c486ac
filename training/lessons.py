"""Lessons: what a good answer contains, neutral in voice and about invented products (``training/lessons/README.md``)."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from assistant.errors import UserError
from assistant.reply import Action, Brief, Evidence
from training.places import Place, Placed
from training.profile import UNANSWERED, Situation

Row = TypeVar("Row", bound=Placed)
LESSONS = Path(__file__).parent / "lessons"
APPROVED = "approved.jsonl"
REPLIES = ".replies.jsonl"
"""How the name of a file of voiced replies ends."""


class Turn(BaseModel):
    """One earlier message."""

    role: Literal["customer", "agent"]
    text: str


class LessonPassage(BaseModel):
    """A passage as retrieval might give it."""

    title: str
    sentences: list[str]


class LessonStatement(BaseModel):
    """What to say, and the evidence it rests on: "2.1" is passage 2's first sentence, "c1" the first account fact."""

    model_config = ConfigDict(extra="forbid")
    text: str
    evidence: str
    step: int | None = None


class Lesson(Placed, BaseModel):
    """One lesson; fields as in the guide."""

    model_config = ConfigDict(extra="forbid")
    id: str
    product: str
    domain: str
    situation: Situation
    question: str
    history: list[Turn] = []
    customer: str | None = None
    passages: list[LessonPassage]
    account: list[str] = []
    action: Action
    statements: list[LessonStatement] = []
    options: list[str] = []

    @model_validator(mode="after")
    def _complete(self) -> "Lesson":
        if (self.action == "answer") != bool(self.statements):
            raise ValueError("only an answer has statements, and it needs at least one")
        if self.action == "answer" and self.situation in UNANSWERED:
            raise ValueError(f"an answer's situation is not {self.situation}")
        if (self.action == "ask") != bool(self.options):
            raise ValueError("only an ask has options, and it needs them")
        for statement in self.statements:
            self.evidence_text(statement.evidence)
        return self

    def evidence_text(self, reference: str) -> str:
        """The sentence or account fact that a reference names."""
        match = re.fullmatch(r"c([1-9]\d*)|([1-9]\d*)\.([1-9]\d*)", reference)
        try:
            if match is None:
                raise IndexError
            if match[1]:
                return self.account[int(match[1]) - 1]
            return self.passages[int(match[2]) - 1].sentences[int(match[3]) - 1]
        except IndexError as error:
            raise ValueError(f"no such evidence: {reference!r}") from error

    def brief(self, extra: tuple[Evidence, ...] = ()) -> Brief:
        """The lesson as the writer of the reply would be told it; ``extra`` is evidence said beyond the statements."""
        evidence = tuple(Evidence(item.evidence.split(".")[0], self.evidence_text(item.evidence), item.step) for item in self.statements)
        return Brief(
            question=self.question,
            action=self.action,
            evidence=evidence + extra,
            options=tuple(self.options),
            customer=self.customer,
            history=tuple((turn.role, turn.text) for turn in self.history),
        )


class VoicedReply(Placed, BaseModel):
    """An example reply, written by hand in a voice, to the lesson it names."""

    model_config = ConfigDict(extra="forbid")
    lesson: str
    greeting: str
    answer: list[str]
    next_step: str


def read_lessons(folder: Path = LESSONS) -> list[Lesson]:
    """All lessons of a folder.

    Raises:
        UserError: there is none, a file is empty, or a line is no valid lesson; names file and line.
    """
    lessons = []
    for path in sorted(folder.glob("*.jsonl")):
        if not (rows := _read(path, Lesson)):
            raise UserError(f"{path.name} holds no lesson: write one into it, or delete it.")
        lessons += rows
    if not lessons:
        raise UserError(f"There are no lessons in {folder}: name a folder with *.jsonl files.")
    return lessons


def approved_folder(store: Path) -> Path:
    """Where the lessons and voiced replies stand that agents' approved replies became (``training/collect.py``)."""
    return store / "lessons"


def approved_lessons(store: Path) -> list[Lesson]:
    """The lessons that agents' approved replies became; none where none were collected.

    Raises:
        UserError: a line is no valid lesson; names file and line.
    """
    path = approved_folder(store) / APPROVED
    return _read(path, Lesson) if path.is_file() else []


def read_replies(path: Path) -> list[VoicedReply]:
    """The voiced replies of a file.

    Raises:
        UserError: a line is no valid reply; names file and line.
    """
    return _read(path, VoicedReply)


def strings(row: Any) -> Iterator[str]:
    """Every text of a row as JSON reads it, without the names of its fields."""
    if isinstance(row, str):
        yield row
    elif isinstance(row, dict | list):
        for part in row.values() if isinstance(row, dict) else row:
            yield from strings(part)


def _read(path: Path, kind: type[Row]) -> list[Row]:
    rows: list[Row] = []
    try:
        lines = path.read_text("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise UserError(f"{path.name} is no UTF-8 text: save it as such.") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            rows.append(kind.model_validate(json.loads(line)).at(Place(path, number)))
        except (json.JSONDecodeError, ValidationError) as error:
            message = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
            raise UserError(f"{path.name} line {number} cannot be read: {message}; mend the line.") from error
    return rows
