"""The pipeline: a question goes in, a checked and sourced reply comes out, piece by piece."""

import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from assistant import decision, wording
from assistant.engines import Engine, load_engine, messages
from assistant.errors import ReplyFormatError
from assistant.grounding import check, quote
from assistant.prompt import plain, render
from assistant.reply import NEXT, Brief, Evidence, Reply, Statement, grammar, grammar_of_one, limit, parse_statement
from assistant.settings import Settings
from assistant.turns import Turn, Turns, Unsupported
from assistant.voices import Voice, active_voice
from knowledge_base.accounts import first_name
from knowledge_base.catalog import now
from knowledge_base.evidence import narrow
from knowledge_base.found import Search
from knowledge_base.hits import Hit
from knowledge_base.retrieval import KnowledgeBase
from knowledge_base.stored import Filters


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
MOST_SKIPPED = 3
"""How many pieces of evidence a model may skip before its line counts as unsupported."""
MOST_SECONDS = 2
"""How many unsupported statements of a reply the model may try again, so that the time stays bounded."""
SECOND_SEED = 1


@dataclass
class _Draft:
    """A reply under way."""

    brief: Brief
    greeting: str = ""
    answer: list[Statement] = field(default_factory=list)
    next_step: str = ""
    unsupported: list[Unsupported] = field(default_factory=list)
    seconds: int = 0
    written: str = ""
    tokens: tuple[int, int] = (0, 0)


class Assistant:
    """Joins the facts and the voice; one per process, safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        """Open the knowledge base and load the voice's engine.

        Raises:
            UserError: the store, the voice or a model is missing or damaged.
        """
        self.settings = settings
        self.knowledge_base = KnowledgeBase(settings)
        self.turns = Turns(settings.store)
        self.voice: Voice | None = active_voice(settings)
        self.engine: Engine = load_engine(settings, self.voice)
        # The first question shall not wait for the embedding model to load.
        self.knowledge_base.embeddings.vectors(["ready"])

    @property
    def voice_label(self) -> str:
        """Name and version of the voice, or ``none``."""
        return self.voice.label if self.voice else "none"

    def ask(
        self,
        question: str,
        customer_id: str | None = None,
        history: Sequence[tuple[str, str]] = (),
        conversation: str | None = None,
    ) -> Turn:
        """Answer a question.

        Args:
            question: as the customer wrote it.
            customer_id: whose account facts may be used; chosen by the session, never read from a text.
            history: earlier (role, text) turns, oldest first.
            conversation: what to store the turn under; a new one by default.

        Raises:
            UserError: the question is empty or too long, or there is no such customer.
        """
        for event in self.stream(question, customer_id, history, conversation):
            if isinstance(event, Finished):
                return event.turn
        raise RuntimeError("the pipeline ended without a turn")

    def stream(
        self,
        question: str,
        customer_id: str | None = None,
        history: Sequence[tuple[str, str]] = (),
        conversation: str | None = None,
    ) -> Iterator[Event]:
        """Answer a question piece by piece; arguments and errors as ``ask``.

        Yields:
            the sources, then the greeting, each statement once its check is done, the next step, and the stored turn.
        """
        began = time.monotonic()
        search = self.knowledge_base.search(question, customer_id, history)
        evidence = narrow(search, self.settings.evidence_tokens, self.engine.get_num_tokens, self.knowledge_base.embeddings.vectors)
        action = decision.decide(search, bool(evidence.pieces), self.settings)
        record = self.knowledge_base.customer(customer_id) if customer_id else {}
        brief = Brief(
            question=search.question,
            action=action,
            evidence=tuple(Evidence(p.source, plain(p.text), p.step) for p in evidence.pieces) if action == "answer" else (),
            options=decision.options(search) if action == "ask" else (),
            customer=first_name(record),
            history=tuple(history),
        )
        yield Retrieved(search.hits, search.confidence, action)
        draft = _Draft(brief)
        first = 0.0
        for piece in self._write(draft):
            first = first or time.monotonic() - began
            yield piece
        left_out = [piece.text for piece in evidence.left_out]
        internal = self._internal(search)
        reply = Reply(
            greeting=draft.greeting,
            answer=draft.answer,
            next_step=draft.next_step,
            action=action,
            note=decision.note(search, action, draft.unsupported, left_out, internal),
        )
        used = {source for statement in draft.answer for source in statement.sources}
        turn = Turn(
            turn=uuid.uuid4().hex[:12],
            conversation=conversation or uuid.uuid4().hex[:12],
            at=now(),
            question=search.question,
            customer_id=customer_id,
            history=list(history),
            reply=reply,
            retrieved=search.hits,
            cited=[hit for hit in search.hits if hit.source in used],
            noted=[internal] if internal else [],
            unsupported=draft.unsupported,
            confidence=search.confidence,
            vagueness=search.vagueness,
            prompt_tokens=draft.tokens[0],
            reply_tokens=draft.tokens[1],
            first_token_s=round(first, 3),
            total_s=round(time.monotonic() - began, 3),
            voice=self.voice_label,
            engine=self.settings.engine,
            prompt=render(brief).user,
            written=draft.written,
            left_out=left_out,
            settings=self.settings.model_dump(mode="json", exclude={"articles", "customers"}),
        )
        self.turns.add(turn)
        yield Finished(turn)

    def _write(self, draft: _Draft) -> Iterator[Piece]:
        """Let the model write, and release each line once it is sound."""
        lines = self._lines(draft)
        draft.greeting = wording.sound_greeting(next(lines, ""), draft.brief, self.voice)
        yield Piece("greeting", draft.greeting)
        waiting = list(draft.brief.evidence)
        last = ""
        for line in lines:
            if line.startswith(NEXT):
                last = line.removeprefix(NEXT)
            for statement in self._place(line, waiting, draft):
                draft.answer.append(statement)
                yield Piece("statement", statement.text, statement)
        for statement in map(quote, waiting):
            draft.answer.append(statement)
            yield Piece("statement", statement.text, statement)
        draft.next_step = wording.sound_next_step(last, draft.brief, self.voice, draft.greeting)
        yield Piece("next_step", draft.next_step)

    def _place(self, line: str, waiting: list[Evidence], draft: _Draft) -> list[Statement]:
        """The statements that a line of the model releases: its own, and quotes of the evidence that it skipped.

        A line that does not stand up to the evidence whose turn it is may say a later piece of the same source.
        """
        if not waiting or line.startswith(NEXT):
            return []
        try:
            statement = parse_statement(line)
        except ReplyFormatError:
            return [quote(waiting.pop(0))]
        if self.settings.answering == "select" or statement.sources != [waiting[0].source]:
            return [quote(waiting.pop(0))]
        name = draft.brief.customer
        reason = check(statement.text, waiting[0], name)
        skipped = 0
        if reason:
            ahead = [place for place, item in enumerate(waiting[: 1 + MOST_SKIPPED]) if item.source == waiting[0].source]
            skipped = next((place for place in ahead[1:] if check(statement.text, waiting[place], name) is None), 0)
        if reason and not skipped:
            item = waiting.pop(0)
            second = self._again(item, draft)
            instead: Literal["quoted", "regenerated"] = "regenerated" if second else "quoted"
            draft.unsupported.append(Unsupported(text=statement.text, sources=statement.sources, reason=reason, instead=instead))
            return [second or quote(item)]
        quotes = [quote(waiting.pop(0)) for _ in range(skipped)]
        item = waiting.pop(0)
        return [*quotes, statement.model_copy(update={"step": item.step})]

    def _again(self, item: Evidence, draft: _Draft) -> Statement | None:
        """The model's second try at one piece of evidence, alone in its prompt and sampled; None where it fails as well.

        It waits for the first reply to be written, for the engine serves one at a time, and costs a line's decoding.
        """
        if draft.seconds >= MOST_SECONDS:
            return None
        draft.seconds += 1
        prompt = render(Brief(draft.brief.question, evidence=(item,), customer=draft.brief.customer))
        rules = grammar_of_one(draft.greeting, item)
        most = 3 * self.engine.get_num_tokens(draft.greeting + item.text)
        written = str(self.engine.invoke(messages(prompt), grammar=rules, max_tokens=most, seed=SECOND_SEED).content)
        try:
            statement = parse_statement([*written.split("\n"), ""][1])
        except ReplyFormatError:
            return None
        if check(statement.text, item, draft.brief.customer):
            return None
        return statement.model_copy(update={"step": item.step})

    def _lines(self, draft: _Draft) -> Iterator[str]:
        """The model's lines, each when it is complete; ends early where a line runs away."""
        prompt = render(draft.brief)
        rules = grammar(draft.brief, select=self.settings.answering == "select")
        stream = self.engine.stream(messages(prompt), grammar=rules, max_tokens=self.settings.reply_tokens)
        buffer, number = "", 0
        for chunk in stream:
            if usage := getattr(chunk, "usage_metadata", None):
                draft.tokens = (usage["input_tokens"], usage["output_tokens"])
            buffer += str(chunk.content)
            draft.written += str(chunk.content)
            while "\n" in buffer:
                line, buffer = buffer.split("\n", 1)
                yield line
                number += 1
            if len(buffer.split()) > limit(draft.brief, number):
                break
        else:
            if buffer.strip():
                yield buffer
        if draft.tokens == (0, 0):
            given = self.engine.get_num_tokens(self.engine.prompt_text(messages(prompt)))
            draft.tokens = (given, self.engine.get_num_tokens(draft.written))

    def _internal(self, search: Search) -> Hit | None:
        """The internal article that bears on the question, for the agent's note alone."""
        found = self.knowledge_base.search(search.question, None, filters=Filters(audience="internal"), most=1)
        return found.hits[0] if found.hits and found.hits[0].score > decision.INTERNAL_SCORE else None
