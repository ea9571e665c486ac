"""What a search is asked and what it finds."""

import time
from dataclasses import dataclass, field

import numpy as np

from knowledge_base.errors import UserError
from knowledge_base.hits import Hit, NearQuestion
from knowledge_base.ranking import Scored
from knowledge_base.stored import StoredFact, StoredPassage
from knowledge_base.which_thing import Which

MAX_QUESTION = 20_000
"""Longest question in characters; a longer one is refused with a sentence."""


@dataclass(frozen=True)
class Search:
    """What a search found: passages and facts as hits, and the stored pieces behind them in the same order."""

    question: str
    """What was looked for: the customer's words without the form of a mail."""
    hits: list[Hit]
    passages: list[StoredPassage]
    facts: list[StoredFact]
    query: np.ndarray = field(repr=False)
    asked: np.ndarray = field(repr=False)
    """Vectors of the question's clauses, shape (clauses, dimension); of the question where it is of one piece."""
    confidence: float = 0.0
    vagueness: float = 0.0
    features: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    which: Which | None = None
    """What the question means where it is about one of several things of the account."""
    not_held: tuple[str, ...] = ()
    """The ids of things that the question names and the account does not have."""
    for_agent: list[Hit] = field(default_factory=list)
    """Account facts that bear on the question and that only the agent may read: no evidence for a reply."""
    known_gap: NearQuestion | None = None
    """The known gap that the question resembles more than anything that is named as answered."""
    ambiguous: NearQuestion | None = None
    """The like of it, of the questions that several articles fit."""
    timing: dict[str, float] = field(default_factory=dict)
    """Seconds by stage: open, embed, dense, lexical, rank, facts."""


def unsearched(question: str) -> Search:
    """The search of a message that asks nothing: it finds nothing."""
    return Search(question, hits=[], passages=[], facts=[], query=np.zeros(0), asked=np.zeros((0, 0)))


class Clock:
    """Seconds by stage."""

    def __init__(self) -> None:
        self._began = self._last = time.monotonic()
        self.laps: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        """End a stage."""
        now = time.monotonic()
        self.laps[stage] = round(self.laps.get(stage, 0.0) + now - self._last, 4)
        self._last = now

    @property
    def total(self) -> float:
        """Seconds since the beginning."""
        return round(time.monotonic() - self._began, 4)


def checked_question(question: str) -> str:
    """The question without outer blanks.

    Raises:
        UserError: it is empty or longer than 20,000 characters.
    """
    question = question.encode("utf-8", "replace").decode().strip()  # half characters become question marks
    if not question:
        raise UserError("The question is empty: type what the customer wants to know.")
    if len(question) > MAX_QUESTION:
        raise UserError(
            f"The question has {len(question):,} characters, the most is {MAX_QUESTION:,}: shorten it to what the customer asks."
        )
    return question


def passage_hit(number: int, item: Scored) -> Hit:
    """A passage as the hit of this number."""
    passage = item.passage
    return Hit(
        source=str(number),
        article_id=passage.article_id,
        version=passage.version,
        title=passage.title,
        heading=passage.heading,
        section=passage.section,
        audience=passage.audience,
        text=passage.text,
        score=item.score,
        updated=passage.updated,
        indexed=passage.indexed,
        parts=item.parts,
    )


def fact_hit(number: int, fact: StoredFact, score: float) -> Hit:
    """An account fact as the hit of this number."""
    return Hit(
        source=f"c{number}",
        article_id=f"customer:{fact.customer_id}",
        version=fact.version,
        title=fact.title,
        text=fact.text,
        audience=fact.audience,
        score=score,
        updated=fact.as_of or fact.indexed,
        indexed=fact.indexed,
        as_of=fact.as_of or fact.indexed,
        path=fact.path,
    )
