"""What an answer leaves open: the clauses of a question of several that the knowledge base does not seem to answer.

The confidence is one for the whole question, so that one clause which is answered well carries another that is not answered at all.
On the development questions, an answerable one joined to another that is answered or handed off, 62 of 100 that were handed off are
named, none of those answered, and 2 of 100 clauses of questions that ask several things.
"""

import re
from collections.abc import Callable, Sequence

_ASKS = re.compile(
    r"(?i)^\W*(?:(?:and|also|but|so|or|then|plus|please|ok|okay)\b,? )*(?:how|what|when|where|which|who|whose|why|can|could|do|does|did|is|"
    r"are|was|will|would|should|may|must|am|has|have)\b|\?\s*$"
)
_JOINED = re.compile(r"(?i)^\W*(?:(?:and|also|but|plus)\b,? +)+")


def unanswered(faint: Sequence[str], confidence: Callable[[str], float], least: float) -> tuple[str, ...]:
    """The clauses that ask and that are not answered by themselves either.

    Args:
        faint: those that the evidence answers less than others.
        confidence: the probability that the knowledge base answers a question.
        least: the probability under which a question is handed off.
    """
    return tuple(_JOINED.sub("", clause).strip() for clause in faint if asks(clause) and confidence(clause) < least)


def asks(clause: str) -> bool:
    """Whether a clause asks something, rather than telling what led to the question."""
    return _ASKS.search(clause) is not None


def note(clauses: Sequence[str]) -> str:
    """What the agent is told of them; empty where there are none."""
    return f"Not answered: {'; '.join(f'“{clause}”' for clause in clauses)}." if clauses else ""
