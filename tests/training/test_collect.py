"""Approved replies become lessons: without the customer's names and without live facts, or they are refused with the reason."""

import errno
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from assistant.account_names import account_names
from assistant.errors import UserError
from assistant.prompt import render
from assistant.reply import Brief, Evidence, Reply, Statement
from assistant.settings import Settings
from assistant.turns import FILE, Approval, Turns
from assistant.voices import SHIPPED, read_card
from knowledge_base.catalog import Catalog
from knowledge_base.erasure import purge_customer
from tests.assistant.kept import HIT, turn
from training.cli import app
from training.collect import _Source, collect
from training.dataset import build, split
from training.lessons import approved_folder, approved_lessons, read_lessons, read_replies
from training.lint import findings, lint_replies
from training.profile import VoiceProfile
from training.retrain import approved_replies
from training.swap import Swap

CARD = read_card(SHIPPED)
VOICE = f"{CARD.name}@{CARD.version}"
PROFILE = VoiceProfile.model_validate(CARD.profile)
EVIDENCE = (
    Evidence("c1", "The workspace uses 7 of 10 seats."),
    Evidence("2", "Refunds are paid within 14 days."),
    Evidence("2", "Click Cancel subscription.", 1),
    Evidence("2", "Confirm with your password.", 2),
)
SAID = ("Your workspace uses 7 of 10 seats.", "Refunds are paid within 14 days.", "Tap Cancel subscription.", "Confirm with your password.")
GREETING, NEXT = PROFILE.greetings["cancellation"][0], PROFILE.next_steps["cancellation"][0]


def stored(turns, name, said=SAID, edits=None, customer="ACME-1", action="answer", evidence=EVIDENCE, options=(), voice=VOICE, **changes):
    """A turn as the pipeline stores it, and its approval; ``edits`` puts the agent's words over statement numbers."""
    first = {"ACME-1": "Ada", "BOLT-2": "Bo"}.get(customer)
    question = changes.pop("question", "Ada Smith of Acme Foundry here (ada@acme.example, ACME-1). Do I get 14 days of refunds?")
    brief = Brief(question, action, evidence if action == "answer" else (), options, first, (("customer", "Hi, Ada here"),))
    greeting = changes.pop("greeting", GREETING.replace("{name}", first or "there"))
    next_step = changes.pop("next_step", NEXT)
    answer = [
        Statement(text=text, sources=[item.source], step=item.step, how="quoted" if text == item.text else "written")
        for text, item in zip(said, brief.evidence, strict=True)
    ] if action == "answer" else changes.pop("answer", [])  # fmt: skip
    reply = Reply(greeting=greeting, answer=answer, next_step=next_step, action=action)
    hits = [HIT, HIT.model_copy(update={"source": "2", "article_id": "cancel-plan", "title": "Cancel a subscription"})]
    hits = changes.pop("hits", hits)
    turns.add(
        turn(
            name,
            name,
            customer,
            question=question,
            reply=reply,
            retrieved=hits,
            cited=hits,
            voice=voice,
            prompt=render(brief).user,
            wish=changes.pop("wish", None),
        )
    )
    texts = [(edits or {}).get(number, item.text) for number, item in enumerate(answer)]
    turns.approve(Approval(turn=name, at="2026-11-23T09:00:00Z", greeting=greeting, answer=texts, next_step=next_step), customer)


@pytest.fixture
def settings(refreshed):
    place = refreshed
    return Settings(store=place.store, articles=place.articles, customers=place.customers, wording=place.wording, voice="shipped")


def only(found):
    assert not found.refused, found.refused
    (item,) = found.taken
    return item


def test_an_approved_answer_becomes_a_lesson_and_a_reply_with_invented_names_and_figures(settings):
    stored(Turns(settings.store), "t1", edits={1: "Any refunds are paid within 14 days."})
    item = only(collect(settings))
    text = (item.lesson.model_dump_json() + item.reply.model_dump_json()).lower()
    for name in ("ada", "smith", "acme", "foundry", "tallybird", " 14 days", "7 of 10", "cancel subscription"):
        assert name not in text, name
    assert item.lesson.customer in item.reply.greeting
    assert item.reply.answer[1].startswith("Any refunds are paid within ")
    assert [statement.step for statement in item.lesson.statements] == [None, None, 1, 2]
    assert item.lesson.statements[0].text.startswith("Your workspace uses ") and item.lesson.account[0].startswith("The workspace uses ")
    assert item.lesson.situation == "cancellation"
    assert lint_replies(PROFILE, [item.lesson], [item.reply]) == []


def test_a_second_run_adds_nothing_and_changes_no_file(settings):
    stored(Turns(settings.store), "t1")
    assert collect(settings).new == 1
    folder = approved_folder(settings.store)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(before) == {"approved.jsonl", f"{PROFILE.name}.replies.jsonl"}
    again = collect(settings)
    assert (len(again.taken), again.new) == (1, 0)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_quote_and_a_statement_that_breaks_a_rule_are_said_by_the_rules_where_the_agent_left_them(settings):
    stored(Turns(settings.store), "t1", said=(EVIDENCE[0].text, SAID[1], "Click Cancel subscription.", SAID[3]))
    item = only(collect(settings))
    assert item.reply.answer[0].endswith(item.lesson.statements[0].text) and "The workspace" not in item.reply.answer[0]
    assert item.reply.answer[2].startswith(("Tap ", "Just tap "))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"edits": {2: "Click Cancel subscription now."}}, "no example of the voice warm.*words: Click"),
        ({"edits": {1: "Refunds are paid within 15 days."}}, "figures differ"),
        ({"edits": {1: "You get a free mug and a hat."}}, "no example of the voice"),
        ({"greeting": "Dear Ada, hello."}, "never: dear"),
        ({"next_step": "Call within 3 days."}, "contract.*number"),
        ({"voice": "none"}, "answered by the voice none"),
        ({"voice": "nobody@1"}, "whose profile is not here"),
        ({"wish": "thanks"}, "asks nothing"),
        ({"customer": "GONE-9"}, "record of customer GONE-9 is gone"),
    ],
)
def test_what_makes_no_sound_example_is_refused_with_the_reason(settings, changes, reason):
    stored(Turns(settings.store), "t1", **changes)
    found = collect(settings)
    assert found.taken == []
    assert re.search(reason, found.refused[0][1]), found.refused


def test_a_live_fact_that_cannot_be_swapped_away_is_refused_with_its_article(settings):
    (settings.articles[0].path / "fee.md").write_text("---\nid: fee\ntitle: Fee\n---\nA copy costs 1 USD.\n", "utf-8")
    evidence = (Evidence("2", "A copy costs 1 USD."),)
    stored(Turns(settings.store), "t1", said=("A copy costs 1 USD.",), evidence=evidence)
    found = collect(settings)
    reason = "its lesson still holds a live fact: price '1 usd' of the article fee"
    assert (found.taken, found.refused) == ([], [("t1", reason)])


def test_an_ask_and_a_hand_off_become_lessons_too(settings):
    turns = Turns(settings.store)
    options = ("create a subscription", "export your data")
    contradicted = Statement(text="By the account: The workspace is on the Business plan.", sources=["c1"], how="quoted")
    stored(turns, "t1", action="ask", options=options, next_step=PROFILE.asks[0].replace("{options}", " or ".join(options)),
           answer=[contradicted],
           greeting=PROFILE.greetings["ask_back"][0].replace("{name}", "Ada"))  # fmt: skip
    stored(turns, "t2", action="hand_off", next_step=PROFILE.hand_offs[0], customer=None,
           greeting=PROFILE.greetings["unanswerable"][0].replace("{name}", "there"), question="Do you sell bikes?")  # fmt: skip
    ask, hand_off = (item.lesson for item in collect(settings).taken)
    assert (ask.action, ask.situation, ask.options) == ("ask", "ask_back", list(options))
    assert (hand_off.action, hand_off.situation, hand_off.statements, hand_off.customer) == ("hand_off", "unanswerable", [], None)


def test_a_statement_that_the_agent_dropped_is_in_neither(settings):
    stored(Turns(settings.store), "t1", edits={2: ""})
    item = only(collect(settings))
    assert [statement.step for statement in item.lesson.statements] == [None, None, 1]
    assert len(item.reply.answer) == 3


def test_a_purged_turns_lesson_goes_with_the_next_run(settings):
    turns = Turns(settings.store)
    stored(turns, "t1")
    stored(turns, "t2", customer="BOLT-2", question="Bo here: do I get refunds?", evidence=(EVIDENCE[1],), said=(SAID[1],))
    assert len(collect(settings).taken) == 2
    with closing(sqlite3.connect(settings.store / FILE)) as db, db:
        db.execute("INSERT INTO erasures (source) VALUES ('customer:ACME-1')")
    assert [item.turn for item in collect(settings).taken] == ["t2"]
    assert [lesson.id for lesson in approved_lessons(settings.store)] == ["approved-t2"]


def test_a_purged_customers_lesson_goes_at_once(settings):
    turns = Turns(settings.store)
    stored(turns, "t1")
    stored(turns, "t2", customer="BOLT-2", question="Bo here: do I get refunds?", evidence=(EVIDENCE[1],), said=(SAID[1],))
    assert len(collect(settings).taken) == 2
    purge_customer(settings, "ACME-1")
    assert [lesson.id for lesson in approved_lessons(settings.store)] == ["approved-t2"]
    assert [reply.lesson for reply in read_replies(approved_folder(settings.store) / "warm.replies.jsonl")] == ["approved-t2"]


def test_what_is_purged_while_lessons_are_made_is_not_written(settings, monkeypatch):
    stored(Turns(settings.store), "t1")
    collect(settings)
    whole = _Source.pair

    def purged_meanwhile(self, name, profile, swap):
        purge_customer(settings, "ACME-1")
        return whole(self, name, profile, swap)

    monkeypatch.setattr(_Source, "pair", purged_meanwhile)
    assert collect(settings).taken == []
    assert approved_lessons(settings.store) == []


def test_retraining_takes_approved_lessons_in_and_never_holds_one_out(settings):
    stored(Turns(settings.store), "t1")
    collect(settings)
    train, held_out = split([*read_lessons(), *approved_lessons(settings.store)])
    assert "approved-t1" in {lesson.id for lesson in train}
    assert "approved-t1" not in {lesson.id for lesson in held_out}
    replies = approved_replies(PROFILE, settings.store)
    assert [reply.lesson for reply in replies] == ["approved-t1"]
    assert sum(example.lesson == "approved-t1" for example in build(PROFILE, train, replies)) == 2
    assert findings(PROFILE, replies, settings, approved=approved_lessons(settings.store)) == []
    stricter = PROFILE.model_copy(update={"never": [*PROFILE.never, "workspace"]})
    assert approved_replies(stricter, settings.store) == []
    assert len(read_replies(approved_folder(settings.store) / "warm.replies.jsonl")) == 1


def test_a_live_fact_put_into_the_collected_lessons_is_found_by_the_lint(settings):
    stored(Turns(settings.store), "t1")
    lesson = only(collect(settings)).lesson
    path = approved_folder(settings.store) / "approved.jsonl"
    path.write_text(lesson.model_copy(update={"question": "Is it under Reports > Export?"}).model_dump_json() + "\n", "utf-8")
    found = findings(PROFILE, [], settings, approved=approved_lessons(settings.store))
    assert [str(item) for item in found] == [f"{path}:1: menu path 'reports > export' stands in the live article export-data"]


def test_the_command_says_what_was_taken_and_what_was_refused_and_why(settings, monkeypatch):
    for name in ("articles", "customers", "wording", "voice"):
        value = getattr(settings, name)
        monkeypatch.setenv(f"DESK_{name.upper()}", str(value if name in ("wording", "voice") else value[0].path))
    turns = Turns(settings.store)
    empty = CliRunner().invoke(app, ["collect", "--store", str(settings.store)])
    assert (empty.exit_code, empty.output) == (0, "No reply is approved yet: approve some on the desk.\n")
    stored(turns, "t1")
    stored(turns, "t2", greeting="Dear Ada, hello.")
    said = CliRunner().invoke(app, ["collect", "--store", str(settings.store)]).output.splitlines()
    assert said[0].startswith("taken    t1  answer, cancellation, voice warm: 4 statements")
    assert said[1].startswith("refused  t2  it is no example of the voice warm") and "never: dear" in said[1]
    assert said[2] == f"1 taken (1 new), 1 refused; the lessons are in {approved_folder(settings.store)}."
    assert said[3] == "No lesson was searched for your product's name: set `product_names` and collect again."
    monkeypatch.setenv("DESK_PRODUCT_NAMES", "Acmetime")
    assert len(CliRunner().invoke(app, ["collect", "--store", str(settings.store)]).output.splitlines()) == 3


def test_the_names_of_an_account_are_told_from_its_other_fields():
    record = {
        "company": "Larkspur Illustration", "contact": {"name": "Noemi Castellanos", "role": "Owner", "email": "noemi@larkspur.example"},
        "plan": "Free", "security": {"contact_two_factor": "off"}, "integrations": [{"name": "Google Calendar"}], "owner": "Bo Li",
        "last_name": "Castellanos",
    }  # fmt: skip
    assert account_names("TBW-1", record, {"illustration"}) == {
        "TBW-1": "noun", "Larkspur Illustration": "noun", "Noemi": "first", "Castellanos": "last", "noemi@larkspur.example": "noun",
        "Bo": "first", "Li": "last", "Larkspur": "noun", "NoemiCastellanos": "noun", "BoLi": "noun",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("record", "names"),
    [
        ({"company": {"name": "Northwind Bakery Ltd", "size": "small"}}, {"Northwind Bakery Ltd": "noun", "Northwind": "noun"}),
        ({"contact": {"name": "Sinéad O'Brien"}}, {"Sinéad": "first", "O'Brien": "last", "SinéadO'Brien": "noun"}),
        (
            {"contact": {"name": "Anne-Marie Li"}},
            {"Anne-Marie": "first", "Anne": "first", "Marie": "first", "Li": "last", "Anne-MarieLi": "noun"},
        ),
        ({"contact": {"name": "Élodie"}}, {"Élodie": "first"}),
        ({"contact": {"name": "李雷"}}, {"李雷": "first"}),
        ({"contact": {"name": "محمد علي"}}, {"محمد علي": "first", "محمد": "first", "علي": "last"}),
        ({"contact": {"name": "bo li"}, "owner": "none"}, {"bo": "first", "li": "last", "boli": "noun"}),
        ({"company": {"owner": {"name": "Bo Li"}}}, {"Bo": "first", "Li": "last", "BoLi": "noun"}),
        ({"customer": {"company": {"name": "Bo Foundry"}}}, {"Bo Foundry": "noun", "Foundry": "noun"}),
    ],
)  # fmt: skip
def test_names_of_any_script_and_of_a_company_in_an_object_are_told(record, names):
    assert account_names("T-1", record, {"bakery"}) == {"T-1": "noun"} | names


def customers(settings, **records):
    """The store's customers, their records changed."""
    with Catalog(settings.store) as catalog:
        known = catalog.customer("ACME-1")
    return lambda catalog, customer: known | records.get(customer, {})


@pytest.mark.parametrize(
    ("record", "said", "gone"),
    [
        ({"contact": {"name": "Priya Kumar"}}, "my login priya.kumar wants a refund", ("priya", "kumar")),
        ({"contact": {"name": "Priya Kumar"}}, "my login priya_kumar, or priyakumar, wants PRIYA-KUMAR", ("priya", "kumar")),
        ({"contact": {"name": "Priya Kumar"}}, "priyas account is kumar.priya at a.b", ("priya", "kumar")),
        ({"contact": {"name": "Sinead O'Brien"}}, "this is Sinead O’Brien, sinéad obrien or s. o'brien", ("sin", "brien")),
        ({"contact": {"name": "José Muñoz"}}, "jose munoz here, JOSE MUÑOZ", ("jos", "mu")),
        ({"contact": {"name": "José Muñoz"}}, "jose\u0301 mun\u0303oz here", ("jos", "mun")),
        ({"contact": {"name": "Jürgen Müller"}}, "juergen mueller or Jurgen Muller", ("rgen", "ller")),
        ({"contact": {"name": "İbrahim Yılmaz"}}, "ibrahim yilmaz, IBRAHIM YILMAZ here", ("brahim", "lmaz")),
        ({"contact": {"name": "李雷"}}, "我是李雷, I want a refund", ("李", "雷")),
        ({"company": {"name": "Northwind Bakery"}}, "we at northwind bakery, at northwind-bakery", ("northwind", "bakery")),
        ({"company": "Larkspur Illustration"}, "we at larkspur want it", ("larkspur",)),
        ({"contact": {"name": "A B", "email": "pkumar@northwind.example"}}, "my login pkumar at northwind", ("pkumar", "northwind")),
    ],
)
def test_a_name_of_the_record_goes_however_it_is_typed(settings, monkeypatch, record, said, gone):
    monkeypatch.setattr(Catalog, "customer", customers(settings, **{"ACME-1": record}))
    stored(Turns(settings.store), "t1", question=said)
    question = only(collect(settings)).lesson.question.lower()
    assert [name for name in gone if name in question] == [], question


def test_a_name_that_stays_in_a_text_refuses_its_turn(settings, monkeypatch):
    monkeypatch.setattr(Catalog, "customer", customers(settings, **{"ACME-1": {"contact": {"name": "Priya Kumar"}}}))
    monkeypatch.setattr(Swap, "_without_people", lambda self, text: text)
    stored(Turns(settings.store), "t1", question="my login is x-kumar_x")
    assert collect(settings).refused == [("t1", "it still names 'Kumar', which stands in the customer's record")]


@pytest.mark.parametrize("name", ["Élodie", "Ömer", "O'Brien", "Łukasz", "Keating", "Fleming"])
def test_a_name_that_no_record_holds_goes_by_its_capital(settings, name):
    stored(Turns(settings.store), "t1", question=f"{name} wants a refund. Do you pay {name}?")
    assert name[2:].lower() not in only(collect(settings)).lesson.question.lower()


def test_the_live_product_goes_by_the_name_that_the_settings_give_it(settings):
    own = settings.model_copy(update={"product_names": ("Acmetime",)})
    stored(Turns(settings.store), "t1", question="does acmetime refund?")
    assert "acmetime" not in only(collect(own)).lesson.question.lower()


def test_a_number_word_that_only_a_heading_holds_is_swapped_too(settings):
    heading = HIT.model_copy(update={"source": "2", "heading": "The three ways out, and 4 more"})
    stored(Turns(settings.store), "t1", hits=[HIT, heading])
    title = only(collect(settings)).lesson.passages[0].title
    assert title.startswith("The ") and "three" not in title and " 4 " not in title


@pytest.mark.parametrize("number", ["9" * 18, "1" * 19, "12345678901234567890123456789", "1" + "0" * 40])
def test_a_number_of_any_length_becomes_another_of_its_length(settings, number):
    stored(Turns(settings.store), "t1", question=f"what is number {number} of?")
    (said,) = re.findall(r"\d+", only(collect(settings)).lesson.question)
    assert len(said) == len(number) and said != number


@pytest.mark.parametrize("error", [KeyError(3), IndexError(), OverflowError("too large"), ValueError("Exceeds the limit")])
def test_a_turn_that_fails_is_refused_and_the_others_are_taken(settings, monkeypatch, error):
    def fails(self, name, profile, swap):
        if name == "approved-t1":
            raise error
        return whole(self, name, profile, swap)

    whole = _Source.pair
    monkeypatch.setattr(_Source, "pair", fails)
    turns = Turns(settings.store)
    stored(turns, "t1")
    stored(turns, "t2")
    found = collect(settings)
    assert [item.turn for item in found.taken] == ["t2"]
    assert [turn for turn, _ in found.refused] == ["t1"]


def test_a_full_disk_is_one_sentence(settings, monkeypatch):
    stored(Turns(settings.store), "t1")
    monkeypatch.setattr(Path, "write_text", lambda *parts: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left on device")))
    with pytest.raises(UserError, match=r"lessons cannot be written to .* \(no space left on device\): free some space"):
        collect(settings)


def test_what_an_agent_wrote_whole_is_no_lesson(settings):
    turns = Turns(settings.store)
    stored(turns, "t1", action="hand_off")
    ((_, approval),) = turns.approved()
    turns.approve(approval.model_copy(update={"own": "Dear Ada, we send it on Monday."}), "ACME-1")
    found = collect(settings)
    assert not found.taken
    assert found.refused == [("t1", "an agent wrote it whole, so that nothing in it rests on a source")]
