"""The account facts that a search hands on: those that the customer may be told, and those that only the agent may read."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from knowledge_base import fact_ranking
from knowledge_base.generic_wording import NOTHING
from knowledge_base.phrasing import singular, tokens, without_unit
from knowledge_base.stored import PUBLIC, StoredFact
from knowledge_base.thing_questions import also_called, asks_of_policy_alone, of_policy
from knowledge_base.which_thing import MEANT, Which
from knowledge_base.words import content_words, stem, stems

NOTED = 0.04
"""Least likelihood of mattering for a fact that only the agent may read to be named to the agent."""

OUTRIGHT = 0.6
"""How likely a fact is to be asked for that a question asks for word for word, or of a thing that it names by its id."""
SAID = 3
"""Facts that a reply says, at most."""
_HOW_MUCH = re.compile(r"(?i)\b(?:and|,) (?:for )?(?:how much|what (?:amount|sum|price)|at what price)\b")
_AMOUNT = re.compile(r"(?<![\w-])\d[\d,.]* [A-Z]{3}\b")
TROUBLE = 0.1
"""How likely the state of a thing at least is to matter for a question why that does not work."""
_BROKEN = re.compile(r"(?i)\b(?:why|not|stopped|broken|wrong|fail(?:s|ed|ing)?|errors?|down|trouble|issues?)\b|n['’]t\b")
_OVER = re.compile(r"(?i)\b(?:solved|closed|resolved|done|completed?|cancelled|delivered)\b")
_STATE = ("status", "state")
LEAST_SAID = 0.5
"""Least share of a field's name for a question to ask for it word for word."""
_SHORT = 3
"""Most words of a question that needs no "my" to be about the account."""
_MINE = re.compile(r"(?i)\b(?:my|mine|our|ours)\b")
_PERSONAL = re.compile(r"(?i)\b(?:my|mine|our|ours|we|i|me)\b")
_SAYS_LITTLE = frozenset(
    map(
        stem,
        "account current currently right today number much many tell show give left remaining available exactly say find see look long"
        " often big high still already ever actually get gets got use used using left last next".split(),
    )
)


@dataclass(frozen=True)
class Chosen:
    """Facts with their likelihoods, the likeliest first, and the likelihoods that a fact is asked for and that it answers the question.

    ``for_agent`` are those that are no evidence for a reply; ``withheld`` says that the fact that is asked for is one of them.
    """

    facts: list[tuple[StoredFact, float]]
    asked: float
    answers: float
    for_agent: list[tuple[StoredFact, float]]
    withheld: bool


def choose(
    question: str, facts: Sequence[StoredFact], signals: np.ndarray, which: Which | None, most: int, held: Sequence[str] = ()
) -> Chosen:
    """Rank a customer's facts, apart by who may be told them.

    Args:
        question: as searched.
        facts: of the one customer, of every audience.
        signals: what ``fact_ranking.fact_signals`` gives for them.
        which: the things that the question means.
        most: facts to hand on.
        held: the ids of the customer's things that the question names.
    """
    policy = of_policy(question)
    some = np.array([not fact.text.startswith(NOTHING) or _asked_of_none(question, fact, policy) for fact in facts], dtype=bool)
    facts, signals = [fact for fact, kept in zip(facts, some, strict=True) if kept], signals[some]
    own = fact_ranking.answering(signals)
    own = np.where(asked_outright(question, facts, held), np.maximum(own, OUTRIGHT + own / 10), own)
    public = np.array([fact.audience == PUBLIC.audience for fact in facts], dtype=bool)
    told = [fact for fact, may in zip(facts, public, strict=True) if may]
    ranked = fact_ranking.rank_facts(told, signals[public], own=own[public])
    ranked = _without(ranked, which.others) if which else ranked
    first = fact_ranking.shortlist(question, ranked, most)
    ranked = _with_trouble(question, _with_amount(question, first, ranked), ranked)
    asked = round(float(own[public].max(initial=0.0)), 4)
    # How something is done, or whether it may be, no fact of the account answers, however near it is.
    answers = 0.0 if asked >= fact_ranking.OWN and asks_of_policy_alone(question) else asked
    if which and which.facts:
        meant = MEANT if which.asked else 0.0
        return Chosen(which.before(ranked, most), meant, meant, [], False)
    if public.all():
        return Chosen(ranked, asked, answers, [], False)
    every = fact_ranking.shortlist(question, fact_ranking.rank_facts(facts, signals, own=own), most)
    for_agent = [(fact, score) for fact, score in every if fact.audience != PUBLIC.audience and score >= NOTED]
    hidden = float(own[~public].max())
    return Chosen(ranked, asked, answers, for_agent, hidden >= fact_ranking.OWN and hidden > asked)


def _asked_of_none(question: str, fact: StoredFact, policy: bool) -> bool:
    """Whether that the account has no such things bears on a question: where it names them, and asks of the customer's own.

    How vouchers are used is not answered by there being none.
    """
    names = {singular(word) for word in tokens(fact.text.removeprefix(NOTHING))}
    named = stems(" ".join(names | also_called(names))) & stems(question)
    return bool(named) and (not policy or _MINE.search(question) is not None)


def _without(ranked: list[tuple[StoredFact, float]], others: Sequence[StoredFact]) -> list[tuple[StoredFact, float]]:
    """The ranked facts, those of other things than the one that is meant last; and all that are not its own where those come first."""
    texts = {fact.text for fact in others}
    left = [pair for pair in ranked if pair[0].text not in texts]
    kind = others[0].path.partition(".")[0] if others else ""
    if left and kind and left[0][0].path.startswith(f"{kind}."):
        left = [(fact, score if fact.path.startswith(f"{kind}.") else 0.0) for fact, score in left]
    return [*left, *((fact, 0.0) for fact, _ in ranked if fact.text in texts)]


def _with_trouble(
    question: str, first: list[tuple[StoredFact, float]], ranked: Sequence[tuple[StoredFact, float]]
) -> list[tuple[StoredFact, float]]:
    """Before the first facts, where a question says that a thing of the account that it names does not work ("Jira"), what the
    account says of that: its state, its error, and what is open about it.
    """
    names = set(re.findall(r"\b[A-Z]\w+", question)) if _BROKEN.search(question) else set()
    listed = [(fact, _thing(fact)) for fact, _ in ranked if _thing(fact)]
    named = [(fact, thing) for fact, thing in listed if any(re.search(rf"\b{name}\b", fact.text) for name in names)]
    thing = next((thing for fact, thing in named if fact.path.rpartition(".")[2] in _STATE), None)
    if thing is None:
        return first
    own = sorted((fact for fact, of in listed if of == thing), key=lambda fact: (not fact.path.endswith(_STATE), "error" not in fact.text))
    about = [fact for fact, of in named if of.partition(".")[0] != thing.partition(".")[0] and not _OVER.search(fact.text)][:1]
    said = [*own[: SAID - len(about)], *about]
    score = max(first[0][1], TROUBLE)
    return [*((fact, score) for fact in said), *(pair for pair in first if pair[0] not in said)][: len(first)]


def _thing(fact: StoredFact) -> str:
    """The path of the thing of a list that a fact is of, empty where it is of none."""
    found = re.match(r"[^.]+\.\d+(?=\.|$)", fact.path)
    return found[0] if found else ""


def _with_amount(
    question: str, first: list[tuple[StoredFact, float]], ranked: Sequence[tuple[StoredFact, float]]
) -> list[tuple[StoredFact, float]]:
    """The first facts, behind the best of them the amount that stands beside it, where "and how much" asks for that as well."""
    if not first or not _HOW_MUCH.search(question) or any(_AMOUNT.search(fact.text) for fact, _ in first[:SAID]):
        return first
    beside = first[0][0].path.rpartition(".")[0]
    found = next((fact for fact, _ in ranked if beside and fact.path.rpartition(".")[0] == beside and _AMOUNT.search(fact.text)), None)
    return [first[0], (found, first[0][1]), *(pair for pair in first[1:] if pair[0] != found)][: len(first)] if found else first


def asked_outright(question: str, facts: Sequence[StoredFact], held: Sequence[str] = ()) -> np.ndarray:
    """Which facts a question asks for in their own words, shape (facts,): none of a question how something is done.

    Those are the facts of things that it names by their ids; else, of a question about the account, those that say nearly all of
    its words and whose field's name says the most of them, which the models that were fitted on other records may not know.
    """
    none = np.zeros(len(facts), dtype=bool)
    if of_policy(question) or not facts:
        return none
    if held:
        return np.array([any(re.search(rf"(?i)(?<![\w-]){re.escape(item)}(?!\w)", fact.text) for item in held) for fact in facts])
    asked = stems(question) - _SAYS_LITTLE
    if not asked or not (_PERSONAL.search(question) or len(question.split()) <= _SHORT):
        return none
    shares = np.array([_share(asked, fact) for fact in facts])
    return np.asarray((shares > 0) & (shares == shares.max()), dtype=bool)


def _share(asked: set[str], fact: StoredFact) -> float:
    """How much of a field's name a question says, where the fact says nearly all words of the question; else 0."""
    name = [part for part in fact.path.split(".") if not part.isdigit()][-1:]
    words = {stem(word) for word in without_unit(tokens(" ".join(name)), 1)[0]}
    own = words - _SAYS_LITTLE or words
    said = {stem(word) for word in (*tokens(fact.path), *content_words(fact.text))}
    share = len(asked & own) / len(own) if own and len(asked - said) <= len(asked) // 3 else 0.0
    return share if share >= LEAST_SAID else 0.0
