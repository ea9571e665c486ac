"""The gate: each kind of fall is refused with its sentence, an equal voice passes."""

import pytest

from assistant.voices import Card
from tests.assistant.cards import card
from training.evaluation import Sample
from training.gate import NO_WORSE, Trial, gate
from training.probes import Probe
from training.scores import of_trial, summary

LESSONS = 60


def samples(**failing: int) -> list[Sample]:
    """Samples of which so many fail a measure."""
    measures = ("valid", "sources", "supported", "forced", "rules")
    return [
        Sample(
            lesson=f"l{n}", question=f"question {n}", evidence=["Click it."], written="w", statements=[f"Tap it {n}."],
            outcomes={measure: [n >= failing.get(measure, 0)] for measure in measures},
            broken=[f"{measure} fails" for measure in measures if n < failing.get(measure, 0)],
        )
        for n in range(LESSONS)
    ]  # fmt: skip


def probes(voice: int, base: int, count: int = 20) -> list[Probe]:
    return [Probe(f"prompt {n}", f"said {n}", "plain", n < voice, n < base) for n in range(count)]


def test_a_voice_as_good_as_the_active_one_passes():
    new = Trial(samples(valid=6, rules=5), 0.9, probes(2, 1), probes(1, 1))
    assert gate(new, samples(valid=6, rules=20)) == []


def test_a_better_voice_passes():
    assert gate(Trial(samples()), samples(valid=30, sources=30, supported=30, forced=30)) == []


@pytest.mark.parametrize(("measure", "name"), NO_WORSE.items())
def test_a_fall_below_the_active_voice_is_refused_and_shown(measure, name):
    (finding,) = gate(Trial(samples(**{measure: 18})), samples(**{measure: 3}))
    assert finding.measure == measure
    assert str(finding).startswith(f"{name} is 0.70, 0.25 below the active voice (95% interval 0.1")
    assert finding.samples[0] == f"question 0 -> {measure} fails"
    assert len(finding.samples) == 5


@pytest.mark.parametrize("measure", NO_WORSE)
def test_a_fall_within_its_interval_passes(measure):
    assert gate(Trial(samples(**{measure: 4})), samples(**{measure: 3})) == []


def test_a_small_fall_passes_however_sure_it_is():
    new = [Sample(lesson=str(n), question="q", evidence=[], written="w", outcomes={"valid": [n > 3], "rules": [True]}) for n in range(300)]
    old = [Sample(lesson=str(n), question="q", evidence=[], written="w", outcomes={"valid": [True], "rules": [True]}) for n in range(300)]
    assert gate(Trial(new), old) == []


def test_without_an_active_voice_half_must_be_right():
    assert gate(Trial(samples(valid=30, sources=30, supported=30, forced=30)), None) == []


@pytest.mark.parametrize(("measure", "name"), NO_WORSE.items())
def test_a_first_voice_of_which_less_than_half_is_right_is_refused(measure, name):
    (finding,) = gate(Trial(samples(**{measure: 33})), None)
    assert str(finding) == f"{name} is 0.45, and a first voice needs 0.50"
    assert finding.samples[0] == f"question 0 -> {measure} fails"


def test_a_voice_that_breaks_its_rules_is_refused():
    (finding,) = gate(Trial(samples(rules=10)), None)
    assert str(finding) == "only 0.83 of its lines keep every rule of the profile"
    assert finding.samples[0] == "question 0 -> rules fails"


def test_a_voice_of_which_nothing_could_be_judged_is_refused():
    mute = [
        Sample(lesson="l", question="q", evidence=[], written="", outcomes={"valid": [False], "sources": [False]}, broken=["no next step"])
    ]
    assert [str(finding) for finding in gate(Trial(mute), None)] == [
        "structure validity is 0.00, and a first voice needs 0.50",
        "source accuracy is 0.00, and a first voice needs 0.50",
        "only 0.00 of its lines keep every rule of the profile",
    ]


def test_a_voice_that_is_not_recognised_is_refused():
    (finding,) = gate(Trial(samples(), recognised=0.8), None)
    assert str(finding) == "only 0.80 of its replies are recognised as this voice, by their statements together"
    assert finding.samples == [f"Tap it {n}." for n in range(5)]
    assert gate(Trial(samples(), recognised=0.85), None) == []


def test_a_voice_that_answers_everything_as_support_is_refused():
    (finding,) = gate(Trial(samples(), forgetting=probes(5, 1)), None)
    assert str(finding) == "5 of 20 general prompts are answered as a support reply (by the base model 1)"
    assert finding.samples[0] == "prompt 0 -> said 0"
    assert gate(Trial(samples(), forgetting=probes(4, 1)), None) == []


def test_a_voice_that_knows_live_facts_is_refused():
    (one,) = gate(Trial(samples(), knowledge=probes(3, 2)), None)
    assert str(one) == "3 of 20 questions are answered with a live fact and no source (by the base model 2)"
    (finding,) = gate(Trial(samples(), knowledge=probes(4, 2)), None)
    assert str(finding) == "4 of 20 questions are answered with a live fact and no source (by the base model 2)"
    assert finding.samples == [f"prompt {n} -> said {n}" for n in range(4)]
    assert gate(Trial(samples(), knowledge=probes(2, 2)), None) == []


def test_every_reason_is_told():
    new = Trial(samples(valid=30, rules=30), 0.1, probes(20, 0), probes(20, 0))
    assert [finding.measure for finding in gate(new, samples())] == ["valid", "rules", "recognised", "forgetting", "knowledge"]


def test_the_card_counts_what_was_told_closed_book_and_forgotten_by_the_voice_and_by_the_base():
    found = of_trial(Trial(samples(valid=6), 0.9, probes(2, 1), probes(3, 4, 30)))
    assert {name: value for name, value in found.items() if name.startswith(("closed", "forget"))} == {
        "closed_book": 3, "closed_book_base": 4, "closed_book_asked": 30, "forgetting": 2, "forgetting_base": 1, "forgetting_asked": 20,
    }  # fmt: skip
    kept = Card.model_validate_json(card(scores=found).model_dump_json()).scores
    assert summary(kept) == (
        "valid 0.90, sources 1.00, supported 1.00, forced 1.00, rules 1.00, recognised 0.90, "
        "live facts told closed-book 3 of 30 (by the base model 4), general prompts answered as support 2 of 20 (by the base model 1)"
    )


def test_a_card_of_before_has_no_counts_and_loads():
    assert summary(card(scores={"valid": 0.5}).scores) == "valid 0.50"
    assert summary({"valid": 0.5, "closed_book": 1.0}) == "valid 0.50"
    assert of_trial(Trial(samples())).keys() == {"valid", "sources", "supported", "forced", "rules"}
