"""What agents approved, and what they said of open questions, becomes named questions and known gaps.

Only the words of a question are taken over, and only where they stand by themselves and tell nothing of who asks. A question that
is left out is left out whole, with the reason.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assistant.draft_questions import sections
from assistant.errors import ReplyFormatError, UserError
from assistant.languages import language_of
from assistant.open_questions import Unanswered, Verdict, leans, unanswered
from assistant.private import Private
from assistant.prompt import brief_of, plain
from assistant.question_checks import Checks
from assistant.question_file import Entry, Kind, add
from assistant.question_task import Section, opening
from assistant.settings import Settings
from assistant.turns import Approval, Turn, Turns
from assistant.unanswered import asks
from knowledge_base.blocks import clean
from knowledge_base.catalog import Catalog
from knowledge_base.change import store_lock
from knowledge_base.clauses import clauses
from knowledge_base.evidence import ASKS_HOW
from knowledge_base.letters import body
from knowledge_base.redaction import redaction_rules
from knowledge_base.retrieval import KnowledgeBase
from knowledge_base.rows import whole_text

LEANS = "leaning on the conversation before it"
NOT_ANSWERED = "not answered by the reply that was approved"
OLD = "answered by another version of the program, which does not tell on what"
SEVERAL = "asking several things at once"
OF_ACCOUNT = "answered by the account alone"
NOT_SERVED = "of an article, a heading or a sentence that is not served any more"
NO_ARTICLE = "near to no article whose known gap it could be"
LANGUAGE = "in another language than the article"
RECORD_GONE = "of a customer whose record is gone, so that nobody can tell what in it is theirs"
GONE = "purged or taken back while they were collected"
ANSWERED_BY_NOW = "answered by now, as a gap"


class UnfitError(Exception):
    """Why a question is not taken over."""


@dataclass(frozen=True)
class Asked:
    """A question that an agent approved the answer of or settled: the turns that ask it, who asks, and where it belongs.

    ``heading`` is None where the nearest section is to be found; ``sentence`` is the one that answers it, "" where none is known.
    """

    turns: tuple[str, ...]
    customers: frozenset[str | None]
    question: str
    kind: Kind
    article_id: str = ""
    heading: str | None = None
    sentence: str = ""
    unfit: str = ""
    """Why it is left out, as far as the turn itself tells."""


@dataclass(frozen=True)
class Collected:
    """The questions that were taken, how many of them are new to the file, and those left out, as (turn, reason)."""

    taken: list[Entry]
    new: int
    left_out: list[tuple[str, str]]


def collect(settings: Settings, path: Path) -> Collected:
    """Add to a file of questions what agents approved and settled; nothing is taken out of it.

    Raises:
        UserError: the store cannot be read, or the file cannot be read or added to.
    """
    turns, knowledge_base = Turns(settings.store), KnowledgeBase(settings)
    taken: list[tuple[Asked, Entry]] = []
    left_out: list[tuple[str, str]] = []
    with Catalog(settings.store) as catalog:
        articles = _Articles(settings, path, knowledge_base, catalog)
        for asked in [*_approved(turns), *_settled(turns)]:
            try:
                taken.append((asked, articles.entry(asked)))
            except UnfitError as error:
                left_out.append((asked.turns[0], str(error)))
    with store_lock(settings.store):  # what is purged meanwhile must not be written after
        left = {turn for asked in [*_approved(turns), *_settled(turns)] for turn in asked.turns}
        gone = [asked for asked, _ in taken if not left.issuperset(asked.turns)]
        entries = [entry for asked, entry in taken if asked not in gone]
        return Collected(entries, add(path, entries), [*left_out, *((asked.turns[0], GONE) for asked in gone)])


def _approved(turns: Turns) -> Iterator[Asked]:
    """The questions of the turns whose replies were approved, newest first."""
    for turn, approval in reversed(turns.approved()):
        article_id, heading, sentence, unfit = _answer(turn, approval)
        question, who = clean(body(turn.question)), frozenset({turn.customer_id})
        unfit = LEANS if leans(question, turn.history) else unfit
        yield Asked((turn.turn,), who, question, "asked_as", article_id, heading, sentence, unfit)


def _answer(turn: Turn, approval: Approval) -> tuple[str, str, str, str]:
    """The article, heading and sentence that an approved reply rests on first, or why its question is not to be named there."""
    if turn.reply.action != "answer":
        return "", "", "", NOT_ANSWERED
    try:
        evidence = brief_of(turn.prompt, "answer").evidence
    except (LookupError, ReplyFormatError):
        evidence = ()
    if not len(evidence) == len(turn.reply.answer) == len(approval.answer):
        return "", "", "", OLD
    kept = [piece for piece, said in zip(evidence, approval.answer, strict=True) if said and not piece.source.startswith("c")]
    hits = {hit.source: hit for hit in turn.retrieved}
    if not kept or any(piece.source not in hits for piece in kept):
        return "", "", "", OF_ACCOUNT
    # What is said before a procedure does not answer how it is done.
    first = next((piece for piece in kept if piece.step), kept[0]) if ASKS_HOW.search(body(turn.question)) else kept[0]
    hit = hits[first.source]
    return hit.article_id, hit.heading, first.text, _several(turn.question)


def _several(question: str) -> str:
    return SEVERAL if sum(map(asks, clauses(body(question)))) > 1 else ""


def _settled(turns: Turns) -> Iterator[Asked]:
    """The questions that an agent named an article for, then those that none answers; of each all turns that ask it."""
    by_question: dict[str, tuple[Verdict, list[Unanswered]]] = {}
    for item in unanswered(turns):
        if item.verdict and item.verdict.kind != "dismissed":
            by_question.setdefault(item.asks, (item.verdict, []))[1].append(item)
    for verdict, items in sorted(by_question.values(), key=lambda pair: pair[0].kind == "gap"):
        message, gap = items[0].message, verdict.kind == "gap"
        unfit = _several(items[0].question) if verdict.article_id else NO_ARTICLE
        yield Asked(
            tuple(item.turn for item in items),
            frozenset(item.customer_id for item in items),
            message,
            "gaps" if gap else "asked_as",
            verdict.article_id,
            None if gap else verdict.heading,
            unfit=LEANS if leans(message, items[0].history) else unfit,
        )


class _Articles:
    """The articles that questions are named beside, and what they name by now."""

    def __init__(self, settings: Settings, path: Path, knowledge_base: KnowledgeBase, catalog: Catalog) -> None:
        self._settings, self._path = settings, path
        self._knowledge_base, self._catalog = knowledge_base, catalog
        self._known: dict[str, tuple[list[Section], Checks]] = {}
        self._answered: set[str] = set()
        self._private = Private(catalog, redaction_rules(patterns=settings.secret_patterns).patterns)

    def entry(self, asked: Asked) -> Entry:
        """Where a question goes in the file; it counts as named from then on.

        Raises:
            UnfitError: it is to be left out.
        """
        if asked.unfit:
            raise UnfitError(asked.unfit)
        for customer_id in asked.customers:
            if why := self._of_customer(asked.question, customer_id):
                raise UnfitError(why)
        found, checks = self._article(asked.article_id)
        section = self._section(asked, found)
        language = section.article.language[:2].lower() or language_of("\n".join(part.text for part in section.article.passages), 0.0)
        if language_of(asked.question) not in ("", language):
            raise UnfitError(LANGUAGE)
        begins = _opening(asked.sentence, section)
        if asked.kind == "gaps" and asked.question.casefold() in self._answered:
            raise UnfitError(ANSWERED_BY_NOW)
        why = checks.against(asked.question, section.sentences)
        if why := why or (checks.against_gap(asked.question) if asked.kind == "gaps" else ""):
            raise UnfitError(why)
        checks.take(asked.question, asked.kind == "asked_as")
        if asked.kind == "asked_as":
            self._answered.add(asked.question.casefold())
        return Entry(asked.article_id, section.heading, asked.kind, begins, asked.question)

    def _of_customer(self, question: str, customer_id: str | None) -> str:
        record = self._catalog.customer(customer_id) if customer_id else None
        if customer_id and record is None:
            return RECORD_GONE
        return self._private.against(question, customer_id, record)

    def _article(self, article_id: str) -> tuple[list[Section], Checks]:
        if article_id not in self._known:
            try:
                found = sections(self._settings, (article_id,), self._path)
            except UserError as error:
                raise UnfitError(NOT_SERVED) from error
            if not found:
                raise UnfitError(NOT_SERVED)
            self._known[article_id] = found, Checks(self._knowledge_base, found[0].article)
        return self._known[article_id]

    def _section(self, asked: Asked, found: Sequence[Section]) -> Section:
        if asked.heading is None:
            vectors = self._knowledge_base.embeddings.vectors(
                [asked.question, *(whole_text(part.article.title, part.heading, " ".join(part.sentences)) for part in found)]
            )
            return found[int(np.argmax(vectors[1:] @ vectors[0]))]
        for section in found:
            if section.heading.casefold() == asked.heading.casefold():
                return section
        raise UnfitError(NOT_SERVED)


def _opening(sentence: str, section: Section) -> str:
    """How the sentence begins that answers a question, "" where none is named.

    Raises:
        UnfitError: the section does not have it any more.
    """
    if not sentence:
        return ""
    for place, text in enumerate(section.sentences):
        if plain(text) == sentence:
            return opening(section.sentences, place)
    raise UnfitError(NOT_SERVED)
