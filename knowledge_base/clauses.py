"""Clauses: the parts of a question that asks several things, or tells a story before it asks."""

import re

from knowledge_base.words import content_words

LEAST_WORDS = 2
"""Content words that a clause needs to be looked for on its own."""
_BREAKS = re.compile(
    r"(?<=[.?!;:])\s+|\n+|,?\s+\b(?:and|but|also|plus)\b\s+|,\s+(?=(?:how|what|when|where|which|who|can|do|does|is|are|will)\b)",
    re.IGNORECASE,
)


def clauses(question: str, most: int = 6) -> list[str]:
    """The clauses of a question that say something, in order; none where it is of one piece.

    Args:
        question: as the customer wrote it.
        most: clauses returned; of more the last ones, for a story comes before what is asked.
    """
    parts = [part.strip() for part in _BREAKS.split(question) if len(content_words(part)) >= LEAST_WORDS]
    return parts[-most:] if len(parts) > 1 else []
