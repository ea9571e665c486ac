"""What a trial makes of a written reply, and how sure its scores are."""

import random

import pytest

from tests.training.test_profile import profile
from training.evaluation import MEASURES, Sample, difference, interval, judge, scores, share
from training.lessons import Lesson

PROFILE = profile()
FIELDS = {
    "id": "kiln-01", "product": "Kiln", "domain": "pottery", "situation": "how_to", "question": "how", "customer": None,
    "passages": [{"title": "Firing", "sentences": ["Wait 5 minutes.", "Click Start."]}], "account": ["The account is new."],
    "action": "answer",
    "statements": [{"text": "Your account is new.", "evidence": "c1"}, {"text": "Click Start.", "evidence": "1.2", "step": 1}],
}  # fmt: skip
ANSWER = Lesson.model_validate(FIELDS)
HAND_OFF = Lesson.model_validate(FIELDS | {"action": "hand_off", "situation": "unanswerable", "statements": []})
ASK = Lesson.model_validate(FIELDS | {"action": "ask", "situation": "ask_back", "statements": [], "options": ["the kiln", "the lid"]})
SOUND = "Hi there.\n[c1] Your account is new.\n[1] 1. Tap Start.\nNext: Tell us more."


def test_a_sound_reply_passes_every_measure():
    sample = judge(ANSWER, SOUND, PROFILE)
    assert sample.outcomes == {
        "valid": [True], "sources": [True], "supported": [True, True], "rules": [True] * 4, "voiced": [True, True],
        "reworded": [True, True],
    }  # fmt: skip
    assert sample.broken == []
    assert sample.statements == ["Your account is new.", "Tap Start."]
    assert (sample.lesson, sample.question, sample.evidence) == ("kiln-01", "how", ["The account is new.", "Click Start."])


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("", "the last line is no next step"),
        ("Hi there.\n[c1] Your account is new.", "the last line is no next step"),
        ("[c1] Your account is new.\nNext: Tell us more.", "the first line is no greeting"),
        ("Hi there.\nYour account is new.\nNext: Tell us more.", "no statement with its source"),
        ("Hi there.\n[9] Your account is new.\nNext: Tell us more.", "source [9] does not exist"),
        ("Hi there.\nNext: Tell us more.", "an answer without a statement"),
        ("Hi there.\n[c1] Your account is new.\nNext: Call 555.", "next step states a number"),
    ],
)
def test_what_is_not_in_the_fixed_structure_counts_as_an_answer_with_wrong_sources_too(written, told):
    sample = judge(ANSWER, written, PROFILE)
    assert sample.outcomes == {"valid": [False], "sources": [False]}
    assert sample.broken[0].startswith(told)
    assert sample.statements == []


@pytest.mark.parametrize(
    "lines",
    [
        "[1] 1. Tap Start.\n[c1] Your account is new.",
        "[c1] Your account is new.",
        "[c1] Your account is new.\n[c1] Your account is new.\n[1] 1. Tap Start.",
    ],
)
def test_evidence_out_of_order_left_out_or_repeated_is_a_failure_of_the_sources(lines):
    sample = judge(ANSWER, f"Hi there.\n{lines}\nNext: Tell us more.", PROFILE)
    assert sample.outcomes == {"valid": [True], "sources": [False], "rules": [True, True]}
    assert sample.broken == ["evidence left out, repeated or out of order"]


def test_a_figure_that_its_source_has_not_is_not_supported():
    lesson = ANSWER.model_copy(update={"statements": [ANSWER.statements[0].model_copy(update={"evidence": "1.1"})]})
    sample = judge(lesson, "Hi there.\n[1] Wait 6 minutes.\nNext: Tell us more.", PROFILE)
    assert sample.outcomes["supported"] == [False]
    assert sample.outcomes["rules"] == [True, True, True]
    assert sample.broken == ["Wait 6 minutes. (figures differ: 6 minute not in the source; 5 minute lost)"]


def test_a_broken_rule_is_told_of_the_line_that_breaks_it():
    sample = judge(ANSWER, SOUND.replace("Tap Start", "Click Start").replace("Tell us more.", "Dear you, tell us more."), PROFILE)
    assert sample.outcomes["rules"] == [True, False, True, False]
    assert sample.outcomes["reworded"] == [True, False]
    assert sample.outcomes["supported"] == [True, True]
    assert sample.broken == ["Click Start. (words: Click)", "never: dear"]


def test_a_lead_in_is_no_claim_and_counts_as_wording():
    own = profile(lead_ins={"facts": ["Good to know:"], "steps": ["Just"]})
    sample = judge(ANSWER, SOUND.replace("Your account", "Good to know: Your account").replace("Tap Start", "Just tap Start"), own)
    assert sample.outcomes["supported"] == [True, True]
    assert sample.outcomes["reworded"] == [True, True]


def test_a_statement_as_in_its_source_keeps_the_rules_and_shows_no_voice():
    lesson = ANSWER.model_copy(update={"statements": [ANSWER.statements[0].model_copy(update={"evidence": "1.1"})]})
    evidence = lesson.brief().evidence[0].text
    sample = judge(lesson, f"Hi there.\n[1] {evidence}\nNext: Tell us more.", profile(lead_ins={"facts": ["Good to know:"], "steps": []}))
    assert sample.outcomes["rules"] == [True, True, True]
    assert (sample.outcomes["voiced"], sample.outcomes["reworded"]) == ([False], [False])


@pytest.mark.parametrize(
    ("lesson", "next_step", "stands"),
    [
        (HAND_OFF, "A colleague will reply.", True),
        (HAND_OFF, "Shall a colleague reply?", False),
        (HAND_OFF, "A colleague will reply tomorrow.", False),
        (ASK, "Do you mean the kiln or the lid?", True),
        (ASK, "Do you mean the kiln?", False),
        (ASK, "Tell us the kiln or the lid.", False),
    ],
)
def test_a_hand_off_or_ask_back_must_be_worded_as_such(lesson, next_step, stands):
    sample = judge(lesson, f"Hi there.\nNext: {next_step}", PROFILE)
    assert sample.outcomes == {"valid": [True], "forced": [stands], "rules": [True, True]}
    assert sample.broken == ([] if stands else [f"not worded as {lesson.action.replace('_', ' ')}: {next_step}"])


def test_the_profiles_own_words_may_stand_in_a_hand_off():
    text = "Hi there.\nNext: Our kiln wizards take over."
    assert judge(HAND_OFF, text, PROFILE).outcomes["forced"] == [False]
    assert judge(HAND_OFF, text, profile(hand_offs=["Our kiln wizards take over."])).outcomes["forced"] == [True]


@pytest.mark.parametrize("lesson", [HAND_OFF, ASK])
def test_statements_where_there_is_nothing_to_say_fail(lesson):
    sample = judge(lesson, SOUND, PROFILE)
    assert sample.outcomes == {"valid": [False], "forced": [False]}


def samples(values: list[list[bool]], measure: str = "valid") -> list[Sample]:
    return [
        Sample(lesson=f"l{n}", question="q", evidence=[], written="w", outcomes={measure: outcomes}) for n, outcomes in enumerate(values)
    ]


def test_a_share_counts_statements_and_not_lessons():
    assert share(samples([[True, True, True], [False]]), "valid") == 0.75
    assert share(samples([[True]]), "sources") is None
    assert scores(samples([[True], [True], [False]])) == {"valid": 0.6667}
    assert set(scores([judge(ANSWER, SOUND, PROFILE), judge(ASK, SOUND, PROFILE)])) == set(MEASURES)


def test_an_interval_holds_the_share_and_narrows_with_more_lessons():
    rng = random.Random(1)
    wide, narrow = (interval(samples([[rng.random() < 0.8] for _ in range(count)]), "valid") for count in (20, 500))
    assert wide[0] < 0.8 < wide[1]
    assert narrow[0] < 0.8 < narrow[1]
    assert narrow[1] - narrow[0] < 0.4 * (wide[1] - wide[0])
    assert 0.05 < narrow[1] - narrow[0] < 0.1  # twice 1.96 times the root of 0.8 x 0.2 / 500 is 0.07


def test_statements_of_one_lesson_are_drawn_together():
    together = samples([[True] * 10, [False] * 10] * 10)
    apart = samples([[True], [False]] * 100)
    ours, theirs = interval(together, "valid"), interval(apart, "valid")
    assert ours[1] - ours[0] > 2 * (theirs[1] - theirs[0])


def test_an_interval_is_the_same_every_time():
    values = samples([[n % 3 == 0] for n in range(60)])
    assert interval(values, "valid") == interval(values, "valid")


def test_nothing_looked_at_gives_the_widest_interval():
    assert interval(samples([[True]]), "sources") == (0.0, 1.0)


def test_a_voice_does_not_differ_from_itself():
    same = samples([[n % 3 == 0] for n in range(60)])
    assert difference(same, same, "valid") == (0.0, 0.0, 0.0)


def test_a_difference_is_paired_by_lesson():
    rng = random.Random(0)
    hard = [rng.random() < 0.5 for _ in range(100)]
    old = samples([[not value] for value in hard])
    new = samples([[not value and n % 10 != 0] for n, value in enumerate(hard)])
    fell, low, high = difference(new, old, "valid")
    assert low < fell < high <= 0
    assert high - low < 0.12  # unpaired it would be about 0.27
