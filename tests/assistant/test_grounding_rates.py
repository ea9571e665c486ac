"""How often grounding accepts what people wrote by hand, and refuses what was corrupted."""

import random
import re
from collections.abc import Callable

import pytest

from assistant.grounding import check
from assistant.reply import Evidence
from knowledge_base.listings import live_articles
from knowledge_base.settings import KnowledgeSettings
from training.lessons import read_lessons, read_replies
from training.profile import VOICES, load_profile

LESSONS = {lesson.id: lesson for lesson in read_lessons()}
WARM = load_profile("warm")
PAIRS = [
    (
        reply.lesson,
        Evidence("1", LESSONS[reply.lesson].evidence_text(statement.evidence)),
        WARM.bare(text, statement.step is not None),
        LESSONS[reply.lesson].customer,
    )
    for reply in read_replies(VOICES / "warm.replies.jsonl")
    for text, statement in zip(reply.answer, LESSONS[reply.lesson].statements, strict=True)
]
Corruption = Callable[[str, random.Random], str]


def other_figure(text: str, rng: random.Random) -> str:
    digits = list(re.finditer(r"\d", text))
    if not digits:
        return text
    at = rng.choice(digits)
    return text[: at.start()] + str((int(at[0]) + rng.randint(1, 9)) % 10) + text[at.end() :]


def dropped_negation(text: str, rng: random.Random) -> str:
    for pattern, instead in (
        (r"\b(can['’]t|cannot)\b", "can"), (r"n['’]t\b", ""), (r"\b(not|never) ", ""), (r"\bno ", "a "), (r"\bwithout\b", "with"),
        (r"\bunless\b", "if"), (r"\bonly ", ""),
    ):  # fmt: skip
        changed = re.sub(pattern, instead, text, count=1)
        if changed != text:
            return changed
    return text


def other_path(text: str, rng: random.Random) -> str:
    elements = list(re.finditer(r"(?<=> )[A-Z]\w+|[A-Z]\w+(?= >)", text))
    if not elements:
        return text
    at = rng.choice(elements)
    return text[: at.start()] + rng.choice(["Reports", "Archive", "Teams"]) + text[at.end() :]


def other_unit(text: str, rng: random.Random) -> str:
    units = {"minute": "hour", "hour": "day", "day": "week", "week": "month", "month": "year", "year": "day"}
    return re.sub(rf"\b({'|'.join(units)})(?=s?\b)", lambda match: units[match[0]], text, count=1)


def other_currency(text: str, rng: random.Random) -> str:
    return text.replace("€", "$").replace(" EUR", " USD")


def reversed_limit(text: str, rng: random.Random) -> str:
    for here, there in (
        ("at least", "at most"), ("up to", "at least"), ("Up to", "At least"), ("before", "after"), ("until", "after"),
        ("more than", "less than"), ("switch on", "switch off"), ("switched on", "switched off"),
    ):  # fmt: skip
        if re.search(rf"\b{here}\b", text):
            return re.sub(rf"\b{here}\b", there, text, count=1)
    return text


def added_claim(text: str, rng: random.Random) -> str:
    claims = (" and your refund arrives automatically", " on every plan, even the free one", ", and support can override this")
    return text.rstrip(".") + rng.choice(claims) + "."


def other_lessons_statement(text: str, rng: random.Random) -> str:
    lesson = next(name for name, _, said, _ in PAIRS if said == text)
    return rng.choice([said for name, _, said, _ in PAIRS if name != lesson])


def first_of(*pairs: tuple[str, str]) -> Corruption:
    """The first word of the pairs that the text has, exchanged for the other."""

    def exchanged(text: str, rng: random.Random) -> str:
        for here, there in pairs:
            changed = re.sub(rf"\b{here}\b", there, text, count=1)
            if changed != text:
                return changed
        return text

    return exchanged


duty = first_of(("must", "can"), ("can", "must"), ("may", "must"), ("should", "can"))
either = first_of(("and", "or"), ("or", "and"))
some = first_of(("all", "some"), ("every", "some"), ("each", "one"))
ends = first_of(("from", "to"), ("within", "after"), ("until", "from"), ("after", "within"))
act = first_of(
    ("deleted", "archived"), ("delete", "archive"), ("remove", "deactivate"), ("paid", "unpaid"), ("cancel", "pause"), ("send", "cancel"),
    ("restore", "delete"), ("refunded", "credited"),
)  # fmt: skip
thing = first_of(("workspace", "project"), ("project", "client"), ("invoice", "timesheet"), ("timesheet", "invoice"), ("owner", "client"))
UNITS = [unit.text for article in live_articles(KnowledgeSettings().articles) for passage in article.passages for unit in passage.units]


@pytest.mark.parametrize(
    ("corrupt", "at_least", "cases"),
    [(duty, 0.97, 200), (either, 0.99, 500), (some, 0.8, 50), (ends, 0.99, 150), (act, 0.97, 80), (thing, 0.99, 350)],
)
def test_a_live_sentence_with_one_word_exchanged_is_refused(corrupt: Corruption, at_least: float, cases: int):
    rng = random.Random(0)
    corrupted = [(said, text) for text in UNITS if (said := corrupt(text, rng)) != text]
    passed = [said for said, text in corrupted if check(said, Evidence("1", text)) is None]
    assert len(corrupted) >= cases
    assert 1 - len(passed) / len(corrupted) >= at_least, passed[:5]


def test_hand_written_statements_are_accepted_against_their_evidence():
    accepted = [check(text, evidence, name, WARM.vocabulary) is None for _, evidence, text, name in PAIRS]
    assert len(accepted) >= 500
    assert sum(accepted) / len(accepted) >= 0.98


@pytest.mark.parametrize(
    ("corrupt", "at_least", "cases"),
    [
        (other_figure, 1.0, 200),
        (dropped_negation, 0.98, 120),
        (other_path, 0.98, 80),
        (other_unit, 0.98, 120),
        (other_currency, 1.0, 20),
        (reversed_limit, 0.95, 60),
        (added_claim, 0.95, 500),
        (other_lessons_statement, 0.99, 500),
    ],
)
def test_corrupted_statements_are_refused(corrupt: Corruption, at_least: float, cases: int):
    rng = random.Random(0)
    corrupted = [(corrupt(text, rng), evidence, text, name) for _, evidence, text, name in PAIRS]
    refused = [check(said, evidence, name) is not None for said, evidence, text, name in corrupted if said != text]
    assert len(refused) >= cases
    assert sum(refused) / len(refused) >= at_least


def test_the_neutral_statements_of_the_lessons_are_accepted():
    accepted = [
        check(statement.text, Evidence("1", lesson.evidence_text(statement.evidence)), lesson.customer) is None
        for lesson in LESSONS.values()
        for statement in lesson.statements
    ]
    assert sum(accepted) / len(accepted) >= 0.98


def test_what_the_word_rules_make_of_the_live_articles_is_accepted():
    units = [unit for article in live_articles(KnowledgeSettings().articles) for passage in article.passages for unit in passage.units]
    refused = [unit.text for unit in units if check(WARM.voice(unit.text), Evidence("1", unit.text))]
    assert len(units) > 1000
    assert len(refused) / len(units) <= 0.01, refused[:5]
