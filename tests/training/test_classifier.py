"""The classifier tells voices apart that were made up for the test, and knows what is no voice at all."""

import random

import pytest

from tests.training.test_profile import profile
from training.classifier import SOURCE, VoiceClassifier
from training.dataset import split
from training.lessons import VoicedReply, read_lessons

TRAIN, HELD_OUT = (part[::6] for part in split(read_lessons()))
SAILOR = profile(
    name="sailor", words={"click": "haul", "select": "hoist", "open": "man"},
    lead_ins={"facts": ["From the crow's nest:", "Hear this:"], "steps": ["Swiftly"]},
)  # fmt: skip
ROBOT = profile(
    name="robot", contractions="never", words={"click": "actuate", "select": "designate", "open": "initialise"},
    lead_ins={"facts": ["Statement:", "Datum:"], "steps": ["Kindly"]},
)  # fmt: skip
STATEMENTS = [(item.text, item.step is not None) for lesson in HELD_OUT for item in lesson.statements]


@pytest.fixture(scope="module")
def classifier():
    return VoiceClassifier([(SAILOR, []), (ROBOT, [])], TRAIN)


@pytest.mark.parametrize("voice", [SAILOR, ROBOT], ids=lambda voice: voice.name)
def test_a_voice_is_recognised_on_lessons_that_were_not_trained_on(classifier, voice):
    rng = random.Random(0)
    said = [words for text, step in STATEMENTS if (words := voice.say(text, step, rng.randrange(12))) != text]
    assert len(said) > 40
    assert classifier.accuracy(said, voice.name) >= 0.95
    other = ({SAILOR.name, ROBOT.name} - {voice.name}).pop()
    assert classifier.accuracy(said, other) <= 0.05


def test_a_statement_left_as_its_source_is_called_so(classifier):
    found = classifier.says([text for text, _ in STATEMENTS])
    assert found.count(SOURCE) / len(found) >= 0.95


def test_the_words_of_hand_written_replies_are_learned(classifier):
    lesson = next(lesson for lesson in TRAIN if len(lesson.statements) > 1)
    replies = [VoicedReply(lesson=lesson.id, greeting="x", answer=["Blimey guv, zounds."] * len(lesson.statements), next_step="x")]
    assert classifier.says(["Blimey guv, zounds."]) != ["robot"] or classifier.says(["Blimey guv."]) != ["robot"]
    assert VoiceClassifier([(SAILOR, []), (ROBOT, replies)], TRAIN).says(["Blimey guv, zounds."]) == ["robot"]


def test_replies_to_other_lessons_are_not_learned():
    replies = [VoicedReply(lesson="nowhere-01", greeting="x", answer=["Blimey guv, zounds."] * 5, next_step="x")]
    few = TRAIN[:10]
    assert VoiceClassifier([(SAILOR, []), (ROBOT, replies)], few).says(["Blimey guv, zounds."]) == VoiceClassifier(
        [(SAILOR, []), (ROBOT, [])], few
    ).says(["Blimey guv, zounds."])


def test_of_no_statements_nothing_is_said(classifier):
    assert classifier.says([]) == []
    assert classifier.accuracy([], "sailor") is None
