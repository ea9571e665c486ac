"""What agents say of questions that no article answered, and that it is kept, shared, taken back and erased."""

import sqlite3
from contextlib import closing

import pytest

from assistant import open_questions
from assistant.open_questions import Verdict, choices, headings, leans, settle, unanswered
from assistant.turns import FILE, Turns
from knowledge_base.catalog import Catalog
from tests.assistant.kept import turn

GAP = Verdict(kind="gap", at="2026-01-01T10:00:00Z", article_id="add-seats")
ANSWERED = Verdict(kind="answered", at="2026-01-02T10:00:00Z", article_id="other", version=4, heading="A heading of its own")
OPEN = turn("x").reply.model_copy(update={"action": "hand_off", "answer": []})


@pytest.fixture
def turns(tmp_path):
    return Turns(tmp_path)


def ask(turns, name, question, customer="ACME-1", history=()):
    turns.add(turn(name, name, customer, question=question, reply=OPEN, history=list(history)))


def verdicts(turns):
    return {item.turn: item.verdict for item in unanswered(turns)}


def erase(folder, source):
    """What the knowledge base does when it erases a source."""
    with closing(sqlite3.connect(folder / FILE)) as db, db:
        db.execute("INSERT INTO erasures (source) VALUES (?)", (source,))


def kept(folder):
    with closing(sqlite3.connect(folder / FILE)) as db:
        return "".join(row[0] for row in db.execute("SELECT body FROM verdicts"))


def test_turns_that_ask_the_same_share_a_verdict_whoever_asks_and_whenever(turns, tmp_path):
    ask(turns, "a", "Hi team,\n\nCan robots have seats?\n\nBest,\nAda")
    ask(turns, "b", "can robots  have SEATS?", "BOLT-2")
    ask(turns, "c", "Can cats have seats?")
    settle(turns, "a", GAP)
    ask(turns, "d", "Can robots have seats?", None)
    assert verdicts(Turns(tmp_path)) == {"a": GAP, "b": GAP, "c": None, "d": GAP}
    settle(turns, "d", ANSWERED)
    assert verdicts(turns) == {"a": ANSWERED, "b": ANSWERED, "c": None, "d": ANSWERED}
    settle(turns, "b", None)
    assert set(verdicts(turns).values()) == {None} and kept(tmp_path) == ""


def test_the_same_words_after_different_conversations_are_different_questions(turns):
    about_seats, about_exports = ([("customer", text)] for text in ("Can I add seats for robots?", "Can I export robots?"))
    ask(turns, "a", "How long does that take?", history=about_seats)
    ask(turns, "b", "How long does that take?", history=about_exports)
    ask(turns, "c", "Which robots may be invited as guests?", history=about_seats)
    ask(turns, "d", "Which robots may be invited as guests?", history=about_exports)
    for name in "ac":
        settle(turns, name, GAP)
    assert verdicts(turns) == {"a": GAP, "b": None, "c": GAP, "d": GAP}


@pytest.mark.parametrize(
    "question, after, leaning",
    [
        ("And for robots on the yearly plan?", "Can I add seats?", True),
        ("yearly?", "Monthly or yearly?", True),
        ("Add seats", "Do you mean add seats or remove seats?", True),
        ("Can robots be invited as guests?", "Can I add seats?", False),
    ],
)
def test_what_may_lean_on_the_conversation(question, after, leaning):
    assert leans(question, [("agent", after)]) == leaning
    assert not leans(question, [])


def test_a_verdict_lasts_longer_than_a_question_of_which_nobody_says_anything(turns, monkeypatch):
    monkeypatch.setattr(open_questions, "RECENT", 2)
    for name, question in (("a", "Can robots have seats?"), ("b", "Can cats have seats?")):
        ask(turns, name, question)
    settle(turns, "a", GAP)
    for name, question in (("c", "Can dogs have seats?"), ("d", "Can robots have seats?")):
        ask(turns, name, question)
    assert list(verdicts(turns).items()) == [("d", GAP), ("c", None), ("a", GAP)]
    settle(turns, "d", None)
    assert verdicts(turns) == {"d": None, "c": None}


def test_an_erased_customer_takes_their_verdicts_and_leaves_those_of_others(turns, tmp_path):
    ask(turns, "a", "Can robots have seats?", "GONE-9")
    ask(turns, "b", "Can cats have seats?", "GONE-9")
    ask(turns, "c", "Can cats have seats?", "BOLT-2")
    settle(turns, "a", ANSWERED)
    settle(turns, "b", GAP)
    erase(tmp_path, "customer:GONE-9")
    assert verdicts(turns) == {"c": GAP} and ANSWERED.heading not in kept(tmp_path)
    turns.purge("c")
    assert kept(tmp_path) == ""


@pytest.mark.parametrize(
    "source, gone", [("article:other", True), ("version:other@4", True), ("version:other@3", False), ("article:others", False)]
)
def test_an_erased_article_takes_the_verdicts_that_name_it_and_not_the_questions(turns, tmp_path, source, gone):
    ask(turns, "a", "Can robots have seats?")
    settle(turns, "a", ANSWERED)
    erase(tmp_path, source)
    assert verdicts(turns) == {"a": None if gone else ANSWERED}
    assert (ANSWERED.heading in kept(tmp_path)) != gone


def test_a_turn_that_was_purged_or_is_answered_gets_no_verdict(turns, tmp_path):
    turns.add(turn("answered"))
    ask(turns, "a", "Can robots have seats?")
    turns.purge("a")
    for name in ("a", "answered", "unknown"):
        settle(turns, name, GAP)
    assert kept(tmp_path) == ""


def test_a_store_of_before_there_were_verdicts_takes_them_and_erases_them(tmp_path):
    turns = Turns(tmp_path)
    ask(turns, "a", "Can robots have seats?")
    del turns
    with closing(sqlite3.connect(tmp_path / FILE)) as db:
        db.executescript("DROP TRIGGER erase_verdict; DROP TRIGGER erase_named; DROP TABLE verdicts;")
    turns = Turns(tmp_path)
    settle(turns, "a", GAP)
    assert verdicts(turns) == {"a": GAP}
    erase(tmp_path, "customer:ACME-1")
    assert kept(tmp_path) == ""


def test_a_verdict_that_cannot_be_stored_beside_all_its_turns_is_stored_beside_none(turns, tmp_path):
    ask(turns, "a", "Can robots have seats?")
    ask(turns, "b", "Can robots have seats?")
    settle(turns, "a", GAP)
    with closing(sqlite3.connect(tmp_path / FILE)) as db:
        db.executescript(
            "CREATE TRIGGER full BEFORE INSERT ON verdicts WHEN NEW.number = 1 BEGIN SELECT RAISE(ABORT, 'disk is full'); END;"
        )
    with pytest.raises(sqlite3.DatabaseError, match="disk is full"):
        settle(turns, "a", ANSWERED)
    assert verdicts(turns) == {"a": GAP, "b": GAP}


def test_only_public_articles_are_offered_the_nearest_first_with_their_sections_in_order(small_store):
    with Catalog(small_store.store) as catalog:
        found = choices(catalog, first="mobile-timer")
        assert [item.article_id for item in found] == ["mobile-timer", "api-limits", "cancel-plan", "export-data", "sso-setup"]
        assert headings(catalog, "cancel-plan") == ["", "Cancel", "Refunds"]
        assert headings(catalog, "none") == []
