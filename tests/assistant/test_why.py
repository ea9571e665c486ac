"""Diagnoses of turns: knowledge or behaviour, with evidence and remedy."""

import pytest

from assistant.conflicts import Conflict
from assistant.reply import Reply, Statement
from assistant.turns import Unsupported
from assistant.untrusted import Withheld
from assistant.why import diagnose, summary
from knowledge_base.hits import Hit, NearQuestion
from tests.assistant.kept import turn

CITED = Hit(
    source="1", article_id="cancel-plan", version=1, title="Cancel a subscription", heading="Refunds",
    text="Refunds are paid within 14 days.", score=3.0, updated="2026-03-01", indexed="2026-11-20T10:00:00Z",
)  # fmt: skip
REPLY = Reply(
    greeting="Hi.", answer=[Statement(text="Refunds are paid within 14 days.", sources=["1"])], next_step="Reply here.", action="answer"
)
WRITTEN = "Hi.\n[1] Refunds are paid within 14 days.\nNext: Reply here."
SOUND = {"retrieved": [CITED], "cited": [CITED], "reply": REPLY, "written": WRITTEN, "unsupported": [], "left_out": []}


def found(kb, expected=None, **changes):
    return diagnose(turn("t", **(SOUND | {"question": "when are refunds paid"} | changes)), kb, expected)


def test_a_sound_turn_gives_no_finding_and_says_where_to_look(small_store):
    assert found(small_store.kb) == []
    assert "Nothing stands out" in summary([])


@pytest.mark.parametrize(
    ("changes", "area", "cause", "mend"),
    [
        ({"reply": REPLY.model_copy(update={"action": "hand_off", "answer": []}), "cited": [], "written": "Hi.\nNext: Reply here."},
         "knowledge", "nothing found that answers it", "cancel-plan.md"),
        ({"reply": REPLY.model_copy(update={"action": "ask", "answer": []}), "cited": [], "written": "Hi.\nNext: Reply here.",
          "vagueness": 0.6},
         "knowledge", "several articles fit", "asked_as"),
        ({"reply": REPLY.model_copy(update={"action": "ask", "answer": []}), "cited": [], "written": "Hi.\nNext: Reply here.",
          "vagueness": 0.0, "retrieved": [CITED.model_copy(update={"source": "c1"})]},
         "knowledge", "several things of the account fit", "its number"),
        ({"withheld": [Withheld(source="1", article_id="cancel-plan", title="Cancel", reason="dictates the reply: “x”")]},
         "knowledge", "gives the assistant orders", "cancel-plan.md"),
        ({"conflicts": [Conflict(kind="sources", sources=["1", "1"], difference="14 day against 30 day")]},
         "knowledge", "two articles disagree", "cancel-plan.md"),
        ({"conflicts": [Conflict(kind="premise", sources=["1"], difference="“Business plan”")]},
         "knowledge", "the account contradicts", "record"),
        ({"cited": [CITED.model_copy(update={"version": 0})]}, "knowledge", "edited since, now version 1", "ask again"),
        ({"cited": [CITED.model_copy(update={"article_id": "gone"})]}, "knowledge", "removed since", "replay t"),
        ({"cited": [CITED.model_copy(update={"updated": "2024-01-01"})]}, "knowledge", "may be outdated", "cancel-plan.md"),
        ({"cited": [CITED.model_copy(update={"source": "c1", "as_of": "2026-10-01T00:00:00Z"})]},
         "knowledge", "account data was old", "refresh"),
        ({"left_out": ["more"]}, "knowledge", "left out for its length", "evidence_tokens"),
        ({"unsupported": [Unsupported(text="Refunds take 15 days.", sources=["1"], reason="figures differ")]},
         "behaviour", "otherwise than their source", "training/lessons"),
        ({"written": "Hi.\n[1] Refunds are"}, "behaviour", "lost the structure", "retrain"),
        ({"written": WRITTEN.replace("Hi.", "Yo dude.")}, "behaviour", "greeting was not in the voice", "profile"),
        ({"written": WRITTEN.replace("Reply here.", "Bye.")}, "behaviour", "next step was not in the voice", "profile"),
    ],
)  # fmt: skip
def test_each_fault_is_named_by_its_area_with_what_mends_it(small_store, changes, area, cause, mend):
    (finding,) = found(small_store.kb, **changes)
    assert finding.area == area
    assert cause in finding.cause
    assert mend in finding.mend
    assert finding.evidence or "removed" in cause
    assert summary([finding]).startswith(area.capitalize())


def test_a_known_gap_is_named_with_the_article_to_write_it_in(small_store):
    gap = NearQuestion(article_id="export-data", title="Export your data", text="can I export as XML")
    (finding,) = found(
        small_store.kb,
        reply=REPLY.model_copy(update={"action": "hand_off", "answer": []}),
        cited=[],
        written="Hi.\nNext: Reply here.",
        known_gap=gap,
    )
    assert "known gap" in finding.cause
    assert finding.evidence[0] == "known gap of “Export your data”: can I export as XML"
    assert "export-data.md" in finding.mend and "take the gap out of its `gaps`" in finding.mend


def test_an_ambiguous_question_is_named_with_the_article_to_take_it_out_of(small_store):
    like = NearQuestion(article_id="export-data", title="Export your data", text="get it out of there")
    (finding,) = found(
        small_store.kb,
        reply=REPLY.model_copy(update={"action": "ask", "answer": []}),
        cited=[],
        written="Hi.\nNext: Reply here.",
        vagueness=0.8,
        ambiguous=like,
    )
    assert finding.evidence[0] == "ambiguous question of “Export your data”: get it out of there"
    assert "take that question out of the `ambiguous` of export-data" in finding.mend


def test_an_internal_article_that_bears_on_it_is_pointed_out(small_store):
    internal = CITED.model_copy(update={"article_id": "refund-exceptions", "audience": "internal"})
    changes = {
        "reply": REPLY.model_copy(update={"action": "hand_off", "answer": []}),
        "written": "Hi.\nNext: Reply here.",
        "noted": [internal],
    }
    (finding,) = found(small_store.kb, cited=[], **changes)
    assert "internal article" in finding.cause and "refund-exceptions.md" in finding.mend


def test_what_was_written_again_is_not_called_a_quote(small_store):
    again = Unsupported(text="Refunds take 15 days.", sources=["1"], reason="figures differ", instead="regenerated")
    (one,) = found(small_store.kb, unsupported=[again])
    assert one.cause.endswith("1 written again")
    (both,) = found(small_store.kb, unsupported=[again, again.model_copy(update={"instead": "quoted"})])
    assert both.cause.endswith("1 quoted instead, 1 written again")
