"""Situations: told for questions of any product, by the vectors of the embedded model alone."""

import json

import numpy as np
import pytest

from assistant import situation
from knowledge_base.embeddings import load_embeddings
from training.profile import load_profile


def fitting(question):
    return situation.fitting(load_embeddings("embedded").vectors([question])[0], question)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How do I connect my kettle to the app?", "how_to"),
        ("The lamp blinks red and does nothing any more", "fault"),
        ("Why was I charged 12 euros twice this month?", "billing"),
        ("Please cancel my membership at the end of the month", "cancellation"),
        ("Somebody signed in to my account from another country", "security"),
    ],
)
def test_the_situation_of_a_plain_question_is_told(question, expected):
    assert expected in fitting(question)
    assert len(fitting(question)) < 2


@pytest.mark.parametrize(
    "question",
    [
        "Have we used up our free trial yet?",
        "Can I run two timers at once?",
        "date our account was opened",
        "what is my time zone",
        "log out of all devices",
        "how do I cancel my hotel room",
        "Please cancel my order",
    ],
)
def test_a_question_that_is_hardly_of_any_situation_gets_the_neutral_greeting(question):
    assert fitting(question) == [situation.NEUTRAL]


def test_where_no_situation_is_likely_the_neutral_one_fits(monkeypatch):
    monkeypatch.setattr(situation, "FITS", 1.1)
    assert fitting("Hm?") == [situation.NEUTRAL]


def test_every_voice_can_greet_for_each_of_them():
    rows = json.loads(situation.MODEL.read_text("utf-8"))
    assert situation.NEUTRAL in rows
    assert np.array(list(rows.values())).shape == (len(rows), 385)
    for name in ("warm", "formal", "calm", "playful"):
        assert rows.keys() <= load_profile(name).greetings.keys()
