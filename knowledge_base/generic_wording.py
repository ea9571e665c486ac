"""Account records that no template words, as sentences: one for each field, and one for each item of a list of things."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from knowledge_base import phrasing
from knowledge_base.phrasing import capitalized, happened, label, plain, plural, singular, tokens

DEEPEST = 24
"""Levels of a record that are worded."""
_SENTENCE = 240
"""Characters after which the sentence about an item is ended and another one begun."""
_NAMES = "number no nr reference ref rma code id uid uuid name title product sku key subject label email slug".split()
_CONTAINERS = frozenset("account customer data attributes properties details info fields".split())
_STATES = frozenset("active optional mandatory valid overdue online offline public private visible available".split())
_LOOSE = frozenset(
    "used left remaining available open due max min maximum minimum bought free total ends starts expires renews this last past per by to"
    " from until since at on in for with without after before".split()
)
_ENDINGS = (("last4",), ("last", "4"), ("last", "four"), ("last", "digits"))
_EXPIRIES = (("exp",), ("exp", "date"), ("expiry",), ("expiry", "date"), ("expiration",), ("expiration", "date"))
_CLAUSES = re.compile(r', (?!\d\d:\d\d)(?=(?:[^"]*"[^"]*")*[^"]*$)')
"""Between clauses; not inside quotation marks, nor before the time of a day."""
NOTHING = "The account has no"
"""How a fact begins that says that a list of the record holds nothing."""
_FEW = 5
"""Words of a text that is said without quotation marks."""


def sentences(record: dict[str, Any], said: set[str]) -> Iterator[tuple[str, str]]:
    """Word all fields of a record but those whose paths are in ``said``: (path, sentence), in the record's order."""
    yield from _group(record, "", [], said, 0, "")


def _group(group: dict[str, Any], path: str, words: list[str], said: set[str], depth: int, around: str) -> Iterator[tuple[str, str]]:
    """The fields of the record or of an object in it that is one of its kind ("billing")."""
    own = _currency(group)
    currency = own or around
    for key, value in group.items():
        at, name = f"{path}.{key}".strip("."), _name(key)
        if value == [] and at not in said:
            yield at, f"{NOTHING} {label(_joined(words, name))}."
        if at in said or _empty(value) or depth > DEEPEST or (own and _is_currency(name)):
            continue
        if (flat := _flat(name, value)) is not None:
            yield at, _sentence(words, name, flat, currency)
        elif things := list(listed(value, at)):
            yield from _items(things, name, "", currency, said, depth + 1)
        else:
            yield from _group(value, at, _joined(words, name), said, depth + 1, currency)


def _items(
    things: Sequence[tuple[str, Any, str]], name: list[str], owner: str, currency: str, said: set[str], depth: int
) -> Iterator[tuple[str, str]]:
    """A list of things of one kind: each is named by its kind and what identifies it, and by the thing it belongs to."""
    kind = [*name[:-1], singular(name[-1])] if name else ["item"]
    for number, (at, thing, key) in enumerate(things, 1):
        if not isinstance(thing, dict):
            if not _empty(thing):
                yield at, _ended(f"{_titled(owner, label(kind))} {number} of {len(things)}: {_value(kind, thing)}")
            continue
        field, identity = ("", key) if key else _identity(thing, kind)
        place = f"{number} of {len(things)}" if len(things) > 1 else ""
        called = f"{label(kind)} {identity or place}".strip()
        title = _titled(owner, called)
        if pair := _pair(thing):
            if not {f"{at}.{part}" for part in thing} & said:
                yield at, _ended(f"{_titled(owner, label(kind))} {pair[0]}: {pair[1]}")
            continue
        own = _currency(thing) or currency
        clauses = list(_clauses(thing, at, [], field, own, said, depth))
        if not clauses and identity and _bare_name(thing, at, said):
            yield at, _ended(title)
        for part in _parts(clauses, len(title)):
            yield at, _ended(f"{title}: {', '.join(part)}")
        yield from _below(thing, at, title, own, said, depth)


def _bare_name(thing: dict[str, Any], path: str, said: set[str]) -> bool:
    """Whether a thing has nothing but what it is called, so that it would otherwise not be said at all."""
    return path not in said and not any(f"{path}.{key}" in said or isinstance(value, (dict, list)) for key, value in thing.items())


def _below(thing: dict[str, Any], path: str, title: str, currency: str, said: set[str], depth: int) -> Iterator[tuple[str, str]]:
    """The lists of things inside a thing, such as the lines of an order."""
    if depth > DEEPEST:
        return
    for key, value in thing.items():
        at, name = f"{path}.{key}", _name(key)
        if at in said or _empty(value) or _flat(name, value) is not None:
            continue
        if things := list(listed(value, at)):
            yield from _items(things, name, title, currency, said, depth + 1)
        else:
            yield from _below(value, at, title, currency, said, depth + 1)


def _clauses(thing: dict[str, Any], path: str, words: list[str], field: str, currency: str, said: set[str], depth: int) -> Iterator[str]:
    """What is said of a thing, field by field: "total 129.50 USD", "placed on 2026-10-03"."""
    own = _currency(thing) or currency
    for key, value in thing.items():
        at, name = f"{path}.{key}", _name(key)
        if at in said or _empty(value) or key == field or depth > DEEPEST or (own and _is_currency(name)):
            continue
        if (flat := _flat(name, value)) is not None:
            yield clause(_joined(words, name), flat, own)
        elif not list(listed(value, at)):
            yield from _clauses(value, at, _joined(words, name), "", own, said, depth + 1)


def _sentence(parent: list[str], name: list[str], value: Any, currency: str) -> str:
    """One field of the account as a sentence of its own."""
    owner = f"The account's {label(parent)}" if parent else "The account"
    words = _joined(parent, name)
    if parent and isinstance(value, (str, int)) and not isinstance(value, bool):
        if tuple(name) in _ENDINGS:
            return _ended(f"{owner} ends in {plain(value, 'id')}")
        if tuple(name) in _EXPIRIES:
            return _ended(f"{owner} expires {_moment(name, value) or plain(value, 'id')}")
    if isinstance(value, bool):
        stated = name[1:] if name[:1] in (["is"], ["are"], ["was"]) and len(name) > 1 else []
        state = stated or (name[-1:] if _state(name) else [])
        if state:
            subject = owner if len(name) - len(state) == bool(stated) else f"The account's {label(words[: len(words) - len(state)])}"
            return _ended(f"{subject} {_be(subject)} {'' if value else 'not '}{label(state)}")
        return _ended(f"The account's {label([word for word in words if word != 'has'])}: {plain(value)}")
    date = _moment(name, value)
    if date and (past := happened(name[1:] if name[:1] == ["date"] and len(name) > 1 else name)):
        how = past[-2:] if past[-2:-1] in (["last"], ["first"]) else past[-1:]
        thing = past[: len(past) - len(how)]
        subject = f"The account's {label(_joined(parent, thing))}" if thing else owner
        return _ended(f"{subject} {'were' if plural(subject.split()[-1]) else 'was'} {label(how)} on {date}")
    bare = _bare(words, value)
    said = _value(words, value, currency)
    if date and bare[-1:] in (["at"], ["on"]):
        bare = bare[:-1]
    elif not (_LOOSE & set(bare) or phrasing.participle(bare[-1])) and not said.startswith('"') and not any(map(plural, bare[:-1])):
        count = isinstance(value, (int, float)) and plural(bare[-1]) and bare == words and not phrasing.money(words, value)
        verb = "are" if plural(bare[-1]) and not count else "is"
        return _ended(f"The account's {'number of ' if count else ''}{label(bare)} {verb} {said}")
    return _ended(f"The account's {label(bare)}: {said}")


def clause(words: list[str], value: Any, currency: str) -> str:
    """What is said of one field of a thing: "total 129.50 USD"; ``words`` are those of its name."""
    for names, said in ((_ENDINGS, "ending in"), (_EXPIRIES, "expires")):
        if (name := next((name for name in names if tuple(words[-len(name) :]) == name), None)) and not isinstance(value, (bool, list)):
            return f"{label(words[: -len(name)])} {said} {_moment(words, value) or plain(value, 'id')}".strip()
    if words[-1:] in (["percent"], ["pct"], ["percentage"]) and isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"{label(words[:-1])} {plain(value)}%".strip()
    if isinstance(value, bool):
        words = [word for word in words if word not in ("is", "has", "are")] or words
        return label(words if value else [*words[:-1], "not", words[-1]]) if _state(words) else f"{label(words)} {plain(value)}"
    if date := _moment(words, value):
        past = happened(words)
        return f"{label(past)} on {date}" if past else f"{label(words[:-1] if words[-1] in ('at', 'on') and words[1:] else words)} {date}"
    return f"{label(_bare(words, value))} {_value(words, value, currency)}"


def _bare(words: list[str], value: Any) -> list[str]:
    """The words of a name without its unit."""
    if phrasing.of_cents(words, value) and len(words) > 1:
        return [word for word in words if word not in ("cents", "in", "minor", "units")] or words
    return phrasing.without_unit(words, value)[0]


def _value(words: list[str], value: Any, currency: str = "") -> str:
    """A value with its unit or currency; a longer text in quotation marks."""
    if (date := _moment(words, value)) is not None:
        return date
    if phrasing.of_cents(words, value):
        figure = phrasing.from_cents(value, currency)
        return phrasing.amount(figure, currency).strip()
    if currency and phrasing.money(words, value) and words[-1] not in phrasing.CURRENCIES:
        return phrasing.amount(value, currency)
    if isinstance(value, list):
        said = [_value(words, item) for item in value if not _empty(item)]
        return phrasing.shortened(" and ".join(part for part in (", ".join(said[:-1]), said[-1]) if part))
    unit = phrasing.without_unit(words, value)[1]
    text = plain(value, "_".join(words))
    if unit.lower() in phrasing.CURRENCIES:
        return phrasing.amount(value, unit)
    if unit:
        return f"{text}%" if unit == "%" else f"{text} {unit}"
    if isinstance(value, str) and words[-1:] != ["address"] and (len(text.split()) > _FEW or re.search(r"[,;:.!?]\s|[.!?]$", text)):
        return '"' + text.replace('"', "'") + '"'
    return text


def _moment(words: Sequence[str], value: Any) -> str | None:
    """The date or time that a value is, as a person would write it; else None."""
    return phrasing.readable(found) if (found := phrasing.moment(words, value)) else None


def _flat(name: list[str], value: Any) -> Any:
    """A value that is said as one, or None: what is no object, an amount with its currency, or an address."""
    if isinstance(value, list):
        return None if any(isinstance(item, (dict, list)) for item in value) else [item for item in value if not _empty(item)]
    if not isinstance(value, dict):
        return value
    inside = {key: item for key, item in value.items() if not _empty(item)}
    if any(isinstance(item, (dict, list)) for item in inside.values()):
        return None
    if len(inside) == 2 and (own := _currency(inside)):
        key, figure = next(pair for pair in inside.items() if not _is_currency(_name(pair[0])))
        if phrasing.of_cents(_name(key), figure) or _name(key) == ["minor"]:
            return phrasing.amount(phrasing.from_cents(figure, own), own)
        return phrasing.amount(figure, own) if _name(key) in (["amount"], ["value"]) else None
    if name[-1:] == ["address"] and all(isinstance(item, (str, int)) and not isinstance(item, bool) for item in inside.values()):
        return ", ".join(plain(item, "code") for item in inside.values())
    return None


def listed(value: list[Any] | dict[str, Any], path: str) -> Iterator[tuple[str, Any, str]]:
    """The things of a list, or of an object whose keys are their ids: (path, thing, id)."""
    if isinstance(value, list):
        for number, item in enumerate(value):
            if isinstance(item, list) and any(isinstance(inner, (dict, list)) for inner in item):
                yield from listed(item, f"{path}.{number}")
            else:
                yield f"{path}.{number}", item, ""
    elif all(isinstance(item, dict) and re.search(r"\d", key) for key, item in value.items()):
        for key, item in value.items():
            yield f"{path}.{key}", item, plain(key, "id")


def identity(thing: dict[str, Any], kind: Sequence[str]) -> str:
    """What tells a thing from others of its kind, as it is said; empty where nothing does. ``kind`` holds the words of such a thing."""
    return _identity(thing, list(kind))[1]


def _identity(thing: dict[str, Any], kind: list[str]) -> tuple[str, str]:
    """The field that tells a thing from others of its kind, and what it says; empty where there is none."""
    fields = {
        tuple(_name(key)): (key, value)
        for key, value in thing.items()
        if isinstance(value, (str, int)) and not isinstance(value, bool) and not _empty(value) and len(str(value)) < 80
    }
    found = [fields[name] for last in _NAMES for name in ((last,), (*kind, last), (*kind[-1:], last)) if name in fields]
    if not found:
        return "", ""
    # A machine's long id says less than the name beside it.
    field, value = next(((key, item) for key, item in found if len(str(item)) < 20 or " " in str(item)), found[0])
    text = plain(value, "id")
    return field, f'"{text}"' if " " in text else text


def _pair(thing: dict[str, Any]) -> tuple[str, str] | None:
    """The name and the value of a field that the record keeps as an object: ``{"name": "Region", "value": "EMEA"}``."""
    fields = {"".join(_name(key)): value for key, value in thing.items() if not _empty(value)}
    name = next((fields[key] for key in ("name", "key", "label", "field", "title") if isinstance(fields.get(key), str)), None)
    if name is None or "value" not in fields or len(fields) > 3 or isinstance(fields["value"], (dict, list)):
        return None
    return plain(name), _value(tokens(name), fields["value"])


def _parts(clauses: Iterable[str], used: int) -> Iterator[list[str]]:
    part: list[str] = []
    for clause in clauses:
        if part and used + sum(len(other) + 2 for other in part) + len(clause) > _SENTENCE:
            yield part
            part = []
        part.append(clause)
    if part:
        yield part


def saying_only(sentence: str, values: Collection[str]) -> str:
    """Of a sentence about one thing its name and the clauses that are or end in one of these texts, as in "Loan L-1: ends 1 April 2028".

    The sentence as it is where none does, or where it was not worded here.
    """
    name, _, rest = sentence.partition(": ")
    clauses = _CLAUSES.split(rest.removesuffix("."))
    kept = [clause for clause in clauses if any(re.search(rf'(?<![\w.,-])"?{re.escape(value)}"?$', clause) for value in values)]
    return _ended(f"{name}: {', '.join(kept)}") if kept else sentence


def _joined(parent: list[str], name: list[str]) -> list[str]:
    """The words of a field after those of what it stands in, nothing said twice."""
    if parent and parent[-1] in _CONTAINERS:
        parent = parent[:-1]
    if parent and name[:1] in ([parent[-1]], [singular(parent[-1])]):
        parent = parent[:-1]
    return [*parent, *name]


def _state(words: list[str]) -> bool:
    return bool(words) and (words[-1] in _STATES or phrasing.participle(words[-1]))


def _be(subject: str) -> str:
    return "are" if plural(subject.rsplit(maxsplit=1)[-1]) and not subject.endswith("'s") else "is"


def _titled(owner: str, called: str) -> str:
    return f"{owner}, {called}" if owner else capitalized(called)


def _ended(text: str) -> str:
    return text if text.rstrip('"').endswith(("…", "!", "?", ".")) else f"{text}."


def _name(key: str) -> list[str]:
    return tokens(key) or ["field"]


def _is_currency(name: list[str]) -> bool:
    return name in (["currency"], ["currency", "code"], ["ccy"])


def _currency(group: dict[str, Any]) -> str:
    """The currency that stands beside amounts in an object; empty where there is none."""
    codes = [
        value for key, value in group.items() if isinstance(value, str) and _is_currency(_name(key)) and re.fullmatch("[A-Za-z]{3}", value)
    ]
    return codes[0] if codes and _amounts(group) else ""


def _amounts(value: Any, depth: int = 0) -> bool:
    """Whether there are amounts of money in an object, or in what stands in it."""
    if isinstance(value, list):
        return any(_amounts(item, depth + 1) for item in value)
    if not isinstance(value, dict) or depth > DEEPEST:
        return False
    found = any(phrasing.money(_name(key), item) or phrasing.of_cents(_name(key), item) for key, item in value.items())
    return found or any(_amounts(item, depth + 1) for item in value.values())


def _empty(value: Any) -> bool:
    if isinstance(value, (list, dict)):
        return all(_empty(item) for item in (value.values() if isinstance(value, dict) else value))
    return value is None or (isinstance(value, str) and not value.strip())
