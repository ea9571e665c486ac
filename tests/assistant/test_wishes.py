"""Messages that ask nothing: courtesies, a wish for a person, legal threats, complaints; and what only sounds like them."""

import json
import time
from typing import get_args

import pytest

from assistant.decision import WISHED
from assistant.reply import Brief, Reply, Wish, violations
from assistant.wishes import PHRASES, action, wish
from assistant.wording import PLAIN_COURTESIES, PLAIN_GREETING, PLAIN_NEXT, courtesy
from knowledge_base.embeddings import load_embeddings
from tests.assistant.cards import speaking
from tests.benchmarks import questions
from training.profile import load_profile

VOICES = ("warm", "formal", "calm", "playful")


def told(message, history=()):
    return wish(message, history, load_embeddings("embedded"))


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("Hello!", "greeting"),
        ("Good morning", "greeting"),
        ("help", "greeting"),
        ("Hi team, is anybody there?", "greeting"),
        ("Hello. I have a question.", "greeting"),
        ("Thanks, that solved it!", "thanks"),
        ("ok thanks bye", "thanks"),
        ("Thank you for your help. Have a nice day!", "thanks"),
        ("ok", "acknowledgement"),
        ("🙂👍", "acknowledgement"),
        ("Perfect, got it.", "acknowledgement"),
        ("bye", "goodbye"),
        ("See you later!", "goodbye"),
        ("I want to talk to a human", "person"),
        ("agent please", "person"),
        ("Could I speak with a real person?", "person"),
        ("My invoice is wrong. I want to speak to a person.", "person"),
        ("let me talk to a human!", "person"),
        ("I've been waiting for three weeks, let me talk to a human", "person"),
        ("This is ridiculous - give me your supervisor now", "person"),
        ("put me through to your manager", "person"),
        ("I want to speak to your manager about the invoice", "person"),
        ("Can you put me through to a colleague?", "person"),
        ("your supervisor please", "person"),
        ("Please, a human.", "person"),
        ("ombudsman", "legal"),
        ("I will go to the ombudsman", "legal"),
        ("Refund me or I'll report you to the FCA", "legal"),
        ("I'm contacting trading standards", "legal"),
        ("I have already complained to the ICO", "legal"),
        ("I will take this to small claims court", "legal"),
        ("I'm going to sue you", "legal"),
        ("Give me my money back. You will hear from my lawyer.", "legal"),
        ("this is a complaint", "complaint"),
        ("Hello, I would like to make a complaint.", "complaint"),
    ],
)
def test_a_message_that_asks_nothing_is_told(message, kind):
    assert told(message) == kind
    assert action(kind) == ("hand_off" if kind in ("person", "legal", "complaint") else "ask")


@pytest.mark.parametrize(
    "message",
    [
        "Hello! How do I void an invoice?",
        "Thanks, and how do I cancel?",
        "Thanks to the update I cannot sign in",
        "thanks but it still fails",
        "great, now the export fails",
        "that did not solve it",
        "ok but where is the button",
        "how do I contact the owner",
        "can an agent be added as a member",
        "agents",
        "Is there a person I can name as owner?",
        "I want to talk to a human about seats, but first: how much is a seat?",
        "can a human review the timesheet before it is sent?",
        "my lawyer needs the audit log",
        "may I tell the attorney that it is done",
        "I want to complain about a double charge",
        "I need help with my invoice",
        "make me a manager",
        "We have three roles: agent, manager, owner",
        "I set her role to agent, manager, admin.",
        "transfer me to a higher plan",
        "My manager wants to see the report, where is it?",
        "We work for Trading Standards and need 40 seats",
        "I need to report our hours to the authorities",
        "We have to notify the data protection authority of the breach",
        "where do I file a complaint with the ombudsman?",
        "Hello. It does not work.",
        "?",
        "ok " * 61,
    ],
)
def test_what_asks_or_tells_something_is_none(message):
    assert told(message) is None


def test_an_answer_to_what_the_agent_asked_is_no_acknowledgement():
    asked = [("customer", "change it"), ("agent", "Do you mean the plan or the address?")]
    assert told("yes", asked) is None
    assert told("yes", [("customer", "change it"), ("agent", "Open Settings.")]) == "acknowledgement"
    assert told("thanks", asked) == "thanks"
    assert told("good morning", [("agent", "Do you mean “Good morning” or “Good night”?")]) is None


def test_without_the_embedded_model_words_alone_tell():
    assert wish("Thank you!", (), None) == "thanks"
    assert wish("human please", (), None) == "person"
    assert wish("I want to speak to a real person", (), None) == "person"
    assert wish("I'll report you to the regulator", (), None) == "legal"
    assert wish("Thanks, that solved it!", (), None) is None


@pytest.mark.slow
def test_no_development_question_is_taken_for_one():
    rows = [*questions.read("dev"), *questions.short("dev"), *questions.objects("dev")]
    asked = [row["question"] for row in rows]
    assert len(asked) > 1_000
    assert [(question, kind) for question in asked if (kind := told(question))] == []


def test_a_long_clause_takes_no_time():
    began = time.monotonic()
    for part in ("i-report-", "complain-to-", "let me-", "ombudsman-"):
        assert told(part * 2_000) is None
    assert time.monotonic() - began < 5


def test_there_are_phrases_for_each_kind_and_the_agent_is_told_of_each():
    assert set(json.loads(PHRASES.read_text("utf-8"))) == {*get_args(Wish), "question"}
    assert set(WISHED) == set(PLAIN_COURTESIES) == set(get_args(Wish))


@pytest.mark.parametrize("kind", get_args(Wish))
@pytest.mark.parametrize("name", [*VOICES, None])
def test_what_is_said_to_it_is_of_the_voice_and_keeps_the_contract(kind, name):
    profile = load_profile(name) if name else None
    voice = speaking(profile.model_dump()) if profile else None
    for customer in ("Amara", None):
        brief = Brief(f"message {kind}", action(kind), customer=customer)
        greeting, next_step = courtesy(kind, brief, voice)
        assert violations(Reply(greeting=greeting, answer=[], next_step=next_step, action=brief.action), brief) == []
        assert "{" not in greeting and (customer or "") in greeting
        if profile:
            own = profile.courtesies[kind]
            assert next_step in (own.next_steps or profile.hand_offs)
            assert any(greeting == phrase.replace("{name}", customer or profile.nameless) for phrase in own.greetings)


@pytest.mark.parametrize("name", [*VOICES, None])
def test_nothing_has_helped_a_customer_who_still_waits(name):
    profile = load_profile(name) if name else None
    voice = speaking(profile.model_dump()) if profile else None
    brief = Brief("thanks", "ask", customer="Amara")
    greeting, next_step = courtesy("thanks", brief, voice, waits=True)
    assert violations(Reply(greeting=greeting, answer=[], next_step=next_step, action="ask"), brief) == []
    greetings = profile.greetings["unanswerable"] if profile else [PLAIN_GREETING]
    assert greeting in [phrase.replace("{name}", "Amara") for phrase in greetings]
    assert next_step in (profile.hand_offs if profile else [PLAIN_NEXT["hand_off"]])


def test_a_voice_from_before_there_were_such_phrases_says_plain_ones():
    old = load_profile("warm").model_dump(exclude={"courtesies"})
    assert courtesy("thanks", Brief("thanks", "ask", customer="Amara"), speaking(old)) == (
        "Hello Amara, thank you for letting us know.",
        "Is there anything else we can help you with?",
    )
    assert courtesy("person", Brief("agent", "hand_off"), speaking(old))[1] in old["hand_offs"]
