"""The lints: nothing in the training set may teach a fact of the live knowledge base, and example replies must be sound.

A finding is a product name, a menu path, an error code, an address, a price or a date that stands in a live article as
well. Bare numbers and common words are no finding.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import UserError
from assistant.grounding import check
from assistant.reply import Evidence
from assistant.settings import Settings
from knowledge_base.articles import Article
from knowledge_base.listings import live_articles
from training.dataset import Example
from training.facts import BY_SUBJECT, facts, sentences, subject
from training.lessons import LESSONS, Lesson, VoicedReply, read_lessons
from training.places import Place
from training.profile import VOICES, VoiceProfile
from training.taught import Taught, of_general, of_profile, of_rehearsed, of_row


@dataclass(frozen=True)
class Finding:
    """A live fact in what is trained in: where it stands there, and an article that it stands in too."""

    place: str
    kind: str
    text: str
    article: str
    """Empty where it is the live product's name and no article says it."""

    def __str__(self) -> str:
        where = f"stands in the live article {self.article}" if self.article else "is one of the setting product_names"
        return f"{self.place}: {self.kind} {self.text!r} {where}"


@dataclass(frozen=True)
class BadReply:
    """An example reply that is no example of its voice or of its lesson."""

    place: Place | None
    lesson: str
    text: str
    reason: str

    def __str__(self) -> str:
        return f"{f'{self.place}: ' if self.place else ''}lesson {self.lesson}: {self.text[:80]!r} ({self.reason})"


def lint_replies(profile: VoiceProfile, lessons: Iterable[Lesson], replies: Iterable[VoicedReply]) -> list[BadReply]:
    """Find example replies that break a rule of their voice, or that say something else than their lesson's evidence."""
    by_id = {lesson.id: lesson for lesson in lessons}
    return [
        BadReply(reply.place, reply.lesson, text, reason)
        for reply in replies
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
class Stands:
    """Where a live fact stands: an article, and what its sentences are about, in all articles together."""

    article: str
    subject: frozenset[str]


@dataclass(frozen=True)
class LiveFacts:
    """What no training text may hold."""

    facts: Mapping[tuple[str, str], Stands]
    """The facts of the live help center, by kind and text."""
    names: Mapping[str, str]
    """What the live product is called, each with an article that says it, or an empty text."""


def live_facts(articles: Iterable[Article], names: Iterable[str]) -> LiveFacts:
    """The facts of the live help center, and the names of its product as its articles say them."""
    live: dict[tuple[str, str], Stands] = {}
    said = dict.fromkeys(names, "")
    for article in articles:
        text = "\n".join(passage.text for passage in article.passages)
        whole = "\n".join([article.title, *(passage.heading for passage in article.passages), text]).casefold()
        said |= {name: article.article_id for name, known in said.items() if not known and name.casefold() in whole}
        for sentence in sentences(text):
            for fact in facts(sentence):
                known = live.get((fact.kind, fact.key), Stands(article.article_id, frozenset()))
                live[fact.kind, fact.key] = Stands(known.article, known.subject | subject(sentence, fact))
    return LiveFacts(live, said)


def _without_options(text: str, options: Iterable[str]) -> str:
    """An asking next step without what it tells apart: titles are no words of the voice."""
    for option in options:
        text = re.sub(re.escape(option), "this", text, flags=re.IGNORECASE)
    return text


def lint(taught: Iterable[Taught], live: LiveFacts) -> list[Finding]:
    """Find live facts in what is trained in."""
    return [finding for item in taught for finding in _findings(item, live)]


def _findings(taught: Taught, live: LiveFacts) -> Iterator[Finding]:
    found: dict[tuple[str, str], str] = {}
    for sentence in (sentence for text in taught.texts for sentence in sentences(text)):
        for fact in facts(sentence):
            known = live.facts.get((fact.kind, fact.key))
            # What is bundled was written for another help center: only of the same subject is its price or path this one's fact.
            alike = taught.bundled and fact.kind in BY_SUBJECT
            if known and not (alike and known.subject.isdisjoint(subject(sentence, fact))):
                found.setdefault((fact.kind, fact.text), known.article)
    for (kind, text), article in found.items():
        yield Finding(taught.place, kind, text, article)
    for name, article in live.names.items():
        if any(name.casefold() in text.casefold() for text in taught.texts):
            yield Finding(taught.place, "product name", name, article)


def findings(
    profile: VoiceProfile,
    replies: Sequence[VoicedReply],
    settings: Settings,
    folder: Path = LESSONS,
    approved: Sequence[Lesson] = (),
) -> list[Finding | BadReply]:
    """What is wrong with a profile's training set: live facts, its own phrases' too, and example replies that are not sound.

    Args:
        profile: the voice.
        replies: its example replies.
        settings: name the live articles and the live product.
        folder: the lessons'.
        approved: the lessons that agents' approved replies became.

    Raises:
        UserError: a lesson cannot be read, or a source of articles cannot be reached.
    """
    return _findings_of(profile, replies, live_facts_of(settings), [*read_lessons(folder), *approved])


def live_facts_of(settings: Settings) -> LiveFacts:
    """The live facts of the help center and the product that the settings name.

    Raises:
        UserError: a source of articles cannot be reached.
    """
    return live_facts(live_articles(settings.articles), settings.product_names)


def _findings_of(
    profile: VoiceProfile, replies: Sequence[VoicedReply], live: LiveFacts, lessons: Sequence[Lesson]
) -> list[Finding | BadReply]:
    taught = [*of_profile(profile), *of_general(), *map(of_row, lessons), *map(of_row, replies)]
    return [*lint(taught, live), *lint_replies(profile, lessons, replies)]


def lint_training_set(
    profile: VoiceProfile,
    replies: Sequence[VoicedReply],
    settings: Settings,
    folder: Path = LESSONS,
    approved: Sequence[Lesson] = (),
) -> LiveFacts:
    """Refuse a training set that would teach a live fact, or whose example replies are not sound; arguments as ``findings``.

    Returns:
        the live facts, for what the base model will say (``lint_rehearsed``).

    Raises:
        UserError: names the first finding and how many there are.
    """
    live = live_facts_of(settings)
    if found := _findings_of(profile, replies, live, [*read_lessons(folder), *approved]):
        more = f" and {len(found) - 1} more; `python -m training lint{_named(profile)}` lists them" if len(found) > 1 else ""
        kind = "would teach a live fact" if isinstance(found[0], Finding) else "has an example reply that is not sound"
        raise UserError(f"The training set {kind}: {found[0]}{more}; reword the line.")
    return live


def _named(profile: VoiceProfile) -> str:
    """How a command names a profile, with a blank before it; the default needs no name."""
    if profile.place is None or profile.place.file == VOICES / "warm.yaml":
        return ""
    file = profile.place.file
    return f" {file.stem if file.parent == VOICES else file}"


def lint_rehearsed(examples: Iterable[Example], live: LiveFacts) -> None:
    """Refuse to train on an answer of the base model to a general prompt that holds a live fact.

    Raises:
        UserError: names the prompt's line.
    """
    if found := lint(of_rehearsed(examples), live):
        raise UserError(f"The base model's answer to a general prompt would teach a live fact: {found[0]}; reword the prompt.")
