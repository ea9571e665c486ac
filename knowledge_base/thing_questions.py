"""Whether a question asks what the account says of one thing of a kind ("when is my invoice due?"), and which fields it asks for."""

import re
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from knowledge_base.phrasing import participle, plural, singular, tokens, without_unit
from knowledge_base.things import CALLED, Field, Kind
from knowledge_base.words import content_words, stem, stems

_ALIKE = (
    "invoice bill", "ticket request case inquiry enquiry", "order purchase", "shipment parcel package delivery",
    "transaction payment transfer debit", "booking reservation stay", "subscription plan contract membership", "appointment visit",
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
_ANY = re.compile(r"(?i)\b(?:an?|any|every|each|per|by|no|another|new)\s+(?:[\w-]+\s+)?$")
_SENTENCES = re.compile(r"(?<=[?!])\s+|(?<=\w{3}\.)\s+|\n+")
_REQUEST = re.compile(r"(?i)\b(?:tell|know|needs?|asks?|please|give|show|check|looking for)\b")
_PRONOUN = re.compile(r"(?i)\b(?:is|was|has|does|did|will|of|for|about|on) (?:it|its|this|that)\b")
_OWN = re.compile(r"(?i)\b(?:my|our|i|we)\b|^\W*(?:please )?(?:list|show|give)\b")
LONGEST = 16
"""Most words of a sentence that asks about one thing: a longer one asks about more, or tells what happened."""
_EXPIRY = frozenset("exp expiry expire expires expiring expired expiration".split())
_WHOLE = frozenset("amount total sum value".split())
_WHICH_ONE = frozenset(map(stem, "last latest newest recent current newer previous first oldest earliest older next upcoming new".split()))
_LEFT = frozenset("left remaining remains remain available unused".split())
_COMING = re.compile(r"(?i)\b(?:will|coming|arriving|expected)\b|\bdo(?:es)? .*\b(?:arrive|come)\b")
"""What asks when something will be, of which what is past says nothing."""
_ON_ITS_WAY = re.compile(
    r"(?i)\b(?:com(?:e|es|ing)|came|arriv\w+|deliver(?:ed|y)|ship(?:ped|ping)?|dispatched|sent|on (?:its|the) way)\b"
    r"|\bwhere(?:['’]?s| is| are)\b"
)
"""What is asked of a thing that the customer ordered, so that "the lamp" is the customer's."""
_AFTERWARDS = re.compile(
    r"(?i)\b(?:refund\w*|return\w*|money back|exchang\w+|replac\w+|repair\w*|warrant\w+|collect\w*|cancel\w*|claim\w*|fault\w*|broken?)\b"
)
"""What becomes of a thing afterwards, which the order that it was in does not say."""
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
        about = min(found, key=lambda item: item[0])[1] if found else _inner(sentence, kinds, scalars)
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
    return sorted(own | (alike - scalars - lists))


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


def _inner(sentence: str, kinds: Sequence[Kind], scalars: AbstractSet[str]) -> Mention | None:
    """A thing that a sentence names by what is in it: a field's name of two words ("my tracking number"), an amount ("my balance")
    that no field outside lists is called by, or what the thing, or one listed inside, is called ("has my kettle shipped").
    """
    words = re.findall(r"[^\W_]+", sentence.lower())
    said = " ".join("number" if word in _NUMBERS else word for word in words)
    personal = re.search(r"\b(?:my|our|i|we)\b", said) is not None
    if not personal and not _ON_ITS_WAY.search(sentence):
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
        return _named(dates, words) or _named(around, words) or dates or (around if coming else [])
    if _MONEY.search(question):
        # "How much" may be asked of what is no money, where that is named: how much data.
        sums = _named([item for item in own if item.what in ("amount", "number")], words)
        amounts = [item for item in own if item.what == "amount"] or [item for item in around if item.what == "amount"]
        return sums or [item for item in amounts if _WHOLE & set(item.words)] or amounts
    if _PLACE.search(question):
        places = [item for item in (*own, *around) if _PLACES & set(item.words)]
        return [*states, *(item for item in around if item.what == "state"), *places] if places else []
    if _YES_NO.search(question) or _WHETHER.search(question):
        return _named([item for item in own if item.what == "flag"], words) or (states if of_state else [])
    named = _named([*own, *around], words)
    return [item for item in named if item in own] or named or (states if _NEWS.search(question) and not about.bare else [])


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
