"""Questions that no article answered, and what agents say of them: their verdicts, which stand beside the turns.

A question that was asked in several turns has one verdict. It holds the question's words nowhere; it is erased with each turn
that it stands beside, and with the article version whose heading it names.
"""

import json
import sqlite3
from collections.abc import Sequence
from functools import cached_property
from typing import Literal

from pydantic import BaseModel

from assistant.reply import Action
from assistant.turns import RECENT, Turns
from knowledge_base import topic
from knowledge_base.catalog import Catalog
from knowledge_base.hits import Hit, NearQuestion
from knowledge_base.letters import body
from knowledge_base.ranking import chosen
from knowledge_base.stored import PUBLIC
from knowledge_base.words import content_words

FEWEST_WORDS = 3
"""Content words of a question in a conversation, at least, for it to be taken as one that stands by itself."""


class Verdict(BaseModel):
    """What an agent says of a question that was left open.

    ``gap``: no article answers it, and ``article_id`` is the one that it comes nearest to. ``answered``: that article does, under
    ``heading``, "" for the text before the first. ``dismissed``: it is nothing for the help center.
    """

    kind: Literal["gap", "answered", "dismissed"]
    at: str
    article_id: str = ""
    version: int = 0
    """The article's version that has the heading."""
    heading: str = ""


class Unanswered(BaseModel):
    """What a list of open questions takes from a turn that was handed off or asked back about."""

    turn: str
    customer_id: str | None
    action: Action
    question: str
    history: list[tuple[str, str]]
    vagueness: float
    known_gap: NearQuestion | None
    ambiguous: NearQuestion | None
    nearest: Hit | None
    """The best of what was found."""
    verdict: Verdict | None = None
    """What was said of it, here or beside another turn that asks the same."""

    @cached_property
    def message(self) -> str:
        """What is asked, without the form of a mail, in one line."""
        return " ".join(body(self.question).split())

    @cached_property
    def asks(self) -> str:
        """What two turns have in common that ask the same: the words and, where they lean on the conversation, that too."""
        said = [self.message.casefold(), *(self.history if leans(self.message, self.history) else ())]
        return json.dumps(said)


def leans(message: str, history: Sequence[tuple[str, str]]) -> bool:
    """Whether a question, without the form of a mail, may lean on the conversation before it: its words alone do not tell what it asks."""
    return bool(history) and (topic.leans(message) or chosen(message, history) or len(content_words(message)) < FEWEST_WORDS)


_FIELDS = {
    "turn": "$.turn", "customer_id": "$.customer_id", "action": "$.reply.action", "question": "$.question", "history": "$.history",
    "vagueness": "$.vagueness", "known_gap": "$.known_gap", "ambiguous": "$.ambiguous", "nearest": "$.retrieved[0]",
}  # fmt: skip


def unanswered(turns: Turns) -> list[Unanswered]:
    """Those of the last ``RECENT`` turns, and of those with a verdict, that an article could have answered and none did, newest first.

    Not those that ask nothing, are written in another language than the articles, lean on what was handed off, or name what is not
    on the account.
    """
    with turns.transaction() as db:
        return _unanswered(db)


def _unanswered(db: sqlite3.Connection) -> list[Unanswered]:
    rows = db.execute(
        f"SELECT json_extract(turns.body, {', '.join(f'{path!r}' for path in _FIELDS.values())}), verdicts.body"
        " FROM turns LEFT JOIN verdicts USING (number) WHERE number IN (SELECT number FROM verdicts UNION SELECT number FROM"
        f" (SELECT number FROM turns WHERE body != '' ORDER BY number DESC LIMIT {RECENT}))"
        " AND json_extract(turns.body, '$.reply.action') != 'answer' AND json_extract(turns.body, '$.wish') IS NULL"
        " AND coalesce(json_extract(turns.body, '$.language'), '') || coalesce(json_extract(turns.body, '$.leans_on'), '') = ''"
        " AND coalesce(json_array_length(turns.body, '$.not_held'), 0) = 0 ORDER BY number DESC"
    )
    found = []
    for told, said in rows:
        verdict = Verdict.model_validate_json(said) if said else None
        found.append(Unanswered(**dict(zip(_FIELDS, json.loads(told), strict=True)), verdict=verdict))
    last: dict[str, Verdict] = {}
    for item in found:
        if item.verdict and (item.asks not in last or item.verdict.at > last[item.asks].at):
            last[item.asks] = item.verdict
    return [item.model_copy(update={"verdict": last.get(item.asks)}) for item in found]


def settle(turns: Turns, turn: str, verdict: Verdict | None) -> None:
    """Store what an agent says of a turn's question beside every turn that asks the same; None takes it back.

    A turn that was purged meanwhile is left alone.
    """
    with turns.transaction() as db:
        # From the first read on nobody else writes, so that no turn is purged between it and the verdict.
        db.execute("BEGIN IMMEDIATE")
        open_ones = _unanswered(db)
        asks = {item.asks for item in open_ones if item.turn == turn}
        alike = [(item.turn,) for item in open_ones if item.asks in asks]
        db.executemany("DELETE FROM verdicts WHERE number = (SELECT number FROM turns WHERE turn = ?)", alike)
        if verdict:
            db.executemany(
                "INSERT INTO verdicts SELECT number, ?, ?, ? FROM turns WHERE turn = ?",
                [(verdict.article_id, verdict.version, verdict.model_dump_json(), *item) for item in alike],
            )


class Choice(BaseModel):
    """A public article that may be named as the one that answers a question."""

    article_id: str
    version: int
    title: str


def choices(catalog: Catalog, first: str = "") -> list[Choice]:
    """The public articles that are served, by title, after the one that is named ``first``."""
    rows = catalog.db.execute("SELECT article_id, version, title FROM articles WHERE audience = ?", (PUBLIC.audience,))
    found = [Choice(article_id=article, version=version, title=title) for article, version, title in rows]
    return sorted(found, key=lambda item: (item.article_id != first, item.title.casefold(), item.article_id))


def headings(catalog: Catalog, article_id: str) -> list[str]:
    """The headings of an article that is served, in its order, "" for the text before the first."""
    rows = catalog.db.execute("SELECT heading FROM passages WHERE article_id = ? GROUP BY heading ORDER BY min(ordinal)", (article_id,))
    return [row[0] for row in rows]
