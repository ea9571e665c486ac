"""Words that carry content, and what counts as the same word."""

import functools
import re
from collections.abc import Iterable, Sequence

STOP_WORDS = frozenset(
    (
        "a about all also am an and any are as at be because been but by can could did do does doing for from get had "
        "has have he hello help hey hi how i i'd i'll i'm i've if im in into is isn't it it's its ive just know like me "
        "my need no not now of ok on one or our out please pls shall she should so some tell thanks that the their them "
        "then there these they this to too u up us very want was we were what what's when where which while who why "
        "will with would yes you your "
    ).split()
)


def content_words(text: str) -> list[str]:
    """Lower-case words that carry content."""
    return [word for word in re.findall(r"[^\W_]+(?:['’][a-z]+)?", text.lower()) if word.replace("’", "'") not in STOP_WORDS]


@functools.lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """A crude stem, for overlap counts only."""
    for end in ("ings", "ing", "ies", "ied", "ers", "er", "es", "ed", "s", "e"):
        if word.endswith(end) and len(word) - len(end) >= 3:
            return word[: -len(end)]
    return word


def stems(text: str) -> set[str]:
    """The stems of a text's content words."""
    return {stem(word) for word in content_words(text)}


def has_figure(text: str) -> bool:
    """Whether a text has a digit."""
    return any(sign.isdigit() for sign in text)


def identifiers(text: str) -> list[str]:
    """Names that a program gave, such as TB-2010, 7.5.0.1 or NOT_AUTHORIZED: parts that only together mean something."""
    # From a word's first letter on, and without giving any back: a word of 20,000 letters would take seconds.
    found = re.findall(r"(?<![^\W_])[^\W_]++(?:[-_.:/]++[^\W_]++)+", text)
    return [item for item in found if "_" in item or has_figure(item)]


def shapes(text: str) -> set[str]:
    """How the identifiers of a text look, their numbers apart: "tx-#" of TX-0010. Dates and versions, which have no letter, are none."""
    return {re.sub(r"\d+", "#", item.lower()) for item in identifiers(text) if any(sign.isalpha() for sign in item)}


_ERROR = re.compile(r"(?i)\b(?:errors?|codes?|faults?)(?: (?:code|number|no\.?))?\s?[:#]?\s?(\d{2,6})\b(?![.,]\d)")


def codes(text: str) -> set[str]:
    """What a text names that one of many messages is known by: TB-2010, or the number of "error 4117"."""
    named = {item.lower() for item in identifiers(text) if any(sign.isalpha() for sign in item) and has_figure(item)}
    return named | set(_ERROR.findall(text))


def unknown_shapes(question: str, texts: Iterable[str]) -> set[str]:
    """How the identifiers look that a question names and that stand in none of the texts, as ``shapes`` does."""
    known = " ".join(texts).lower()
    missing = [item for item in identifiers(question) if not re.search(rf"(?<!\w){re.escape(item.lower())}(?!\w)", known)]
    return shapes(" ".join(missing))


def fts_terms(text: str) -> list[str]:
    """What the lexical index is asked for, each once: a text's content words, at most 60, and at most 20 identifiers of 20 parts."""
    words = dict.fromkeys(word.replace("'", "").replace("’", "") for word in content_words(text))
    phrases = dict.fromkeys(" ".join(re.findall(r"[^\W_]+", item)[:20]) for item in identifiers(text.lower()))
    return list(dict.fromkeys([*list(words)[:60], *list(phrases)[:20]]))


def fts_query(terms: Sequence[str]) -> str:
    """Any of these terms, as an FTS5 query."""
    return " OR ".join(f'"{term}"' for term in terms)
