"""Greetings and next steps: what passes and what is replaced."""

from dataclasses import replace

import pytest

from assistant.reply import Brief, Reply, violations
from assistant.wording import PLAIN_NEXT, sound_greeting, sound_next_step
from tests.assistant.cards import speaking
from training.profile import load_profile

ANSWER = Brief("how do i export my hours", customer="Amara")
NAMELESS = Brief("how do i export my hours")
HAND_OFF = Brief("do you have an office in Oslo", "hand_off", customer="Amara")
ASK = Brief("it does not work", "ask", options=("the phone app", "error TB-3005", "a seat"), customer="Amara")
PROFILE = load_profile("warm")
VOICE = speaking(PROFILE.model_dump())


@pytest.mark.parametrize(
    ("text", "brief"),
    [
        ("Hi Amara, happy to walk you through this.", ANSWER),
        ("Hey there, we've got you.", NAMELESS),
        ("Hi Amara, we don't want to guess here.", HAND_OFF),
        ("Hi Amara, happy to help with that.", ASK),
        ("Hi Amara, sorry that this got in your way.", ANSWER),
    ],
)
def test_a_greeting_in_the_voices_manner_stands(text, brief):
    assert sound_greeting(f" {text} ", brief, VOICE) == text


@pytest.mark.parametrize(
    ("text", "brief"),
    [
        ("Sorry about the hiccup!", ANSWER),
        ("Amara, good question.", ANSWER),
        ("Thanks, Amara!", ANSWER),
        ("Hi, we've got you.", ANSWER),
        ("Hello! Good to hear from you.", NAMELESS),
        ("Sure, happy to help.", NAMELESS),
    ],
)
def test_without_a_voice_any_sound_greeting_stands(text, brief):
    assert sound_greeting(f" {text} ", brief, None) == text


def test_a_line_that_strays_from_the_voice_gives_way_to_the_nearest_phrase():
    assert sound_greeting("Hi Amara, sorry about this hiccup and all.", ANSWER, VOICE) == "Hi Amara, sorry about the hiccup."
    said = sound_next_step("We're setting up a new account, and we'll point you there.", HAND_OFF, VOICE)
    assert said in PROFILE.hand_offs
    fault = sound_next_step("If a line is broken, reply here.", ANSWER, VOICE, "Hi Amara, sorry about the hiccup.")
    assert fault in PROFILE.next_steps["fault"]


@pytest.mark.parametrize(
    ("text", "brief"),
    [
        ("Hi Bob, happy to help.", ANSWER),
        ("Hello Priya, happy to help.", NAMELESS),
        ("Dear Tomasz, happy to help.", ANSWER),
        ("Bob, happy to help.", ANSWER),
        ("Thanks for asking, Bob.", ANSWER),
        ("Hi, Bob!", NAMELESS),
        ("Hi Amara, it takes 5 clicks.", ANSWER),
        ("Hi Amara, it costs €.", ANSWER),
        ("Hi Amara, see Settings > Billing.", ANSWER),
        ("Hi Amara, you'll get a refund.", ANSWER),
        ("Hi Amara, we'll fix it within hours.", HAND_OFF),
        ("Hi Amara, we'll fix it the same day.", HAND_OFF),
        ("Hi Amara, guaranteed to work.", ANSWER),
        ("Hi Amara, sorry, we don't know.", ANSWER),
        ("Hi Amara, we can't answer that.", ANSWER),
        ("Hi Amara, no idea, really.", ANSWER),
        ("", ANSWER),
        ("Hi Amara, and then", ANSWER),
        ("Hi Amara, " + "so " * 30 + "hello.", ANSWER),
    ],
)
def test_an_unsound_greeting_gives_way_to_one_of_the_voice(text, brief):
    own = [phrase.replace("{name}", brief.customer or "there") for phrases in PROFILE.greetings.values() for phrase in phrases]
    said = sound_greeting(text, brief, VOICE)
    assert said != text
    assert said in own


def test_every_greeting_of_the_profile_is_sound():
    for situation, phrases in PROFILE.greetings.items():
        brief = {"ask_back": ASK, "unanswerable": HAND_OFF}.get(situation, ANSWER)
        for phrase in phrases:
            assert sound_greeting(phrase.replace("{name}", "Amara"), brief, VOICE) == phrase.replace("{name}", "Amara")
            assert sound_greeting(phrase.replace("{name}", "Zora"), brief, VOICE) != phrase.replace("{name}", "Zora")


def test_without_a_voice_the_greeting_is_plain():
    assert sound_greeting("", ANSWER, None) == "Hello Amara, thank you for your message."
    assert sound_greeting("", NAMELESS, speaking({})) == "Hello there, thank you for your message."


@pytest.mark.parametrize(
    ("text", "brief"),
    [
        ("Give it a go and tell us how it turns out.", ANSWER),
        ("One of our specialists will take it from here and reply in this thread.", HAND_OFF),
    ],
)
def test_a_sound_next_step_stands(text, brief):
    assert sound_next_step(text, brief, VOICE) == text


def test_a_greeting_for_another_situation_gives_way_to_one_that_fits():
    line = "Hi Amara, sorry about the hiccup."
    assert sound_greeting(line, ANSWER, VOICE) == sound_greeting(line, ANSWER, VOICE, ("fault", "billing")) == line
    fitting = [phrase.replace("{name}", "Amara") for phrase in PROFILE.greetings["billing"]]
    assert sound_greeting(line, ANSWER, VOICE, ("billing",)) in fitting
    assert sound_greeting(line, HAND_OFF, VOICE, ("billing",)) not in fitting


def test_what_is_asked_back_about_stands_in_quotation_marks():
    said = sound_next_step("Do you mean the phone app or error TB-3005 or a seat?", ASK, VOICE)
    assert said == "Do you mean “The phone app”, “Error TB-3005” or “A seat”?"
    brief = replace(ASK, options=("leave a workspace or delete your account", "a workspace"))
    said = sound_next_step("Is this about leave a workspace or delete your account or a workspace?", brief, VOICE)
    assert said == "Is this about “Leave a workspace or delete your account” or “A workspace”?"


@pytest.mark.parametrize(
    ("text", "brief"),
    [
        ("Is that clear?", ANSWER),
        ("Call us within 24 hours.", ANSWER),
        ("We'll refund it tomorrow.", ANSWER),
        ("Write to help@example.com.", ANSWER),
        ("", ANSWER),
        ("Try this and", ANSWER),
        ("Shall we pass this on?", HAND_OFF),
        ("A colleague will reply in two days.", HAND_OFF),
        ("Is it the phone app or a seat?", ASK),
        ("Which one is it?", ASK),
        ("Tell us: the phone app, error TB-3005 or a seat.", ASK),
        ("Is it the phone app, error TB-3005 or a seat, for 5 people?", ASK),
    ],
)
def test_an_unsound_next_step_gives_way_to_one_of_the_voice(text, brief):
    own = {
        "answer": [phrase for phrases in PROFILE.next_steps.values() for phrase in phrases],
        "hand_off": PROFILE.hand_offs,
        "ask": [phrase.replace("{options}", "“The phone app”, “Error TB-3005” or “A seat”") for phrase in PROFILE.asks],
    }
    said = sound_next_step(text, brief, VOICE)
    assert said != text
    assert said in own[brief.action]


@pytest.mark.parametrize("brief", [ANSWER, HAND_OFF, ASK])
@pytest.mark.parametrize("voice", [VOICE, None])
def test_what_replaces_a_line_does_its_job_by_the_contract(brief, voice):
    reply = Reply(greeting=sound_greeting("", brief, voice), answer=[], next_step=sound_next_step("", brief, voice), action=brief.action)
    assert [found for found in violations(reply, brief) if "without a statement" not in found] == []
    assert reply.next_step.endswith("?") == (brief.action == "ask")
    assert all(option.casefold() in reply.next_step.casefold() for option in brief.options)


def test_without_a_voice_the_next_step_is_plain():
    assert sound_next_step("", HAND_OFF, None) == PLAIN_NEXT["hand_off"]
    assert sound_next_step("", ASK, None) == "Do you mean “The phone app”, “Error TB-3005” or “A seat”?"


def test_the_same_question_always_gets_the_same_phrase_and_others_get_others():
    questions = [Brief(f"question {number}") for number in range(40)]
    said = [sound_greeting("", brief, VOICE) for brief in questions]
    assert said == [sound_greeting("", brief, VOICE) for brief in questions]
    assert len(set(said)) > 2
