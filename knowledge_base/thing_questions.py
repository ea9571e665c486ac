"""Whether a question asks what the account says of one thing of a kind ("when is my invoice due?"), and which fields it asks for."""

import re
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from knowledge_base.phrasing import plural, singular
from knowledge_base.things import CALLED, Kind, sorts
from knowledge_base.words import stem, stems

_ALIKE = (
    "invoice bill", "ticket request case inquiry enquiry", "order purchase", "shipment parcel package delivery",
    "transaction payment transfer debit", "booking reservation stay trip journey", "subscription plan contract membership",
    "appointment visit",
)  # fmt: skip
"""Words that customers use for one another, whatever the record calls the thing."""
_INSIDE = {"order": ("parcel", "package", "delivery", "shipment")}
"""What customers call a thing by that belongs to it, where the record lists none of those."""
_BEFORE = r"(?:my|our|the|this|that|your|which|what)"
_LINKS = frozenset(
    "a an and any are as at by did do does every for from has have i in is it me my of on or our per that the this to was we were what when"
    " which who with you your".split()
)
"""Words that do not stand between "my" and the thing that is mine."""
_COMPOUNDS = frozenset(
    "address amounts app contact dates email emails form format history items language layout limit lines list logo method methods"
    " numbering numbers options page policy portal process provider references reminder reminders rule rules settings system team"
    " template templates terms tool totals".split()
)
"""After a thing's name, words that make another thing of it: the invoice address is no invoice."""
_POLICY = re.compile(
    r"(?i)\bhow (?:do|can|could|would|should|to|long (?:do|does))\b|\bwhere (?:do|can|could|should)\b|\bwhy\b|\bwhat (?:if|happens)\b"
    r"|\bwhat (?:(?:do|should|must) (?:i|we)|(?:i|we) (?:should|must)) (?:do|have to do|need to do)\b"
    r"|\b(?:can|could|may|should|must|shall|would|allowed) (?:i|we|one|it|they|someone|somebody|my|our|the|a|an|to)\b|\bwho can\b"
    r"|\b(?:do|does|did) (?:i|we|one|it) (?:have|need) to\b|\bis (?:it|there) (?:possible|allowed|any way|a way)\b"
    r"|\b(?:want|wants|like|need|needs|wish|trying|try) to (?!know\b|see\b|check\b|find out\b|confirm\b)"
    r"|\b(?:can['’]?t|cannot|won['’]t|doesn['’]t|unable|wrong|problem|help|error)\b"
    r"|^\W*(?:please )?(?:change|cancel|update|refund|move|send|resend|delete|remove|add|pay|download|export|close|stop|return)\b"
)
"""What asks how something is done or may be done: articles answer it."""
_TELL = re.compile(r"(?i)\b(?:can|could|would|will) (?:you|i|we) (?:please )?(?:tell|know|check|see|say|look|confirm|have the|get the)\b")
_ANY = re.compile(r"(?i)\b(?:an?|any|every|each|per|by|no|another|new)\s+(?:[\w-]+\s+)?$")
_SENTENCES = re.compile(r"(?<=[?!])\s+|(?<=\w{3}\.)\s+|\n+")
_REQUEST = re.compile(r"(?i)\b(?:tell|know|needs?|asks?|please|give|show|check|looking for)\b")
_PRONOUN = re.compile(r"(?i)\b(?:is|was|has|does|did|will|of|for|about|on) (?:it|its|this|that)\b")
_OWN = re.compile(r"(?i)\b(?:my|our|i|we)\b|^\W*(?:please )?(?:list|show|give)\b")
LONGEST = 16
"""Most words of a sentence that asks about one thing: a longer one asks about more, or tells what happened."""
ON_ITS_WAY = re.compile(
    r"(?i)\b(?:com(?:e|es|ing)|came|arriv\w+|deliver(?:ed|y)|ship(?:ped|ping)?|dispatched|sent|on (?:its|the) way)\b"
    r"|\bwhere(?:['’]?s| is| are)\b"
)
"""What is asked of a thing that the customer ordered, so that "the lamp" is the customer's."""
_AFTERWARDS = re.compile(
    r"(?i)\b(?:refund\w*|return\w*|money back|exchang\w+|replac\w+|repair\w*|warrant\w+|collect\w*|cancel\w*|claim\w*|fault\w*|broken?)\b"
)
"""What becomes of a thing afterwards, which the order that it was in does not say."""
_LAST_TIME = re.compile(
    r"(?i)\b(?:did|have|had) (?:i|we) (?:(last|most recently) )?(?:just )?(\w+)\b"
    r"(?(1)|.*\b(?:last|most recently)\b(?!\s+(?:year|month|week|night|quarter)))"
)
"""What asks for the latest of its kind by what was done: ``what did I order last time``."""
_DEEDS = {"buy": "purchase", "bought": "purchase", "pay": "payment", "paid": "payment", "book": "booking"}
_PASSIVE = re.compile(r"(?i)\bhow much (?:was|were|has been|have been|got|did (?:you|they)) (?:i |we )?(\w+)")
"""What asks for an amount by what was done with it: ``how much was refunded``."""
_NUMBERS = frozenset("no nr num".split())
_BARE = 5
"""Most words of a question that names a thing without "my" or "the": ``invoice due date``."""


@dataclass(frozen=True)
class Mention:
    """That a question speaks of one thing of a kind: the words between "my" and its name, and what follows the name."""

    kind: Kind
    before: str
    after: str
    bare: bool
    which: bool
    """Whether it asks which thing it is, as in ``which order is late``."""
    pointed: bool = False
    """Whether it is called "the" or "this" one, which may point back into the conversation."""
    called: bool = False
    """Whether it is named by what it, or a thing in it, is called: ``has my kettle shipped``."""
    asking: str = ""
    """The sentence that asks about it: the one that names it, or the next where that goes on with "it"."""


def mention(question: str, kinds: Sequence[Kind], names: Sequence[Sequence[str]], policy: bool = False) -> Mention | None:
    """The first thing that a question asks about and names in the singular as one that is known, or None.

    Args:
        question: as the customer wrote it.
        kinds: of the account, several things each.
        names: the words of each of the account's fields that is in no list; what they name is no thing of a list.
        policy: whether a question how something is done may speak of one as well.
    """
    scalars = frozenset(words[0] for words in names if len(words) == 1)
    named = [(word, kind) for kind in kinds for word in _nouns(kind, kinds, scalars)]
    heads = frozenset(kind.name[-1] for kind in kinds)
    sentences = [part for part in _SENTENCES.split(question) if part.strip()]
    for sentence, following in zip(sentences, [*sentences[1:], ""], strict=True):
        found = [item for word, kind in named if (item := _mentioned(sentence, word, kind, names, heads - {kind.name[-1]}))]
        about = _timed(sentence, kinds)
        about = about or (min(found, key=lambda item: item[0])[1] if found else None)
        about = about or _done(sentence, named, names) or _inner(sentence, kinds, scalars)
        asking = sentence if _asks(sentence) else following if _asks(following) and _PRONOUN.search(following) else ""
        if about and asking and (policy or not (of_policy(sentence) or of_policy(asking))) and len(asking.split()) <= LONGEST:
            return replace(about, asking=asking)
    return None


def _asks(sentence: str) -> bool:
    return bool(sentence.strip()) and (not sentence.rstrip().endswith((".", "!")) or _REQUEST.search(sentence) is not None)


def _nouns(kind: Kind, kinds: Sequence[Kind], scalars: frozenset[str]) -> list[str]:
    """What a thing of a kind is called: by its list, by the heads of its facts' titles, and by other words for those."""
    heads = [part.split(" to ")[0].split(" of ")[0].split() for title in kind.titles for part in re.split(r",| and ", title.lower())]
    own = {kind.name[-1], *(singular(words[-1]) for words in heads if words and (plural(words[-1]) or len(words) == 1))}
    lists = {other.name[-1] for other in kinds if other is not kind}
    alike = also_called(own)
    alike |= {word for name in own for word in _INSIDE.get(name, ())}
    # A field such as plan_name says that its thing goes by that word too.
    alike |= {item.words[0] for thing in kind.things for item in thing.fields if item.words[1:] == ("name",)}
    return sorted(own | ((alike | sorts(kind.things)) - scalars - lists))


def also_called(names: AbstractSet[str]) -> set[str]:
    """What customers call things that a record calls by one of these names."""
    return {word for group in _ALIKE if names & set(group.split()) for word in group.split()}


def _mentioned(sentence: str, noun: str, kind: Kind, names: Iterable[Sequence[str]], heads: AbstractSet[str]) -> tuple[int, Mention] | None:
    """Where a sentence speaks of a thing by this noun; not where another kind's name follows: a debit card is no debit."""
    for match in re.finditer(rf"(?i)(?<![\w-]){re.escape(noun)}(?:['’]s)?(?![\w-])", sentence):
        head, after = sentence[: match.start()], sentence[match.end() :]
        following = re.match(r"\W+([\w-]+)", after)
        if following and (following[1].lower() in _COMPOUNDS or following[1].lower() in heads):
            continue
        if re.match(r"(?i)\s+of (?:my|our)\b", after):  # the next payment of my loan
            continue
        # A field "ride_card" outside the list is no ride of it.
        if following and _in_a_row(noun, singular(following[1].lower()), names):
            continue
        before = re.search(rf"(?i)(?:.*\b|^)({_BEFORE})\s+((?:[\w.,$€£-]+(?:['’]s)?\s+){{0,4}})$", head, re.DOTALL)
        if before and not _LINKS & set(before[2].lower().split()):
            # Where the record counts "client invoices", those are no invoices of the list.
            if _in_a_row((before[2].lower().split() or [""])[-1], noun, names):
                continue
            first = before[1].lower()
            of_field = following is not None and any(following[1].lower() in item.words for item in kind.things[0].fields)
            which = first in ("which", "what") and not of_field
            return match.start(), Mention(kind, before[2].strip(), after, False, which, first in ("the", "this", "that"))
        numbered = re.match(r"(?i)\W+(?:(?:number|no|nr|id)\W+)?[\w-]*\d", after) is not None
        short = len(re.findall(r"[\w-]+", sentence)) <= _BARE and not _ANY.search(head)
        if short or numbered:
            return match.start(), Mention(kind, head, after, True, False)
    return None


def _in_a_row(first: str, second: str, names: Iterable[Sequence[str]]) -> bool:
    """Whether two words follow one another in the name of a field."""
    return any(words[at] == first and singular(words[at + 1]) == second for words in names for at in range(len(words) - 1))


def _timed(sentence: str, kinds: Sequence[Kind]) -> Mention | None:
    """A thing that says what others are called: "my next payment" is what a loan has a field for, though payments are listed too."""
    said = " ".join(re.findall(r"[^\W_]+", sentence.lower()))
    fields = ((kind, item) for kind in kinds for thing in kind.things for item in thing.fields if len(item.words) > 1)
    names = (
        (kind, " ".join(item.words[:2])) for kind, item in fields if item.words[0] in ("next", "last") and item.what in ("date", "amount")
    )
    return next((Mention(kind, "", "", False, False) for kind, name in names if re.search(rf"\b(?:my|our|the) {name}\b", said)), None)


def _done(sentence: str, named: Iterable[tuple[str, Kind]], names: Iterable[Sequence[str]]) -> Mention | None:
    """A thing that a sentence names by what was done: "what did I order last time", or the amount of one: "how much was refunded".

    Not where a field outside lists is called so.
    """
    if last := _LAST_TIME.search(sentence):
        deed = last[2].lower()
        return next((Mention(kind, "last", "", False, False) for word, kind in named if word in (deed, _DEEDS.get(deed))), None)
    amount = _PASSIVE.search(sentence)
    deed = stem(amount[1].lower()) if amount else ""
    if not deed or any(deed in map(stem, words) for words in names):
        return None
    sums = ((kind, item) for _, kind in named for thing in kind.things for item in thing.fields if item.what == "amount")
    return next((Mention(kind, "", "", False, False) for kind, item in sums if deed in map(stem, item.words)), None)


def _inner(sentence: str, kinds: Sequence[Kind], scalars: AbstractSet[str]) -> Mention | None:
    """A thing that a sentence names by what is in it: a field's name of two words ("my tracking number"), an amount ("my balance")
    that no field outside lists is called by, or what the thing, or one listed inside, is called ("has my kettle shipped").
    """
    words = re.findall(r"[^\W_]+", sentence.lower())
    said = " ".join("number" if word in _NUMBERS else word for word in words)
    personal = re.search(r"\b(?:my|our|i|we)\b", said) is not None
    if not personal and not ON_ITS_WAY.search(sentence):
        return None
    for kind in kinds if personal else ():
        fields = {
            item.words for thing in kind.things for item in (*thing.fields, *thing.around) if len(item.words) > 1 and item.what != "text"
        }
        # What is in a list inside is named after that list: ("shipments", "tracking", "number").
        parts = {words[at:] for words in fields for at in (0, 1) if len(words) > at + 1}
        names = {" ".join("number" if word in _NUMBERS else word for word in part) for part in parts}
        sums = {item.words[0] for thing in kind.things for item in thing.fields if len(item.words) == 1 and item.what == "amount"}
        names |= {f"{whose} {name}" for name in sums - scalars for whose in ("my", "our")}
        if any(re.search(rf"\b{re.escape(name)}\b", said) for name in names):
            return Mention(kind, "", "", False, False)
    if _AFTERWARDS.search(sentence):
        return None
    owned = stems(" ".join(re.findall(r"\b(?:my|our|the|this|that)((?: \w+){1,3})", said)))
    # A thing that is called so itself comes before what it is in.
    inside = [(kind, item) for kind in reversed(kinds) for thing in kind.things for item in thing.fields]
    inside += [(kind, item) for kind in kinds for thing in kind.things for item in thing.around]
    called = ((kind, str(item.value)) for kind, item in inside if item.words[-1] in CALLED and item.what == "text")
    return next((Mention(kind, "", "", False, False, called=True) for kind, name in called if owned & stems(name)), None)


def listings(question: str, kinds: Sequence[Kind]) -> list[Kind]:
    """The kinds of which a question may ask for several of the customer's, as in ``list my orders``."""
    if of_policy(question) or not _OWN.search(question) or re.search(r"(?i)\bwhere\b", question) or len(question.split()) > LONGEST:
        return []
    asked = r"(?i)\b(?:my|our|the|all|what|which|any)\s+(?:[\w-]+\s+){0,2}"
    return [
        kind
        for kind in kinds
        if any(re.search(rf"{asked}{re.escape(_plural(noun))}\b", question) for noun in _nouns(kind, kinds, frozenset()))
    ]


def _plural(noun: str) -> str:
    ending = re.sub("[^aeiou]y$", lambda match: match[0][0] + "ies", noun)
    return ending if ending != noun else f"{noun}{'es' if noun.endswith(('s', 'x', 'ch', 'sh')) else 's'}"


def of_policy(question: str) -> bool:
    """Whether a question asks how something is done or what is allowed, rather than what the account says."""
    return _POLICY.search(_TELL.sub(" ", question)) is not None


def asks_of_policy_alone(question: str) -> bool:
    """Whether every sentence that asks something asks how something is done or what is allowed."""
    sentences = [part for part in _SENTENCES.split(question) if part.strip()]
    return all(of_policy(sentence) for sentence in [part for part in sentences if _asks(part)] or sentences)
