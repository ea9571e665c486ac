"""The pipeline: a question goes in, a checked and sourced reply comes out, piece by piece."""

import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from assistant import conflicts, decision, situation, untrusted, wording
from assistant.engines import messages
from assistant.errors import ReplyFormatError
from assistant.events import Event, Finished, Piece, Retrieved
from assistant.grounding import check, quote
from assistant.lead_ins import bare
from assistant.orders import orders
from assistant.prompt import plain, render
from assistant.provenance import made_with
from assistant.reply import NEXT, Brief, Evidence, Reply, Statement, grammar, grammar_of_one, limit, parse_statement
from assistant.serving import Serving, Speaker
from assistant.settings import Settings
from assistant.turns import Turn, Turns, Unsupported
from knowledge_base.accounts import first_name
from knowledge_base.catalog import now
from knowledge_base.evidence import narrow
from knowledge_base.found import Clock, Search, checked_question
from knowledge_base.hits import Hit
from knowledge_base.redaction import redaction_rules
from knowledge_base.retrieval import KnowledgeBase
from knowledge_base.secret_text import masked
from knowledge_base.stored import Filters, StoredFact

MOST_SKIPPED = 3
"""How many pieces of evidence a model may skip before its line counts as unsupported."""
MOST_SECONDS = 2
"""How many unsupported statements of a reply the model may try again, so that the time stays bounded."""
SECOND_SEED = 1


@dataclass
class _Draft:
    """A reply under way."""

    brief: Brief
    speaker: Speaker
    clock: Clock
    situations: tuple[str, ...] = ()
    """What the question may be of, where that is known."""
    verbatim: frozenset[Evidence] = frozenset()
    """Evidence that the program worded, said as it stands."""
    greeting: str = ""
    answer: list[Statement] = field(default_factory=list)
    next_step: str = ""
    unsupported: list[Unsupported] = field(default_factory=list)
    seconds: int = 0
    again: Statement | None = None
    """The second try of the statement refused last, where grounding let it pass."""
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
        self._secret_patterns = redaction_rules(patterns=settings.secret_patterns).patterns
        self.serving = Serving(settings)
        # The first question shall not wait for the embedding model to load.
        self.knowledge_base.embeddings.vectors(["ready"])

    def ask(
        self,
        question: str,
        customer_id: str | None = None,
        history: Sequence[tuple[str, str]] = (),
        conversation: str | None = None,
        keep: bool = True,
    ) -> Turn:
        """Answer a question.

        Args:
            question: as the customer wrote it.
            customer_id: whose account facts may be used; chosen by the session, never read from a text.
            history: earlier (role, text) turns, oldest first.
            conversation: what to store the turn under; a new one by default.
            keep: whether to store the turn.

        Raises:
            UserError: the question is empty or too long, or there is no such customer.
        """
        for event in self.stream(question, customer_id, history, conversation, keep):
            if isinstance(event, Finished):
                return event.turn
        raise RuntimeError("the pipeline ended without a turn")

    def stream(
        self,
        question: str,
        customer_id: str | None = None,
        history: Sequence[tuple[str, str]] = (),
        conversation: str | None = None,
        keep: bool = True,
    ) -> Iterator[Event]:
        """Answer a question piece by piece; arguments and errors as ``ask``.

        Yields:
            the sources, then the greeting, each statement once its check is done, the next step, and the stored turn.
        """
        began, clock = time.monotonic(), Clock()
        purged = self.turns.purged(conversation)
        speaker = self.serving.look()
        # Secrets go before anything is searched, prompted, stored, logged or exported.
        question, history = self.masked(checked_question(question)), [(role, self.masked(text)) for role, text in history]
        found = self.knowledge_base.search(question, customer_id, history)
        clock.lap("search")
        search, withheld = untrusted.screened(found, self.settings.own_domains)
        clock.lap("check")
        evidence = narrow(search, self.settings.evidence_tokens, speaker.engine.get_num_tokens)
        action = decision.decide(search, bool(evidence.pieces), self.settings)
        record = self.knowledge_base.customer(customer_id) if customer_id else {}
        clock.lap("search")
        settled = conflicts.settle(search, evidence.pieces if action == "answer" else (), self._premise(search.question, customer_id))
        search = replace(search, hits=settled.hits)
        said = {p: Evidence(p.source, plain(p.text), p.step) for p in settled.pieces} if action == "answer" else {}
        brief = Brief(
            question=search.question,
            action=action,
            evidence=tuple(said.values()),
            options=decision.options(search) if action == "ask" else (),
            customer=first_name(record),
            history=tuple(history),
        )
        clock.lap("check")
        yield Retrieved(search.hits, search.confidence, action)
        verbatim = frozenset(said[p] for p in settled.verbatim if p in said)
        draft = _Draft(brief, speaker, clock, self._situations(search), verbatim)
        first = 0.0
        for piece in self._write(draft):
            first = first or time.monotonic() - began
            yield piece
        left_out = [piece.text for piece in evidence.left_out]
        internal = self._internal(search)
        clock.lap("search")
        reply = Reply(
            greeting=draft.greeting,
            answer=draft.answer,
            next_step=draft.next_step,
            action=action,
            note=" ".join(
                part
                for part in (
                    *untrusted.note(withheld),
                    *conflicts.note(settled.conflicts, search.hits),
                    decision.note(search, action, draft.unsupported, left_out, internal),
                )
                if part
            ),
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
            noted=[*([internal] if internal else []), *untrusted.withheld_hits(found, withheld)],
            withheld=withheld,
            conflicts=settled.conflicts,
            unsupported=draft.unsupported,
            confidence=search.confidence,
            vagueness=search.vagueness,
            prompt_tokens=draft.tokens[0],
            reply_tokens=draft.tokens[1],
            first_token_s=round(first, 3),
            total_s=round(time.monotonic() - began, 3),
            voice=speaker.label,
            engine=self.settings.engine,
            prompt=render(brief).user,
            written=draft.written,
            left_out=left_out,
            settings=self.settings.model_dump(mode="json", exclude={"articles", "customers"}),
            made_with=made_with(self.settings, speaker.voice),
            timing=clock.laps,
        )
        if keep:
            self._keep(turn, purged)
        yield Finished(turn)

    def _keep(self, turn: Turn, purged: int) -> None:
        """Store a turn, but not what was erased while it was written: a source, or a turn of its history."""
        self.turns.add(turn)
        drawn = {(hit.article_id, hit.version) for hit in (*turn.retrieved, *turn.noted) if not hit.source.startswith("c")}
        if self.turns.purged(turn.conversation) != purged or not self.knowledge_base.holds(drawn, turn.customer_id):
            self.turns.purge(turn.turn)

    def _write(self, draft: _Draft) -> Iterator[Piece]:
        """Let the model write, and release each line once it is sound."""
        lines, clock = self._lines(draft), draft.clock
        first = next(lines, "")
        clock.lap("write")
        draft.greeting = wording.sound_greeting(first, draft.brief, draft.speaker.voice, draft.situations)
        clock.lap("check")
        yield Piece("greeting", draft.greeting)
        waiting = list(draft.brief.evidence)
        last = ""
        for line in lines:
            clock.lap("write")
            if line.startswith(NEXT):
                last = line.removeprefix(NEXT)
            placed = self._place(line, waiting, draft)
            released = [self._release(statement, draft) for statement in placed]
            clock.lap("check")
            yield from released
        clock.lap("write")
        for statement in map(quote, waiting):
            yield self._release(statement, draft)
        draft.next_step = wording.sound_next_step(last, draft.brief, draft.speaker.voice, draft.greeting)
        clock.lap("check")
        yield Piece("next_step", draft.next_step)

    def _release(self, statement: Statement, draft: _Draft) -> Piece:
        """A statement as a piece of the reply; one that says a word from elsewhere gives way to its evidence.

        Every piece of evidence gets one statement, in its order.
        """
        brief, item = draft.brief, draft.brief.evidence[len(draft.answer)]
        others = [brief.question, *(text for _, text in brief.history), *(other.text for other in brief.evidence if other != item)]
        if statement.how == "written" and (word := untrusted.brought_in(_claim(statement, draft), item, others)):
            reason = f"“{word}” stands in another text, not in the source"
            if draft.again is statement:
                # Its first try is entered already; in the end the source is said.
                draft.unsupported[-1].instead = "quoted"
            else:
                draft.unsupported.append(Unsupported(text=statement.text, sources=statement.sources, reason=reason))
            statement = quote(item)
        draft.answer.append(statement)
        return Piece("statement", statement.text, statement)

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
        if self.settings.answering == "select" or waiting[0] in draft.verbatim or statement.sources != [waiting[0].source]:
            return [quote(waiting.pop(0))]
        name = draft.brief.customer
        claim = _claim(statement, draft)
        reason = check(claim, waiting[0], name, draft.speaker.vocabulary)
        skipped = 0
        if reason:
            ahead = [place for place, item in enumerate(waiting[: 1 + MOST_SKIPPED]) if item.source == waiting[0].source]
            skipped = next((place for place in ahead[1:] if check(claim, waiting[place], name, draft.speaker.vocabulary) is None), 0)
        if reason and not skipped:
            item = waiting.pop(0)
            second = self._again(item, draft)
            instead: Literal["quoted", "regenerated"] = "regenerated" if second else "quoted"
            draft.unsupported.append(Unsupported(text=statement.text, sources=statement.sources, reason=reason, instead=instead))
            draft.again = second
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
        engine = draft.speaker.engine
        most = 3 * engine.get_num_tokens(draft.greeting + item.text)
        written = str(engine.invoke(messages(prompt), grammar=rules, max_tokens=most, seed=SECOND_SEED).content)
        try:
            statement = parse_statement([*written.split("\n"), ""][1])
        except ReplyFormatError:
            return None
        if check(_claim(statement, draft), item, draft.brief.customer, draft.speaker.vocabulary):
            return None
        return statement.model_copy(update={"step": item.step})

    def _lines(self, draft: _Draft) -> Iterator[str]:
        """The model's lines, each when it is complete; ends early where a line runs away."""
        prompt = render(draft.brief)
        rules = grammar(draft.brief, select=self.settings.answering == "select")
        stream = draft.speaker.engine.stream(messages(prompt), grammar=rules, max_tokens=self.settings.reply_tokens)
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
            engine = draft.speaker.engine
            draft.tokens = (engine.get_num_tokens(engine.prompt_text(messages(prompt))), engine.get_num_tokens(draft.written))

    def masked(self, text: str) -> str:
        """A text without the secrets in it: card numbers, passwords, tokens, and what the settings add."""
        return masked(text, self._secret_patterns)

    def _premise(self, question: str, customer_id: str | None) -> tuple[StoredFact, str] | None:
        """The account fact that contradicts what the question takes for granted."""
        if customer_id is None:
            return None
        facts = [
            fact for fact in self.knowledge_base.facts(customer_id) if not orders(f"{fact.title}\n\n{fact.text}", self.settings.own_domains)
        ]
        return conflicts.premise(question, facts, self.knowledge_base.field_values())

    def _situations(self, search: Search) -> tuple[str, ...]:
        return tuple(situation.fitting(search.query)) if self.settings.embedding_model == "embedded" else ()

    def _internal(self, search: Search) -> Hit | None:
        """The internal article that bears on the question, for the agent's note alone."""
        found = self.knowledge_base.search(search.question, None, filters=Filters(audience="internal"), most=1)
        return found.hits[0] if found.hits and found.hits[0].score > decision.INTERNAL_SCORE else None


def _claim(statement: Statement, draft: _Draft) -> str:
    """What a statement states: its text without the voice's lead-in."""
    return bare(statement.text, statement.step is not None, draft.speaker.profile)
