"""Evidence: retrieved passages narrowed to the ordered sentences, steps and account facts that a reply is to say."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from knowledge_base import ranking
from knowledge_base.blocks import bare_answer
from knowledge_base.clauses import clauses
from knowledge_base.evidence_signals import ARTICLE, UNIT, Model, article_signals, models, unit_signals, weigh
from knowledge_base.fact_ranking import OWN
from knowledge_base.found import Search, passage_hit
from knowledge_base.stored import StoredPassage
from knowledge_base.words import codes, stem, stems

_FREE_TEXT = re.compile(r"[\"“][^\"”]*(?<!\b[A-Z])(?<!\b[DM]r)(?<!\bMrs)(?<!\bMs)(?<!\bSt)[.!?;]\s+[^\"”\s][^\"”]*[\"”]")
"""Several sentences that somebody put into a record: for the agent to read, but not to be said to the customer. "Dr. Lang" is none."""
ASKS_HOW = re.compile(r"(?i)\b(how (do|can|could|would|should|to)|where (do|can|should)|what (do|should|must) (i|we) do)\b")
"""What asks how something is done: a procedure answers it."""
_ASKED = re.compile(r"(?i)\b(?:how|what|where|which|who|why|must|should|need|have to|required?|cannot|never|not?|only|without|\w+n['’]t)\b")
"""Words by which two questions about the same thing have different answers, yes or no."""

_DENIES = re.compile(r"(?i)\b(?:no|not|without|never)\b|n['’]t\b")
_ORDINARY = frozenset(map(stem, "free basic standard other all every none yes no day time name total".split()))
"""Stems that stand in questions without naming the row that is called so."""


@dataclass(frozen=True)
class Narrowing:
    """How much is kept. Scores are logits: of holding what is asked for, of an article's being one that answers.

    Set on the development questions (``python -m tests.benchmarks.narrowing``).
    """

    article: float = -0.5
    """Least score of an article other than the best for anything of it to be said."""
    sentences: int = 10
    """Most sentences and rows of a reply; steps count apart."""
    of_best: int = 9
    """Most of them out of the best article."""
    within_best: float = 2.5
    """How far below that article's best sentence another of it may lie."""
    of_other: int = 3
    """Most of them out of each other article."""
    within_other: float = 2.0
    """How far below the best sentence of all one of another article may lie."""
    within_clauses: float = 2.0
    """How far below the clause that is answered best another may lie for its best sentence to be said."""
    faint: float = 1.5
    """How far below it another has to lie to be left unanswered, perhaps."""
    steps_within: float = 1.5
    """How far below the best sentence's score the best step of a list may lie for the list to be said."""
    steps_asked: float = 3.0
    """The same of the best article's where it is asked how something is done."""
    steps: int = 8
    """Most steps of a reply."""
    fact: float = 0.04
    """Least likelihood of an account fact's mattering for it to be said."""
    facts: int = 3
    """Most account facts of a reply."""
    beside_fact: float = -1.5
    """Least score of the one sentence that is said beside the account fact that a question asks for."""


NARROWING = Narrowing()


@dataclass(frozen=True)
class Piece:
    """One piece of evidence: the source number of the search's hits, its text, its number where it is a step, whether it is code."""

    source: str
    text: str
    step: int | None = None
    score: float = 0.0
    code: bool = False


@dataclass(frozen=True)
class Evidence:
    """What to say, in order, what the token budget or the longest step list left out, and the clauses that it answers less than others."""

    pieces: tuple[Piece, ...]
    left_out: tuple[Piece, ...] = ()
    faint: tuple[str, ...] = ()


def narrow(search: Search, tokens: int, count: Callable[[str], int], fitted: dict[str, Model] | None = None) -> Evidence:
    """Pick what bears on the question.

    Args:
        search: the search, its passages best first.
        tokens: budget for the pieces' text.
        count: counts the tokens of a text.
        fitted: the models that weigh units and articles, by default those of the package.

    Returns:
        account facts first, then sentences, then one list of steps, each group in reading order; and what was left out
        for the budget or as a step too many, least relevant first.
    """
    of_clauses = _best_of_clauses(search, fitted or models())
    best = max((score for _, (score, _, _) in of_clauses), default=0.0)
    faint = tuple(clause for clause, (score, _, _) in of_clauses if score < best - NARROWING.faint)
    units = _units(search, fitted or models(), [item for item in of_clauses if item[1][0] >= best - NARROWING.within_clauses])
    if _asks_for_fact(search):
        sentences = [piece for piece in units if piece.step is None and piece.score >= NARROWING.beside_fact]
        # Where one thing of the account is meant, an article speaks of such things in general.
        units = [] if search.which and not search.which.others else sorted(sentences, key=lambda piece: piece.score)[-1:]
    wanted = [*_facts(search), *units]
    kept = [piece for piece in wanted if (piece.step or 0) <= NARROWING.steps]
    left_out = [piece for piece in reversed(wanted) if (piece.step or 0) > NARROWING.steps]
    while kept and sum(count(piece.text) for piece in kept) > tokens:
        # The last step goes before its list loses an earlier one, for a list with a hole misleads.
        weakest = min(kept, key=lambda piece: (piece.score, -(piece.step or 0)))
        kept.remove(weakest)
        left_out.append(weakest)
    return Evidence(tuple(kept), tuple(left_out), faint)


def _asks_for_fact(search: Search) -> bool:
    """Whether the account alone answers the question, one of a single clause that does not ask how something is done."""
    return search.features.get("fact", 0.0) >= OWN and len(search.asked) == 1 and not ASKS_HOW.search(search.question)


def _facts(search: Search) -> list[Piece]:
    likely = [hit for hit in search.hits if hit.source.startswith("c") and hit.score >= NARROWING.fact]
    hits = [hit for hit in likely if not _FREE_TEXT.search(hit.text)]
    several = search.which.asked if search.which and search.which.count > 1 else 0
    most = max(NARROWING.facts, several)
    short = search.which.short if search.which else {}
    return [Piece(hit.source, short.get(hit.text, hit.text), None, hit.score) for hit in hits[:most]]


def _units(search: Search, fitted: dict[str, Model], of_clauses: list[tuple[str, tuple[float, int, int]]]) -> list[Piece]:
    if not search.passages:
        return []
    scores = [weigh(fitted["unit"], signals, UNIT) for signals in unit_signals(search)]
    articles = {name: float(weigh(fitted["article"], row[None, :], ARTICLE)[0]) for name, row in article_signals(search).items()}
    main = max(articles, key=lambda name: articles[name])
    near = _near(search, scores, articles, main)
    others = _of_other_codes(search) - {(number, at) for clause, (_, number, at) in of_clauses if not codes(clause)}
    candidates = [item for item in (*(item for _, item in of_clauses), *near) if item[1:] not in others]
    sentences = _rows_asked_for(search, _sentences(search, candidates, main))
    pieces = [
        Piece(str(number + 1), _said(search, number, at), None, score, search.passages[number].units[at].kind == "code")
        for number, at, score in sentences
    ]
    best = max(float(row.max()) for row in scores)
    steps = [item for item in near if search.passages[item[1]].units[item[2]].step and item[0] >= best - NARROWING.steps_within]
    if not steps and ASKS_HOW.search(search.question):
        steps = [item for item in _steps_of(search, scores, main) if item[0] >= best - NARROWING.steps_asked]
    numbered = [piece for score, number, at in steps[:1] for piece in _steps(search.passages[number], number, at, score)]
    for clause, (score, number, at) in of_clauses:
        passage = search.passages[number]
        if passage.units[at].step and (articles[passage.article_id] >= NARROWING.article or ASKS_HOW.search(clause)):
            pieces += _unnumbered(_steps(passage, number, at, score), passage.units[at].text, {piece.text for piece in numbered})
    return pieces + numbered


def _steps_of(search: Search, scores: list[np.ndarray], article: str) -> list[tuple[float, int, int]]:
    """(score, passage, unit) of an article's steps, best first."""
    found = [
        (float(score), number, at)
        for number, (passage, row) in enumerate(zip(search.passages, scores, strict=True))
        for at, score in enumerate(row)
        if passage.article_id == article and passage.units[at].step
    ]
    return sorted(found, reverse=True)


def _best_of_clauses(search: Search, fitted: dict[str, Model]) -> list[tuple[str, tuple[float, int, int]]]:
    """Each clause with (score, passage, unit) of what answers it best, taken as a question of its own, so that none goes unheard."""
    found: list[tuple[str, tuple[float, int, int]]] = []
    for clause, vector in zip(clauses(search.question) if search.passages else (), search.asked, strict=False):
        hits = [
            passage_hit(number, ranking.score(passage, vector, float(passage.vector @ vector), hit.parts["lexical"]))
            for number, (passage, hit) in enumerate(zip(search.passages, search.hits, strict=False), 1)
        ]
        alone = replace(search, question=clause, hits=hits, query=vector, asked=vector[None, :])
        scores = [weigh(fitted["unit"], signals, UNIT) for signals in unit_signals(alone)]
        number = max(range(len(scores)), key=lambda at: float(scores[at].max()))
        found.append((clause, (float(scores[number].max()), number, int(scores[number].argmax()))))
    return found


def _near(search: Search, scores: list[np.ndarray], articles: dict[str, float], main: str) -> list[tuple[float, int, int]]:
    """(score, passage, unit) of what lies near enough to the best, best first."""
    best = max(float(row.max()) for row in scores)
    best_of_main = max(float(row.max()) for row, p in zip(scores, search.passages, strict=True) if p.article_id == main)
    found = []
    for number, (passage, row) in enumerate(zip(search.passages, scores, strict=True)):
        lowest = best_of_main - NARROWING.within_best if passage.article_id == main else best - NARROWING.within_other
        if passage.article_id == main or articles[passage.article_id] >= NARROWING.article:
            found += [(float(score), number, at) for at, score in enumerate(row) if score >= lowest]
    return sorted(found, reverse=True)


def _sentences(search: Search, near: list[tuple[float, int, int]], main: str) -> list[tuple[int, int, float]]:
    """(passage, unit, score) of the sentences and rows that are said, in reading order, none twice."""
    taken: dict[str, int] = {}
    chosen: dict[str, tuple[int, int, float]] = {}
    for score, number, at in near:
        passage = search.passages[number]
        if not _said(search, number, at):
            continue
        unit, most = passage.units[at], NARROWING.of_best if passage.article_id == main else NARROWING.of_other
        if unit.step or unit.text in chosen or taken.get(passage.article_id, 0) >= most or len(chosen) >= NARROWING.sentences:
            continue
        taken[passage.article_id] = taken.get(passage.article_id, 0) + 1
        chosen[unit.text] = (number, at, score)
    return sorted(chosen.values())


def _of_other_codes(search: Search) -> set[tuple[int, int]]:
    """(passage, unit) of what is said of other messages than the one whose code the question names, where that one is told of."""
    asked = codes(search.question)
    if not asked:
        return set()
    about = {
        (number, at): codes(unit.text) or codes(passage.heading)
        for number, passage in enumerate(search.passages)
        for at, unit in enumerate(passage.units)
    }
    told = any(named & asked for named in about.values())
    return {place for place, named in about.items() if told and named and not named & asked}


def _rows_asked_for(search: Search, chosen: list[tuple[int, int, float]]) -> list[tuple[int, int, float]]:
    """What is said, of each table some of whose rows the question names those alone: rows differ in a name and a figure, so that the
    models find them all alike.
    """
    asked = _said_words(search.question)
    tables = {(number, *_table(search.passages[number], at)) for number, at, _ in chosen if search.passages[number].units[at].kind == "row"}
    for number, first, end in sorted(tables):
        if named := _named_rows(search.passages[number], first, end, asked):
            best = max(score for of, at, score in chosen if of == number and first <= at < end)
            chosen = [item for item in chosen if item[0] != number or not first <= item[1] < end]
            chosen += [(number, at, best) for at in named]
    return sorted(chosen)


def _named_rows(passage: StoredPassage, first: int, end: int, asked: set[str]) -> list[int]:
    """The rows of a table that a question of these words names."""
    names = _row_names([unit.text for unit in passage.units[first:end]])
    return [at for at, name in enumerate(names, first) if any(part <= asked for part in name)]


def _table(passage: StoredPassage, at: int) -> tuple[int, int]:
    """The rows that stand together around one: the first, and the end after the last."""
    first, end = at, at + 1
    while first and passage.units[first - 1].kind == "row":
        first -= 1
    while end < len(passage.units) and passage.units[end].kind == "row":
        end += 1
    return first, end


def _row_names(texts: list[str]) -> list[list[set[str]]]:
    """What each row is called, as stems, those apart between which a comma stands: of what stands before a colon, the first part that
    is not the same in all, or in all that have two: "Audit log: Business: 180 days" is the row of Business, whatever "Free: None" says.
    """
    parts = [text.split(": ") for text in texts]
    while len(headed := [part[0] for part in parts if len(part) > 2]) > 1 and len(set(headed)) == 1:
        parts = [part[1:] if len(part) > 2 else part for part in parts]
    names = [part[0] for part in parts if len(part) > 1]
    if len(names) < len(texts) or len(set(names)) < 2:
        return [[] for _ in texts]
    called = [[_said_words(name) for name in re.split(r",|/| and | or ", text) if text[:1].isupper()] for text in names]
    # A row is called by each of the names that a cell of it lists as well: "Zone B: Countries: Canada, Turkey".
    cells = [[cell.rpartition(": ")[2].rstrip(".").split(", ") for cell in ": ".join(part[1:]).split("; ")] for part in parts]
    called = [
        [*own, *(_said_words(name) for cell in row if len(cell) > 1 and all(name[:1].isupper() for name in cell) for name in cell)]
        for own, row in zip(called, cells, strict=True)
    ]
    return [[name for name in row if name and not name <= _ORDINARY] for row in called]


def _said_words(text: str) -> set[str]:
    """The stems of a text, and "no" where it denies something: "No light" is not the light."""
    return stems(text) | ({"no"} if _DENIES.search(text) else set())


def _unnumbered(steps: list[Piece], last: str, said: set[str]) -> list[Piece]:
    """The way to the step that answers a clause, as sentences, where the reply's one list of steps is another."""
    if any(step.text in said for step in steps):
        return []
    until = next(at for at, step in enumerate(steps) if step.text == last)
    return [replace(step, step=None) for step in steps[: until + 1]]


def _said(search: Search, number: int, at: int) -> str:
    """What is said of a unit: not the yes or no with which it begins where that answers another question than the customer's."""
    passage = search.passages[number]
    text = passage.units[at].text
    answer, rest = bare_answer(text)
    return rest if answer and not _same_question(search.question, passage.heading or passage.title, passage.title) else text


def _same_question(question: str, heading: str, title: str) -> bool:
    """Whether a question asks what a heading does, in its words: it may add no other than the article's title has."""
    asked, head, named = map(stems, (question, heading, title))
    alike = sorted(map(str.lower, _ASKED.findall(question))) == sorted(map(str.lower, _ASKED.findall(heading)))
    return bool(head) and alike and head <= asked <= head | named


def _steps(passage: StoredPassage, number: int, at: int, score: float) -> list[Piece]:
    """The passage's step list that holds the unit ``at``, renumbered from 1 where it is a part of a longer one."""
    lists: list[list[int]] = []
    for place, unit in enumerate(passage.units):
        if unit.step:
            if not lists or unit.step != (passage.units[lists[-1][-1]].step or 0) + 1:
                lists.append([])
            lists[-1].append(place)
    steps = next(places for places in lists if at in places)
    units = [passage.units[place] for place in steps]
    return [Piece(str(number + 1), unit.text, count, score, unit.kind == "code") for count, unit in enumerate(units, 1)]
