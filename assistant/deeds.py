"""Deeds: what a source says is done to whom, and what its voiced statement makes of it."""

import re
from collections import Counter

from assistant.claims import stem

_DONE = re.compile(r"\b(?:is|are|be|was|were|been)(?: \w+ly| not)? (\w+(?:ed|en))\b")
_STATE = re.compile(r"(?i)(?:^|\b(?:the|a|an|your|all|any|every|no)\s+)(\w+(?:ed|en))\s+(?=[a-z])(?!by\b|in\b|on\b|with\b|to\b)")
_DOING = r"(?:\b(?:can|could|may|might|will|must|should|to|you|please)(?:['’]t|not| not)?(?: \w+ly)? |^)"
_NEEDED = re.compile(r"(?i)\b(?:need(?:s|ed)?|required|necessary)\b")
_STILL_NEEDED = re.compile(r"(?i)\b(?:need|requir|necess|must\b|ha(?:ve|s) to\b|only (?:if|when|with|after|once)\b|without\b)")
_FOR_FREE = re.compile(r"(?i)\bfor free\b")
_FREE = re.compile(r"(?i)\b(?:for|is|are|stays?|remains?) free\b|\bfree of charge\b|\b(?:no|without) (?:extra )?(?:cost|charge|fee)\b")
RUN = 5
"""Words in a row that a voiced statement says no more often than its source."""


def other_deed(said: str, given: str, invented: list[str], lost: set[str]) -> str | None:
    """What is said to be done in place of what the source says is done, or None.

    Args:
        said: the statement.
        given: its source.
        invented: stems of the statement's content words that the source has not.
        lost: stems of the source's that the statement has not.
    """
    gone = next((done for done in _DONE.findall(given) if stem(done.lower()) in lost), None)
    if gone and len(invented) == len(lost) == 1 and not (lost == {stem("show")} and invented[0] in {stem("see"), stem("find")}):
        return f"{invented[0]} in place of {gone}"
    if gone and not invented and (turned := _made_a_deed(said, given)):
        return f"{turned} in place of {gone}"
    if (need := _NEEDED.search(given)) and not _STILL_NEEDED.search(said):
        return f"its “{need[0]}” is lost"
    if _FOR_FREE.search(said) and not _FREE.search(given):
        return "for free, which the source does not say"
    return None


def said_again(said: str, given: str) -> str | None:
    """A run of words that the statement says more often than its source, as one does that has lost its thread."""
    here, there = _runs(said), _runs(given)
    return next((" ".join(run) for run, count in here.items() if count > max(1, there[run])), None)


def _made_a_deed(said: str, given: str) -> str | None:
    """A state that became what is done: "deleted projects can be restored" turned into "you can delete projects"."""
    for state in _STATE.findall(given):
        for verb in set(re.findall(r"[a-z]+", said.lower())):
            if verb != state.lower() and stem(verb) == stem(state.lower()) and re.search(rf"(?i){_DOING}{verb}\b", said):
                return str(verb)
    return None


def _runs(text: str) -> Counter[tuple[str, ...]]:
    found = re.findall(r"[^\W_]+(?:['’-][^\W_]+)*", text.lower())
    return Counter(tuple(found[at : at + RUN]) for at in range(len(found) - RUN + 1))
