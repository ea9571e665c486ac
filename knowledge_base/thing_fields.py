"""What a question asks of a thing of an account that it speaks of: the fields that say it."""

import re
from collections.abc import Sequence

from knowledge_base.phrasing import participle, tokens, without_unit
from knowledge_base.thing_questions import ON_ITS_WAY, Mention
from knowledge_base.things import Field
from knowledge_base.words import content_words, stem

_WHEN = re.compile(r"(?i)\b(?:when|(?:what|which) (?:day|date)|by when|date|how long|since|until|eta|expir\w*)\b")
_USUALLY = re.compile(r"(?i)\bwhen(?:['’]?s| is| are| do| does)\b")
"""``When is the invoice sent?`` asks what is usual; ``when was it sent`` does not."""
_MONEY = re.compile(
    r"(?i)\b(?:how (?:much|big|high|large)|amount|costs?|prices?|total|sum|fees?|owe|spend|charged|come to|balance"
    r"|what (?:do|did|does|must) (?:i|we) pay)\b"
)
_YES_NO = re.compile(
    r"(?i)(?:^|[,.;:!?]\s*|\b(?:and|but|hi|hello|hey|know|tell me|if|whether)\W+)(?:(?:if|whether) )?(?:is|are|was|were|has|have|had|did)\b"
)
_WHETHER = re.compile(r"(?i)\b(?:if|whether) .*\b(?:is|are|was|has|have|did)\b")
_NEWS = re.compile(
    r"(?i)\b(?:status|state|news|updates?|any progress|happen(?:ed|ing)|became|become|going|doing|stand|reply|replied|respon[ds]\w*"
    r"|what['’]?s up|how far|check(?:ing)? on|(?:not|n['’]t) (?:yet )?(?:arrived|come|been delivered|received|got)|on (?:its|the) way"
    r"|answer(?:ed)?|working on|looking (?:at|into)|look(?:ed)? (?:at|into)|dealt)\b"
)
_PLACE = re.compile(r"(?i)\bwhere(?:['’]?s| is| are|\b.*\b(?:is|are)\s*[?.]?$)")
_OFTEN = re.compile(r"(?i)\bhow often\b")
_INTERVALS = frozenset("frequency interval cycle schedule period rhythm every".split())
_PLACES = frozenset(
    "location address city carrier tracking shipment shipments delivery deliveries branch store hotel room station region".split()
)
_STATE_WORDS = frozenset(
    "open closed active working fine ok okay done through out gone arrive arrived go went sent there here ready live up down late lost"
    " complete online offline still yet already settled connected".split()
)
_TROUBLE = frozenset(
    "blocked frozen suspended locked failed pending declined rejected stopped expired broken disconnected overdue disabled stolen".split()
)
"""States that a customer asks about because they are."""
_BLOCKED = frozenset("blocked frozen suspended locked disabled".split())
"""Those of them that customers use for one another."""
FEE = re.compile(r"(?i)\b(?:fees?|penalty|charge for)\b")
_WHOLE = frozenset("amount total sum value".split())
_WHICH_ONE = frozenset(map(stem, "last latest newest recent current newer previous first oldest earliest older next upcoming new".split()))
_LEFT = frozenset("left remaining remains remain available unused".split())
_EXPIRY = frozenset("exp expiry expire expires expiring expired expiration".split())
_COMING = re.compile(r"(?i)\b(?:will|coming|arriving|expected)\b|\bdo(?:es)? .*\b(?:arrive|come|leave|depart|start|begin)\b")
"""What asks when something will be, of which what is past says nothing."""


def asked_fields(about: Mention) -> dict[str, list[Field]]:
    """The fields that are asked for, by the path of each thing of the kind; of those around a thing where none of its own are.

    None where it is not clear what is asked.
    """
    words = {meant(word) for word in content_words(about.asking)} - {stem(word) for word in about.kind.name}
    of_state = _NEWS.search(about.asking) is not None or _of_state(about)
    found = {
        thing.path: _asked(about, words, of_state, list(thing.fields), list(thing.around), about.kind.today) for thing in about.kind.things
    }
    # What one thing alone says of two words that are asked for, as a credit limit, others do not say by the half of it.
    best = max((_shared(item, words) for fields in found.values() for item in fields), default=0)
    return {path: [item for item in fields if best < 2 or _shared(item, words) == best] for path, fields in found.items()}


def _asked(about: Mention, words: set[str], of_state: bool, own: list[Field], around: list[Field], today: str) -> list[Field]:
    question = about.asking
    if FEE.search(question):  # what something costs stands in articles, unless the account has a fee of its own
        own, around = ([item for item in items if {"fee", "fees", "penalty", "charge"} & set(item.words)] for items in (own, around))
    states = [item for item in own if item.what == "state"]
    on_its_way = _on_its_way(about, words, [*own, *around])
    if _OFTEN.search(question):
        return [item for item in own if _INTERVALS & set(item.words)]
    coming = _COMING.search(question) is not None
    if coming:
        own = [item for item in own if _to_come(item, today)]
    if _WHEN.search(question) and not _MONEY.search(question):
        dates = [item for item in own if item.what == "date" or expires(item)]
        if about.pointed and _USUALLY.search(question):
            return _named(dates, words)
        around = [item for item in around if item.what == "date" and (not coming or _to_come(item, today))]
        return _named(dates, words) or _named(around, words) or dates or ((around or on_its_way) if coming else [])
    if _MONEY.search(question):
        # "How much" may be asked of what is no money, where that is named: how much data.
        sums = _named([item for item in own if item.what in ("amount", "number")], words)
        amounts = [item for item in own if item.what == "amount"] or [item for item in around if item.what == "amount"]
        return sums or [item for item in amounts if _WHOLE & set(item.words)] or amounts
    if _PLACE.search(question):
        places = [item for item in (*own, *around) if _PLACES & set(item.words)]
        return [*states, *(item for item in around if item.what == "state"), *places] if places else on_its_way
    if _YES_NO.search(question) or _WHETHER.search(question):
        return _named([item for item in own if item.what == "flag"], words) or on_its_way or (states if of_state else [])
    named = _named([*own, *around], words)
    return [item for item in named if item in own] or named or (states if _NEWS.search(question) and not about.bare else [])


def _on_its_way(about: Mention, words: set[str], fields: Sequence[Field]) -> list[Field]:
    """What tells how far a thing is that was ordered and is named by what it is called: the states of its order and of the parcels in
    that, and the day on which was done what the question asks about.
    """
    if not (about.called and ON_ITS_WAY.search(about.asking)):
        return []
    dates = _named([item for item in fields if item.what == "date"], words)
    return [item for item in fields if item.what == "state" or item in dates]


def _to_come(item: Field, today: str) -> bool:
    return item.what != "date" or item.later or item.spellings[0][:10] >= today


def _named(fields: Sequence[Field], words: set[str]) -> list[Field]:
    """The fields whose names share the most words with a question, one at least."""
    shared = [_shared(item, words) for item in fields]
    most = max(shared, default=0)
    return [item for item, count in zip(fields, shared, strict=True) if count == most] if most else []


def asks_one_value(text: str) -> bool:
    """Whether a question asks for one sort of value: not for a date and an amount, nor in two halves."""
    return not (_WHEN.search(text) and _MONEY.search(text)) and not re.search(r"(?i)\band\b|[?.!]\s+\w", text)


def expires(item: Field) -> bool:
    """Whether a value says when something expires, though it may be no whole date."""
    return bool(_EXPIRY & set(item.words))


def _shared(item: Field, words: set[str]) -> int:
    """How many words of a field's name a question says; none where that is only which thing is meant, as "last" of a bill."""
    name = without_unit(item.words, item.value)[0] if item.what == "number" else item.words
    shared = {meant(word) for word in name} & words
    return len(shared) if shared - _WHICH_ONE else 0


def meant(word: str) -> str:
    """A word's stem; the same for all that say when something expires, as records shorten it, and for all that say what is left."""
    return "expir" if word in _EXPIRY else "left" if word in _LEFT else stem(word)


def in_trouble(about: Mention, asked: dict[str, list[Field]]) -> set[str]:
    """The things that are in the trouble that is asked about: who asks whether, or since when, a card is blocked means that one."""
    if not (_YES_NO.search(about.asking) or _WHEN.search(about.asking)):
        return set()
    said = _TROUBLE & set(re.findall(r"[a-z]+", about.asking.lower()))
    said |= _BLOCKED if said & _BLOCKED else set()
    fit = [thing for thing in about.kind.things if asked.get(thing.path)]
    return {thing.path for thing in fit if any(said & set(tokens(str(item.value))) for item in thing.fields if item.what == "state")}


def _of_state(about: Mention) -> bool:
    """Whether a yes-or-no question is about a state: ``is it paid``, ``has it arrived``."""
    said = re.findall(r"[a-z]+", about.asking.lower())
    values = {word for thing in about.kind.things for item in thing.fields if item.what == "state" for word in tokens(str(item.value))}
    return any(participle(word) or word in _STATE_WORDS or word in values for word in said)
