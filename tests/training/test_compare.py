"""Two voices side by side."""

import hashlib
import json

import pytest

from assistant.prompt import Prompt
from assistant.voices import Voice
from tests.assistant.cards import card, write_voice
from tests.training import small
from training.compare import difference
from training.dataset import Example
from training.lessons import Lesson, VoicedReply, read_lessons
from training.manifest import FILE, manifest, write_manifest


def pair(tmp_path, ours: dict, theirs: dict) -> list[str]:
    folders = [write_voice(tmp_path / name) for name in "ab"]
    versions = ({"version": "1"} | ours, {"version": "2"} | theirs)
    return difference(*(Voice(folder=folder, card=card(**fields)) for folder, fields in zip(folders, versions, strict=True)))


def line(lines: list[str], start: str) -> list[str]:
    return next(text for text in lines if text.strip().startswith(start)).split()


def test_what_both_were_made_of_stands_side_by_side(tmp_path):
    lines = pair(tmp_path, {"examples": 3, "data_digest": "a" * 64}, {"examples": 40, "data_digest": "b" * 64})
    assert lines[0].split() == ["warm@1", "warm@2"]
    assert line(lines, "examples") == ["examples", "3", "40"]
    assert line(lines, "training set") == ["training", "set", "a" * 12, "b" * 12]


def test_scores_and_recipe_are_shown_with_their_change_and_what_one_lacks_as_a_dash(tmp_path):
    lines = pair(
        tmp_path, {"scores": {"rules": 0.5}, "recipe": {"rank": 8}}, {"scores": {"rules": 0.75, "valid": 1.0}, "recipe": {"rank": 8}}
    )
    assert line(lines, "rules") == ["rules", "0.5", "0.75", "+0.25"]
    assert line(lines, "valid") == ["valid", "–", "1"]
    assert line(lines, "rank") == ["rank", "8", "8"]


def test_of_the_profiles_only_what_differs_is_shown(tmp_path):
    ours = {"title": "Warm", "words": {"click": "tap", "press": "tap"}, "greetings": {"fault": ["Hi.", "Hey."]}, "never": ["dear"]}
    theirs = {
        "title": "Warm",
        "words": {"click": "select", "press": "tap"},
        "greetings": {"fault": ["Hi.", "Good day."]},
        "never": ["dear"],
    }
    lines = pair(tmp_path, {"profile": ours}, {"profile": theirs})
    assert lines[lines.index("profile: 2 fields differ") :] == [
        "profile: 2 fields differ",
        "  words.click: tap -> select",
        "  greetings.fault",
        "    - Hey.",
        "    + Good day.",
    ]


def trained_on(folder, lessons: list[Lesson], replies: list[VoicedReply] = (), rehearsed=()) -> Voice:
    made_of = manifest(lessons, replies, rehearsed)
    data = json.dumps(made_of)
    voice = Voice(folder=write_voice(folder), card=card(version=folder.name, data_digest=hashlib.sha256(data.encode()).hexdigest()))
    write_manifest(folder, made_of)
    return voice


def reply(lesson: str, greeting: str = "Hi.") -> VoicedReply:
    return VoicedReply(lesson=lesson, greeting=greeting, answer=[], next_step="Bye.")


@pytest.fixture
def lessons(tmp_path) -> list[Lesson]:
    return read_lessons(small.write_lessons(tmp_path / "lessons"))


def test_lessons_and_replies_that_were_added_taken_out_and_changed_are_listed_by_their_ids(tmp_path, lessons):
    first, second, third, *held_out = lessons
    said = [Example("general", Prompt("s", "Name a tree."), "An oak.")]
    a = trained_on(tmp_path / "1", [first, second], [reply(first.id), reply(second.id), reply(held_out[0].id)], said)
    changed = second.model_copy(update={"question": "why?"})
    said = [Example("general", Prompt("s", "Name a tree."), "An elm."), Example("general", Prompt("s", "Name a bird."), "A wren.")]
    b = trained_on(tmp_path / "2", [changed, third], [reply(second.id, "Hey."), reply(third.id)], said)
    lines = difference(a, b)
    start = lines.index("lessons and replies:")
    assert lines[start : start + 10] == [
        "lessons and replies:",
        "  lessons added, 1: kiln-03",
        "  lessons removed, 1: kiln-01",
        "  lessons changed, 1: kiln-02",
        "  replies added, 1: kiln-03",
        "  replies removed, 1: kiln-01",
        "  replies changed, 1: kiln-02",
        "  general prompts added, 1: Name a bird.",
        "  general prompts changed, 1: Name a tree.",
        "",
    ]


def test_the_same_lessons_said_in_another_voice_are_the_same(tmp_path, lessons):
    a, b = trained_on(tmp_path / "1", lessons), trained_on(tmp_path / "2", lessons)
    assert "lessons and replies: the same" in difference(a, b)
    other = Voice(folder=b.folder, card=b.card.model_copy(update={"data_digest": "2" * 64}))
    assert "lessons and replies: the same" in difference(a, other)


@pytest.mark.parametrize("content", [None, "{", "[]", '{"lessons": ["kiln-01"]}', "\x00"])
def test_a_voice_of_before_lessons_were_recorded_is_named(tmp_path, lessons, content):
    a, b = trained_on(tmp_path / "1", lessons[:1]), trained_on(tmp_path / "2", lessons)
    (a.folder / FILE).unlink()
    if content is not None:
        (a.folder / FILE).write_text(content, "utf-8")
    assert "lessons and replies: which ones warm@1 learned from is not recorded" in difference(a, b)


def test_equal_profiles_are_said_to_be_the_same_and_another_order_to_be_one(tmp_path):
    assert pair(tmp_path / "same", {}, {})[-1] == "profile: the same"
    lines = pair(tmp_path / "order", {"profile": {"never": ["a", "b"]}}, {"profile": {"never": ["b", "a"]}})
    assert lines[-2:] == ["  never", "    in another order"]
