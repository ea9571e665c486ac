"""Whom and what an account names, so that none of it is left in a lesson."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from knowledge_base.accounts import Record
from knowledge_base.phrasing import tokens

_COMPANY = frozenset("company organisation organization business brand firm employer address street city site domain".split())
_PERSON = frozenset("contact owner person user member teammate colleague customer admin manager recipient holder surname".split())
_PERSONAL = frozenset("first last full given family middle nick surname".split())
_SHORTEST = 2


def account_names(customer_id: str, record: Record) -> dict[str, str]:
    """The names in a record: the text, and whether it is a ``first`` or ``last`` name or something else (``noun``)."""
    found = {customer_id: "noun"}
    for path, value in _texts(record, ()):
        key = tokens(path[-1])
        holders = {word for part in path[:-1] for word in tokens(part)}
        a_name = key[-1:] == ["name"] and (len(path) == 1 or bool(_PERSONAL & set(key) or _PERSON & {*holders, *key}))
        if "@" in value or _COMPANY & set(key):
            found.setdefault(value, "noun")
        elif (a_name or (key[-1:] and key[-1] in _PERSON)) and value[0].isupper():
            for at, part in enumerate(re.findall(r"[^\W\d_][\w'’-]+", value)):
                found.setdefault(part, "last" if at or {"last", "surname"} & set(key) else "first")
    return {text: kind for text, kind in found.items() if len(text) >= _SHORTEST}


def _texts(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, (*path, key))
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, path)
    elif isinstance(value, str) and path and value.strip():
        yield path, value.strip()


def as_the_customers(fact: str) -> str:
    """An account fact as it is said to the customer: "The workspace has 3 seats." -> "Your workspace has 3 seats."."""
    return re.sub(r"\b([Tt])he (?=(?:workspace|account|order|company)\b)", lambda m: "Your " if m[1] == "T" else "your ", fact)


def left_over(people: Mapping[str, str], text: str) -> str | None:
    """A name of the account that still stands in a text, spelled as in the record or, of several words, in any way."""
    for name in people:
        flags = re.IGNORECASE if " " in name or "@" in name else re.NOFLAG
        if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, flags):
            return name
    return None
