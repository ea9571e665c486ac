"""What the pipeline tells while it answers: the sources found, each released piece of the reply, the stored turn."""

from dataclasses import dataclass

from assistant.reply import Statement
from assistant.turns import Turn
from knowledge_base.hits import Hit


@dataclass(frozen=True)
class Retrieved:
    """The sources are there, the reply is about to be written."""

    hits: list[Hit]
    confidence: float
    action: str


@dataclass(frozen=True)
class Piece:
    """A released part of the reply; what was released is never taken back."""

    part: str
    text: str
    statement: Statement | None = None


@dataclass(frozen=True)
class Finished:
    """The reply is complete and its turn stored."""

    turn: Turn


Event = Retrieved | Piece | Finished
