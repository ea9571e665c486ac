"""Ids that a question names: as the account writes them, and those that it does not have, for what is said of others is no answer."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from knowledge_base.generic_wording import identity
from knowledge_base.phrasing import singular
from knowledge_base.things import listed_things
from knowledge_base.words import identifiers, shapes

Shapes = Mapping[str, tuple[int, int]]
"""How ids look, their numbers apart ("tb-inv-#", of those without a letter after what they name: "order #-#"), and how many digits
they have, at least and at most."""
_DIGITS = re.compile(
    r"(?i)([a-z]+)\W+(?:(?:numbers?|no|nr|id|ref|reference)\b\W*(?:is\b\W*)?)?#?((?!(?:19|20)\d\d(?![\d-]))\d+(?:-\d+)*)"
    r"(?![\w-]|[.,:/]\d)"
)
"""An id without a letter, and the word before it; not a year."""
_FEWEST = 3
"""Digits of an id without a letter, at least: fewer are a count."""
_LEAST_SIGNS, _LEAST_DIGITS = 5, 3
"""Letters and digits of an id, and digits among them, by which it is known without its marks."""


def id_shapes(records: Iterable[Mapping[str, Any]]) -> Shapes:
    """How the ids look by which the things in the lists of these records are told apart."""
    found: dict[str, tuple[int, int]] = {}
    for record in records:
        for kind, thing in listed_things(record):
            name = identity(thing, kind)
            if identifiers(name) == [name] or name.isdigit():
                for shape in shapes(name) or {f"{kind[-1]} {_numberless(name)}"}:
                    least, most = found.get(shape, (99, 0))
                    found[shape] = min(least, _digits(name)), max(most, _digits(name))
    return found


def as_recorded(question: str, record: Mapping[str, Any]) -> str:
    """The question with the ids of the account's things as the account writes them: "INV20240117" as "INV-2024-0117".

    Args:
        question: as searched.
        record: of the one customer.
    """
    signs = _bare(question)
    names = {
        value for _, thing in listed_things(record) for value in thing.values() if isinstance(value, str) and not re.search(r"\s", value)
    }
    names = {name for name in names if _bare(name) in signs and name.lower() not in question.lower()}
    for name in sorted(names, key=len, reverse=True):
        bare = _bare(name)
        if bare.isdigit() or len(bare) < _LEAST_SIGNS or _digits(bare) < _LEAST_DIGITS:
            continue
        question = re.sub(rf"(?i)(?<!\w)#?{_spelled(name)}(?!\w|-\w)", name.replace("\\", r"\\"), question)
    return question


def ids_of_things(
    question: str, record: Mapping[str, Any], known: Shapes, in_articles: Callable[[str], int]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The ids in a question that look like those of things and stand in no article: those of the account, and those that are not.

    Whether another account has them is not looked at.

    Args:
        question: as searched.
        record: of the one customer.
        known: how ids look, in all accounts.
        in_articles: in how many passages a phrase stands.
    """
    own = id_shapes([record])
    named = [item for item in identifiers(question) if _looks_like(item, shapes(item), known) or _looks_like(item, shapes(item), own)]
    numbers = [(item, {f"{singular(word.lower())} {_numberless(item)}"}) for word, item in _DIGITS.findall(question)]
    named += [item for item, looks in numbers if _looks_like(item, looks, known) or _looks_like(item, looks, own)]
    named += [name for kind, thing in listed_things(record) if _told_apart(name := identity(thing, kind), question)]
    named = list(dict.fromkeys(named))
    if not named:
        return (), ()
    text = json.dumps(record, ensure_ascii=False).lower()
    named = [item for item in named if not in_articles(" ".join(re.findall(r"[^\W_]+", item.lower())))]
    held = tuple(item for item in named if re.search(rf"(?<![\w-]){re.escape(item.lower())}(?!\w)", text))
    return held, tuple(item for item in named if item not in held)


def _looks_like(item: str, looks: Iterable[str], known: Shapes) -> bool:
    return any(least <= _digits(item) <= most + 1 for shape in looks if shape in known for least, most in [known[shape]])


def _told_apart(name: str, question: str) -> bool:
    """Whether a question holds a thing's id of digits alone, which need not stand after what it names where the account has it."""
    numeric = _digits(name) > _FEWEST and re.fullmatch(r"[\d-]+", name) is not None
    return numeric and re.search(rf"(?<![\w.,-]){name}(?![\w-]|[.,]\d)", question) is not None


def _numberless(name: str) -> str:
    """An id of digits alone, its numbers apart, as ``shapes`` does of others; one that may be a count or a year stays as it is."""
    return re.sub(r"\d+", "#", name) if _digits(name) >= _FEWEST else name


def _spelled(name: str) -> str:
    """An id as a regular expression, with or without marks where it has some, and beside a digit."""
    runs = [re.sub(r"(?<=\d)(?=[^\W_])|(?<=[^\W\d_])(?=\d)", "[-_./: ]?", run) for run in re.findall(r"[^\W_]+", name)]
    return "[-_./: ]?".join(runs)


def _bare(text: str) -> str:
    return "".join(re.findall(r"[^\W_]", text.lower()))


def _digits(text: str) -> int:
    return sum(sign.isdigit() for sign in text)
