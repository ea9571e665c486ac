"""Which thing of an account a question means: the one that it names, or those to ask back about where several fit.

A question that asks what the account says of one of its things ("when is my invoice due?") leaves open which, where there are
several, it names none, and they do not all say the same. That is read off the question's form and the record, not off a
likelihood: the models that weigh facts see facts that differ in a figure as alike, so with several things each of them is unlikely.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from knowledge_base.field_questions import asked_of_things
from knowledge_base.generic_wording import saying_only
from knowledge_base.phrasing import label
from knowledge_base.spoken_of import last_named, spoken_of
from knowledge_base.stored import StoredFact
from knowledge_base.thing_entries import Entries, charge, several, spent, undone
from knowledge_base.thing_fields import FEE, asked_fields, asks_one_value, expires, in_trouble
from knowledge_base.thing_picks import ORDINAL, newest_first, picked
from knowledge_base.thing_questions import Mention, listings, mention, of_policy
from knowledge_base.things import Field, Holdings, Kind, Thing
from knowledge_base.words import shapes, unknown_shapes

MOST_OPTIONS = 3
"""Things that are named to the customer; of more the newest."""
MEANT = 0.9
"""How likely facts are to be asked for that say what a question asks of the thing that it means."""
_ASKS = re.compile(r"(?i)\W*(?:who|whose|what|which|where|when|is|are|was|has|have|did|does|tell|show)\b")
_WITH_IT = frozenset("my our the this that please pls thanks and what about show me list give".split())
"""What may stand beside a thing's name where nothing is asked but the thing."""
_DAYS = frozenset("date booked placed ordered issued paid charged".split())
_OVER = frozenset("delivered completed complete closed cancelled canceled resolved solved done fulfilled".split())
"""States of a thing of which nothing is to come: who asks where a parcel is does not mean one that came while others are due."""
_POINTS = re.compile(r"(?i)\b(?:it|its|(?:that|this) one)\b")
"""What points at the thing that was spoken of last."""
_OTHER = re.compile(r"(?i)\bthe other one\b")
"""What points at the things beside it."""
_CHOICE_WORDS = 12
"""Most words of an answer to the question which thing is meant."""


@dataclass(frozen=True)
class Option:
    """A thing as it is named to the customer, and the facts that it is named out of."""

    name: str
    facts: tuple[StoredFact, ...] = field(repr=False)


@dataclass(frozen=True)
class Which:
    """What a question means: ``options`` to ask back about, or the ``facts`` of the things that it means, of which the first
    ``asked`` say what is asked: none where those things do not say it.
    """

    kind: str
    count: int
    options: tuple[Option, ...] = ()
    facts: tuple[StoredFact, ...] = ()
    asked: int = 0
    others: tuple[StoredFact, ...] = ()
    """The facts of things of the kind that are not meant, where the rest of the account may bear on the question."""
    short: dict[str, str] = field(default_factory=dict, repr=False)
    """Of facts that say much else, by their text, what of it a reply says."""
    says: bool = False
    """Whether the first facts say what is asked of a thing that goes by a name of its own, of which no article knows."""
    total: str = ""
    """The sum of the ``count`` things that is asked for, for the agent: no fact of the account says it."""

    def told(self) -> dict[str, Any]:
        """For whoever looks at a search: ``kind``, ``count``, the names of the ``options``, and the ``facts`` that say what is asked."""
        options, facts = [option.name for option in self.options], [fact.text for fact in self.facts[: self.asked]]
        return {"kind": self.kind, "count": self.count, "options": options, "facts": facts}

    def before(self, ranked: Sequence[tuple[StoredFact, float]], most: int) -> list[tuple[StoredFact, float]]:
        """The facts of what is meant before a customer's other facts, of which none is said: (fact, likelihood), ``most`` at most."""
        own = [(fact, MEANT if at < self.asked else 0.0) for at, fact in enumerate(self.facts)]
        known = {fact.text for fact in self.facts}
        return [*own, *((fact, 0.0) for fact, _ in ranked if fact.text not in known)][:most]


def which_thing(question: str, history: Sequence[tuple[str, str]], account: Holdings) -> Which | None:
    """What of the account's things a question means; None where it is about none of them.

    Args:
        question: as searched.
        history: earlier (role, text) turns, oldest first.
        account: what the customer has.
    """
    found = account.kinds
    about = mention(question, found, account.names)
    about = _outer(about, found) if about and not (about.called and _says(about, question)) else about
    asked = asked_fields(about) if about else {}
    if chosen := _chosen(question, history, found, asked):
        return chosen
    if about is None:
        return _unnamed(question, history, account)
    fit = picked(about.kind, question, _selecting(about), about.before, about.kind.today)
    if _names_alone(about) and last_named(history, found):
        return _of_these(about.kind, spoken_of(fit, history) or fit, question)
    if len(fit) > 1 and history:
        fit = spoken_of(fit, history) or ([] if about.pointed else fit)
    unclear = (
        about.called or len(fit) > 1 or FEE.search(about.asking) or not (about.which or _ASKS.match(about.asking) or _only_named(about))
    )
    if unclear and not any(asked.values()):
        return None
    fit = _having(fit, asked, in_trouble(about, asked))
    told = [fact.text for thing in about.kind.things for fact in thing.facts]
    if unknown_shapes(question, told) & shapes(" ".join(told)):
        return _not_there(about.kind)
    meant = _settled(about.kind, fit, asked, about.which, question)
    return replace(meant, says=any(asked.values()) and meant.asked > 0) if meant and about.called else meant


def _unnamed(question: str, history: Sequence[tuple[str, str]], account: Holdings) -> Which | None:
    """What is meant by a question that asks of no thing which it names."""
    found = account.kinds
    if found_before := _pointed_at(question, history, found):
        return found_before
    if sum_of := spent(question, found):
        return Which(label(sum_of.kind.name), sum_of.count, total=sum_of.total)
    if one := charge(question, found):
        return _charged(one)
    if others := _others(question, account):
        return others
    if named := several(question, found):
        facts = sorted(((at, fact) for thing in named.things for at, fact in enumerate(thing.facts)), key=lambda item: item[0] > 0)
        return Which(label(named.kind.name), named.count, (), tuple(fact for _, fact in facts), len(named.things))
    if kinds := listings(question, found):
        return Which(label(kinds[0].name), len(kinds[0].things))
    return _by_field(question, history, account)


def _by_field(question: str, history: Sequence[tuple[str, str]], account: Holdings) -> Which | None:
    """What becomes of a question that names what it asks for, and not of which thing: ``how much data have I left``."""
    if not (named := asked_of_things(question, account)):
        return None
    about, asked = named
    fit = [thing for thing in picked(about.kind, question, "", question, about.kind.today) if asked[thing.path]]
    if len(fit) > 1 and history:
        fit = spoken_of(fit, history) or fit
    return _settled(about.kind, fit, asked, False, question)


def _charged(entries: Entries) -> Which | None:
    """The one entry of an amount that the customer names, or those of that amount to be asked back about."""
    things, kind = entries.things, label(entries.kind.name)
    if len(things) == 1:
        return Which(kind, 1, (), things[0].facts, len(things[0].facts))
    options = _options(entries.kind, things)
    return Which(kind, len(things), options) if options else None


def _others(question: str, account: Holdings) -> Which | None:
    """What a question leaves out that speaks of one thing without asking what the account says of it: "send me my last invoice"."""
    about = mention(question, account.kinds, account.names, policy=True)
    fit = picked(about.kind, question, _selecting(about), about.before, about.kind.today) if about else []
    if about is None or len(fit) != 1 or len(about.kind.things) < 2:
        return None
    return Which(label(about.kind.name), 1, others=tuple(fact for thing in about.kind.things if thing not in fit for fact in thing.facts))


def _having(fit: list[Thing], asked: dict[str, list[Field]], troubled: set[str]) -> list[Thing]:
    """Of several things those in the trouble that is asked about, or those that alone have what is asked for.

    A date is none of that, unless the others are over or theirs has passed: that an order was not delivered yet does not mean that
    another one is asked about.
    """
    if len(fit) < 2:
        return fit
    if found := [thing for thing in fit if thing.path in troubled]:
        return found
    having = [thing for thing in fit if asked.get(thing.path)]
    dated = any(item.what == "date" or item.later for thing in having for item in asked[thing.path])
    passed = all(map(_over, having)) and not all(map(_over, fit))
    of = {item.words for thing in having for item in asked[thing.path]}
    gone = all(_over(thing) or any(item.words in of for item in thing.fields) for thing in fit if thing not in having)
    return fit if (dated and not gone) or passed or not having else having


def _over(thing: Thing) -> bool:
    return any(item.what == "state" and _OVER & set(str(item.value).lower().split()) for item in thing.fields)


def _not_there(kind: Kind) -> Which:
    """What becomes of a question that names a thing by a number that none has: what others say is no answer to it."""
    return Which(label(kind.name), len(kind.things), _options(kind, newest_first(kind.things)) if len(kind.things) > 1 else ())


def _pointed_at(question: str, history: Sequence[tuple[str, str]], found: Sequence[Kind]) -> Which | None:
    """What a question means by "it" or "that one": the one thing that the agent's last message names by its number; None where there
    is no such one. Where the thing does not say what is asked, that leaves out the others of its kind.
    """
    other = _OTHER.search(question)
    named = last_named(history, found) if (other or _POINTS.search(question)) and len(question.split()) <= _CHOICE_WORDS else []
    if len(named) != 1:
        return None
    kind, thing = named[0]
    rest = [item for item in kind.things if item is not thing]
    asked = {} if of_policy(question) else asked_fields(Mention(kind, "", "", False, False, asking=question))
    fit = [item for item in (rest if other else [thing]) if asked.get(item.path)]
    if fit:
        return _settled(kind, fit, asked, False, question)
    if other and not set(re.findall(r"[\w-]+", question.lower())) - _WITH_IT - {"other", "one"}:
        return _of_these(kind, rest, question)
    others = tuple(fact for item in (() if other else rest) for fact in item.facts)
    return Which(label(kind.name), 1, others=others) if others else None


def _of_these(kind: Kind, fit: Sequence[Thing], question: str) -> Which | None:
    """The one thing, of which all is told, or those to be asked back about, for nothing is asked but the thing."""
    if len(fit) == 1:
        return _settled(kind, fit, {}, False, question)
    options = _options(kind, newest_first(fit))
    return Which(label(kind.name), len(fit), options) if options else None


def _options(kind: Kind, things: Sequence[Thing]) -> tuple[Option, ...]:
    """The first things as they are named to the customer; none where they have no names."""
    names = kind.names()
    return tuple(Option(names[thing.path], thing.facts) for thing in things[:MOST_OPTIONS]) if names else ()


def _chosen(question: str, history: Sequence[tuple[str, str]], found: Sequence[Kind], asked: dict[str, list[Field]]) -> Which | None:
    """What the question that was asked back about means, now that the customer answers which thing it is; None where that is not so."""
    if not history or history[-1][0] != "agent" or "?" not in history[-1][1] or len(question.split()) > _CHOICE_WORDS:
        return None
    agent = history[-1][1].casefold()
    before = next((text for role, text in reversed(history[:-1]) if role == "customer"), "")
    for kind in found:
        names = kind.names()
        places = {path: _place(name.casefold(), agent) for path, name in names.items()}
        offered = sorted((thing for thing in kind.things if places.get(thing.path, -1) >= 0), key=lambda thing: places[thing.path])
        if len(offered) < 2:
            continue
        fit = picked(kind, question, question, question, kind.today, offered)
        if not fit or len(fit) == len(kind.things):
            return None
        wanted = asked if any(asked.get(thing.path) for thing in fit) else asked_fields(Mention(kind, "", "", False, False, asking=before))
        return _settled(kind, fit, wanted, False, f"{before} {question}")
    return None


def _place(name: str, text: str) -> int:
    """Where a text names a thing, at least by its kind and number; -1 where it does not."""
    head = name.partition(",")[0]
    found = re.search(rf"(?<!\w){re.escape(head if ' ' in head else name)}(?![\w-])", text)
    return found.start() if found else -1


def _says(about: Mention, question: str) -> bool:
    """Whether a thing that is named by what it is called says itself what is asked of it, and more than what it is in."""
    asked = asked_fields(about)
    fit = picked(about.kind, question, "", "", about.kind.today)
    around = [{item.value for item in thing.around if item.what == "state"} for thing in fit]
    own = [
        [item for item in asked[thing.path] if item in thing.fields and item.value not in seen]
        for thing, seen in zip(fit, around, strict=True)
    ]
    return all(own)


def _outer(about: Mention, found: Sequence[Kind]) -> Mention:
    """The mention of what inner things belong to, where each holds one of them at most, or what is in it was named: a parcel stands
    for its order.
    """
    for kind in found:
        paths = {thing.path for thing in kind.things}
        ends = ((inner.path, at) for inner in about.kind.things for at, sign in enumerate(inner.path) if sign == ".")
        held = Counter(path[:at] for path, at in ends if path[:at] in paths)
        if kind is not about.kind and held and (about.called or max(held.values()) == 1):
            return replace(about, kind=kind)
    return about


def _only_named(about: Mention) -> bool:
    """Whether a question does nothing but name the latest or the first of its kind: ``the latest invoice please``."""
    said = set(re.findall(r"[\w-]+", about.asking.lower()))
    before = re.findall(r"[\w-]+", about.before.lower())
    return ORDINAL.match(about.before.strip()) is not None and len(said - _WITH_IT - set(before)) == 1


def _names_alone(about: Mention) -> bool:
    """Whether a question says nothing but the thing that it is about: ``and my ticket?``."""
    said = set(re.findall(r"[\w-]+", about.asking.lower())) - set(re.findall(r"[\w-]+", about.before.lower()))
    return not (about.bare or about.called) and len(said - _WITH_IT) == 1


def _selecting(about: Mention) -> str:
    """Where a state picks out a thing: before its name, after "that is", or anywhere after "which order"."""
    relative = re.search(r"(?i)\b(?:that|which|who)(?:['’]s)?\s+([^?.,;]*)", about.after)
    return f"{about.before} {about.after if about.which else relative[1] if relative else ''}".strip()


def _settled(kind: Kind, fit: Sequence[Thing], asked: dict[str, list[Field]], listing: bool, question: str) -> Which | None:
    """What becomes of the things that fit: one, or several that say the same, are meant; others are asked about.

    ``listing`` says that the question itself is which things they are, so that it is not asked back.
    """
    said = {tuple((item.words, str(item.value)) for item in asked.get(thing.path, ())) for thing in fit}
    names, fit = kind.names(), newest_first(fit)
    if not fit or (len(fit) > 1 and len(said) > 1 and (listing or not names)):
        return None
    if len(fit) > 1 and len(said) > 1:
        return Which(label(kind.name), len(fit), _options(kind, fit))
    lacking = any(asked.values())
    first: list[StoredFact] = []
    rest: list[StoredFact] = []
    short: dict[str, str] = {}
    for thing in fit:
        values = [thing.told(item) or item.spellings[0] for item in asked.get(thing.path, ())]
        told = _telling(kind, thing, asked.get(thing.path, ())) if asks_one_value(question) else []
        short |= {fact.text: saying_only(fact.text, told) for fact in thing.facts if told}
        # What others of the kind say and this one does not is not answered by what it says of itself.
        lacking = lacking and not values
        for fact in thing.facts:
            (first if any(value in fact.text for value in values) else rest).append(fact)
    count = len(first) or (0 if lacking else len(rest))
    return Which(label(kind.name), len(fit), (), (*first, *rest), count, short=short)


def _telling(kind: Kind, thing: Thing, asked: Sequence[Field]) -> list[str]:
    """The dates, amounts, counts and flags that are asked for, with the day and the words that tell which thing it is; none where more
    is asked for.

    A state alone may mislead: of a lost card that a new one is on its way belongs to it. That a thing was called off is always told.
    """
    if not asked or any(item.what not in ("date", "amount", "number", "flag") and not expires(item) for item in asked):
        return []
    names = [item for item in thing.fields if item.what in ("text", "id")]
    head = thing.facts[0].text.partition(":")[0]
    # What the thing is called stands before all else.
    others = [item for item in names if not any(re.search(rf"(?<!\w){re.escape(text)}(?!\w)", head) for text in item.spellings)]
    names = others[: 2 if len(others) == len(names) else 1]
    names += [item for item in thing.fields if item.what == "state" and undone(thing)]
    days = [
        item for item in thing.fields if item.what == "date" and _DAYS & set([word for word in item.words if word not in kind.name][:1])
    ]
    return [text for item in (*asked, *names, *days) if (text := thing.told(item))]
