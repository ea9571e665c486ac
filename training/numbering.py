"""Numbers of a lesson swapped for others, and what grammar hangs on them."""

import random
import re
import sys
from collections.abc import Iterable

from training.tokens import NUMBER_WORDS, TOKEN, kind_of


def numbers(texts: Iterable[str], rng: random.Random) -> dict[int, int]:
    """Another number for each number of the texts: of as many digits, in the same order. Zero and one stay."""
    found: set[int] = set()
    for text in texts:
        for match in TOKEN.finditer(text):
            kind = kind_of(match)
            if kind == "number":
                found.add(int(match["number"].replace(",", "")))
            elif kind == "word":
                found.add(NUMBER_WORDS[match[0].lower()])
    mapped = {0: 0, 1: 1}
    for digits in {len(str(number)) for number in found}:
        values = sorted(number for number in found - {0, 1} if len(str(number)) == digits)
        mapped |= _in_order(values, max(2, 10 ** (digits - 1)), 10**digits - 1, rng)
    return mapped


def _in_order(values: list[int], low: int, high: int, rng: random.Random) -> dict[int, int]:
    for _ in range(200):
        new = sorted(rng.sample(range(low, high + 1), len(values)) if high <= sys.maxsize else {rng.randint(low, high) for _ in values})
        if len(new) == len(values) and all(a != b for a, b in zip(values, new, strict=True)):
            return dict(zip(values, new, strict=True))
    return dict(zip(values, [*values[1:], *values[:1]], strict=True))


def ordinal(number: int) -> str:
    """What stands behind a number in digits: "3rd"."""
    return "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


def spoken_with_a_vowel(word: str) -> bool:
    """Whether "an" stands before a number."""
    return re.match(r"8|(?:11|18)(?:,|$)|e", word) is not None
