"""Turns: what was asked and answered, stored with all that it takes to replay it."""

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

from assistant.conflicts import Conflict
from assistant.errors import UserError
from assistant.reply import Action, Reply, Statement, Wish
from assistant.untrusted import Withheld
from knowledge_base.hits import Hit, NearQuestion
from knowledge_base.stored import PUBLIC, Filters

FILE = "conversations.sqlite3"
RECENT = 2000
"""How many turns a list of conversations goes back."""
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
CREATE TABLE IF NOT EXISTS approvals (number INTEGER PRIMARY KEY REFERENCES turns, body TEXT NOT NULL);
CREATE TRIGGER IF NOT EXISTS erase_approval AFTER UPDATE OF body ON turns WHEN NEW.body = '' BEGIN
    DELETE FROM approvals WHERE number = NEW.number;
END;
CREATE TABLE IF NOT EXISTS verdicts (
    number INTEGER PRIMARY KEY REFERENCES turns, article_id TEXT NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TRIGGER IF NOT EXISTS erase_verdict AFTER UPDATE OF body ON turns WHEN NEW.body = '' BEGIN
    DELETE FROM verdicts WHERE number = NEW.number;
END;
CREATE TRIGGER IF NOT EXISTS erase_named INSTEAD OF INSERT ON erasures BEGIN
    DELETE FROM verdicts WHERE NEW.source IN ('article:' || article_id, 'version:' || article_id || '@' || version);
END;
CREATE VIEW IF NOT EXISTS kept_rows AS SELECT 'approved-' || turn AS id FROM approvals JOIN turns USING (number);
"""
# A turn without a body is purged: a source that it drew on was erased from the knowledge base, which says so by an INSERT
# into the view (knowledge_base/erasure.py). Its approval goes with it, and so does the lesson made of that, for ``kept_rows``
# no longer names it. A verdict goes with its turn, and with the article whose heading it names.


class Unsupported(BaseModel):
    """What the model wrote and grounding refused, and what stands in its place."""

    text: str
    sources: list[str]
    reason: str
    instead: Literal["quoted", "regenerated"] = "quoted"
    """A quote of the source, or a second statement of the model's that grounding let pass."""
    said: str = ""
    """The text that stands in its place."""


class Turn(BaseModel):
    """One question and its reply, with everything that led to it."""

    turn: str
    conversation: str
    at: str
    question: str
    customer_id: str | None
    history: list[tuple[str, str]]
    filters: Filters = PUBLIC
    """Which articles the reply might draw on."""
    reply: Reply
    retrieved: list[Hit]
    cited: list[Hit]
    noted: list[Hit] = []
    """Internal articles and account facts that the agent's note draws on."""
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
    not_held: tuple[str, ...] = ()
    """The ids of things that the question names and the account does not have."""
    known_gap: NearQuestion | None = None
    """What the question resembles more than anything that is named as answered."""
    ambiguous: NearQuestion | None = None
    """The same, of the questions that several articles fit."""
    options: list[str] = []
    """What a reply that asks back lets the customer choose from."""
    wish: Wish | None = None
    """What the message is where it asks nothing."""
    language: str = ""
    """What the question is written in, where no article found is."""
    leans_on: str = ""
    """The question before it, which was handed off, and so was this one that leans on it."""
    conflicts: list[Conflict] = []
    made_with: dict[str, str] = {}
    """The model's and the adapter's digest, the program's and its libraries' versions, the machine."""
    timing: dict[str, float] = {}
    """Seconds by stage: search, check, write."""

    @property
    def courtesy(self) -> bool:
        """Whether the message asks nothing and nobody has to see to it: a greeting, thanks and the like."""
        return self.wish is not None and self.reply.action == "ask"


class Approval(BaseModel):
    """A turn's reply as an agent approved it: each text as it was written or edited; a statement left empty is dropped.

    ``answer`` holds a text for each statement of the turn's reply, in their order; ``own`` is what the agent wrote in place of the
    whole reply, empty where nothing.
    """

    turn: str
    at: str
    greeting: str
    answer: list[str]
    next_step: str
    own: str = ""

    def applied(self, reply: Reply) -> Reply:
        """The reply with the agent's words, which are no quote any more; steps that are left are counted anew."""
        if self.own:
            return reply.model_copy(update={"greeting": "", "answer": [Statement(text=self.own, sources=[])], "next_step": ""})
        kept = [
            item.model_copy(update={"text": text, "how": item.how if text == item.text else "written"})
            for item, text in zip(reply.answer, self.answer, strict=True)
            if text
        ]
        steps = [number for number, item in enumerate(kept) if item.step]
        for step, number in enumerate(steps, 1):
            kept[number].step = step
        return reply.model_copy(update={"greeting": self.greeting, "answer": kept, "next_step": self.next_step})


class Conversation(BaseModel):
    """What a list tells of a conversation about one customer: how it began and where it stands."""

    conversation: str
    customer_id: str | None
    at: str
    """When its last turn was stored."""
    action: Action | None = None
    """What came of the last turn that asks something."""
    questions: list[str]
    """Oldest first, without those that were purged."""


class Turns:
    """The store of turns, safe to share between threads; every call is a transaction of its own."""

    def __init__(self, store: Path) -> None:
        """Open or create it.

        Raises:
            UserError: the file cannot be read.
        """
        store.mkdir(parents=True, exist_ok=True)
        # A connection has one transaction, whoever begins it.
        self._lock = threading.RLock()
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

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """The file, for reads and writes that count together or not at all."""
        with self._lock, self._db:
            yield self._db

    def add(self, turn: Turn) -> None:
        """Store a turn, and what its text draws on: its own sources and, through the history, those of the turns before."""
        with self.transaction() as db:
            number = db.execute(
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

    def approve(self, approval: Approval, customer_id: str | None) -> None:
        """Store an agent's approval of a turn about this customer; a later one replaces it.

        Raises:
            UserError: a part is empty or has an odd length, the turn is about another customer, is unknown or was purged.
        """
        turn = self.get(approval.turn)
        if turn.customer_id != customer_id:
            raise UserError(f"The turn {approval.turn} is about another customer: open their conversation to approve it.")
        if len(approval.answer) != len(turn.reply.answer):
            raise UserError(f"The turn {approval.turn} has {len(turn.reply.answer)} statements, the approval {len(approval.answer)}.")
        whole = approval.greeting and approval.next_step and (any(approval.answer) or not turn.reply.answer)
        if not whole and not approval.own:
            raise UserError("An approved reply needs a greeting, a next step and at least one statement of the answer: fill them in.")
        with self.transaction() as db:
            db.execute(
                "INSERT INTO approvals SELECT number, ?2 FROM turns WHERE turn = ?1 AND body != ''"
                " ON CONFLICT (number) DO UPDATE SET body = excluded.body",
                (approval.turn, approval.model_dump_json()),
            )

    def approval(self, turn: str, customer_id: str | None) -> Approval | None:
        """The approval of a turn about this customer, if there is one."""
        row = self._row(
            "SELECT approvals.body FROM approvals JOIN turns USING (number) WHERE turn = ? AND customer_id IS ?", turn, customer_id
        )
        return Approval.model_validate_json(row[0]) if row else None

    def approved(self) -> list[tuple[Turn, Approval]]:
        """Every approved turn with its approval, oldest first; for making lessons of them, not for showing."""
        rows = self._rows("SELECT turns.body, approvals.body FROM approvals JOIN turns USING (number) ORDER BY number")
        return [(Turn.model_validate_json(turn), Approval.model_validate_json(approval)) for turn, approval in rows]

    def get(self, turn: str) -> Turn:
        """One turn.

        Raises:
            UserError: there is none of that name, or it was purged.
        """
        row = self._row("SELECT body FROM turns WHERE turn = ?", turn)
        if row is None:
            raise UserError(f"There is no turn {turn!r}: copy the id from an answer's output.")
        if not row[0]:
            raise UserError(f"The turn {turn} was purged: a source that it drew on was erased from the knowledge base.")
        return Turn.model_validate(json.loads(row[0]))

    def conversation(self, conversation: str, customer_id: str | None) -> list[Turn]:
        """The turns of a conversation about one customer, oldest first, without those that were purged."""
        wanted = "SELECT body FROM turns WHERE conversation = ? AND customer_id IS ? AND body != '' ORDER BY number"
        rows = self._rows(wanted, conversation, customer_id)
        return [Turn.model_validate(json.loads(row[0])) for row in rows]

    def latest_conversation(self, customer_id: str | None, since: str = "") -> str | None:
        """The conversation in which this customer's last turn stands, if that was stored at this UTC stamp or later."""
        row = self._row(
            "SELECT conversation FROM turns WHERE customer_id IS ? AND body != '' AND at >= ? ORDER BY number DESC LIMIT 1",
            customer_id,
            since,
        )
        return row[0] if row else None

    def conversations(self, search: str = "", action: Action | None = None, names: Mapping[str, str] | None = None) -> list[Conversation]:
        """The conversations in which the last ``RECENT`` turns stand, of all customers, newest first.

        Args:
            search: keep those with this in a question or in the customer's id or name.
            action: keep those that ended in it.
            names: the customers' names, by id.
        """
        rows = self._rows(
            "SELECT conversation, customer_id, at, json_extract(body, '$.reply.action', '$.question', '$.wish')"
            f" FROM turns WHERE body != '' ORDER BY number DESC LIMIT {RECENT}"
        )
        found: dict[tuple[str, str | None], Conversation] = {}
        for conversation, customer_id, at, told in rows:
            ended, question, wish = json.loads(told)
            new = Conversation(conversation=conversation, customer_id=customer_id, at=at, questions=[])
            item = found.setdefault((conversation, customer_id), new)
            item.questions.insert(0, question)
            item.action = item.action or (None if wish and ended == "ask" else ended)
        wanted = search.strip().casefold()

        def fits(item: Conversation) -> bool:
            whose = [item.customer_id, (names or {}).get(item.customer_id, "")] if item.customer_id else []
            return action in (None, item.action) and any(wanted in text.casefold() for text in [*item.questions, *whose])

        return [item for item in found.values() if fits(item)]

    def customers(self, conversation: str) -> set[str | None]:
        """Whom the turns of a conversation are about, without those that were purged."""
        rows = self._rows("SELECT DISTINCT customer_id FROM turns WHERE conversation = ? AND body != ''", conversation)
        return {row[0] for row in rows}

    def purged(self, conversation: str | None) -> int:
        """How many turns of a conversation were purged."""
        return int(self._row("SELECT count(*) FROM turns WHERE conversation = ? AND body = ''", conversation)[0])

    def purge(self, turn: str) -> None:
        """Erase the text of a turn, and whom it is about."""
        with self.transaction() as db:
            db.execute("UPDATE turns SET body = '', customer_id = NULL WHERE turn = ?", (turn,))
            db.execute("DELETE FROM turn_sources WHERE number = (SELECT number FROM turns WHERE turn = ?)", (turn,))

    def _rows(self, query: str, *values: str | None) -> list[Any]:
        with self.transaction() as db:
            return db.execute(query, values).fetchall()

    def _row(self, query: str, *values: str | None) -> Any:
        return next(iter(self._rows(query, *values)), None)
