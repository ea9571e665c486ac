"""Two voices side by side."""

from assistant.voices import Voice
from tests.assistant.cards import card, write_voice
from training.compare import difference


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


def test_equal_profiles_are_said_to_be_the_same_and_another_order_to_be_one(tmp_path):
    assert pair(tmp_path / "same", {}, {})[-1] == "profile: the same"
    lines = pair(tmp_path / "order", {"profile": {"never": ["a", "b"]}}, {"profile": {"never": ["b", "a"]}})
    assert lines[-2:] == ["  never", "    in another order"]
