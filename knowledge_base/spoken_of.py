"""Which things of an account the last turns of a conversation name by their numbers."""

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from knowledge_base.things import Kind, Thing


def spoken_of(fit: Sequence[Thing], history: Sequence[tuple[str, str]]) -> list[Thing]:
    """The one thing whose number stands in the conversation's last turns; none where there is no such one."""
    said = " ".join(text for _, text in history[-2:]).casefold()
    found = [
        thing
        for thing in fit
        if any(item.what == "id" and len(str(item.value)) > 2 and str(item.value).casefold() in said for item in thing.fields)
    ]
    return found if len(found) == 1 else []


def last_named(history: Sequence[tuple[str, str]], found: Sequence[Kind]) -> list[tuple[Kind, Thing]]:
    """The things that the agent's last message names by their numbers."""
    if not history or history[-1][0] != "agent":
        return []
    said = {word.casefold() for word in re.findall(r"[^\W_]+(?:[-_./:][^\W_]+)*", history[-1][1])}
    lists = {kind.name for kind in found}
    return [(kind, thing) for kind in found for thing in kind.things if said & _numbers(thing, lists)]


def _numbers(thing: Thing, lists: AbstractSet[tuple[str, ...]]) -> set[str]:
    """The numbers that a thing is known by, not those of a thing in another list that it belongs to."""
    return {
        str(item.value).casefold() for item in thing.fields if item.what == "id" and item.words not in lists and len(str(item.value)) > 2
    }
