"""Untrusted text is data: what gives the assistant orders is no evidence, and no word of it comes into a reply by another way.

Grounding holds a statement to its evidence, so an order inside the evidence would be quoted faithfully. Therefore a passage
or account fact that speaks to the assistant is withheld before the evidence is picked, and named to the agent.
"""

import dataclasses
from collections.abc import Iterable

from pydantic import BaseModel

from assistant.claims import words
from assistant.orders import orders
from assistant.reply import Evidence
from knowledge_base.evidence import NARROWING
from knowledge_base.found import Search
from knowledge_base.hits import Hit


class Withheld(BaseModel):
    """A source that was found and not used, and what in it is an order."""

    source: str
    article_id: str
    title: str
    reason: str


def screened(search: Search, own: tuple[str, ...] = ()) -> tuple[Search, list[Withheld]]:
    """A search without what gives orders, its hits numbered anew; and what was withheld.

    A passage goes as a whole, with its heading: what stands beside an order was written by the same hand. Where the best
    passage goes, what is left was not the answer, and the confidence is 0. An account fact that hardly matters for the question goes
    without being named, for it would not have been said.

    Args:
        search: as it was found.
        own: the company's domains.
    """
    of_options = [fact for option in (search.which.options if search.which else ()) for fact in option.facts]
    matter = {fact.text for fact in of_options} | {hit.text for hit in search.hits if not hit.as_of or hit.score >= NARROWING.fact}
    if any(orders(f"{fact.title}\n\n{fact.text}", own) for fact in of_options):
        # Its name would carry the order into the reply.
        search = dataclasses.replace(search, which=None)
    count = len(search.passages)
    # A unit of a passage on one line, for an order broken over lines of code is one.
    texts = ["\n".join(" ".join(unit.text.split()) for unit in passage.units) for passage in search.passages]
    texts += [hit.text for hit in search.hits[count:]]
    found = [orders(f"{hit.title}\n{hit.heading}\n{text}", own) for hit, text in zip(search.hits, texts, strict=True)]
    withheld = [
        Withheld(source=hit.source, article_id=hit.article_id, title=hit.title, reason=reason)
        for hit, reason in zip(search.hits, found, strict=True)
        if reason and hit.text in matter
    ]
    if not any(found):
        return search, []
    passages = [number for number in range(count) if not found[number]]
    facts = [number for number in range(count, len(search.hits)) if not found[number]]
    hits = [search.hits[number].model_copy(update={"source": str(new)}) for new, number in enumerate(passages, 1)]
    hits += [search.hits[number].model_copy(update={"source": f"c{new}"}) for new, number in enumerate(facts, 1)]
    clean = dataclasses.replace(
        search,
        hits=hits,
        passages=[search.passages[number] for number in passages],
        facts=[search.facts[number - count] for number in facts],
        confidence=0.0 if count and found[0] else search.confidence,
    )
    return clean, withheld


def note(withheld: Iterable[Withheld]) -> list[str]:
    """What the agent is told of withheld sources, a sentence each."""
    return [f"Not used: “{item.title}” ({item.article_id}) {item.reason}. Look at who wrote that." for item in withheld]


def withheld_hits(search: Search, withheld: Iterable[Withheld]) -> list[Hit]:
    """The hits of a search as it was found that were withheld from its answer."""
    sources = {item.source for item in withheld}
    return [hit for hit in search.hits if hit.source in sources]


def brought_in(text: str, evidence: Evidence, others: Iterable[str]) -> str | None:
    """A word of a statement that its evidence does not have and the question, the history or other evidence has, or None.

    Grounding lets a single word pass that is not in the evidence, for a voice has words of its own. One that stands in another
    text from outside is not the voice's: it was put there to be said.
    """
    own = set(words(evidence.text))
    said = [word for word in dict.fromkeys(words(text)) if word not in own and not word.isdigit()]
    if not said:
        return None
    known = {word for other in others for word in words(other)}
    found = next((word for word in said if word in known), None)
    return next((word for word in text.split() if found in words(word)), found) if found else None
