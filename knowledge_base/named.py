"""Questions as they are named beside a heading, in customers' own words, and the sentences of its part that answer them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from knowledge_base.blocks import bare_answer, clean
from knowledge_base.passages import Passage

Named = Mapping[str, tuple[str, ...]]
"""A question -> how the sentences that answer it begin; none where its part as a whole does."""
MOST_ANSWERS = 3
"""Sentences that answer one question, at most."""


def named(groups: Sequence[tuple[str, Sequence[str]]]) -> dict[str, tuple[str, ...]]:
    """The questions of (how the sentence that answers them begins, questions), "" where none is named."""
    found: dict[str, tuple[str, ...]] = {}
    for opening, lines in groups:
        for line in lines:
            found[line] = tuple(dict.fromkeys((*found.get(line, ()), *([opening] if opening else []))))
    return found


def with_questions(passages: Sequence[Passage], questions: Mapping[str, Named]) -> tuple[Passage, ...]:
    """Passages with the questions of their headings added to those they have.

    A question goes to the passage that holds the sentence that answers it. One that names no sentence, or only such as
    its part does not have (any more), goes to all passages of its heading.

    Args:
        passages: of one article.
        questions: by heading, without regard to case.
    """
    held = [_held(passage, questions.get(passage.heading.casefold(), {})) for passage in passages]
    told: dict[tuple[str, str], bool] = {}
    for passage, found in zip(passages, held, strict=True):
        for question, units in found.items():
            key = (passage.heading.casefold(), question)
            told[key] = told.get(key, False) or bool(units)
    return tuple(
        _with(passage, {question: units for question, units in found.items() if units or not told[passage.heading.casefold(), question]})
        for passage, found in zip(passages, held, strict=True)
    )


def _held(passage: Passage, questions: Named) -> dict[str, tuple[int, ...]]:
    """For each question which of the passage's units answer it."""
    texts = [clean(unit.text).casefold() for unit in passage.units]
    after = [bare_answer(text)[1] for text in texts]
    starts = {opening: clean(opening).casefold() for openings in questions.values() for opening in openings}
    at = {
        opening: [place for place, text in enumerate(texts) if text.startswith(start) or after[place].startswith(start)]
        for opening, start in starts.items()
    }
    return {
        question: tuple(dict.fromkeys(place for opening in openings for place in at[opening]))[:MOST_ANSWERS]
        for question, openings in questions.items()
    }


def _with(passage: Passage, found: Mapping[str, tuple[int, ...]]) -> Passage:
    if not found:
        return passage
    units = dict(zip(passage.asked, passage.answered_by, strict=True))
    for question, more in found.items():
        units[question] = tuple(dict.fromkeys((*units.get(question, ()), *more)))[:MOST_ANSWERS]
    return replace(passage, asked=tuple(units), answered_by=tuple(units.values()))
