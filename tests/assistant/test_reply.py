"""The reply contract: text form, parser and checks."""

import re
from dataclasses import replace

import pytest

from assistant.errors import ReplyFormatError
from assistant.reply import (
    Brief,
    Evidence,
    Reply,
    Statement,
    customer_text,
    grammar,
    limit,
    parse,
    parse_statement,
    to_text,
    violations,
)

BRIEF = Brief(
    question="how do i export my hours",
    evidence=(
        Evidence("c1", "The workspace is on the Team plan."),
        Evidence("2", "An export holds at most 10,000 rows."),
        Evidence("1", "Go to Reports > Export.", 1),
        Evidence("1", 'Click "Start".', 2),
    ),
    customer="Amara",
)


def sound(**changes) -> Reply:
    fields = {
        "greeting": "Hi Amara, happy to help.",
        "answer": [
            Statement(text="Your workspace is on the Team plan.", sources=["c1"]),
            Statement(text="An export holds at most 10,000 rows.", sources=["2"]),
            Statement(text="Head to Reports > Export.", sources=["1"], step=1),
            Statement(text='Tap "Start".', sources=["1"], step=2),
        ],
        "next_step": "Tell us how it goes.",
        "action": "answer",
    }
    return Reply(**(fields | changes))


def test_the_text_form_is_one_line_for_each_part():
    assert to_text(sound()).split("\n") == [
        "Hi Amara, happy to help.",
        "[c1] Your workspace is on the Team plan.",
        "[2] An export holds at most 10,000 rows.",
        "[1] 1. Head to Reports > Export.",
        '[1] 2. Tap "Start".',
        "Next: Tell us how it goes.",
    ]


def test_a_reply_survives_its_text_form():
    assert parse(to_text(sound()), "answer") == sound()


@pytest.mark.parametrize("action", ["ask", "hand_off"])
def test_a_reply_without_statements_survives_its_text_form(action):
    reply = sound(answer=[], action=action)
    assert parse(to_text(reply), action) == reply


def test_blank_lines_around_a_reply_are_ignored():
    assert parse("\n" + to_text(sound()) + "\n\n", "answer") == sound()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "next step"),
        ("Hi Amara.", "next step"),
        ("Hi Amara.\n[1] A fact.", "next step"),
        ("Hi Amara.\nNext: ", "next step"),
        ("Hi Amara.\nNext:   ", "next step"),
        ("Hi Amara.\nnext: reply here.", "next step"),
        ("[1] A fact.\nNext: Reply here.", "greeting"),
        ("   \nNext: Reply here.", "greeting"),
        ("Next: One.\nNext: Two.", "greeting"),
        ("Hi Amara.\nA fact.\nNext: Reply here.", "source"),
        ("Hi Amara.\n\nNext: Reply here.", "source"),
        ("Hi Amara.\n[1]A fact.\nNext: Reply here.", "source"),
        ("Hi Amara.\n[x1] A fact.\nNext: Reply here.", "source"),
        ("Hi Amara.\n[1, 2] A fact.\nNext: Reply here.", "source"),
        ("Hi Amara.\n[1] \nNext: Reply here.", "source"),
        ("Hi Amara.\n[1] A fact.\nNext: One.\nNext: Two.", "source"),
    ],
)
def test_a_text_that_is_no_reply_says_where_it_departs(text, reason):
    with pytest.raises(ReplyFormatError, match=reason):
        parse(text, "answer")


def test_a_statement_line_gives_source_step_and_text():
    assert parse_statement("[c12] 3. Wait a minute.") == Statement(text="Wait a minute.", sources=["c12"], step=3)
    assert parse_statement("[7] Wait. Then go on.") == Statement(text="Wait. Then go on.", sources=["7"])


def test_a_sound_reply_has_no_violations():
    assert violations(sound(), BRIEF) == []


def test_a_number_in_an_option_is_no_violation_but_elsewhere_it_is():
    brief = Brief("it broke", "ask", options=("error TB-3005", "the phone app"))
    reply = sound(answer=[], action="ask", next_step="Is it error TB-3005 or the phone app?")
    assert violations(reply, brief) == []
    other = reply.model_copy(update={"next_step": "Is it error TB-3006 or the phone app?"})
    assert any(found.startswith("next step states") for found in violations(other, brief))


def test_a_figure_in_the_customers_own_name_is_no_violation():
    brief = Brief("hi", "hand_off", customer="R2D2")
    assert violations(sound(greeting="Hi R2D2, thanks.", answer=[], action="hand_off"), brief) == []


@pytest.mark.parametrize("action", ["ask", "hand_off"])
def test_beside_another_action_account_facts_may_be_stated_and_the_model_is_not_asked_to(action):
    brief = replace(BRIEF, action=action, evidence=tuple(item for item in BRIEF.evidence if item.source == "c1"))
    reply = sound(answer=with_statement(sources=["c1"]), action=action)
    assert brief.evidence and violations(reply, brief) == []
    assert brief.told == replace(brief, evidence=())
    assert BRIEF.told == BRIEF


def with_statement(**fields) -> list[Statement]:
    return [Statement(**({"text": "A fact.", "sources": ["1"]} | fields))]


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"action": "hand_off", "answer": []}, "the action is hand_off, not answer"),
        ({"answer": []}, "an answer without a statement"),
        ({"action": "ask"}, "ask with statements from articles"),
        ({"answer": with_statement(sources=[])}, "no source"),
        ({"answer": with_statement(sources=["3"])}, "source [3] does not exist"),
        ({"answer": with_statement(sources=["c2"])}, "source [c2] does not exist"),
        ({"answer": with_statement(text="  ")}, "a statement that is empty"),
        ({"answer": with_statement(text="A fact [1].")}, "a statement that is empty or holds brackets"),
        ({"answer": with_statement(text="A fact\nand more.")}, "a statement that is empty or holds brackets"),
        ({"answer": with_statement(step=2) + with_statement(step=1)}, "steps out of order: [2, 1]"),
        ({"answer": with_statement(step=1) + with_statement(step=1)}, "steps out of order: [1, 1]"),
        ({"greeting": ""}, "greeting has 0 words"),
        ({"greeting": "hi " * 25}, "greeting has 25 words"),
        ({"greeting": "Hi Amara, it takes 5 minutes."}, "greeting states"),
        ({"greeting": "Hi Amara, go to Reports > Export."}, "greeting states"),
        ({"greeting": "Hi Amara, it costs you €."}, "greeting states"),
        ({"next_step": " "}, "next step has 0 words"),
        ({"next_step": "so " * 46}, "next step has 46 words"),
        ({"next_step": "Write to help@example.com."}, "next step states"),
        ({"next_step": "See https://example.com for more."}, "next step states"),
        ({"next_step": "See www.example.com for more."}, "next step states"),
        ({"next_step": "Call within 24 hours."}, "next step states"),
    ],
)
def test_each_broken_rule_is_named(changes, wrong):
    assert any(found.startswith(wrong) for found in violations(sound(**changes), BRIEF)), violations(sound(**changes), BRIEF)


def test_a_line_may_have_a_few_words_more_than_its_evidence():
    assert limit(BRIEF, 0) == 24
    assert [limit(BRIEF, line) for line in (1, 2, 3, 4)] == [23, 23, 20, 15]
    assert limit(BRIEF, 5) == limit(BRIEF, 99) == 45


def test_a_sound_reply_fits_the_limits_of_its_lines():
    lines = to_text(sound()).split("\n")
    assert all(len(line.split()) <= limit(BRIEF, number) for number, line in enumerate(lines))


def test_the_customer_reads_no_source_numbers_and_no_note():
    reply = sound(note="For agents only: see the refund policy.")
    text = customer_text(reply)
    assert text == (
        "Hi Amara, happy to help.\n\n"
        "Your workspace is on the Team plan. An export holds at most 10,000 rows.\n\n"
        '1. Head to Reports > Export.\n2. Tap "Start".\n\n'
        "Tell us how it goes."
    )
    assert "[" not in text
    assert "refund" not in text


def test_code_stands_on_lines_of_its_own_and_in_the_text_form_on_one():
    code = [Statement(text=text, sources=["2"], how="quoted", code=True) for text in ("cd x\n  make a[0]", "ls")]
    text = "Your workspace is on the Team plan."
    reply = sound(answer=[Statement(text=text, sources=["c1"]), *code, Statement(text=text, sources=["c1"])])
    assert customer_text(reply) == f"Hi Amara, happy to help.\n\n{text}\n\ncd x\n  make a[0]\nls\n\n{text}\n\nTell us how it goes."
    assert violations(reply, BRIEF) == []
    assert to_text(reply).split("\n")[2:4] == ["[2] cd x make a[0]", "[2] ls"]
    assert [item.text for item in parse(to_text(reply), "answer").answer] == [text, "cd x make a[0]", "ls", text]
    rules = grammar(Brief("how?", evidence=(Evidence("2", "cd x\n  make", code=True),)), select=True)
    assert re.fullmatch(rules, "Hello.\n[2] cd x make\nNext: Reply here.")


def test_the_customers_text_of_a_hand_off_has_two_paragraphs():
    assert customer_text(sound(answer=[], action="hand_off", note="secret")) == "Hi Amara, happy to help.\n\nTell us how it goes."


def test_what_the_grammar_lets_a_statement_begin_with_is_its_text():
    assert parse_statement("[1] \u2028 Reports").text == "\u2028 Reports"
    with pytest.raises(ReplyFormatError):
        parse_statement("[1] \x0b \x1c")
