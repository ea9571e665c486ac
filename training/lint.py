"""The lints: nothing in the training set may teach a fact of the live knowledge base, and example replies must be sound.

A finding is a product name, a menu path, an error code, an address, a price or a date that stands in a live article as
well. Bare numbers and common words are no finding.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from assistant.errors import UserError
from assistant.grounding import check
from assistant.reply import Evidence
from assistant.settings import Settings
from knowledge_base.articles import Article
from knowledge_base.plan import live_articles
from training.facts import BY_SUBJECT, facts, sentences, subject
from training.lessons import APPROVED, LESSONS, REPLIES, Lesson, VoicedReply, read_lessons, strings
from training.profile import VoiceProfile


@dataclass(frozen=True)
class Finding:
    """A live fact in a training file."""

    file: str
    line: int
    kind: str
    text: str
    article: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.kind} {self.text!r} stands in the live article {self.article}"


@dataclass(frozen=True)
class BadReply:
    """An example reply that is no example of its voice or of its lesson."""

    line: int
    lesson: str
    text: str
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}, lesson {self.lesson}: {self.text[:80]!r} ({self.reason})"


def lint_replies(profile: VoiceProfile, lessons: Iterable[Lesson], replies: Iterable[VoicedReply]) -> list[BadReply]:
    """Find example replies that break a rule of their voice, or that say something else than their lesson's evidence."""
    by_id = {lesson.id: lesson for lesson in lessons}
    return [
        BadReply(number, reply.lesson, text, reason)
        for number, reply in enumerate(replies, 1)
        for text, reason in _bad(profile, by_id.get(reply.lesson), reply)
    ]


def _bad(profile: VoiceProfile, lesson: Lesson | None, reply: VoicedReply) -> Iterator[tuple[str, str]]:
    if lesson is None:
        yield reply.greeting, "there is no such lesson"
        return
    if len(reply.answer) != len(lesson.statements):
        yield reply.greeting, f"it has {len(reply.answer)} statements, its lesson {len(lesson.statements)}"
        return
    for rule in profile.broken_rules(reply.greeting, greeting=True):
        yield reply.greeting, rule
    for rule in profile.broken_rules(_without_options(reply.next_step, lesson.options)):
        yield reply.next_step, rule
    for said, statement in zip(reply.answer, lesson.statements, strict=True):
        step = statement.step is not None
        for rule in profile.broken_rules(said, statement.text, step):
            yield said, rule
        if profile.unvoiced(said, statement.text, step):
            yield said, "unvoiced: as in its source"
        evidence = Evidence("1", lesson.evidence_text(statement.evidence))
        if wrong := check(profile.bare(said, step), evidence, lesson.customer, profile.vocabulary):
            yield said, wrong


@dataclass(frozen=True)
class Live:
    """Where a live fact stands: an article, and what its sentences are about, in all articles together."""

    article: str
    subject: frozenset[str]


Facts = Mapping[tuple[str, str], Live]
"""The live facts, by kind and text, each with where it stands."""


def live_facts(articles: Iterable[Article]) -> Facts:
    """The facts of the live help center that no training text may hold."""
    live: dict[tuple[str, str], Live] = {}
    for article in articles:
        for sentence in sentences("\n".join(passage.text for passage in article.passages)):
            for fact in facts(sentence):
                known = live.get((fact.kind, fact.key), Live(article.article_id, frozenset()))
                live[fact.kind, fact.key] = Live(known.article, known.subject | subject(sentence, fact))
    return live


def _without_options(text: str, options: Iterable[str]) -> str:
    """An asking next step without what it tells apart: titles are no words of the voice."""
    for option in options:
        text = re.sub(re.escape(option), "this", text, flags=re.IGNORECASE)
    return text


def lint(texts: Mapping[str, Sequence[str]], articles: Iterable[Article], names: tuple[str, ...]) -> list[Finding]:
    """Find live facts in training texts.

    Args:
        texts: the lines of lessons and voiced replies, by the name of their file.
        articles: those of the live help center.
        names: product names that no training text may hold.
    """
    return lint_texts(texts, live_facts(articles), names)


def lint_texts(texts: Mapping[str, Sequence[str]], live: Facts, names: tuple[str, ...]) -> list[Finding]:
    """Find the given live facts in training texts; arguments as ``lint``."""
    return [
        finding
        for file, lines in texts.items()
        for number, line in enumerate(lines, 1)
        for finding in _findings(file, number, line, live, names)
    ]


def _findings(file: str, number: int, line: str, live: Facts, names: tuple[str, ...]) -> Iterator[Finding]:
    row = _row(line)
    # A lesson that is bundled was written for another help center: only of the same subject is its price or path this one's fact.
    ours = isinstance(row, dict) and not {row.get("id"), row.get("lesson")}.isdisjoint(_bundled())
    texts = list(strings(row))
    found: dict[tuple[str, str], str] = {}
    for sentence in (sentence for text in texts for sentence in sentences(text)):
        for fact in facts(sentence):
            known = live.get((fact.kind, fact.key))
            if known and not (ours and fact.kind in BY_SUBJECT and known.subject.isdisjoint(subject(sentence, fact))):
                found.setdefault((fact.kind, fact.text), known.article)
    for (kind, text), article in found.items():
        yield Finding(file, number, kind, text, article)
    for name in names:
        if any(name.casefold() in text.casefold() for text in texts):
            yield Finding(file, number, "product name", name, "(all)")


def _row(line: str) -> Any:
    """A line as JSON reads it, for a sign may be written by its number; the line itself where it is none."""
    try:
        return json.loads(line)
    except ValueError:
        return line


@lru_cache(maxsize=1)
def _bundled() -> frozenset[str]:
    return frozenset(lesson.id for lesson in read_lessons(LESSONS))


def findings(
    profile: VoiceProfile,
    replies: Sequence[VoicedReply],
    settings: Settings,
    folder: Path = LESSONS,
    approved: Sequence[Lesson] = (),
) -> list[Finding | BadReply]:
    """What is wrong with a profile's training set: live facts, and example replies that are not sound.

    Args:
        profile: the voice.
        replies: its example replies.
        settings: name the live articles and the live product.
        folder: the lessons'.
        approved: the lessons that agents' approved replies became.

    Raises:
        UserError: a lesson cannot be read, or a source of articles cannot be reached.
    """
    lessons = [*read_lessons(folder), *approved]
    texts = {path.name: path.read_text("utf-8").split("\n") for path in sorted(folder.glob("*.jsonl"))}
    texts[APPROVED] = [lesson.model_dump_json() for lesson in approved]
    texts[f"{profile.name}{REPLIES}"] = [reply.model_dump_json() for reply in replies]
    found: list[Finding | BadReply] = list(lint(texts, live_articles(settings.articles), settings.product_names))
    return found + lint_replies(profile, lessons, replies)


def lint_training_set(
    profile: VoiceProfile,
    replies: Sequence[VoicedReply],
    settings: Settings,
    folder: Path = LESSONS,
    approved: Sequence[Lesson] = (),
) -> None:
    """Refuse a training set that would teach a live fact, or whose example replies are not sound; arguments as ``findings``.

    Raises:
        UserError: names the first finding and how many there are.
    """
    if found := findings(profile, replies, settings, folder, approved):
        more = f" and {len(found) - 1} more; `python -m training lint` lists them" if len(found) > 1 else ""
        kind = "would teach a live fact" if isinstance(found[0], Finding) else "has an example reply that is not sound"
        raise UserError(f"The training set {kind}: {found[0]}{more}; reword the line.")
