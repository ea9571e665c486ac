"""The lints: nothing in the training set may teach a fact of the live knowledge base, and example replies must be sound.

A finding is a product name, a menu path, an error code, an address, a price or a date that stands in a live article as
well. Bare numbers and common words are no finding.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.claims import paths
from assistant.errors import UserError
from assistant.grounding import check
from assistant.reply import Evidence
from knowledge_base.articles import Article
from knowledge_base.plan import live_articles
from knowledge_base.sources import ArticleSource
from training.lessons import APPROVED, LESSONS, REPLIES, Lesson, VoicedReply, read_lessons
from training.profile import VoiceProfile

PRODUCT_NAMES = ("Tallybird",)

_PATTERNS = {
    "error code": re.compile(r"\b[A-Z]{2,5}-\d{3,}\b"),
    "address": re.compile(r"\b(?:https?://)?[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|io|example)\b[\w/.-]*|\b[\w.+-]+@[\w.-]+\b"),
    "price": re.compile(r"(?:[$€£]\s?\d[\d.,]*|\b\d[\d.,]*\s?(?:USD|EUR|GBP|dollars|euros)\b)"),
    "date": re.compile(r"\b20\d\d-\d\d-\d\d\b"),
}


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


Facts = Mapping[tuple[str, str], str]
"""The live facts, by kind and text, with the article that each stands in."""


def live_facts(articles: Iterable[Article]) -> Facts:
    """The facts of the live help center that no training text may hold."""
    live: dict[tuple[str, str], str] = {}
    for article in articles:
        text = "\n".join(passage.text for passage in article.passages)
        for kind, found in _facts(text):
            live.setdefault((kind, found), article.article_id)
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


def _facts(text: str) -> Iterator[tuple[str, str]]:
    for kind, pattern in _PATTERNS.items():
        for match in pattern.finditer(text):
            yield kind, re.sub(r"\s+", " ", match[0]).strip(" .,").casefold()
    for path in paths(text.replace('\\"', '"')):
        yield "menu path", path.casefold()


def _findings(file: str, number: int, line: str, live: Facts, names: tuple[str, ...]) -> Iterator[Finding]:
    for kind, text in dict.fromkeys(_facts(line)):
        if (kind, text) in live:
            yield Finding(file, number, kind, text, live[kind, text])
    for name in names:
        if name.casefold() in line.casefold():
            yield Finding(file, number, "product name", name, "(all)")


def findings(
    profile: VoiceProfile,
    replies: Sequence[VoicedReply],
    sources: Iterable[ArticleSource],
    folder: Path = LESSONS,
    approved: Sequence[Lesson] = (),
) -> list[Finding | BadReply]:
    """What is wrong with a profile's training set: live facts, and example replies that are not sound.

    Args:
        profile: the voice.
        replies: its example replies.
        sources: of the live articles.
        folder: the lessons'.
        approved: the lessons that agents' approved replies became.

    Raises:
        UserError: a lesson cannot be read, or a source of articles cannot be reached.
    """
    lessons = [*read_lessons(folder), *approved]
    texts = {path.name: path.read_text("utf-8").split("\n") for path in sorted(folder.glob("*.jsonl"))}
    texts[APPROVED] = [lesson.model_dump_json() for lesson in approved]
    texts[f"{profile.name}{REPLIES}"] = [reply.model_dump_json() for reply in replies]
    found: list[Finding | BadReply] = list(lint(texts, live_articles(sources), PRODUCT_NAMES))
    return found + lint_replies(profile, lessons, replies)


def lint_training_set(
    profile: VoiceProfile,
    replies: Sequence[VoicedReply],
    sources: Iterable[ArticleSource],
    folder: Path = LESSONS,
    approved: Sequence[Lesson] = (),
) -> None:
    """Refuse a training set that would teach a live fact, or whose example replies are not sound; arguments as ``findings``.

    Raises:
        UserError: names the first finding and how many there are.
    """
    if found := findings(profile, replies, sources, folder, approved):
        more = f" and {len(found) - 1} more; `python -m training lint` lists them" if len(found) > 1 else ""
        kind = "would teach a live fact" if isinstance(found[0], Finding) else "has an example reply that is not sound"
        raise UserError(f"The training set {kind}: {found[0]}{more}; reword the line.")
