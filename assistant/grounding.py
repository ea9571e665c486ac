"""Grounding: each statement is held against the evidence it cites before it is shown.

Figures, dates, amounts, menu paths, codes, names and negations must be those of the evidence; the remaining words must
come from it for the most part. A statement that fails is replaced by its evidence word for word.
"""

import re
from dataclasses import dataclass

from assistant.prompt import plain
from assistant.reply import Evidence, Statement

LEAST_SUPPORT = 0.6
"""Share of a statement's content words that must stand in its evidence; set on held-out lessons."""
LEAST_KEPT = 0.6
"""Share of the evidence's content words that the statement must keep, so that no condition is lost."""

_FIGURE = re.compile(r"\d[\d.,:/-]*\d|\d")
_PATH = re.compile(r"[A-Z][\w&'’-]*(?: [\w&'’-]+){0,3}(?: > [A-Z][\w&'’+-]*(?: [\w&'’+-]+){0,3})+")
_QUOTED = re.compile(r"[\"“]([^\"”]+)[\"”]|`([^`]+)`")
_ADDRESS = re.compile(r"https?://\S+|www\.\S+|\S+@\S+\.\w+")
_NEGATION = re.compile(r"(?i)\b(not|no|never|cannot|without|none|neither|nor|nobody|nothing|unless|only|except)\b|n['’]t\b")
_SMALL = frozenset(
    "a an and are as at be been being but by can could did do does for from get gets got had has have if in into is it its may might of "
    "on or our so than that the their them then there these they this those through to under up upon via was we were what when where "
    "which while will with would you your yours each every own once also before after about any some s re ll ve d t m"
    .split()
)  # fmt: skip
_SYNONYMS = {"choose": "pick", "select": "pick", "click": "tap", "press": "tap", "navigate": "head", "go": "head"}


@dataclass(frozen=True)
class Unsupported:
    """A statement that was not shown, and why."""

    text: str
    sources: list[str]
    reason: str


def check(text: str, evidence: Evidence, name: str | None = None) -> str | None:
    """Why a statement is not supported by its evidence, or None where it is.

    Args:
        text: the statement.
        evidence: what it cites.
        name: the customer's first name, which a statement may use.
    """
    source = plain(evidence.text)
    if difference := _differs(_figures(text), _figures(source)):
        return f"figures differ: {difference}"
    if difference := _differs(_paths(text), _paths(source)):
        return f"menu paths differ: {difference}"
    if difference := _differs(set(_ADDRESS.findall(text)), set(_ADDRESS.findall(source))):
        return f"addresses differ: {difference}"
    labels = {first or second for first, second in _QUOTED.findall(text)}
    if invented := [label for label in labels if label.lower() not in source.lower()]:
        return f"label not in the source: {invented[0]}"
    if len(_NEGATION.findall(text)) != len(_NEGATION.findall(source)):
        return "negation differs"
    if invented := _names(text) - _names(source) - {(name or "").lower()}:
        if not invented <= {word.lower() for word in re.findall(r"[\w'’-]+", source)}:
            return f"name not in the source: {', '.join(sorted(invented))}"
    said, given = _words(text), _words(source)
    if said and len(said & given) / len(said) < LEAST_SUPPORT:
        return f"too few of its words stand in the source ({len(said & given)} of {len(said)})"
    if given and len(said & given) / len(given) < LEAST_KEPT:
        return f"too much of the source is missing ({len(said & given)} of {len(given)} words kept)"
    return None


def quote(evidence: Evidence) -> Statement:
    """The evidence itself as a statement."""
    return Statement(text=plain(evidence.text), sources=[evidence.source], how="quoted", step=evidence.step)


def _figures(text: str) -> list[str]:
    return sorted(figure.strip(".,:/-") for figure in _FIGURE.findall(text))


def _paths(text: str) -> set[str]:
    return {re.sub(r"\s+", " ", path).strip() for path in _PATH.findall(text)}


def _names(text: str) -> set[str]:
    """Capitalised words inside a sentence: names of things, labels, plans, roles."""
    inner = re.findall(r"(?<![.!?:] )(?<!^)\b([A-Z][\w’'-]*)", text)
    return {word.lower() for word in inner if word not in ("I", "We", "You")}


def _words(text: str) -> set[str]:
    found = re.findall(r"[^\W_]+", text.lower().replace("’", "'").replace("n't", " not"))
    return {_stem(_SYNONYMS.get(word, word)) for word in found if word not in _SMALL}


def _stem(word: str) -> str:
    for end in ("ing", "ed", "es", "s"):
        if word.endswith(end) and len(word) - len(end) >= 3:
            return word[: -len(end)]
    return word


def _differs(said: list[str] | set[str], given: list[str] | set[str]) -> str:
    extra = [item for item in said if item not in given]
    lost = [item for item in given if item not in said]
    parts = ([f"{', '.join(extra)} not in the source"] if extra else []) + ([f"{', '.join(lost)} lost"] if lost else [])
    return "; ".join(parts)
