"""The pipeline: a question goes in, a checked and sourced reply comes out, piece by piece."""

import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from assistant import conflicts, decision, eligibility, languages, leaning, situation, unanswered, untrusted, wishes
from assistant.events import Event, Finished, Retrieved
from assistant.orders import orders
from assistant.prompt import plain, plain_code, render
from assistant.provenance import made_with
from assistant.reply import Action, Brief, Evidence, Reply, Wish
from assistant.serving import Serving, Speaker
from assistant.settings import Settings
from assistant.turns import Turn, Turns
from assistant.untrusted import Withheld
from assistant.writing import Draft, answer_courtesy, write
from knowledge_base import topic
from knowledge_base.accounts import first_name
from knowledge_base.catalog import now
from knowledge_base.evidence import Evidence as Narrowed
from knowledge_base.evidence import narrow
from knowledge_base.found import Clock, Search, checked_question, unsearched
from knowledge_base.hits import Hit
from knowledge_base.letters import body
from knowledge_base.redaction import redaction_rules
from knowledge_base.retrieval import KnowledgeBase
from knowledge_base.secret_text import masked
from knowledge_base.stored import PUBLIC, Filters


@dataclass(frozen=True)
class _Message:
    """A message without the secrets in it, and what the session says of it."""

    question: str
    customer_id: str | None
    history: list[tuple[str, str]]
    conversation: str
    filters: Filters


@dataclass(frozen=True)
class _Found:
    """What was found for a message, and what is done with it.

    ``whole`` is the search before what gives orders was ``withheld``; the languages are empty where they are the same.
    """

    wish: Wish | None
    whole: Search
    search: Search
    withheld: list[Withheld]
    evidence: Narrowed
    action: Action
    asked_in: str
    written_in: str
    leans_on: str
    """The question before it, where that was handed off and this one is for that reason."""


@dataclass(frozen=True)
class _Told:
    """The note for the agent, the hits that it draws on, and what was left out of the prompt."""

    note: str
    noted: list[Hit]
    left_out: list[str]


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
        self._wish("Is it ready", ())
        self.knowledge_base.embeddings.vectors(["ready"])

    def ask(
        self,
        question: str,
        customer_id: str | None = None,
        history: Sequence[tuple[str, str]] = (),
        conversation: str | None = None,
        keep: bool = True,
        filters: Filters = PUBLIC,
    ) -> Turn:
        """Answer a question.

        Args:
            question: as the customer wrote it.
            customer_id: whose account facts may be used; chosen by the session, never read from a text.
            history: earlier (role, text) turns, oldest first.
            conversation: what to store the turn under; a new one by default.
            keep: whether to store the turn.
            filters: which articles may be drawn on, by plan, product and language; a customer is never told of internal ones.

        Raises:
            UserError: the question is empty or too long, or there is no such customer.
        """
        for event in self.stream(question, customer_id, history, conversation, keep, filters):
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
        filters: Filters = PUBLIC,
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
        filters = replace(filters, audience=PUBLIC.audience)
        message = _Message(question, customer_id, history, conversation or uuid.uuid4().hex[:12], filters)
        found = self._found(message, speaker, clock)
        clock.lap("search")
        settled = self._settled(found, customer_id)
        found = replace(found, search=replace(found.search, hits=settled.hits))
        draft = self._draft(message, found, settled, speaker, clock)
        clock.lap("check")
        yield Retrieved(found.search.hits, found.search.confidence, found.action)
        first = 0.0
        for piece in answer_courtesy(draft, found.wish, self._waits(message, found.wish)) if found.wish else write(draft):
            first = first or time.monotonic() - began
            yield piece
        told = self._told(message, found, settled, draft)
        clock.lap("search")
        seconds = round(first, 3), round(time.monotonic() - began, 3)
        turn = self._turn(message, found, settled, draft, told, seconds)
        if keep:
            self._keep(turn, purged)
        yield Finished(turn)

    def _found(self, message: _Message, speaker: Speaker, clock: Clock) -> _Found:
        """What a message asks, what is found for it, and what is done with it."""
        wish = self._wish(body(message.question), message.history)
        found, leans_on = (unsearched(body(message.question)), "") if wish else self._searched(message)
        clock.lap("search")
        search, withheld = untrusted.screened(found, self.settings.own_domains)
        clock.lap("check")
        evidence = narrow(search, self.settings.evidence_tokens, speaker.engine.get_num_tokens)
        action = wishes.action(wish) if wish else decision.decide(search, bool(evidence.pieces), self.settings)
        leans_on = leans_on if action != "answer" or topic.points(search.question) else ""
        # A thing of the account that is named in whatever language stays one.
        unread = action != "answer" and not wish and not search.which
        asked_in, written_in = languages.foreign(search.question, search.passages) if unread else ("", "")
        action = "hand_off" if asked_in or leans_on else action
        return _Found(wish, found, search, withheld, evidence, action, asked_in, written_in, leans_on)

    def _searched(self, message: _Message) -> tuple[Search, str]:
        """What is found for a message, and the question before it, where that was handed off and this one leans on it: what was answered
        before that one is not what it is about.
        """
        found = self.knowledge_base.search(message.question, message.customer_id, message.history, message.filters)
        if not message.history or not leaning.leans(found):
            return found, ""
        before = leaning.handed_off(message.history, self.turns.conversation(message.conversation, message.customer_id))
        alone = self.knowledge_base.search(message.question, message.customer_id, (), message.filters) if before else found
        return alone, before

    def _draft(self, message: _Message, found: _Found, settled: conflicts.Settled, speaker: Speaker, clock: Clock) -> Draft:
        """The reply before anything of it is written: what is told the model, and what it says as it stands."""
        said = {p: Evidence(p.source, plain_code(p.text) if p.code else plain(p.text), p.step, p.code) for p in settled.pieces}
        record = self.knowledge_base.customer(message.customer_id) if message.customer_id else {}
        brief = Brief(
            question=found.search.question,
            action=found.action,
            evidence=tuple(said.values()),
            options=decision.options(found.search) if found.action == "ask" else (),
            customer=first_name(record),
            history=tuple(message.history),
        )
        situations = () if found.wish else self._situations(found.search)
        return Draft(brief, speaker, clock, self.settings, situations, frozenset(said[p] for p in settled.verbatim))

    def _told(self, message: _Message, found: _Found, settled: conflicts.Settled, draft: Draft) -> _Told:
        """What only the agent reads beside the reply that is written."""
        left_out = [piece.text for piece in found.evidence.left_out]
        open_still = self._unanswered(found.evidence.faint, message) if found.action == "answer" else ()
        internal = None if found.wish in wishes.SMALL_TALK else self._internal(found.search, message.filters)
        parts = (
            *untrusted.note(found.withheld),
            *conflicts.note(settled.conflicts, found.search.hits),
            unanswered.note(open_still),
            f"It seems to be written in {found.asked_in}; the articles found are in {found.written_in}." if found.asked_in else "",
            decision.note(found.search, found.action, draft.unsupported, left_out, internal, found.wish, found.leans_on),
        )
        noted = [*([internal] if internal else []), *found.search.for_agent, *untrusted.withheld_hits(found.whole, found.withheld)]
        return _Told(" ".join(part for part in parts if part), noted, left_out)

    def _turn(
        self, message: _Message, found: _Found, settled: conflicts.Settled, draft: Draft, told: _Told, seconds: tuple[float, float]
    ) -> Turn:
        """The turn as it is stored; ``seconds`` until the first words and until the last."""
        search = found.search
        used = {source for statement in draft.answer for source in statement.sources}
        return Turn(
            turn=uuid.uuid4().hex[:12],
            conversation=message.conversation,
            at=now(),
            question=message.question,
            customer_id=message.customer_id,
            history=message.history,
            filters=message.filters,
            reply=Reply(greeting=draft.greeting, answer=draft.answer, next_step=draft.next_step, action=found.action, note=told.note),
            retrieved=search.hits,
            cited=[hit for hit in search.hits if hit.source in used],
            noted=told.noted,
            withheld=found.withheld,
            wish=found.wish,
            language=found.asked_in,
            leans_on=found.leans_on,
            conflicts=settled.conflicts,
            not_held=search.not_held,
            known_gap=search.known_gap,
            ambiguous=search.ambiguous,
            options=list(draft.brief.options),
            unsupported=draft.unsupported,
            confidence=search.confidence,
            vagueness=search.vagueness,
            prompt_tokens=draft.tokens[0],
            reply_tokens=draft.tokens[1],
            first_token_s=seconds[0],
            total_s=seconds[1],
            voice=draft.speaker.label,
            engine=self.settings.engine,
            prompt=render(draft.brief.told).user,
            written=draft.written,
            left_out=told.left_out,
            settings=self.settings.model_dump(mode="json", exclude={"articles", "customers"}),
            made_with=made_with(self.settings, draft.speaker.voice),
            timing=draft.clock.laps,
        )

    def _keep(self, turn: Turn, purged: int) -> None:
        """Store a turn, but not what was erased while it was written: a source, or a turn of its history."""
        self.turns.add(turn)
        drawn = {(hit.article_id, hit.version) for hit in (*turn.retrieved, *turn.noted) if not hit.source.startswith("c")}
        if self.turns.purged(turn.conversation) != purged or not self.knowledge_base.holds(drawn, turn.customer_id):
            self.turns.purge(turn.turn)

    def masked(self, text: str) -> str:
        """A text without the secrets in it: card numbers, passwords, tokens, and what the settings add."""
        return masked(text, self._secret_patterns)

    def _settled(self, found: _Found, customer_id: str | None) -> conflicts.Settled:
        """The evidence with what is disputed in it, taken for granted by the question, or not on the customer's plan made plain."""
        if found.wish:
            return conflicts.settle(found.search, (), None)
        search, pieces = found.search, found.evidence.pieces if found.action == "answer" else ()
        facts = self.knowledge_base.facts(customer_id) if customer_id else []
        facts = [fact for fact in facts if not orders(f"{fact.title}\n\n{fact.text}", self.settings.own_domains)]
        if claimed := conflicts.premise(search.question, facts, self.knowledge_base.field_values(), self.settings.product_names):
            return conflicts.settle(search, pieces, claimed)
        main = eligibility.main_article(search, pieces)
        plans = self.knowledge_base.plans(main) if main and facts else ()
        if main and (lacking := eligibility.missing(search, main, plans, facts)):
            return conflicts.settle(search, eligibility.with_sentence(pieces, lacking), (lacking.fact, lacking.claim), "plan")
        return conflicts.settle(search, pieces, None)

    def _wish(self, message: str, history: Sequence[tuple[str, str]]) -> Wish | None:
        """What a message is where it asks nothing; how near a phrase has to be is known of the embedded model alone."""
        return wishes.wish(message, history, self.knowledge_base.embeddings if self.settings.embedding_model == "embedded" else None)

    def _waits(self, message: _Message, wish: Wish) -> bool:
        """Whether the customer says thanks while the question before it waits for an answer of a person."""
        if wish != "thanks":
            return False
        turns = self.turns.conversation(message.conversation, message.customer_id)
        kept = ((turn, self.turns.approval(turn.turn, turn.customer_id)) for turn in turns)
        return bool(leaning.handed_off(message.history, [turn for turn, approval in kept if not (approval and approval.own)]))

    def _situations(self, search: Search) -> tuple[str, ...]:
        return tuple(situation.fitting(search.query, search.question)) if self.settings.embedding_model == "embedded" else ()

    def _unanswered(self, faint: Sequence[str], message: _Message) -> tuple[str, ...]:
        """The clauses of a question that the reply does not answer."""

        def confidence(clause: str) -> float:
            return self.knowledge_base.search(clause, message.customer_id, message.history, message.filters).confidence

        return unanswered.unanswered(faint, confidence, self.settings.hand_off_below)

    def _internal(self, search: Search, filters: Filters) -> Hit | None:
        """The internal article that bears on the question, for the agent's note alone."""
        found = self.knowledge_base.search(search.question, None, filters=replace(filters, audience="internal"), most=1)
        return found.hits[0] if found.hits and found.hits[0].score > decision.INTERNAL_SCORE else None
