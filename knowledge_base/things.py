"""Things of an account: the lists of objects in a record of any shape, what each of them says, and how it is named to its owner."""

import re
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from knowledge_base.generic_wording import clause, listed
from knowledge_base.phrasing import (
    CURRENCIES,
    amount,
    from_cents,
    identifier,
    label,
    moment,
    money,
    of_cents,
    plain,
    readable,
    singular,
    tokens,
)
from knowledge_base.stored import StoredFact

What = Literal["date", "amount", "number", "flag", "state", "id", "text"]
DEEPEST = 24
"""Levels of a record that are read."""
LONGEST = 60
"""Characters of a text that may stand in a thing's name."""
TELLING = 0.7
"""Values of a text that tells things apart, as a share of the things."""
DETAILS = 2
"""What a name says beside the kind and the number."""
_STATES = frozenset("status state stage phase condition progress outcome".split())
_LATER = frozenset("due end ends exp expire expires expiry renew renews next until valid eta expected estimated promised scheduled".split())
"""Dates that do not say how old a thing is."""
CALLED = frozenset("name title description product label model".split())
"""Last words of fields that say what a thing is called."""
_HOW = frozenset("method type kind channel source provider carrier language country region".split())
"""Last words of fields that say how, not what: their values name no thing."""
_SORT = frozenset((("type",), ("kind",), ("category",)))
"""Fields that say of what sort a thing is."""
_MEANS = frozenset("card credit debit cash online web phone app email chat standard normal other default private business".split())
"""Sorts that say by what means or for whom, not what the thing is."""
_SIGNS = {"€": "eur", "£": "gbp", "$": "usd"}
_UNIT = rf"[€£$]|{'|'.join(CURRENCIES)}"
_PRICE = re.compile(rf"(?i)(?P<sign>{_UNIT})?\s?(?P<number>-?\d{{1,3}}(?:,?\d{{3}})*(?:\.\d+)?)(?(sign)|\s?(?P<after>{_UNIT}))")
"""A text that is an amount with its currency; not "12,50 €", whose comma stands for a point."""
_BOUNDS = frozenset("cap limit threshold max maximum min minimum".split())
"""What an amount that is none of the thing's own is called."""
_UNSAID = re.compile(r"[\[\]\"“”\n]|\w{3}[.!?;]\s|\bor\b")
"""What no name may hold: a reply's marks, several sentences, and the word that stands between names."""


@dataclass(frozen=True)
class Field:
    """One value of a thing, the words of its name, and what sort of value it is."""

    words: tuple[str, ...]
    value: Any
    what: What
    currency: str = ""
    written: str = ""
    """An amount as the record writes it, where that is a text: ``€86.00``."""

    @property
    def later(self) -> bool:
        """Whether it is a date up to which something holds, or on which something is to come."""
        return bool(_LATER & set(self.words))

    @property
    def spellings(self) -> list[str]:
        """How facts may say the value, the fullest first."""
        if self.written:
            return [self.written]
        if self.what == "amount" and self.currency:
            return [amount(self.value, self.currency), f"{plain(self.value)} {self.currency.upper()}", plain(self.value)]
        if self.what == "date":
            date = moment(self.words, self.value) or plain(self.value)
            return [date, readable(date)]
        return [plain(self.value, "_".join(self.words))]


@dataclass(frozen=True)
class Thing:
    """One object of a list: where it stands, its own fields, those of lists in it and of what it belongs to, and its facts."""

    path: str
    fields: tuple[Field, ...]
    around: tuple[Field, ...]
    facts: tuple[StoredFact, ...] = field(repr=False)

    @property
    def age(self) -> str:
        """The date that says how old the thing is; empty where none does."""
        dates = [item for item in self.fields if item.what == "date"]
        first = next((item for item in dates if not item.later), None)
        return first.spellings[0] if first else ""

    def said(self, item: Field) -> str:
        """A field's value as the thing's facts say it; empty where they do not, as with secrets."""
        return next((text for text in item.spellings if any(text in fact.text for fact in self.facts)), "")

    def told(self, item: Field) -> str:
        """A field as the thing's facts say it: its name with its value, or the value alone where a template words it; else empty."""
        worded = clause(list(item.words), item.value, item.currency)
        whole = re.compile(rf"(?<![\w.]){re.escape(worded)}(?![\w])")
        return worded if any(whole.search(fact.text) for fact in self.facts) else self.said(item)


@dataclass(frozen=True)
class Kind:
    """All things of one list, or of the lists of that name in the things of another list."""

    name: tuple[str, ...]
    """The words of one such thing: ("standing", "order")."""
    titles: frozenset[str]
    """What the facts about them are headed with."""
    things: tuple[Thing, ...]

    @property
    def today(self) -> str:
        """The day on which the record was true, or was taken in."""
        fact = self.things[0].facts[0]
        return (fact.as_of or fact.indexed)[:10]

    def names(self) -> dict[str, str]:
        """What tells each thing from the others, short and only what its facts say: path -> "invoice INV-7, 2026-05-04, 84 USD".

        Empty where that does not tell them apart.
        """
        values: dict[tuple[str, ...], set[str]] = {}
        for item in (item for thing in self.things for item in thing.fields):
            values.setdefault(item.words, set()).add(str(item.value))
        telling = {words: len(found) / len(self.things) for words, found in values.items() if len(found) > 1}
        found = {thing.path: self._named(thing, telling) for thing in self.things}
        return found if len(set(found.values())) == len(found) else {}

    def _named(self, thing: Thing, telling: Mapping[tuple[str, ...], float]) -> str:
        """The kind and the number, with what differs of a short text or else the first thing in it, the date and the amount; without
        a number, such a text.
        """
        numbers = (thing.said(item) for item in thing.fields if item.what == "id" and telling.get(item.words, 0) >= 1)
        number = next(filter(None, numbers), "")
        text = _detail(thing, "text", telling, TELLING)
        if not number and text:
            return f"{label(self.name)} {text}"
        text = text or next((said for item in thing.around if item.words[-1] in CALLED and (said := _short(thing, item))), "")
        details = [detail for detail in (text, _detail(thing, "date", telling), _detail(thing, "amount", telling)) if detail]
        return ", ".join([f"{label(self.name)} {number}".strip(), *details[:DETAILS]])


def _detail(thing: Thing, what: What, telling: Mapping[tuple[str, ...], float], least: float = 0.0) -> str:
    for item in thing.fields:
        if (
            item.what != what
            or (what == "date" and item.later)
            or (what == "amount" and _BOUNDS & set(item.words))
            or telling.get(item.words, -1.0) < least
        ):
            continue
        said = _short(thing, item)
        if said and (what != "text" or (item.words[-1] not in _HOW and re.search(r"[^\W\d_]", said))):
            return (said[: len("2026-01-31")] if said[:4].isdigit() else said.partition(",")[0]) if what == "date" else said
    return ""


def _short(thing: Thing, item: Field) -> str:
    """A field's value as the thing's facts say it, where it may stand in a name; else empty."""
    said = thing.said(item)
    return said if len(said) <= LONGEST and not _UNSAID.search(said) else ""


def sorts(things: Sequence[Thing]) -> set[str]:
    """The words by which the things say of what sort they are, and customers call them: a booking of the type "train" is a train."""
    said = (str(item.value).lower() for thing in things for item in thing.fields if item.words in _SORT and item.what == "text")
    return {word for word in said if re.fullmatch(r"[^\W\d_]{3,}", word)} - _MEANS


@dataclass(frozen=True)
class Holdings:
    """What an account holds: the kinds of things in its lists, those of outer lists first, and the names of its other fields."""

    kinds: tuple[Kind, ...]
    names: tuple[tuple[str, ...], ...]


def holdings(record: dict[str, Any], facts: Callable[[], Sequence[StoredFact]]) -> Holdings:
    """The things of a record, as far as there are facts about them.

    Args:
        record: of one customer.
        facts: hands out the facts that were made of it; asked only where there is a list.
    """
    found: dict[str, list[tuple[str, dict[str, Any], tuple[Field, ...]]]] = {}
    by_path: dict[str, list[StoredFact]] = {}
    if any(_walk(record, "", "", (), 0, None)):
        for fact in facts():
            parts = fact.path.split(".")
            for end in range(1, len(parts) + 1):
                by_path.setdefault(".".join(parts[:end]), []).append(fact)
        for at, path, thing, owner in _walk(record, "", "", (), 0, by_path):
            found.setdefault(at, []).append((path, thing, owner))
    made = []
    for at, items in found.items():
        things = [
            Thing(path, tuple(_fields(thing, currency=_currency(owner))), (*_below(thing), *owner), tuple(by_path[path]))
            for path, thing, owner in items
        ]
        things = [thing for thing in things if thing.fields]
        if things:
            made.append(Kind(_kind_words(at), frozenset(thing.facts[0].title for thing in things), tuple(things)))
    return Holdings(tuple(made), tuple(_names(record)))


def listed_things(record: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Every object in a list of a record, at any depth, after the words of its kind; what stands under its id has that as its ``id``."""
    yield from ((_kind_words(at), thing) for at, _, thing, _ in _walk(record, "", "", (), 0, None))


def _kind_words(path: str) -> tuple[str, ...]:
    """The words of one thing of a list: ("standing", "order") of "standing_orders"."""
    words = tokens(path.rpartition(".")[2]) or ["item"]
    return (*words[:-1], singular(words[-1]))


def _names(record: dict[str, Any], depth: int = 0) -> Iterator[tuple[str, ...]]:
    """The words of each field that is in no list; of objects, of those alone that have a name of several words."""
    for key, value in record.items() if depth <= DEEPEST else ():
        if isinstance(value, dict) and not _listed(value):
            if len(tokens(key)) > 1:
                yield tuple(tokens(key))
            yield from _names(value, depth + 1)
        elif not isinstance(value, (dict, list)):
            yield tuple(tokens(key))


def _walk(
    value: Any, path: str, kind: str, owner: tuple[Field, ...], depth: int, known: Container[str] | None
) -> Iterator[tuple[str, str, dict[str, Any], tuple[Field, ...]]]:
    """(list, path, thing, fields of what it belongs to) of every object in a list; the list as it is named, whichever thing it is in.

    ``known`` are the paths that things may have; all where it is None.
    """
    if depth > DEEPEST or not isinstance(value, Mapping):
        return
    for key, inner in value.items():
        at, of = f"{path}.{key}".strip("."), f"{kind}.{key}".strip(".")
        if things := _listed(inner, at):
            for place, thing, name in things:
                if isinstance(thing, dict) and (known is None or place in known):
                    whole = {"id": name, **thing} if name else thing
                    yield of, place, whole, owner
                    yield from _walk(thing, place, of, (*owner, *_fields(whole)), depth + 1, known)
        else:
            yield from _walk(inner, at, of, owner, depth + 1, known)


def _listed(value: Any, path: str = "") -> list[tuple[str, Any, str]]:
    return list(listed(value, path)) if isinstance(value, (list, dict)) else []


def _currency(owner: Sequence[Field]) -> str:
    """The currency of what a thing belongs to; empty where that names none."""
    return next((item.currency for item in reversed(owner) if item.currency), "")


def _fields(thing: dict[str, Any], words: tuple[str, ...] = (), depth: int = 0, currency: str = "") -> Iterator[Field]:
    """The values of a thing and of objects in it that are no list; ``currency`` is that of amounts beside which none stands."""
    own = (str(value) for key, value in thing.items() if tokens(key)[:1] == ["currency"] and isinstance(value, str))
    currency = next(own, currency)
    for key, value in thing.items():
        name = (*words, *(tokens(key) or ["field"]))  # a key may be a sign alone: "#"
        if value is None or value == "" or depth > DEEPEST or tokens(key)[:1] == ["currency"]:
            continue
        if isinstance(value, dict) and not _listed(value):
            yield from _fields(value, name, depth + 1, currency)
        elif not isinstance(value, (dict, list)):
            yield _field(name, value, currency)


def _below(thing: dict[str, Any], depth: int = 0) -> Iterator[Field]:
    """The values of the things that are listed inside a thing."""
    for key, value in thing.items() if depth <= DEEPEST else ():
        for _, item, _ in _listed(value):
            if isinstance(item, dict):
                yield from (replace(found, words=(*tokens(key), *found.words)) for found in _fields(item))
                yield from _below(item, depth + 1)


def _field(words: tuple[str, ...], value: Any, currency: str) -> Field:
    if isinstance(value, bool):
        return Field(words, value, "flag")
    if moment(words, value):
        return Field(words, value, "date")
    if of_cents(words, value):
        return Field(words[:-1] or words, from_cents(value, currency), "amount" if currency else "number", currency)
    if isinstance(value, (int, float)):
        unit = next((word for word in words[-1:] if word in CURRENCIES), currency)
        sort: What = "id" if identifier(words) else "amount" if unit and (unit != currency or money(words, value)) else "number"
        return Field(words, value, sort, unit if sort == "amount" else "")
    if _STATES & set(words):
        return Field(words, value, "state")
    if price := _PRICE.fullmatch(str(value).strip()):
        unit = (price["sign"] or price["after"]).lower()
        return Field(words, float(price["number"].replace(",", "")), "amount", _SIGNS.get(unit, unit), str(value).strip())
    code = identifier(words) or re.fullmatch(r"(?=.*\d)(?=.*[A-Za-z]|\d{4,}$)\S+", str(value))
    return Field(words, value, "id" if code and len(str(value)) < LONGEST else "text")
