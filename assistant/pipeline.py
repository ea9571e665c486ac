"""The pipeline: a question goes in, a checked and sourced reply comes out, piece by piece."""

import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace

from assistant import conflicts, decision, eligibility, languages, situation, unanswered, untrusted, wishes
from assistant.events import Event, Finished, Retrieved
from assistant.orders import orders
from assistant.prompt import plain, plain_code, render
from assistant.provenance import made_with
from assistant.reply import Brief, Evidence, Reply, Wish
from assistant.serving import Serving
from assistant.settings import Settings
from assistant.turns import Turn, Turns
from assistant.writing import Draft, answer_courtesy, write
from knowledge_base.accounts import first_name
from knowledge_base.catalog import now
from knowledge_base.evidence import Piece, narrow
from knowledge_base.found import Clock, Search, checked_question, unsearched
from knowledge_base.hits import Hit
from knowledge_base.letters import body
from knowledge_base.redaction import redaction_rules
from knowledge_base.retrieval import KnowledgeBase
from knowledge_base.secret_text import masked
from knowledge_base.stored import PUBLIC, Filters


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
        wish = self._wish(body(question), history)
        found = unsearched(body(question)) if wish else self.knowledge_base.search(question, customer_id, history, filters)
        clock.lap("search")
        search, withheld = untrusted.screened(found, self.settings.own_domains)
        clock.lap("check")
        evidence = narrow(search, self.settings.evidence_tokens, speaker.engine.get_num_tokens)
        action = wishes.action(wish) if wish else decision.decide(search, bool(evidence.pieces), self.settings)
        # A thing of the account that is named in whatever language stays one.
        unread = action != "answer" and not wish and not search.which
        asked_in, written_in = languages.foreign(search.question, search.passages) if unread else ("", "")
        action = "hand_off" if asked_in else action
        record = self.knowledge_base.customer(customer_id) if customer_id else {}
        clock.lap("search")
        pieces = evidence.pieces if action == "answer" else ()
        settled = conflicts.settle(search, (), None) if wish else self._settled(search, pieces, customer_id)
        search = replace(search, hits=settled.hits)
        said = {p: Evidence(p.source, plain_code(p.text) if p.code else plain(p.text), p.step, p.code) for p in settled.pieces}
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
        verbatim = frozenset(said[p] for p in settled.verbatim)
        draft = Draft(brief, speaker, clock, self.settings, () if wish else self._situations(search), verbatim)
        first = 0.0
        for piece in answer_courtesy(draft, wish) if wish else write(draft):
            first = first or time.monotonic() - began
            yield piece
        left_out = [piece.text for piece in evidence.left_out]
        open_still = self._unanswered(evidence.faint, customer_id, history, filters) if action == "answer" else ()
        internal = None if wish in wishes.SMALL_TALK else self._internal(search, filters)
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
                    unanswered.note(open_still),
                    f"It seems to be written in {asked_in}; the articles found are in {written_in}." if asked_in else "",
                    decision.note(search, action, draft.unsupported, left_out, internal, wish),
                )
                if part
            ),
        )
        used = {source for statement in draft.answer for source in statement.sources}
        turn = Turn(
            turn=uuid.uuid4().hex[:12],
            conversation=conversation or uuid.uuid4().hex[:12],
            at=now(),
            question=question,
            customer_id=customer_id,
            history=list(history),
            filters=filters,
            reply=reply,
            retrieved=search.hits,
            cited=[hit for hit in search.hits if hit.source in used],
            noted=[*([internal] if internal else []), *search.for_agent, *untrusted.withheld_hits(found, withheld)],
            withheld=withheld,
            wish=wish,
            language=asked_in,
            conflicts=settled.conflicts,
            not_held=search.not_held,
            known_gap=search.known_gap,
            ambiguous=search.ambiguous,
            options=list(brief.options),
            unsupported=draft.unsupported,
            confidence=search.confidence,
            vagueness=search.vagueness,
            prompt_tokens=draft.tokens[0],
            reply_tokens=draft.tokens[1],
            first_token_s=round(first, 3),
            total_s=round(time.monotonic() - began, 3),
            voice=speaker.label,
            engine=self.settings.engine,
            prompt=render(brief.told).user,
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

    def masked(self, text: str) -> str:
        """A text without the secrets in it: card numbers, passwords, tokens, and what the settings add."""
        return masked(text, self._secret_patterns)

    def _settled(self, search: Search, pieces: Sequence[Piece], customer_id: str | None) -> conflicts.Settled:
        """The evidence with what is disputed in it, taken for granted by the question, or not on the customer's plan made plain."""
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

    def _situations(self, search: Search) -> tuple[str, ...]:
        return tuple(situation.fitting(search.query, search.question)) if self.settings.embedding_model == "embedded" else ()

    def _unanswered(
        self, faint: Sequence[str], customer_id: str | None, history: Sequence[tuple[str, str]], filters: Filters
    ) -> tuple[str, ...]:
        """The clauses of a question that the reply does not answer."""

        def confidence(clause: str) -> float:
            return self.knowledge_base.search(clause, customer_id, history, filters).confidence

        return unanswered.unanswered(faint, confidence, self.settings.hand_off_below)

    def _internal(self, search: Search, filters: Filters) -> Hit | None:
        """The internal article that bears on the question, for the agent's note alone."""
        found = self.knowledge_base.search(search.question, None, filters=replace(filters, audience="internal"), most=1)
        return found.hits[0] if found.hits and found.hits[0].score > decision.INTERNAL_SCORE else None
