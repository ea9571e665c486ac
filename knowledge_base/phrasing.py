"""Names and values of account records as words: keys split and spelled out, numbers, amounts, dates and units worded."""

import datetime
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

LONGEST = 300
"""Characters of a text that a sentence quotes at most."""
_ACRONYMS = frozenset(
    "api b2b cc cpu crm csv dns eu gb gps html iban iccid id imei imsi ip isbn kb kyc mac mb mfa pdf pin po saas saml scim sepa sim sku"
    " sla sms ssid sso tb tls ui uk uri url us uuid vat vin vip vpn".split()
)
_SHORTENED = {
    "qty": "quantity",
    "eta": "expected arrival",
    "amt": "amount",
    "desc": "description",
    "addr": "address",
    "dob": "date of birth",
    "msisdn": "phone number",
}
_LEAST = {"min": "minimum", "max": "maximum"}
_IDENTIFIERS = frozenset(
    "id ids uid uuid guid number no nr num ref reference code sku ean upc isbn vin imei imsi iccid serial phone telephone tel mobile msisdn"
    " fax zip zipcode postcode postal plz account iban bic swift vat version build key hash slug handle username".split()
)
CURRENCIES = frozenset("usd eur gbp jpy chf cad aud nzd sek nok dkk pln czk inr cny brl mxn zar".split())
_UNITS = {
    **{name: name.upper() for name in "kb mb gb tb".split()},
    **{name: name for name in "ms km kg cm mm seconds minutes hours days weeks months years".split()},
    **{name: name.capitalize() for name in "kbps mbps gbps".split()},
    **{"kwh": "kWh", "secs": "seconds", "sec": "seconds", "mins": "minutes", "hrs": "hours", "percent": "%", "pct": "%"},
    **{name: name.upper() for name in CURRENCIES},
}
MONTHS = "January February March April May June July August September October November December".split()
_MONEY = frozenset(
    "spend spent rent premium deposit payout budget owed owing debt principal earnings income salary wage installment instalment overdraft"
    " amount total subtotal price cost fee fees tax balance refund refunded discount credit charge value paid due payment mrr arr revenue"
    " net gross tip shipping outstanding".split()
)
_TIMES = frozenset("at on date time timestamp ts epoch created updated modified".split())
_MAYBE_TIMES = frozenset("since until seen login signup joined started ended renews renewal expires expiry valid start end due".split())
_WITHOUT_CENTS = frozenset("jpy krw vnd clp isk".split())
_PARTICIPLES = frozenset("sent paid sold built made begun held seen met won lost shut".split())
_AHEAD = frozenset("expected estimated scheduled planned promised".split())
"""Participles that say when something is to happen."""
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s?(?:Z|UTC|[+-]\d{2}:?\d{2})?)?")


def tokens(key: str) -> list[str]:
    """The words of a field's name in any spelling, in lower case: ``cardNumber``, ``card-number`` and ``Card number`` are alike."""
    text = unicodedata.normalize("NFKC", key)
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", text)
    return re.findall(r"[^\W_]+", text.lower())


def label(words: Sequence[str]) -> str:
    """Words of names as they are written: acronyms in capitals, what is shortened in full."""
    said = [_SHORTENED.get(word, word) for word in words]
    if said[1:] and said[-1] in ("no", "nr", "num"):
        said[-1] = "number"
    if said[1:] and said[0] in _LEAST:
        said[0] = _LEAST[said[0]]
    return " ".join(word.upper() if word in _ACRONYMS else word for word in said)


def capitalized(text: str) -> str:
    """The text with a capital at its beginning."""
    return text[:1].upper() + text[1:]


def plural(word: str) -> bool:
    """Whether a noun looks like a plural."""
    return word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3


def singular(word: str) -> str:
    """The singular of a regular English plural."""
    if re.search(r"[^aeiou]ies$", word):
        return word[:-3] + "y"
    if re.search(r"(ss|x|ch|sh|[^aeo]us)es$", word):
        return word[:-2]
    return word[:-1] if plural(word) else word


def identifier(words: Sequence[str]) -> bool:
    """Whether a field's name says that its value is an id, a phone number, a postcode or the like, to be kept verbatim."""
    counts = {"of", "count"} & set(words) or (words[:1] == ["num"] and len(words) > 1)
    return not counts and bool(_IDENTIFIERS & {*words[-1:], *({"phone", "zip", "postal", "postcode"} & set(words))})


def money(words: Sequence[str], value: Any) -> bool:
    """Whether a field holds an amount of money, where its currency stands beside it."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    number = number or (isinstance(value, str) and re.fullmatch(r"-?\d[\d,]*(\.\d+)?", value) is not None)
    return number and bool(_MONEY & set(words)) and not {"count", "number", "percent", "pct", "rate", "id"} & set(words)


def amount(value: Any, currency: str) -> str:
    """An amount with its currency: 129.50 USD."""
    said = f"{value:,.2f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
    return f"{said} {currency.upper()}"


def moment(words: Sequence[str], value: Any) -> str | None:
    """The date or time that a value is, ISO dates as they are and Unix times in fields such as ``created_at`` as ISO; else None."""
    if isinstance(value, str):
        return value.strip() if _DATE.fullmatch(value.strip()) else None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        surely = bool(_TIMES & set(words))
        maybe = not money(words, value) and bool(words) and (participle(words[-1]) or bool(_MAYBE_TIMES & set(words)))
        seconds = value / 1000 if value >= 1e11 else value
        if (surely and 5e8 <= seconds < 4e9) or (maybe and 9e8 <= seconds < 2.2e9):
            return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return None


def readable(stamp: str) -> str:
    """A date or time as a person would write it: "20 November 2026", "20 November 2026, 08:10 UTC"."""
    try:
        at = datetime.datetime.fromisoformat(re.sub(r"\s?(Z|UTC)$", "+00:00", stamp))
    except ValueError:
        return stamp
    date = f"{at.day} {MONTHS[at.month - 1]} {at.year}"
    if len(stamp) <= len("2026-01-31"):
        return date
    offset = at.strftime("%z")
    zone = "" if not offset else " UTC" if not at.utcoffset() else f" UTC{offset[:3]}:{offset[3:5]}"
    return f"{date}, {at:%H:%M}{zone}"


def of_cents(words: Sequence[str], value: Any) -> bool:
    """Whether a field holds an amount in hundredths: ``balance_cents``."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return whole and (words[-1:] in (["cents"], ("cents",)) or words[-2:] in (["minor", "units"], ("minor", "units")))


def from_cents(value: int, currency: str) -> float | int:
    """An amount in hundredths of a currency, or in the whole units of one that has none."""
    return value if currency.lower() in _WITHOUT_CENTS else value / 100


def happened(words: Sequence[str]) -> list[str] | None:
    """The words up to a participle, where a field's name says when something happened: ``placed_on``, ``created``; else None.

    ``expected`` says when something is to happen, whether or not that day is over.
    """
    said = list(words[:-1]) if words[-1:] in (["at"], ["on"], ["date"], ["time"]) and len(words) > 1 else list(words)
    return said if said and participle(said[-1]) and said[-1] not in _AHEAD else None


def participle(word: str) -> bool:
    """Whether a word looks like the past participle of a verb."""
    return word in _PARTICIPLES or (word.endswith("ed") and not word.endswith("eed") and len(word) > 3)


def without_unit(words: Sequence[str], value: Any) -> tuple[list[str], str]:
    """The words of a name without its unit, and the unit; an empty unit where there is none."""
    if len(words) > 1 and words[-1] in _UNITS and isinstance(value, (int, float)) and not isinstance(value, bool):
        unit = _UNITS[words[-1]]
        return list(words[:-1]), unit[:-1] if value == 1 and unit.islower() and unit.endswith("s") and len(unit) > 2 else unit
    return list(words), ""


def plain(value: Any, name: str = "") -> str:
    """A value as a person would write it; ``name`` is its field's, for ids are kept as they are."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(plain(item, name) for item in value)
    verbatim = identifier(tokens(name))
    if isinstance(value, (int, float)):
        return _number(value, verbatim)
    text = "".join(sign if sign in "\u200c\u200d" or unicodedata.category(sign)[0] != "C" else " " for sign in str(value))
    text = shortened(" ".join(text.split()))
    return text.replace("_", " ") if not verbatim and re.fullmatch(r"[a-z]+(_[a-z]+)+", text) else text


def shortened(text: str) -> str:
    """A text cut after a word, with an ellipsis, where it is too long to be quoted whole."""
    if len(text) <= LONGEST:
        return text
    head = text[:LONGEST]
    return (head[: head.rfind(" ")] if " " in head[LONGEST // 2 :] else head).rstrip(" ,;:-") + "…"


def _number(value: int | float, verbatim: bool) -> str:
    if isinstance(value, float) and value == int(value) and abs(value) < 1e15:
        return str(int(value)) if verbatim else f"{int(value):,}"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 and not verbatim else str(value)
    return f"{value:,.2f}" if abs(value) >= 1000 and not verbatim else str(value)
