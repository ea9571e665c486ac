"""Eligibility: whether what an article describes is to be had on the customer's plan.

An article names its plans in its front matter. Of a customer who is on none of them, the reply says so first: the plan by
the account, and the article's own sentence on who has it.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge_base.evidence import Piece
from knowledge_base.found import Search
from knowledge_base.stored import StoredFact
from knowledge_base.words import stems

_PLAN = re.compile(r"(?:.*\.)?plan(?:\.name)?")
_TO_BE_HAD = re.compile(r"(?i)\b(?:available|included?|includes|offered|only|part of|requires?|need(?:s|ed)?|comes? with|plans?)\b")


@dataclass(frozen=True)
class Missing:
    """What a customer's plan does not include.

    ``fact`` is the account fact that names the plan, ``claim`` what the article is for, ``sentence`` its own words on that, where
    it has any among the passages found.
    """

    fact: StoredFact
    claim: str
    sentence: Piece | None


def main_article(search: Search, pieces: Sequence[Piece]) -> str | None:
    """The article that most of the evidence comes from."""
    cited = Counter(search.hits[int(piece.source) - 1].article_id for piece in pieces if not piece.source.startswith("c"))
    return cited.most_common(1)[0][0] if cited else None


def missing(search: Search, article_id: str, plans: Sequence[str], facts: Sequence[StoredFact]) -> Missing | None:
    """What the customer's plan lacks of an article; None where the article is for it, or for all, or no plan is on record.

    Args:
        search: what was found.
        article_id: the article that the reply rests on.
        plans: those it is for, none where it is for all.
        facts: all facts of the customer.
    """
    fact = next((fact for fact in facts if _PLAN.fullmatch(fact.path)), None)
    # In a trial of a plan its features are to be had as well.
    told = [item.text for item in facts if item is fact or "trial" in item.text.lower()]
    if not plans or fact is None or any(stems(plan) <= stems(text) for plan in plans for text in told):
        return None
    title = next(hit.title for hit in search.hits if hit.article_id == article_id)
    listed = " and ".join(", ".join(plans).rsplit(", ", 1))
    return Missing(fact, f"“{title}” is for {listed}", _sentence(search, article_id, plans))


def with_sentence(pieces: Sequence[Piece], lacking: Missing) -> list[Piece]:
    """The evidence with the article's sentence on who has it before its other sentences."""
    said = lacking.sentence
    if said is None:
        return list(pieces)
    others = [piece for piece in pieces if (piece.source, piece.text) != (said.source, said.text)]
    first = next((at for at, piece in enumerate(others) if not piece.source.startswith("c")), len(others))
    return [*others[:first], said, *others[first:]]


def _sentence(search: Search, article_id: str, plans: Sequence[str]) -> Piece | None:
    """The sentence of an article that says on which plans it is to be had: of those that name them, the nearest to the question."""
    found: list[tuple[int, float, Piece]] = []
    for number, passage in enumerate(search.passages, 1):
        if passage.article_id == article_id:
            for unit, cosine in zip(passage.units, passage.unit_vectors @ search.query, strict=True):
                named = sum(re.search(rf"\b{re.escape(plan)}\b", unit.text) is not None for plan in plans)
                if named and unit.kind == "sentence" and _TO_BE_HAD.search(unit.text):
                    found.append((named, float(cosine), Piece(str(number), unit.text, None, float(cosine))))
    return max(found, key=lambda item: item[:2])[2] if found else None
