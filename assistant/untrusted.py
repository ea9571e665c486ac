"""Untrusted text is data: what gives the assistant orders is no evidence, and no address is said that stands in no source.

Grounding holds a statement to its evidence, so an order inside the evidence would be quoted faithfully. Therefore a passage
or account fact that speaks to the assistant is withheld before the evidence is picked, and named to the agent.
"""

import dataclasses
import re
from collections.abc import Iterable

from pydantic import BaseModel

from assistant.claims import addresses
from assistant.orders import orders
from assistant.reply import Evidence, Statement
from knowledge_base.found import Search
from knowledge_base.hits import Hit


class Withheld(BaseModel):
    """A source that was found and not used, and what in it is an order."""

    source: str
    article_id: str
    title: str
    reason: str


def screened(search: Search) -> tuple[Search, list[Withheld]]:
    """A search without what gives orders, its hits numbered anew; and what was withheld.

    A passage goes as a whole, with its heading: what stands beside an order was written by the same hand. Where the best
    passage goes, what is left was not the answer, and the confidence is 0.
    """
    count = len(search.passages)
    found = [orders(f"{hit.title}\n{hit.heading}\n{hit.text}") for hit in search.hits]
    withheld = [
        Withheld(source=hit.source, article_id=hit.article_id, title=hit.title, reason=reason)
        for hit, reason in zip(search.hits, found, strict=True)
        if reason
    ]
    if not withheld:
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


def withheld_hits(search: Search, withheld: Iterable[Withheld]) -> list[Hit]:
    """The hits of a search as it was found that were withheld from its answer."""
    sources = {item.source for item in withheld}
    return [hit for hit in search.hits if hit.source in sources]


def brought_in(text: str, evidence: Evidence, others: Iterable[str]) -> str | None:
    """A word or address of a statement that its evidence does not have and another untrusted text does, or None.

    A word that is in no source but in the question, the history or another piece of evidence was not found, it was put there.
    """
    own = _words(evidence.text)
    if missing := [address for address in addresses(text) if address.lower() not in evidence.text.lower()]:
        return missing[0]
    said = [word for word in re.findall(r"[^\W_]{4,}", text.lower()) if word not in own]
    if not said:
        return None
    known = set().union(*map(_words, others))
    return next((word for word in said if word in known and not _near(word, own)), None)


def without_addresses(statement: Statement, sources: Iterable[str]) -> Statement:
    """A statement without the web and mail addresses that stand in none of the sources' texts."""
    texts = " ".join(sources).lower()
    text = statement.text
    for address in addresses(text):
        if re.search(r"https?://|www\.|@", address) and address.lower() not in texts:
            text = text.replace(address, "").replace("  ", " ").strip()
    return statement if text == statement.text else statement.model_copy(update={"text": text})


def _words(text: str) -> set[str]:
    return set(re.findall(r"[^\W_]{4,}", text.lower()))


def _near(word: str, own: set[str]) -> bool:
    """Whether the evidence has the word in another form."""
    return any(word[: max(4, len(word) - 3)] == other[: max(4, len(word) - 3)] for other in own)
