"""Entries of an account, things with an amount such as payments: the one that a charge is, those to be listed, and their sum."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from knowledge_base.phrasing import amount, tokens
from knowledge_base.thing_picks import dated, figure, in_state, named_by_words, newest_first
from knowledge_base.thing_questions import listings
from knowledge_base.things import Kind, Thing

MOST_LISTED = 6
"""Things that one reply lists; of more the newest."""
_CHARGED = re.compile(
    r"(?i)\b(?:charged?|charges|payments?|paid|debit(?:ed)?|took|taken|deducted|withdrawn|billed|transactions?|left my|came in|credited)\b"
)
_TO_DO = re.compile(
    r"(?i)\b(?:how (?:do|can|could|to)|(?:can|could|may|should|must|will|would) (?:i|we|you)|what (?:if|happens)|limit|if i)\b"
)
_SUM = re.compile(
    r"(?:£|\$|€)\s?(\d[\d,]*(?:\.\d\d)?)(?![\d.]*\d)|(?<![\w.,-])(\d[\d,]*\.\d\d)(?![\w-]|[.,]\d)"
    r"|(?<![\w.,-])(\d[\d,]*(?:\.\d\d)?)\s?(?:GBP|EUR|USD|CHF|pounds?|euros?|dollars?)\b"
)
"""A figure that is an amount of money: with its currency or with cents."""
_SPENT = re.compile(
    r"(?i)\b(?:how much|what)\b.*\b(?:did|have|had) (?:i|we)\b.*\b(?:spen[dt]|paid|pay)\b"
    r"|\b(?:total|sum) of (?:my|our)\b.*\b(?:spending|payments|expenses)\b"
)
_NOT_PAID = frozenset("declined failed rejected cancelled canceled void voided reversed refunded returned".split())
_NUMBERS = {word: number for number, word in enumerate("two three four five six seven eight nine ten".split(), 2)}
_WHETHER = re.compile(r"(?i)\W*(?:are|is|were|was|have|has)\b")
_NEWEST = re.compile(rf"(?i)\b(?:last|latest|newest|(?:most )?recent)\s+(\d{{1,2}}|{'|'.join(_NUMBERS)})\b")
_SHOW = re.compile(r"(?i)^\W*(?:please )?(?:which|what|list|show|give|my|our|the)\b(?! of\b)")


@dataclass(frozen=True)
class Entries:
    """The things of a kind that a question means, the newest first, how many fit in all, and what is to become of them.

    ``total`` is the sum that is asked for, with its currency; empty where none is.
    """

    kind: Kind
    things: tuple[Thing, ...]
    count: int
    total: str = ""


def charge(question: str, kinds: Iterable[Kind]) -> Entries | None:
    """What an amount is that the customer names: ``why was I charged 12.50 on Tuesday``; None where none is named or known."""
    found = next((next(filter(None, match.groups())) for match in _SUM.finditer(question)), "")
    if not found or not _CHARGED.search(question) or _TO_DO.search(question):
        return None
    value = float(found.replace(",", ""))
    # Of a standing order and the payment that was made on it the payment is meant, which has a date.
    for kind in sorted(kinds, key=lambda kind: not any(thing.age for thing in kind.things)):
        fit = [thing for thing in kind.things if any(figure(item) == value for item in thing.fields if item.what == "amount")]
        fit = dated(question, kind.today, fit) or fit
        if fit:
            return Entries(kind, tuple(newest_first(fit)), len(fit))
    return None


def spent(question: str, kinds: Iterable[Kind]) -> Entries | None:
    """What was paid in all for what a question names: ``how much did I spend at Lidl in November``; None where it asks for no sum."""
    if not _SPENT.search(question):
        return None
    for kind in kinds:
        paid = [thing for thing in kind.things if thing.age and _amount(thing) and not undone(thing)]
        fit = named_by_words(kind, paid, question)
        if 0 < len(fit) < len(kind.things):
            fit = dated(question, kind.today, fit)
            return Entries(kind, tuple(newest_first(fit)), len(fit), _total(fit))
    return None


def several(question: str, kinds: Sequence[Kind]) -> Entries | None:
    """The things that a question asks to be listed: ``my last three payments to Lidl``; None where it asks for no list."""
    if _WHETHER.match(question):  # whether all are paid is not told by those that are
        return None
    number = _NEWEST.search(question)
    wanted = min(MOST_LISTED, int(_NUMBERS.get(number[1].lower(), number[1])) if number else MOST_LISTED)
    for kind, things, narrowed in _narrowed(question, listings(question, kinds)):
        if things and (narrowed or number or _SHOW.search(question)):
            return Entries(kind, tuple(newest_first(things)[:wanted]), min(len(things), wanted) if number else len(things))
    return None


def _narrowed(question: str, kinds: Sequence[Kind]) -> Iterator[tuple[Kind, list[Thing], bool]]:
    """Each kind with those of its things that are named by words or by a date, kinds of which some are so first."""
    found = []
    for kind in kinds:
        things = named_by_words(kind, kind.things, question) or list(kind.things)
        things = in_state(question, things) or things
        things = dated(question, kind.today, things)
        found.append((kind, things, len(things) < len(kind.things)))
    yield from sorted(found, key=lambda item: not item[2])


def _amount(thing: Thing) -> float | None:
    amounts = (item.value for item in thing.fields if item.what == "amount" and figure(item) is not None)
    return next((float(str(value).replace(",", "")) for value in amounts), None)


def undone(thing: Thing) -> bool:
    """Whether a thing was called off or did not come about, by its state."""
    return any(_NOT_PAID & set(tokens(str(item.value))) for item in thing.fields if item.what == "state")


def _total(things: Sequence[Thing]) -> str:
    """The sum of what went out or, where amounts have no sign, of all; by currency."""
    values = [(_amount(thing) or 0.0, next(item.currency for item in thing.fields if item.what == "amount")) for thing in things]
    signed = [(abs(value), currency) for value, currency in values if value < 0] or values
    currencies = dict.fromkeys(currency for _, currency in signed)
    return " and ".join(amount(round(sum(value for value, of in signed if of == currency), 2), currency) for currency in currencies) or "0"
