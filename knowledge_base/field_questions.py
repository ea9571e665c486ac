"""What a question asks of a thing by the name of its field, without saying which thing: ``how much data have I left``."""

import re

from knowledge_base.phrasing import label, participle, plural, singular, tokens, without_unit
from knowledge_base.thing_fields import meant
from knowledge_base.thing_questions import LONGEST, Mention, of_policy
from knowledge_base.things import Field, Holdings, Kind, Thing
from knowledge_base.words import content_words, stem

_PERSONAL = re.compile(r"(?i)\b(?:my|mine|our|ours|we|i|me)\b")
_LEAST = 0.5
"""Least share of a field's name for it to be asked for."""
_FILLER = frozenset(
    map(
        stem,
        "current currently right today now number much many tell show give exactly say find see look high still already ever actually get"
        " gets got month week far so on at date time per account amount total status state type name id please left used switched turned"
        " enabled".split(),
    )
)
"""Words that name no field of a thing by themselves, or that none goes by."""


def asked_of_things(question: str, account: Holdings) -> tuple[Mention, dict[str, list[Field]]] | None:
    """The things of the one kind that has a field which a question about the own account asks for in its words, and those fields by
    the path of each thing; None where there is no such kind, or several, or what is asked for stands outside lists.
    """
    words = re.findall(r"[\w-]+", question.lower())
    asked = {meant(re.sub(r"['’]s$", "", word)) for word in content_words(question)}
    if not asked - _FILLER or of_policy(question) or len(words) > LONGEST:
        return None
    if not _PERSONAL.search(question) and not any(asked & _called(thing) for kind in account.kinds for thing in kind.things):
        return None
    if any(asked - _FILLER <= {meant(word) for word in name} for name in account.names):
        return None
    # What names the things themselves in the plural asks for all of them.
    kinds = [kind for kind in account.kinds if kind.name[-1] not in {singular(word) for word in words if plural(word)}]
    found = [(kind, fields) for kind in kinds if any((fields := _fields(kind, asked)).values())]
    if len(found) != 1:
        return None
    kind, fields = found[0]
    return Mention(kind, "", "", False, False, asking=question), fields


def _called(thing: Thing) -> set[str]:
    """The words by which a thing's facts call it: "Kofi" of a line that is called so."""
    head = {meant(word) for word in tokens(thing.facts[0].text.partition(":")[0])}
    return head & {meant(word) for item in thing.fields if item.what in ("text", "id") for word in tokens(str(item.value))}


def _fields(kind: Kind, asked: set[str]) -> dict[str, list[Field]]:
    """Of each thing the fields that are asked for, those alone whose names share the most with the question."""
    shares = [(thing, item, _share(kind, thing, item, asked)) for thing in kind.things for item in thing.fields]
    best = max((share for _, _, share in shares), default=0.0)
    return {of.path: [item for thing, item, share in shares if thing is of and 0 < share == best] for of in kind.things}


def _share(kind: Kind, thing: Thing, item: Field, asked: set[str]) -> float:
    """How much of a field's name a question says, where nothing else of the question is about something else; else 0."""
    name = {meant(word) for word in without_unit(list(item.words), 1)[0]} - {meant(word) for word in kind.name}
    # That something was opened or sent, many things of an account have in common.
    telling = name - _FILLER - {meant(word) for word in item.words if participle(word)}
    if not telling & asked:
        return 0.0
    texts = [other for other in thing.fields if other.what in ("text", "id")]
    about = {meant(word) for other in texts for word in (*other.words, *tokens(label(other.words)), *content_words(str(other.value)))}
    about |= {meant(word) for word in kind.name}
    # "left" and "used" tell fields apart that are else called alike.
    over = asked - name - about - (_FILLER - {meant("left"), meant("used")})
    share = len(name & asked) / len(name)
    return share if not over and share >= _LEAST else 0.0
