"""Whom and what an account names, so that none of it is left in what others come to read."""

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Any

from assistant.spelling import Spellings, caseless, fold, ordinary
from knowledge_base.accounts import Record
from knowledge_base.phrasing import tokens

_COMPANY = frozenset("company organisation organization business brand firm employer address street city site domain".split())
_PERSON = frozenset("contact owner person user member teammate colleague customer admin manager recipient holder surname".split())
_PERSONAL = frozenset("first last full given family middle nick surname".split())
_TELLS_NOTHING = frozenset("ltd inc llc gmbh plc corp com org net www example".split())
"""Parts of a company's name or address that are no name by themselves."""
_SHORTEST = 2


def account_names(customer_id: str, record: Record, known: Set[str]) -> dict[str, str]:
    """The names in a record: the text, and whether it is a ``first`` or ``last`` name or something else (``noun``).

    Of a company and an address also each word by itself, unless it is one of ``known``, the ordinary words.
    """
    found = {customer_id: "noun"}
    words: list[str] = []
    for path, value in _texts(record, ()):
        key = tokens(path[-1])
        named = key[-1:] == ["name"]
        personal = bool((_PERSONAL | _PERSON) & set(key))
        holder = next((kind for part in path[-2::-1] for kind in (_PERSON, _COMPANY) if kind & set(tokens(part))), None)
        a_name = named and (len(path) == 1 or personal or holder is _PERSON)
        if "@" in value or _COMPANY & set(key) or (named and not personal and holder is _COMPANY):
            found.setdefault(value, "noun")
            words += re.findall(r"[^\W\d_]{3,}", value)
        elif value[0].isalpha() and (a_name or (key[-1:] and key[-1] in _PERSON and not value[0].islower())):
            found = _person(value, bool({"last", "surname"} & set(key))) | found
    found = {text: kind for text, kind in found.items() if len(text) >= _SHORTEST}
    taken = {*map(fold, found), *_TELLS_NOTHING}
    for word in words:
        if fold(word) not in taken and not ordinary(word, known):
            taken.add(fold(word))
            found[word] = "noun"
    return found


def _person(value: str, surname: bool) -> dict[str, str]:
    """The parts of a person's name, those of a double name too, and the whole: as a login joins it, or without blanks anyway."""
    parts = [part for part in re.findall(r"[^\W\d_][\w'’\u0300-\u036f\u0900-\u1aff-]*", value) if len(part) >= _SHORTEST]
    found: dict[str, str] = {}
    for at, part in enumerate(parts):
        for piece in dict.fromkeys([part, *(piece for piece in part.split("-") if len(piece) > _SHORTEST)]):
            found.setdefault(piece, "last" if at or surname else "first")
    if caseless(value):
        return {value: "first"} | found
    return found | ({"".join(parts): "noun"} if len(parts) > 1 else {})


def _texts(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, (*path, key))
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, path)
    elif isinstance(value, str) and path and value.strip():
        yield path, value.strip()


def left_over(people: Mapping[str, str], texts: Iterable[str], known: Set[str]) -> str | None:
    """A name of the account that still stands in a text however it is spelled; one that is an ordinary word, with its capital."""
    spellings = Spellings(people)
    for text in texts:
        for begin, _, name in spellings.find(text):
            if text[begin].isupper() or not ordinary(name, known):
                return name
    return None
