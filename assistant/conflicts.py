"""Conflicts: sources that disagree, and an account that contradicts what a question takes for granted.

Both are found outside the model and said by the program: the disputed sentences word for word, each with its date, the newer
first; the account fact before everything else. Nothing is averaged away.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from pydantic import BaseModel

from assistant.claims import periods
from assistant.contradictions import disagreement
from knowledge_base.evidence import Piece
from knowledge_base.found import Search, fact_hit
from knowledge_base.hits import Hit
from knowledge_base.stored import StoredFact
from knowledge_base.words import content_words, stem

MOST_DISPUTES = 2
"""Disagreements said in one reply, at most."""


class Conflict(BaseModel):
    """What contradicts what: ``sources`` are the numbers of the turn's hits, what is right or newer first.

    Of the kind ``plan`` is an article that is not for the customer's plan.
    """

    kind: Literal["sources", "premise", "plan"]
    sources: list[str]
    difference: str


@dataclass(frozen=True)
class Settled:
    """The hits and the evidence with what is disputed in them made plain."""

    hits: list[Hit]
    pieces: tuple[Piece, ...]
    conflicts: list[Conflict] = field(default_factory=list)
    verbatim: frozenset[Piece] = frozenset()
    """Pieces that are worded by the program, and said as they stand."""


def settle(
    search: Search, pieces: Sequence[Piece], contradicted: tuple[StoredFact, str] | None, kind: Literal["premise", "plan"] = "premise"
) -> Settled:
    """The evidence with each disputed sentence beside the one that contradicts it, and a contradicting account fact first.

    Args:
        search: the search that the evidence was narrowed from; sentences of its passages that are no evidence count too.
        pieces: the evidence; none where no answer is given, and then the account fact is all that is said.
        contradicted: what ``premise`` found, or the plan that the customer is on and what the article is for.
        kind: which of the two.
    """
    settled = _between_sources(search, pieces)
    if contradicted is None:
        return settled
    fact, claim = contradicted
    hits = settled.hits
    known = next((hit for hit in hits if hit.path == fact.path and hit.source.startswith("c") and hit.text == fact.text), None)
    last = max((int(hit.source[1:]) for hit in hits if hit.source.startswith("c")), default=0)
    hit = known or fact_hit(last + 1, fact, 1.0)
    first = Piece(hit.source, f"By the account: {fact.text}", None, hit.score)
    conflict = Conflict(kind=kind, sources=[hit.source], difference=f"“{claim}”" if kind == "premise" else claim)
    return Settled(
        hits if known else [*hits, hit],
        (first, *(piece for piece in settled.pieces if piece.source != hit.source)),
        [conflict, *settled.conflicts],
        settled.verbatim | {first},
    )


def _between_sources(search: Search, pieces: Sequence[Piece]) -> Settled:
    said, verbatim = list(pieces), set[Piece]()
    found: list[Conflict] = []
    disputed: set[str] = set()
    for piece in pieces:
        if piece.source.startswith("c") or piece.text in disputed or len(found) == MOST_DISPUTES:
            continue
        mine = search.hits[int(piece.source) - 1]
        contradiction = next(_contradictions(piece.text, mine, search), None)
        if contradiction is None:
            continue
        hit, text = contradiction
        pair = sorted([(mine, piece.text), (hit, text)], key=lambda item: item[0].updated, reverse=True)
        # A disputed step keeps its number, lest the list have a hole.
        steps = (piece.step, None)
        told = [Piece(source.source, words, step, piece.score) for (source, _), words, step in zip(pair, dated(pair), steps, strict=True)]
        said = [item for item in said if item == piece or (item.source, item.text) != (hit.source, text)]
        place = said.index(piece)
        said[place : place + 1] = told
        (newer, one), (older, other) = pair
        difference = disagreement(one, other, _about(newer), _about(older)) or ""
        found.append(Conflict(kind="sources", sources=[newer.source, older.source], difference=difference))
        verbatim.update(told)
        disputed |= {piece.text, text}
    return Settled(search.hits, tuple(said), found, frozenset(verbatim))


def _contradictions(text: str, hit: Hit, search: Search) -> Iterator[tuple[Hit, str]]:
    """The sentences of other articles among the passages that contradict one, each with its hit."""
    for other, passage in zip(search.hits, search.passages, strict=False):
        if other.article_id != hit.article_id:
            for unit in passage.units:
                if disagreement(text, unit.text, _about(hit), _about(other)):
                    yield other, unit.text


def _about(hit: Hit) -> str:
    return f"{hit.title} {hit.heading}"


def dated(pair: Sequence[tuple[Hit, str]]) -> list[str]:
    """Two sentences that disagree as they are said: the newer with its date, the older as what an article still says.

    Where one of the dates is not known, which is newer is not known either.
    """
    (newer, one), (older, other) = pair
    if newer.updated == older.updated or not older.updated:
        return [f"Two articles differ here: “{newer.title}” says: {one}", f"“{older.title}” says: {other}"]
    return [f"As updated on {day(newer.updated)}: {one}", f"An older article, of {day(older.updated)}, still says: {other}"]


def day(stamp: str) -> str:
    """The date of a stamp, or the stamp where it has none."""
    return stamp[:10] or "an unknown date"


_NUMBERS = dict(zip("one two three four five six seven eight nine ten eleven twelve".split(), range(1, 13), strict=True))
_OWN = re.compile(
    r"\b(?:my|our|(?:i|we)(?:'ve| have| pay for| bought| use| got| own)(?: got)?"
    r"|(?:i'm|i am|we're|we are)(?: still| already| now)? (?:on|in|with))\b",
    re.IGNORECASE,
)


_CLAIM = re.compile(
    r"(?i:\b(?:i'm|i am|we're|we are)(?: still| already| now)? on(?: the)?"
    r"|(?:\b(?:i'm|i am)|(?:^|[.,;!?] )as)(?: only| just)? (?:the|an?)) ([A-Za-z]\w+)\b"
)
_LISTED = re.compile(r"\.\d+(?:\.|$)")
"""Paths of what stands in a list."""
_OF_CUSTOMER = re.compile(r"The customer is\b")
_ACCOUNT = frozenset({"account", "workspace", "subscription", "plan", "licence", "license", "tier", "package"})


def premise(
    question: str, facts: Sequence[StoredFact], values: dict[str, list[frozenset[str]]], names: Sequence[str] = ()
) -> tuple[StoredFact, str] | None:
    """The account fact that contradicts what a question says of the account, and what it says; None where nothing does.

    Recognised are another value of a field that takes few ("my Business plan", "I'm on Business", "as an Admin" of a Member on
    Free), a name that is no value at all ("my Pro plan"), and another number of what the account counts ("our 10 seats").

    Args:
        question: as the customer wrote it.
        facts: all facts of this customer.
        values: the values that a field takes over all customers, as the stems that tell them apart.
        names: what the product and its company are called, which is no value of anything.
    """
    # One thing of a list, such as a ticket about another payment, says nothing against a further one.
    single = [fact for fact in facts if not _LISTED.search(fact.path)]
    for word in _claimed(question):
        for fact in single:
            if _is_other(word, fact, values.get(fact.path, ())) and (word[0].isupper() or _OF_CUSTOMER.match(fact.text)):
                return fact, word
    ours = {part for name in (*names, *(fact.text for fact in facts if fact.path == "company")) for part in name.split()}
    for word, thing in _owned(question):
        for fact in single:
            known = _other_value(word, thing, fact, values.get(fact.path, ()))
            if known or (word not in ours and _other_name(word, thing, fact)):
                return fact, f"{word} {thing}"
        if fact_of_number := _other_number(word, thing, single):
            return fact_of_number, f"{word} {thing}"
    return None


def _owned(question: str) -> Iterator[tuple[str, str]]:
    """Pairs of words that follow closely on "my", "we have" and the like: "Business plan", "10 seats"."""
    text = question.replace("’", "'")
    for match in _OWN.finditer(text):
        following = re.match(r"(?: (?!(?:for|to|from|and|but|with|in|at|or|by|since|than)\b)[\w'-]+){0,4}", text[match.end() :])
        yield from pairwise(following[0].split() if following else [])


def _claimed(question: str) -> Iterator[str]:
    """Words that the asker claims for himself alone: "I'm on Business", "as an Admin"."""
    yield from (match[1] for match in _CLAIM.finditer(question.replace("’", "'")))


def _is_other(word: str, fact: StoredFact, values: Sequence[frozenset[str]]) -> bool:
    """Whether a word is a value of a fact's field that this customer does not have."""
    own = {stem(part) for part in content_words(fact.text)}
    return stem(word.lower()) in {part for value in values if len(value) == 1 and not value <= own for part in value}


def _other_name(word: str, thing: str, fact: StoredFact) -> bool:
    """Whether a word is another name than the one that stands before the thing in a fact: "Pro plan" beside "the Free plan"."""
    stands = re.search(rf"\b(?!The |An? |No )([A-Z]\w+) {re.escape(thing.lower())}\b", fact.text)
    return bool(stands) and word[0].isupper() and word[1:].islower() and word != (stands or [""])[1]


def _other_value(word: str, thing: str, fact: StoredFact, values: Sequence[frozenset[str]]) -> bool:
    """The same, said of the thing that the field is about; of the account as a whole only as the fact writes it, a name as a name."""
    about = _about_fact(fact) | {stem(part) for part in content_words(fact.text)}
    if not _is_other(word, fact, values):
        return False
    if stem(thing.lower()) in about:
        return True
    told = {part for value in values for part in value}
    written = [own[0].isupper() for own in re.findall(r"[^\W\d_]+", fact.text) if stem(own.lower()) in told]
    return thing.lower() in _ACCOUNT and (word[0].isupper() or (bool(written) and not any(written)))


def _other_number(word: str, thing: str, facts: Sequence[StoredFact]) -> StoredFact | None:
    """A fact that counts a thing, where none that does has this number."""
    number, name = str(_NUMBERS.get(word.lower(), word)), stem(thing.lower())
    if not number.isdigit() or periods(thing):
        return None
    about = [fact for fact in facts if name in _about_fact(fact)]
    about = [fact for fact in about if re.search(r"\d", fact.text) and name in {stem(part) for part in content_words(fact.text)}]
    if any(re.search(rf"(?<![\w.,-]){number}(?![\w.,-]*\d)", fact.text) for fact in about):
        return None
    return about[0] if about else None


def _about_fact(fact: StoredFact) -> set[str]:
    """The stems of the names under which a fact stands in the record."""
    return {stem(part) for part in re.split(r"[._ ]", f"{fact.path} {fact.title}".lower()) if part}


def note(found: Sequence[Conflict], hits: Sequence[Hit]) -> list[str]:
    """What the agent is told of conflicts, a sentence each."""
    by_source = {hit.source: hit for hit in hits}
    said = []
    for conflict in found:
        if conflict.kind == "premise":
            fact = by_source[conflict.sources[0]]
            said.append(f"The account contradicts the question ({conflict.difference}): [{fact.source}] {fact.text}")
        elif conflict.kind == "plan":
            fact = by_source[conflict.sources[0]]
            said.append(f"{conflict.difference}, which this customer is not on: [{fact.source}] {fact.text}")
        else:
            told = " and ".join(f"“{by_source[source].title}” ({day(by_source[source].updated)})" for source in conflict.sources)
            said.append(f"Sources disagree: {told}, {conflict.difference}; correct the one that is wrong.")
    return said
