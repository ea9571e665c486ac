"""What in a sentence may be a fact of the live help center, comparable however it is written, and what the sentence is about."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from assistant.claims import paths, words

_PATTERNS = {
    "error code": re.compile(r"\b[A-Z]{2,5}-\d{3,}\b"),
    "address": re.compile(r"\b(?:https?://)?[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|io|example)\b[\w/.-]*|\b[\w.+-]+@[\w.-]+\b"),
    "date": re.compile(r"\b20\d\d-\d\d-\d\d\b"),
}
_PRICE = re.compile(
    r"(?P<before>US\$|[$€£]|\b(?:USD|EUR|GBP))\s?(?P<first>\d[\d.,]*)"
    r"|(?<![\d.,])(?P<last>\d[\d.,]*)[\s-]?"
    r"(?P<behind>[$€£](?!\s?\d)|(?:USD|EUR|GBP|(?:US[ -])?dollars?|euros?|pounds?(?: sterling)?)\b)",
    re.IGNORECASE,
)
BY_SUBJECT = ("price", "menu path")
"""Kinds of facts that two help centers may share by chance."""
_ABOUT_NOTHING = frozenset(
    words(
        "usd eur gbp euro dollar pound sterling cost price pay payment charge fee amount total bill billed invoice costs paid day week "
        "month year monthly yearly annual weekly daily hour per plan go open click select choose press tap set setting page menu button "
        "tab section save see find list change new first then follow step"
    )
)
"""Words of prices and of the way through any menu."""


@dataclass(frozen=True)
class Fact:
    """A fact: its kind, what it is compared by, and its text."""

    kind: str
    key: str
    text: str


def facts(sentence: str) -> Iterator[Fact]:
    """The facts of a sentence; a price whose currency may be one of several is told once for each."""
    for kind, pattern in _PATTERNS.items():
        for match in pattern.finditer(sentence):
            yield Fact(kind, text := _text(match[0]), text)
    for match in _PRICE.finditer(sentence):
        for currency in _currencies((match["before"] or match["behind"]).lower()):
            yield Fact("price", f"{currency} {_amount(match['first'] or match['last'])}", _text(match[0]))
    for path in paths(sentence):
        yield Fact("menu path", path.casefold(), path.casefold())


def sentences(text: str) -> list[str]:
    """The sentences of a text, each line by itself."""
    return re.split(r"(?<=[.!?])\s+|\n", text)


def subject(sentence: str, fact: Fact) -> frozenset[str]:
    """The words that tell what a sentence is about, but for the fact itself."""
    own = _ABOUT_NOTHING | set(words(fact.text))
    return frozenset(word for word in words(sentence) if word.isalpha() and len(word) > 2 and word not in own)


def _text(written: str) -> str:
    return re.sub(r"\s+", " ", written).strip(" .,").casefold()


def _currencies(sign: str) -> tuple[str, ...]:
    """The currencies that a sign or word stands for; dollars without their country may be any country's."""
    if sign == "$":
        return ("usd", "dollar")
    if sign.startswith("us") or sign.startswith("dollar"):
        return ("usd",) if sign.startswith("us") else ("dollar",)
    return ("eur",) if sign[0] in "€e" else ("gbp",)


def _amount(written: str) -> str:
    """An amount in one form: a point before the decimals, nothing between the thousands, no zeros at the end."""
    whole, decimals = re.fullmatch(r"(.*?)(?:[.,](\d+))?", written.rstrip(".,")).groups()  # type: ignore[union-attr]  # it always fits
    separators = set(re.findall(r"[.,]", written.rstrip(".,")))
    if decimals and len(decimals) == 3 and len(separators) == 1 and not whole.startswith("0"):
        whole, decimals = whole + decimals, None
    return f"{Decimal(re.sub(r'[.,]', '', whole) + '.' + (decimals or '0')).normalize():f}"
