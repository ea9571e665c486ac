"""Drafts by a teacher of the questions that each part of the help center answers, and of those near to it that no article does."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from assistant.errors import UserError
from assistant.question_checks import ANSWERED, Checks
from assistant.question_file import Entry, add
from assistant.question_task import MANNER, Proposals, Section, opening, read, task
from assistant.teacher import NoDraftError, Teacher
from knowledge_base.articles import Article
from knowledge_base.asked_as import NO_QUESTIONS, AskedAs, read_asked_as
from knowledge_base.catalog import Catalog
from knowledge_base.passages import Passage
from knowledge_base.retrieval import KnowledgeBase
from knowledge_base.settings import KnowledgeSettings
from knowledge_base.stored import PUBLIC

AT_ONCE = 20
"""Sentences that one request is about, at most; a longer section takes several."""
PATIENCE = 5
"""Sections in a row without a question that can be read, after which the teacher is not asked any more."""


@dataclass
class Drafted:
    """What came of a section: its entries, (text, why) of what was left out, and those of its questions that do not find it yet."""

    section: Section
    entries: list[Entry] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    hard: list[str] = field(default_factory=list)


def sections(settings: KnowledgeSettings, articles: Sequence[str], path: Path) -> list[Section]:
    """The sections of the served articles that customers may read, of the named ones alone where some are named.

    Args:
        settings: name the store.
        articles: ids.
        path: the file of questions that drafts go into; those in it count as named.

    Raises:
        UserError: there is no such article, no store, or the file is not of the shape of one.
    """
    file = _file(path)
    with Catalog(settings.store) as catalog, catalog.snapshot():
        public = sorted(name for name, known in catalog.known_articles().items() if known.audience == PUBLIC.audience)
        if missing := next((name for name in articles if name not in public), ""):
            raise UserError(
                f"There is no article {missing!r} that customers may read: check the id with `python -m knowledge_base search`."
            )
        return [section for name in dict.fromkeys(articles or public) for section in _sections(file.added_to(catalog.article(name)))]


def _sections(article: Article) -> Iterator[Section]:
    by_heading: dict[str, list[Passage]] = {}
    for passage in article.passages:
        by_heading.setdefault(passage.heading.casefold(), []).append(passage)
    for passages in by_heading.values():
        asked = [text for part in passages for text in part.asked]
        near = [text for part in passages for text in (*part.gaps, *part.ambiguous)]
        units = tuple(unit for passage in passages for unit in passage.units)
        yield Section(article, passages[0].heading, units, len(set(asked)), tuple(dict.fromkeys((*asked, *near))))


def lacking(found: Iterable[Section], path: Path) -> list[Section]:
    """Those of the sections that name fewer questions than they have sentences, and for which the file of drafts holds none yet."""
    file = _file(path)
    return [section for section in found if section.asked < len(section.units) and not _drafted(section, file)]


def undrafted_first(found: Iterable[Section], path: Path) -> list[Section]:
    """The sections, those first for which the file of drafts holds none: a run that was limited or stopped goes on with the next."""
    file = _file(path)
    return sorted(found, key=lambda section: _drafted(section, file))


def _drafted(section: Section, file: AskedAs) -> bool:
    return bool(file.questions(section.article.article_id, {section.heading.casefold()}))


def draft(teacher: Teacher, knowledge_base: KnowledgeBase, wanted: Sequence[Section], path: Path, tell: Callable[[Drafted], None]) -> None:
    """Have questions drafted for sections, and add those of each to the file as soon as they are there.

    Args:
        teacher: who drafts.
        knowledge_base: finds what is answered by now.
        wanted: the sections.
        path: the file of questions; what stands in it is kept.
        tell: told of each section.

    Raises:
        UserError: the teacher refuses, cannot be reached, or drafts nothing that can be read for several sections in a row; or the file
            cannot be written. What was drafted before is kept.
    """
    checks: Checks | None = None
    fruitless = 0
    for section in wanted:
        if checks is None or checks.article_id != section.article.article_id:
            checks = Checks(knowledge_base, section.article)
        done = Drafted(section)
        found = _proposed(teacher, section, done)
        _take(found, checks, done)
        add(path, done.entries)
        tell(done)
        fruitless = 0 if found.answered or found.near else fruitless + 1
        if fruitless == PATIENCE:
            why = done.left_out[-1][1] if done.left_out else "it wrote none"
            raise UserError(
                f"The teacher drafted no question that can be read for {PATIENCE} sections in a row (the last: {why}): "
                "try another teacher_model; the drafts so far are kept."
            )


def _proposed(teacher: Teacher, section: Section, done: Drafted) -> Proposals:
    found = Proposals()
    for first in range(0, len(section.units), AT_ONCE):
        places = range(first, min(first + AT_ONCE, len(section.units)))
        try:
            fields = teacher.ask([{"role": "system", "content": MANNER}, {"role": "user", "content": task(section, places)}])
        except NoDraftError as error:
            why, _, said = str(error).partition(": ")
            done.left_out.append((said, why))
        else:
            read(fields, places, found)
    return found


def _take(found: Proposals, checks: Checks, done: Drafted) -> None:
    """Take what passes the checks, what is answered first, so that no gap is taken for what has just been named."""
    section = done.section
    article_id, heading, sentences = section.article.article_id, section.heading, section.sentences
    done.left_out += found.unread
    for question, places in found.answered.items():
        if why := checks.against(question, sentences):
            done.left_out.append((question, why))
            continue
        checks.take(question, answered=True)
        done.entries += [Entry(article_id, heading, "asked_as", opening(sentences, place), question) for place in places]
        if not checks.finds(question):
            done.hard.append(question)
    for question in found.near:
        if why := checks.against(question, sentences) or checks.against_gap(question):
            done.left_out.append((question, why))
            continue
        checks.take(question, answered=False)
        done.entries.append(Entry(article_id, heading, "gaps", "", question))


def answered_since(knowledge_base: KnowledgeBase, drafts: Iterable[Drafted]) -> list[tuple[Entry, Entry]]:
    """The drafted gaps to which a question drafted later asks nearly the same, with that question: no article was to answer them."""
    entries = [entry for item in drafts for entry in item.entries]
    gaps, asked = ([entry for entry in entries if entry.kind == kind] for kind in ("gaps", "asked_as"))
    if not gaps or not asked:
        return []
    rows, others = (knowledge_base.embeddings.vectors([entry.question for entry in of]) for of in (gaps, asked))
    alike = rows @ others.T
    return [(gap, asked[int(near.argmax())]) for gap, near in zip(gaps, alike, strict=True) if near.max() >= ANSWERED]


def _file(path: Path) -> AskedAs:
    return read_asked_as(path) if path.exists() else NO_QUESTIONS
