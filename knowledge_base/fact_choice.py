"""The account facts that a search hands on: those that the customer may be told, and those that only the agent may read."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from knowledge_base import fact_ranking
from knowledge_base.stored import PUBLIC, StoredFact
from knowledge_base.which_thing import MEANT, Which

NOTED = 0.04
"""Least likelihood of mattering for a fact that only the agent may read to be named to the agent."""


@dataclass(frozen=True)
class Chosen:
    """Facts with their likelihoods, the likeliest first, and the likelihood that a fact is asked for.

    ``for_agent`` are those that are no evidence for a reply; ``withheld`` says that the fact that is asked for is one of them.
    """

    facts: list[tuple[StoredFact, float]]
    asked: float
    for_agent: list[tuple[StoredFact, float]]
    withheld: bool


def choose(question: str, facts: Sequence[StoredFact], signals: np.ndarray, which: Which | None, most: int) -> Chosen:
    """Rank a customer's facts, apart by who may be told them.

    Args:
        question: as searched.
        facts: of the one customer, of every audience.
        signals: what ``fact_ranking.fact_signals`` gives for them.
        which: the things that the question means.
        most: facts to hand on.
    """
    own = fact_ranking.answering(signals)
    public = np.array([fact.audience == PUBLIC.audience for fact in facts], dtype=bool)
    told = [fact for fact, may in zip(facts, public, strict=True) if may]
    ranked = fact_ranking.shortlist(question, fact_ranking.rank_facts(told, signals[public]), most)
    asked = round(float(own[public].max(initial=0.0)), 4)
    if which and which.facts:
        return Chosen(which.before(ranked, most), MEANT if which.asked else 0.0, [], False)
    if public.all():
        return Chosen(ranked, asked, [], False)
    every = fact_ranking.shortlist(question, fact_ranking.rank_facts(facts, signals), most)
    for_agent = [(fact, score) for fact, score in every if fact.audience != PUBLIC.audience and score >= NOTED]
    hidden = float(own[~public].max())
    return Chosen(ranked, asked, for_agent, hidden >= fact_ranking.OWN and hidden > asked)
