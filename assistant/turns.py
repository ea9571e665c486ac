"""Turns: what was asked and answered, stored with all that it takes to replay it."""

import json
import sqlite3
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from assistant.conflicts import Conflict
from assistant.errors import UserError
from assistant.reply import Reply
from assistant.untrusted import Withheld
from knowledge_base.hits import Hit

FILE = "conversations.sqlite3"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS turns (
    number INTEGER PRIMARY KEY AUTOINCREMENT, turn TEXT NOT NULL UNIQUE, conversation TEXT NOT NULL,
    customer_id TEXT, at TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS turns_by_conversation ON turns (conversation, number);
CREATE TABLE IF NOT EXISTS turn_sources (
    source TEXT NOT NULL, number INTEGER NOT NULL REFERENCES turns, PRIMARY KEY (source, number)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sources_by_turn ON turn_sources (number);
CREATE VIEW IF NOT EXISTS erasures AS SELECT '' AS source;
CREATE TRIGGER IF NOT EXISTS erase INSTEAD OF INSERT ON erasures BEGIN
    UPDATE turns SET body = '' WHERE number IN (SELECT number FROM turn_sources WHERE source = NEW.source);
    DELETE FROM turn_sources WHERE number IN (SELECT number FROM turn_sources WHERE source = NEW.source);
    UPDATE turns SET customer_id = NULL WHERE 'customer:' || customer_id = NEW.source;
END;
"""
# A turn without a body is purged: a source that it drew on was erased from the knowledge base, which says so by an INSERT
# into the view (knowledge_base/erasure.py).


class Unsupported(BaseModel):
    """What the model wrote and grounding refused."""

    text: str
    sources: list[str]
    reason: str


class Turn(BaseModel):
    """One question and its reply, with everything that led to it."""

    turn: str
    conversation: str
    at: str
    question: str
    customer_id: str | None
    history: list[tuple[str, str]]
    reply: Reply
    retrieved: list[Hit]
    cited: list[Hit]
    noted: list[Hit] = []
    """Internal articles that the agent's note draws on."""
    unsupported: list[Unsupported]
    confidence: float
    vagueness: float
    prompt_tokens: int
    reply_tokens: int
    first_token_s: float
    total_s: float
    voice: str
    engine: str
    prompt: str
    written: str
    left_out: list[str]
    settings: dict[str, Any]
    withheld: list[Withheld] = []
    """Sources that were found and not used, because they give the assistant orders."""
    conflicts: list[Conflict] = []
    made_with: dict[str, str] = {}
    """The model's and the adapter's digest, the program's and its libraries' versions, the machine."""
    timing: dict[str, float] = {}
    """Seconds by stage: search, check, write."""


class Turns:
    """The store of turns; every call is a transaction of its own."""

    def __init__(self, store: Path) -> None:
        """Open or create it.

        Raises:
            UserError: the file cannot be read.
        """
        store.mkdir(parents=True, exist_ok=True)
        try:
            self._db = sqlite3.connect(store / FILE, timeout=30, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA secure_delete = ON")
            known = self._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'turn_sources'").fetchone()
            self._db.executescript(_SCHEMA)
            if not known:
                with self._db:
                    for number, body in self._db.execute("SELECT number, body FROM turns ORDER BY number").fetchall():
                        self._note_sources(Turn.model_validate_json(body), number)
        except sqlite3.DatabaseError as error:
            raise UserError(f"{store / FILE} cannot be read ({error}): move it aside; a new one is made.") from error

    def add(self, turn: Turn) -> None:
        """Store a turn, and what its text draws on: its own sources and, through the history, those of the turns before."""
        with self._db:
            number = self._db.execute(
                "INSERT INTO turns (turn, conversation, customer_id, at, body) VALUES (?, ?, ?, ?, ?)",
                (turn.turn, turn.conversation, turn.customer_id, turn.at, turn.model_dump_json()),
            ).lastrowid
            self._note_sources(turn, number)

    def _note_sources(self, turn: Turn, number: int | None) -> None:
        sources = {f"customer:{turn.customer_id}"} if turn.customer_id else set()
        for hit in [*turn.retrieved, *turn.cited, *turn.noted]:
            if not hit.source.startswith("c"):
                sources |= {f"article:{hit.article_id}", f"version:{hit.article_id}@{hit.version}"}
        self._db.executemany("INSERT OR IGNORE INTO turn_sources VALUES (?, ?)", [(source, number) for source in sources])
        self._db.execute(
            "INSERT OR IGNORE INTO turn_sources SELECT source, ?1 FROM turn_sources JOIN turns USING (number)"
            " WHERE conversation = ?2 AND number < ?1",
            (number, turn.conversation),
        )

    def get(self, turn: str) -> Turn:
        """One turn.

        Raises:
            UserError: there is none of that name, or it was purged.
        """
        row = self._db.execute("SELECT body FROM turns WHERE turn = ?", (turn,)).fetchone()
        if row is None:
            raise UserError(f"There is no turn {turn!r}: copy the id from an answer's output.")
        if not row[0]:
            raise UserError(f"The turn {turn} was purged: a source that it drew on was erased from the knowledge base.")
        return Turn.model_validate(json.loads(row[0]))

    def conversation(self, conversation: str, customer_id: str | None) -> list[Turn]:
        """The turns of a conversation about one customer, oldest first, without those that were purged."""
        rows = self._db.execute(
            "SELECT body FROM turns WHERE conversation = ? AND customer_id IS ? AND body != '' ORDER BY number",
            (conversation, customer_id),
        )
        return [Turn.model_validate(json.loads(row[0])) for row in rows]

    def latest_conversation(self, customer_id: str | None) -> str | None:
        """The conversation in which this customer's last turn stands."""
        row = self._db.execute(
            "SELECT conversation FROM turns WHERE customer_id IS ? AND body != '' ORDER BY number DESC LIMIT 1", (customer_id,)
        ).fetchone()
        return row[0] if row else None
