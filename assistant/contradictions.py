"""Contradictions: what two sentences on one subject say differently.

Found are figures, spans of time, prices, who may do it, on which plan it is to be had, the menu path to it, and yes and no.
"""

import re
from difflib import SequenceMatcher

from assistant.claims import bounds, conditions, names, negations, paths, words
from assistant.grants import Grant, grants
from assistant.quantities import Quantity, currencies, quantities, unlike

SAME_SUBJECT = 0.7
"""Share of the content words of two sentences, what is compared aside, that must be common for them to be on one subject."""
SAME_SENTENCE = 0.9
"""The same where they differ in a negation, which turns round only what is said in the same words."""
LEAST_SHARED = 2
"""Content words that must be common at least; fewer where there are no others."""
LONGEST_ITEM = 4
"""Words that an item of a menu path has at most; what is longer took in the sentence around it."""
_OPPOSITE_BOUNDS = ({"at least", "more than"}, {"at most", "less than"})
_EXCEPTION = re.compile(r"(?i),? *\b(?:unless|except(?: for| if| when| that)?|with the exception of)\b[^.;]*[.;]?$")
"""The exception that ends a sentence."""
_LEADING = frozenset("open go click choose select tap under from on via through menu page tab section then".split())
"""What leads to a path, and says nothing of what is done there."""
_DEVICES = frozenset("phone mobile app browser web desktop android ios iphone mac macos windows linux computer tablet".split())


def disagreement(one: str, other: str, title: str = "", other_title: str = "") -> str | None:
    """What two sentences on the same subject say differently, one against the other; None where they do not.

    Sentences that name other things or stand under titles that do, rows that begin otherwise, sentences of which only one has a
    word of its title, and sentences of which only one holds under a condition are on different subjects. A figure from which one
    of them makes an exception is still another than the other's.
    """
    if _head(one) != _head(other) or _told_apart(title, other_title):
        return None
    about = {*words(title), *words(other_title)}
    here, rates, rest = quantities(one)
    there, their_rates, their_rest = quantities(other)
    single = len(here) == len(there) == 1
    if (here or there) and _one_subject(rest, their_rest, about, ordered=not single) and not _opposite(bounds(one), bounds(other)):
        return _figures(here, there, rates, their_rates)
    rule, their_rule = (_EXCEPTION.sub(".", text) for text in (one, other))
    if (here or there) and (rule == one) != (their_rule == other):
        return disagreement(rule, their_rule, title, other_title)
    if unlike(here, there) != ([], []):
        return None
    return _grants(one, other, about) or _paths(one, other, title, other_title) or _negation(one, other, about)


def _figures(here: list[Quantity], there: list[Quantity], rates: set[str], their_rates: set[str]) -> str | None:
    """Other figures of the same kind, another currency of the same amount, or the same amount per another span of time."""
    mine, theirs = unlike(here, there)
    if sorted(item.kind for item in mine) == sorted(item.kind for item in theirs) and mine:
        same_rate = rates == their_rates or not (rates and their_rates)
        return _versus(", ".join(item.said for item in mine), ", ".join(item.said for item in theirs)) if same_rate else None
    if mine and currencies(mine) != currencies(theirs) and [item.number for item in mine] == [item.number for item in theirs]:
        return _versus(mine[0].said, theirs[0].said) if currencies(mine) and currencies(theirs) else None
    if here and not mine and not theirs and rates and their_rates and not rates & their_rates:
        return _versus(f"per {', '.join(sorted(rates))}", f"per {', '.join(sorted(their_rates))}")
    return None


def _grants(one: str, other: str, about: set[str]) -> str | None:
    """Others who may do it, or other plans that it is on."""
    theirs = dict(grants(other))
    for kind, mine in grants(one):
        given: Grant | None = theirs.get(kind)
        if given and mine.against(given) and _one_subject(mine.what, given.what, about, ordered=False):
            return _versus(mine.said, given.said)
    return None


def _paths(one: str, other: str, title: str, other_title: str) -> str | None:
    """Another menu path to the same thing; steps that say nothing else are about what their titles say."""
    here, there = paths(one), paths(other)
    if len(here) != 1 or len(there) != 1 or _part_of(here[0], there[0]):
        return None
    whole = here[0] in one and there[0] in other
    if not whole or any(len(item.split()) > LONGEST_ITEM for item in (*here[0].split(" > "), *there[0].split(" > "))):
        return None
    rest, theirs = (_without_leading(text.replace(path, "")) for text, path in ((one, here[0]), (other, there[0])))
    if not rest and not theirs:
        rest, theirs = title, other_title
    if {*re.findall(r"\w+", f"{one} {title}".lower())} & _DEVICES != {*re.findall(r"\w+", f"{other} {other_title}".lower())} & _DEVICES:
        return None
    return _versus(here[0], there[0]) if len(set(words(rest))) > 1 and _one_subject(rest, theirs, set(), ordered=False) else None


def _without_leading(text: str) -> str:
    return " ".join(word for word in re.findall(r"[\w'’-]+", text) if word.lower() not in _LEADING and words(word))


def _part_of(path: str, other: str) -> bool:
    """Whether one path is the other, or leaves out some of it."""
    short, long = sorted((path.lower().split(" > "), other.lower().split(" > ")), key=len)
    rest = iter(long)
    return all(part in rest for part in short)


def _negation(one: str, other: str, about: set[str]) -> str | None:
    if (negations(one).count("not") - negations(other).count("not")) % 2 and _one_subject(one, other, about, SAME_SENTENCE, least=3):
        return "one says that it is so, the other that it is not"
    return None


def _one_subject(
    one: str, other: str, about: set[str], share: float = SAME_SUBJECT, least: int = LEAST_SHARED, ordered: bool = True
) -> bool:
    """Whether two texts, what is compared left out of them, are on one subject.

    Args:
        one: a text.
        other: another.
        about: the words of their titles; of those both have to have the same.
        share: of the content words, that must be common.
        least: content words that must be common at least.
        ordered: whether they must stand in the same order for the most part.
    """
    if names(one) != names(other) or conditions(one) != conditions(other):
        return False
    subject, theirs = _subject(one), _subject(other)
    shared, apart = set(subject) & set(theirs), set(subject) ^ set(theirs)
    if len(shared) < least and (apart or not shared):
        return False
    alike = SequenceMatcher(None, subject, theirs, autojunk=False).ratio() if ordered else 1
    numbered = any(word[0].isdigit() for word in apart)
    return len(shared) >= share * len(shared | apart) and alike >= share and not numbered and not apart & about


def _subject(text: str) -> list[str]:
    """The content words of a sentence without its negations, in their order."""
    text = re.sub(r"(?i)\b(\w+)n['’]t\b|\b(?:not|never|no)\b", r"\1", re.sub(r"(?i)\bcan(?:not|['’]t)\b", "can", text))
    return words(text)


def _head(text: str) -> list[str]:
    """What a row is about: its words before a colon."""
    head, colon, _ = text.partition(":")
    return [word for word in _subject(head) if not word[0].isdigit()] if colon and len(head.split()) < 7 else []


def _told_apart(title: str, other: str) -> bool:
    """Whether two titles each name something that the other does not: a product, a version, a number; years apart."""
    here, there = (
        {word.lower() for word in re.findall(r"(?<!^)\b[A-Z][\w-]*|\S*\d\S*", text) if not re.fullmatch(r"(?:19|20)\d\d", word)}
        for text in (title, other)
    )
    return bool(here - there and there - here)


def _opposite(here: list[str], there: list[str]) -> bool:
    """Whether one is a lower and the other an upper limit, which may both be so."""
    low, high = _OPPOSITE_BOUNDS
    return bool(low & {*here} and high & {*there} and not low & {*there}) or bool(high & {*here} and low & {*there} and not low & {*here})


def _versus(one: str, other: str) -> str:
    return f"{one} against {other}"
