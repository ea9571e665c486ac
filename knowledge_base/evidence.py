"""Evidence: retrieved passages narrowed to the ordered sentences, steps and account facts that a reply is to say."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from knowledge_base.articles import Unit
from knowledge_base.found import Search
from knowledge_base.stored import StoredPassage
from knowledge_base.words import content_words, stem


@dataclass(frozen=True)
class Narrowing:
    """How passages are narrowed: a sentence's score is a weighted sum of its own and its passage's signals.

    The weights are those of a logistic regression that tells the sentences which hold a required fact from the others,
    fitted on the development questions by ``python -m tests.benchmarks.calibrate``.
    """

    cosine: float = 2.76
    """Cosine of question and sentence."""
    overlap: float = 1.42
    """Share of the question's content words in the sentence."""
    passage: float = 1.98
    """The passage's score, as a share of the best one's."""
    asked: float = 1.39
    """The passage's best cosine with the questions that it is said to answer."""
    lexical: float = 0.77
    """The passage's BM25, as a share of the best one's."""
    article: float = -0.52
    """For each better-ranked article."""
    number: float = 0.54
    """For a figure, where the question asks how many, how long or when."""
    step: float = -0.69
    """For a step: the other steps come with it."""
    within: float = 2.0
    """How far below the best sentence's score another may lie."""
    sentences: int = 7
    """Most sentences and rows of a reply; steps count apart."""
    steps_within: float = 1.0
    """How far below the best sentence's score the best step of a list may lie for the list to be said."""
    steps: int = 8
    """Most steps of a reply."""
    fact: float = 0.4
    """Least score of an account fact that is said."""
    facts: int = 2
    """Most account facts of a reply."""


NARROWING = Narrowing()
_ASKS_NUMBER = re.compile(
    r"(?i)\b(how (many|much|long|often|far|big|large|soon|fast|late)|when|limit|price|cost|deadline|maximum|minimum)\b"
)


@dataclass(frozen=True)
class Piece:
    """One piece of evidence: the source number of the search's hits, its text, and its number where it is a step."""

    source: str
    text: str
    step: int | None = None
    score: float = 0.0


@dataclass(frozen=True)
class Evidence:
    """What to say, in order, and what the token budget or the longest step list left out."""

    pieces: tuple[Piece, ...]
    left_out: tuple[Piece, ...] = ()


def narrow(search: Search, tokens: int, count: Callable[[str], int]) -> Evidence:
    """Pick what bears on the question.

    Args:
        search: the search, its passages best first.
        tokens: budget for the pieces' text.
        count: counts the tokens of a text.

    Returns:
        account facts first, then sentences, then one list of steps, each group in reading order; and what was left out
        for the budget or as a step too many, least relevant first.
    """
    wanted = [*_facts(search), *_units(search)]
    kept = [piece for piece in wanted if (piece.step or 0) <= NARROWING.steps]
    left_out = [piece for piece in reversed(wanted) if (piece.step or 0) > NARROWING.steps]
    while kept and sum(count(piece.text) for piece in kept) > tokens:
        # The last step goes before its list loses an earlier one, for a list with a hole misleads.
        weakest = min(kept, key=lambda piece: (piece.score, -(piece.step or 0)))
        kept.remove(weakest)
        left_out.append(weakest)
    return Evidence(tuple(kept), tuple(left_out))


def _facts(search: Search) -> list[Piece]:
    hits = [hit for hit in search.hits if hit.source.startswith("c") and hit.score >= NARROWING.fact]
    return [Piece(hit.source, hit.text, None, hit.score) for hit in hits[: NARROWING.facts]]


def _units(search: Search) -> list[Piece]:
    if not search.passages:
        return []
    scores = [_unit_scores(search, number, passage) for number, passage in enumerate(search.passages)]
    best = max(float(row.max()) for row in scores)
    ranked = sorted(((float(row[at]), number, at) for number, row in enumerate(scores) for at in range(len(row))), reverse=True)
    sentences: list[tuple[int, int, float]] = []
    list_of: tuple[int, int] | None = None
    seen: set[str] = set()
    for score, number, at in ranked:
        unit = search.passages[number].units[at]
        if score < best - NARROWING.within:
            break
        if unit.step:
            if list_of is None and score >= best - NARROWING.steps_within:
                list_of = (number, at)
        elif len(sentences) < NARROWING.sentences and unit.text not in seen:
            seen.add(unit.text)
            sentences.append((number, at, score))
    pieces = [Piece(str(number + 1), search.passages[number].units[at].text, None, score) for number, at, score in sorted(sentences)]
    if list_of is not None:
        pieces += _steps(search.passages[list_of[0]], *list_of, float(scores[list_of[0]].max()))
    return pieces


def _unit_scores(search: Search, number: int, passage: StoredPassage) -> np.ndarray:
    """A score for each unit of a passage, shape (units,)."""
    hit = search.hits[number]
    articles = list(dict.fromkeys(item.article_id for item in search.passages))
    common = (
        NARROWING.passage * hit.score / (search.hits[0].score or 1.0)
        + NARROWING.asked * hit.parts["asked"]
        + NARROWING.lexical * hit.parts["lexical"]
        + NARROWING.article * articles.index(passage.article_id)
    )
    words = {stem(word) for word in content_words(search.question)}
    asks_number = _ASKS_NUMBER.search(search.question) is not None
    own = np.array([_own_score(unit, words, asks_number) for unit in passage.units])
    return np.asarray(NARROWING.cosine * (passage.unit_vectors @ search.query) + own + common)


def _own_score(unit: Unit, words: set[str], asks_number: bool) -> float:
    said = {stem(word) for word in content_words(unit.text)}
    score = NARROWING.overlap * len(said & words) / (len(words) or 1)
    if asks_number and re.search(r"\d", unit.text):
        score += NARROWING.number
    return score + (NARROWING.step if unit.step else 0.0)


def _steps(passage: StoredPassage, number: int, at: int, score: float) -> list[Piece]:
    """The passage's step list that holds the unit ``at``, renumbered from 1 where it is a part of a longer one."""
    lists: list[list[int]] = []
    for place, unit in enumerate(passage.units):
        if unit.step:
            if not lists or unit.step != (passage.units[lists[-1][-1]].step or 0) + 1:
                lists.append([])
            lists[-1].append(place)
    steps = next(places for places in lists if at in places)
    return [Piece(str(number + 1), passage.units[place].text, count, score) for count, place in enumerate(steps, 1)]
