"""Turns: what was asked and answered, stored with all that it takes to replay it."""

import json
import sqlite3
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from assistant.errors import UserError
from assistant.reply import Reply
from knowledge_base.hits import Hit

FILE = "conversations.sqlite3"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS turns (
    number INTEGER PRIMARY KEY AUTOINCREMENT, turn TEXT NOT NULL UNIQUE, conversation TEXT NOT NULL,
    customer_id TEXT, at TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS turns_by_conversation ON turns (conversation, number);
"""


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
            self._db.executescript(_SCHEMA)
        except sqlite3.DatabaseError as error:
            raise UserError(f"{store / FILE} cannot be read ({error}): move it aside; a new one is made.") from error

    def add(self, turn: Turn) -> None:
        """Store a turn."""
        with self._db:
            self._db.execute(
                "INSERT INTO turns (turn, conversation, customer_id, at, body) VALUES (?, ?, ?, ?, ?)",
                (turn.turn, turn.conversation, turn.customer_id, turn.at, turn.model_dump_json()),
            )

    def get(self, turn: str) -> Turn:
        """One turn.

        Raises:
            UserError: there is none of that name.
        """
        row = self._db.execute("SELECT body FROM turns WHERE turn = ?", (turn,)).fetchone()
        if row is None:
            raise UserError(f"There is no turn {turn!r}: copy the id from an answer's output.")
        return Turn.model_validate(json.loads(row[0]))

    def conversation(self, conversation: str, customer_id: str | None) -> list[Turn]:
        """The turns of a conversation about one customer, oldest first."""
        rows = self._db.execute(
            "SELECT body FROM turns WHERE conversation = ? AND customer_id IS ? ORDER BY number", (conversation, customer_id)
        )
        return [Turn.model_validate(json.loads(row[0])) for row in rows]

    def latest_conversation(self, customer_id: str | None) -> str | None:
        """The conversation in which this customer's last turn stands."""
        row = self._db.execute(
            "SELECT conversation FROM turns WHERE customer_id IS ? ORDER BY number DESC LIMIT 1", (customer_id,)
        ).fetchone()
        return row[0] if row else None
