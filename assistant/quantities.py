"""Quantities: figures of a sentence made comparable, so that 24 hours are a day, and 2 GB are not 50 MB."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.claims import NUMBER_WORDS

_DAY = 86_400.0
_SPANS = {
    "second": (1.0, 1.0), "minute": (60.0, 60.0), "hour": (3600.0, 3600.0), "day": (_DAY, _DAY), "week": (7 * _DAY, 7 * _DAY),
    "fortnight": (14 * _DAY, 14 * _DAY), "month": (28 * _DAY, 31 * _DAY), "quarter": (84 * _DAY, 93 * _DAY),
    "year": (360 * _DAY, 366 * _DAY),
}  # fmt: skip
"""The shortest and the longest that a unit of time can be taken for, in seconds."""
_SIZES = {unit: (1000.0**power, 1024.0**power) for power, unit in enumerate(("kb", "mb", "gb", "tb"), 1)}
_MONEY = {"$": "$", "€": "€", "£": "£", "usd": "$", "dollar": "$", "eur": "€", "euro": "€", "gbp": "£"}
_OTHERS = "px mm cm km kg ml mile inch feet foot degree point credit weekday"
_TIME = "|".join(_SPANS)
_NUMBER = r"\d[\d.,:/-]*\d|\d"
_QUANTITY = re.compile(
    rf"(?P<before>[$€£]\s?|\b(?:USD|EUR|GBP)\s)?(?<![\w/.])(?<!\w-)(?P<number>{_NUMBER})(?![^\W\d_])"
    rf"(?:\s?(?P<after>[$€£%]|percent\b)|[ -]?(?P<working>business |working )?(?:calendar |full )?"
    rf"(?P<unit>{_TIME}|{'|'.join(_SIZES)}|USD|EUR|GBP|dollar|euro|{_OTHERS.replace(' ', '|')})s?\b)?",
    re.IGNORECASE,
)
_GLUED = re.compile(r"(?i)\b(\d+)(kb|mb|gb|tb)\b")
_NAMED = re.compile(r"\w (?:[A-Z][\w-]*|[Nn]umber|[Vv]ersion|[Ss]tep) $")
"""What stands before a number that is part of a name: "IDE 2", "step 3"."""
_WORD = re.compile(rf"(?i)\b(?:{'|'.join(word for word, number in NUMBER_WORDS.items() if number.isdigit())})\b")
_HALF = re.compile(r"(?i)\bhalf an? (hour|day|year)\b")
_HALVES = {"hour": "30 minutes", "day": "12 hours", "year": "6 months"}
_ONE = re.compile(
    r"(?i)\b(?:(?P<lead>within|in|for|after|lasts?|takes?|up to|once(?: in)?|about) an? |one (?:full )?|(?P<each>every |once per |each ))"
    rf"(?P<unit>{_TIME})\b"
)
_RATE = re.compile(rf"(?i)\b(?:per|an?|each) ({_TIME})\b|\b(hourly|daily|weekly|monthly|yearly|annual(?:ly)?)\b|/ ?({_TIME})\b")
_RATES = {"hourly": "hour", "daily": "day", "weekly": "week", "monthly": "month", "yearly": "year", "annual": "year", "annually": "year"}
_LEAD = re.compile(r"(?i)\b(?:within|in|for|about|up to|at least|at most|every|over)\s*$")


@dataclass(frozen=True)
class Quantity:
    """A figure: what is counted, how many, between which bounds it lies, and how it was said."""

    kind: str
    unit: str
    number: float | str
    low: float
    high: float
    said: str

    def like(self, other: "Quantity") -> bool:
        """Whether both may be the same; of one unit only the same number is."""
        if self.unit == other.unit or isinstance(self.number, str) or isinstance(other.number, str):
            return self.number == other.number
        return self.low <= other.high and other.low <= self.high


def quantities(text: str) -> tuple[list[Quantity], set[str], str]:
    """The figures of a sentence, what they are per ("month"), and the sentence without both."""
    text = _ONE.sub(_counted, _HALF.sub(lambda match: _HALVES[match[1].lower()], text))
    text = _GLUED.sub(r"\1 \2", _WORD.sub(lambda match: NUMBER_WORDS[match[0].lower()], text))
    found: list[Quantity] = []
    rest, end = "", 0
    for match in _QUANTITY.finditer(text):
        quantity = _quantity(match)
        if not quantity.kind and _NAMED.search(text[: match.start()]):
            continue
        found.append(quantity)
        rest, end = _LEAD.sub("", rest + text[end : match.start()]), match.end()
    rest += text[end:]
    rates = {_RATES.get(word.lower(), word.lower()) for groups in _RATE.findall(rest) for word in groups if word} if found else set()
    return found, rates, _RATE.sub("", rest) if found else rest


def _counted(match: re.Match[str]) -> str:
    lead = "every" if match["each"] or (match["lead"] or "").lower().startswith("once") else match["lead"]
    return " ".join(filter(None, (lead, "1", match["unit"])))


def _quantity(match: re.Match[str]) -> Quantity:
    written = match["number"].strip(".,:/-")
    number: float | str = written
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?", written):
        number = float(written.replace(",", ""))
    elif re.fullmatch(r"\d+,\d{1,2}", written):
        number = float(written.replace(",", "."))
    unit = (match["unit"] or "").lower()
    sign = (match["before"] or match["after"] or "").strip().lower().replace("percent", "%")
    kind, factors = _MONEY.get(sign or unit, sign or unit), (1.0, 1.0)
    if unit in _SPANS:
        kind, factors = "time", _SPANS[unit]
    elif unit in _SIZES:
        kind, factors = "size", _SIZES[unit]
    low, high = (number * factors[0], number * factors[1]) if isinstance(number, float) else (0.0, 0.0)
    if match["working"]:
        # Weekends and a holiday may lie between.
        unit, high = f"working {unit}", high * 7 / 5 + 2 * _DAY
    return Quantity(kind, unit if kind in ("time", "size") else kind, number, low, high, match[0].strip())


def unlike(here: Sequence[Quantity], there: Sequence[Quantity]) -> tuple[list[Quantity], list[Quantity]]:
    """What is left of two sentences' figures when those that may be the same are taken away."""
    mine, theirs = [], list(there)
    for quantity in here:
        same = next((other for other in theirs if other.kind == quantity.kind and quantity.like(other)), None)
        if same:
            theirs.remove(same)
        else:
            mine.append(quantity)
    return mine, theirs


def currencies(found: Sequence[Quantity]) -> set[str]:
    """The currencies of the figures."""
    return {quantity.kind for quantity in found} & set(_MONEY.values())
