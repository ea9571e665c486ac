"""What in a text may be a live fact: addresses, dates, times, codes, numbers and capitalised words, found in one pass."""

import calendar
import re

MONTHS = list(calendar.month_name)[1:]
WEEKDAYS = list(calendar.day_name)
NUMBER_WORDS = {
    word: number
    for number, word in enumerate(
        "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen".split(), start=2
    )
} | {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "ninety": 90}  # fmt: skip
_MONTH = "|".join([*MONTHS, *(month[:3] for month in MONTHS if len(month) > 3), "Sept"])
_CAPITALS = "".join(sign for sign in map(chr, range(0x10000)) if sign.isupper() and sign.isalpha())
TOKEN = re.compile(
    r"(?P<email>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
    r"|(?P<address>https?://[^\s\"”),;]*[^\s\"”),;.!?:]|(?<![\w@])(?:[\w-]+\.)+[a-z]{2,}\b(?:/[^\s\"”),;]*[^\s\"”),;.!?:])?)"
    r"|(?P<iso>(?<!\d)\d{4}-\d\d-\d\d(?!\d))(?P<at>T\d\d:\d\d(?::\d\d)?Z?)?"
    rf"|(?P<day_first>\b\d{{1,2}})(?P<day_end>st|nd|rd|th)?(?P<of>\s(?:of\s)?)(?P<month_second>{_MONTH})\b(?:(?P<gap>,?\s)(?P<year>\d{{4}})\b)?"
    rf"|\b(?P<month_first>{_MONTH})(?P<space>\s)(?P<day_second>\d{{1,2}})(?P<end>st|nd|rd|th)?(?![\d:]|\.\d)(?:(?P<comma>,?\s)(?P<year_last>\d{{4}})\b)?"
    rf"|\b(?P<month>{'|'.join(MONTHS)})\b(?:(?P<before_year>\s)(?P<month_year>\d{{4}})\b)?"
    r"|\b(?P<weekday>(?i:mon|tues|wednes|thurs|fri|satur|sun)day)(?=s?\b)"
    r"|(?P<clock>(?<![\d:])(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?![\d:]))"
    r"|(?P<hour>(?<![\d.])(?:1[0-2]|[1-9]))(?=\s?(?:am|pm|a\.m\.|p\.m\.)(?!\w))"
    r"|(?P<keep>\b24/7\b|(?<![\d.,])100(?=\s?%))"
    r"|(?P<phone>\+\d[\d ()./-]{6,}\d|(?<!\d)\(?\d{3}\)?[ -]\d{3}[ -]\d{4}(?!\d))"
    r"|(?P<dotted>(?<!\w)\d+(?:\.\d+){2,}(?!\w))"
    r"|(?P<code>\b[A-Za-z]+[-_]?\d[\w-]*|\b[A-Z]+(?:[-_][A-Z0-9]+)+\b)"
    r"|(?P<padded>(?<![\d.,])0\d+(?![.,]?\d))"
    r"|(?P<number>\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?P<decimals>\.\d+)?(?P<ordinal>(?:st|nd|rd|th)\b)?"
    rf"|\b(?P<word>(?i:{'|'.join(NUMBER_WORDS)}))\b(?!-)"
    rf"|(?P<name>(?<!\w)[{_CAPITALS}][\w’'-]*)"
)
"""One token per match; the first group of the alternative that matched names its kind."""


def kind_of(match: re.Match[str]) -> str:
    """The kind of a token: the name of the first group that took part."""
    return next(name for name, text in match.groupdict().items() if text is not None)


def opens_sentence(text: str, at: int) -> bool:
    """Whether a word that stands there has its capital from the beginning of a sentence; a quoted label has its own."""
    if at and text[at - 1] in '"“`':
        return False
    before = text[:at].rstrip(" (*-–")
    return not before or before[-1] in ".!?:;\n" or before[-2:] in ('."', '!"', '?"', ".”", "!”", "?”")


def words_of(text: str) -> set[str]:
    """The words of a text that are no names: in small letters or in capitals throughout, as they stand there."""
    return {word for word in re.findall(r"[^\W\d_][\w’'-]*", text.replace("’", "'")) if word.islower() or word.isupper()}
