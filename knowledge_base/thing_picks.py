"""Which of several things a text names: by number, date, amount, words, state, or as the latest or the first."""

import datetime
import re
from collections.abc import Callable, Iterable, Sequence

from knowledge_base.phrasing import MONTHS
from knowledge_base.things import Field, Kind, Thing, sorts
from knowledge_base.words import content_words, has_figure, stem, stems

_MONTH = {form: number for number, name in enumerate(map(str.lower, MONTHS), 1) for form in (name, name[:3])} | {"sept": 9}
_WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
_DAY = r"(\d{1,2})(?:st|nd|rd|th)?"
_IN_MONTH = re.compile(rf"(?i)(?:\b{_DAY}(?: of)?\s+)?\b({'|'.join(sorted(_MONTH, key=len, reverse=True))})\b\.?(?:\s+{_DAY}(?!\d))?")
_FIGURE = re.compile(r"(?<![\w.,-])\d[\d,]*(?:\.\d+)?(?![\w-]|[.,]\d)")
ORDINAL = re.compile(
    r"(?i)\b(last|latest|newest|most recent|recent|current|newer|previous|first|oldest|earliest|older|next|upcoming)\b"
    r"(?!\s+(?:year|month|week|time|night|quarter|name))"
)
"""Superlatives of time, which name a thing by its date."""
_SIZE = re.compile(
    r"(?i)\b(?:(bigg(?:er|est)|larg(?:er|est)|high(?:er|est)|most expensive|greatest)|(?:small(?:er|est)|cheap(?:er|est)|low(?:er|est)))\b"
)
_NEWEST = frozenset(("last", "latest", "newest", "most recent", "recent", "current", "newer"))
_OLDEST = frozenset(("first", "oldest", "earliest", "older"))
_BEHIND = frozenset(("last", "most recent", "recent"))
"""What is said of a thing that was, where others are to come: an appointment."""
_COMING = frozenset(("next", "upcoming"))
_PLACES = ("first|1st|number one|number 1", "second|2nd|number two|number 2", "third|3rd|number three|number 3")
_STATES = (
    ("closed solved resolved done completed finished", "closed solved resolved done completed"),
    ("overdue late outstanding", "overdue past due late outstanding"),
    ("unpaid unsettled owing", "open unpaid overdue past due outstanding pending failed"),
    ("voided cancelled canceled", "void voided cancelled canceled"),
    ("unsolved unresolved unanswered", "open pending waiting new"),
)
"""What states are called, and the states that are meant."""
_WAYS = {"to": frozenset("to destination payee recipient".split()), "from": frozenset("from origin sender payer".split())}
"""The last words of fields that say where something goes, or where it comes from."""
_EMPTY = frozenset(
    "happen happened became become work working works come came tell need number date time day month year ask asks please thing one ones"
    " account name status state still open opened yet already ago received get got send sent make made see show use used read"
    " new old order parcel package shipment delivery".split()
)
"""Words that tell no thing from another, though one may hold them."""


def picked(kind: Kind, text: str, state_text: str, ordinal_text: str, today: str, listing: Sequence[Thing] = ()) -> list[Thing]:
    """The things that a text names: all of them where it names none, none where it is not known which it means.

    Args:
        kind: the things.
        text: the question, or the answer to the question which one is meant.
        state_text: the part of it in which a state picks out a thing ("my unpaid invoice") rather than being asked about.
        ordinal_text: the part in which "last" or "first" is said of the thing.
        today: the date that "last year" is counted from, ISO.
        listing: the things in the order in which the customer was asked about them, for "the second one".
    """
    for thing, place in zip(listing, _PLACES, strict=False):
        if re.search(rf"(?i)\b(?:{place})\b", text):
            return [thing]
    left = list(kind.things)
    for named in (_by_id(text), _by_date(text, today), _by_amount(text), _by_way(text), _by_state(state_text)):
        left = [thing for thing in left if named(thing)] or left
    left = named_by_words(kind, left, text) or left
    if size := _SIZE.search(ordinal_text):
        left = _by_size(left, size[1] is not None) or left
    ordinal = ORDINAL.search(ordinal_text)
    return _by_age(left, " ".join(ordinal[1].lower().split()), today) if ordinal and len(left) > 1 else left


def _never(thing: Thing) -> bool:
    return False


def _by_id(text: str) -> Callable[[Thing], bool]:
    said = {item.lower() for item in re.findall(r"[^\W_]+(?:[-_./:][^\W_]+)*", text) if has_figure(item) and len(item) > 2}

    def named(thing: Thing) -> bool:
        values = [str(item.value).lower().removeprefix("#") for item in (*thing.fields, *thing.around) if item.what == "id"]
        return any(value in said or any(len(word) > 3 and value.endswith(f"-{word}") for word in said) for value in values)

    return named if said else _never


def _by_date(text: str, today: str) -> Callable[[Thing], bool]:
    """By a date, a month, a year or "last year" that is named."""
    wanted = [re.compile(re.escape(date)) for date in re.findall(r"\b\d{4}-\d\d-\d\d\b", text)]
    wanted += [re.compile(day.isoformat()) for day in _days(text, datetime.date.fromisoformat(today))]
    years = re.findall(r"(?<![\w.,-])(20\d\d)(?![\w-]|[.,]\d)", text)
    year = int(today[:4])
    years += [str(year - 1)] * bool(re.search(r"(?i)\blast year", text)) + [str(year)] * bool(re.search(r"(?i)\bthis year", text))
    if re.search(r"(?i)\b(last|this) month", text):
        first = datetime.date.fromisoformat(today).replace(day=1)
        last = first - datetime.timedelta(days=1)
        wanted.append(re.compile(f"{(last if re.search(r'(?i)last month', text) else first):%Y-%m}"))
    for match in _IN_MONTH.finditer(text):
        # "may" and "mar" are months only with a capital or after "of", "in" or "from".
        if match[2].lower() in ("may", "mar") and match[2].islower() and not re.search(r"(?i)\b(of|in|from) $", text[: match.start()]):
            continue
        day = match[1] or match[3]
        wanted.append(re.compile(rf"(?:{'|'.join(years) or '....'})-{_MONTH[match[2].lower()]:02}-{int(day):02}" if day else
                                 rf"(?:{'|'.join(years) or '....'})-{_MONTH[match[2].lower()]:02}"))  # fmt: skip
    wanted = wanted or [re.compile(item) for item in years]

    def named(thing: Thing) -> bool:
        dates = [item.spellings[0] for item in thing.fields if item.what == "date"]
        return any(pattern.match(date) for pattern in wanted for date in ([thing.age] if thing.age else dates))

    return named if wanted else _never


def _days(text: str, today: datetime.date) -> list[datetime.date]:
    """The days that "yesterday" or "on Tuesday" may be: the last such day and the next."""
    days = [today - datetime.timedelta(days=1)] if re.search(r"(?i)\byesterday\b", text) else []
    for number, name in enumerate(_WEEKDAYS):
        if re.search(rf"(?i)\b{name}\b", text):
            ahead = (number - today.weekday()) % 7
            days += [today + datetime.timedelta(days=ahead), today + datetime.timedelta(days=ahead - 7)]
    return days


def dated(text: str, today: str, things: Sequence[Thing]) -> list[Thing]:
    """The things of the date, month or year that a text names: all where it names none."""
    named = _by_date(text, today)
    return list(things) if named is _never else [thing for thing in things if named(thing)]


def _by_amount(text: str) -> Callable[[Thing], bool]:
    said = {
        float(item.replace(",", ""))
        for item in _FIGURE.findall(_IN_MONTH.sub(" ", text).replace("$", " ").replace("€", " ").replace("£", " "))
    }
    said = {value for value in said if (value >= 10 or value % 1) and not 2000 <= value < 2100}

    def named(thing: Thing) -> bool:
        return any(figure(item) in said for item in thing.fields if item.what in ("amount", "number"))

    return named if said else _never


def _by_way(text: str) -> Callable[[Thing], bool]:
    """By where it goes or comes from: "to Milan" is no train from there."""
    said = [(way.lower(), stem(word.lower())) for way, word in re.findall(r"(?i)\b(to|from)\s+(?:the\s+)?([^\W\d_]{3,})", text)]

    def named(thing: Thing) -> bool:
        return any(item.words[-1] in _WAYS[way] and word in stems(str(item.value)) for way, word in said for item in thing.fields)

    return named if said else _never


def figure(item: Field) -> float | None:
    """A value as a number without its sign; None where it is none."""
    try:
        return abs(float(str(item.value).replace(",", "")))
    except ValueError:
        return None


def _by_state(text: str) -> Callable[[Thing], bool]:
    words = re.findall(r"[a-z]+(?:['’]t)?", text.lower())
    meant: set[str] = set()
    for word in words:
        meant |= {
            word,
            *(state for names, states in _STATES if word in names.split() for state in states.replace("past due", "past_due").split()),
        }
    negated = any(word == "not" or word.endswith(("n't", "n’t")) for word in words)

    def named(thing: Thing) -> bool:
        states = [str(item.value).lower().replace(" ", "_") for item in thing.fields if item.what == "state"]
        says = any(state in meant or ("_" in state and state.replace("_", " ") in text.lower()) for state in states)
        return says != negated if states and (negated or says) else False

    return named if words else _never


def in_state(text: str, things: Sequence[Thing]) -> list[Thing]:
    """The things in a state that a text says: none where it says no state of theirs."""
    named = _by_state(text)
    return [thing for thing in things if named(thing)]


def named_by_words(kind: Kind, things: Sequence[Thing], text: str) -> list[Thing]:
    """The things that hold most of the words of a text that only some of their kind hold."""
    names = {stem(word) for word in (*kind.name, *(word for thing in kind.things for item in thing.fields for word in item.words))}
    names -= set(map(stem, sorts(kind.things)))
    said = [re.sub("['’]s$", "", word) for word in content_words(text)]
    asked = {stem(word) for word in said if len(word) > 2 and word not in _EMPTY and word not in _MONTH} - names
    held = [asked & _stems(thing) for thing in kind.things]
    common = frozenset.intersection(*map(frozenset, held)) if held else frozenset()
    count = {thing.path: len(words - common) for thing, words in zip(kind.things, held, strict=True)}
    most = max((count[thing.path] for thing in things), default=0)
    return [thing for thing in things if count[thing.path] == most] if most else []


def _stems(thing: Thing) -> set[str]:
    return stems(" ".join(str(item.value) for item in (*thing.fields, *thing.around) if item.what in ("text", "id")))


def _by_age(things: Sequence[Thing], ordinal: str, today: str) -> list[Thing]:
    """The newest, the oldest, or of those with a date to come the one with the first; none where the word says none of that, as
    "previous", or they have no such dates.
    """
    if ordinal in _COMING:
        coming = {
            thing.path: [date for item in thing.fields if item.what == "date" and (date := item.spellings[0]) >= today] for thing in things
        }
        first = min((date for dates in coming.values() for date in dates), default="")
        return [thing for thing in things if first in coming[thing.path]]
    dated = sorted((thing for thing in things if thing.age), key=lambda thing: thing.age)
    if ordinal in _BEHIND:
        dated = [thing for thing in dated if thing.age[: len(today)] <= today] or dated
    return dated[-1:] if ordinal in _NEWEST else dated[:1] if ordinal in _OLDEST else []


def _by_size(things: Sequence[Thing], largest: bool) -> list[Thing]:
    """The things of the largest or the smallest amount; none where they have no amounts."""
    amounts = {thing.path: next((figure(item) for item in thing.fields if item.what == "amount"), None) for thing in things}
    known = [value for value in amounts.values() if value is not None]
    best = (max if largest else min)(known) if known else None
    return [thing for thing in things if best is not None and amounts[thing.path] == best]


def newest_first(things: Iterable[Thing]) -> list[Thing]:
    """The things by their dates, the newest first; in the record's order where they have none."""
    return sorted(things, key=lambda thing: thing.age, reverse=True)
