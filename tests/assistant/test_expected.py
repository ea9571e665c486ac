"""The article that should have answered, in every state that it may be in."""

import pytest
from typer.testing import CliRunner

from assistant.cli import app
from assistant.prompt import render
from assistant.reply import Brief, Evidence, Reply, Statement
from assistant.turns import Turns
from assistant.untrusted import Withheld
from assistant.why import diagnose
from knowledge_base.refresh import refresh
from knowledge_base.retrieval import KnowledgeBase
from tests.assistant.kept import turn
from tests.assistant.test_why import CITED, SOUND
from tests.conftest import write_articles

QUESTION = "when are refunds paid"
LINES = (
    "A subscription can be cancelled by the Owner at any time.", "Open Settings > Billing.", "Click Cancel subscription.",
    "Confirm with your password.", "Refunds are paid within 14 days.", "Nothing is refunded after 60 days.",
)  # fmt: skip
LIMITS = CITED.model_copy(update={"source": "2", "article_id": "api-limits", "title": "API rate limits", "heading": ""})
HANDED_OFF = {
    "reply": Reply(greeting="Hi.", answer=[], next_step="Reply here.", action="hand_off"),
    "cited": [], "written": "Hi.\nNext: Reply here.", "confidence": 0.31, "settings": {"hand_off_below": 0.43, "ask_above": 0.45},
}  # fmt: skip
ASKED = HANDED_OFF | {"reply": HANDED_OFF["reply"].model_copy(update={"action": "ask"}), "vagueness": 0.52}


def told(*lines):
    """The prompt of a turn in which these lines were evidence."""
    return render(Brief(QUESTION, evidence=tuple(Evidence("1", line) for line in lines))).user


def missed(kb, expected, **changes):
    """The only finding about a turn, with the article that should have answered."""
    fields = SOUND | {"question": QUESTION, "prompt": told("Refunds are paid within 14 days.")} | changes
    (finding,) = diagnose(turn("t", **fields), kb, expected)
    return finding


def test_an_article_that_does_not_exist_is_to_be_written_and_the_nearest_names_are_told(small_store):
    finding = missed(small_store.kb, "cancel-plans")
    assert finding.area == "knowledge" and "no article 'cancel-plans'" in finding.cause
    assert "there is 'cancel-plan'" in finding.evidence and "write it" in finding.mend


def test_an_article_that_was_removed_is_named_with_the_version_to_restore(refreshed):
    (refreshed.articles / "api-limits.md").unlink()
    refresh(refreshed.settings)
    finding = missed(KnowledgeBase(refreshed.settings), "api-limits")
    assert "'api-limits' was removed on 20" in finding.cause and "API rate limits (version 1" in finding.evidence[0]
    assert "restore api-limits@1" in finding.mend


def test_an_internal_article_is_not_expected_to_answer_customers(small_store):
    finding = missed(small_store.kb, "refund-exceptions")
    assert "internal" in finding.cause and "public" in finding.mend


def test_an_article_that_gives_orders_is_told_once_as_such(small_store):
    withheld = [Withheld(source="2", article_id="api-limits", title="API rate limits", reason="dictates the reply: “x”")]
    finding = missed(small_store.kb, "api-limits", withheld=withheld)
    assert "gives the assistant orders" in finding.cause and "api-limits.md" in finding.mend


def test_an_article_that_was_not_found_is_told_with_its_place(small_store):
    finding = missed(small_store.kb, "api-limits")
    assert finding.area == "knowledge" and "'api-limits' should have answered, and its best passage is number " in finding.cause
    assert "api-limits.md" in finding.mend and "`asked_as` line such as “when are refunds paid”" in finding.mend
    assert finding.evidence == ["[1] “Cancel a subscription” was cited"]


def test_an_article_in_another_language_than_what_was_found_is_told_so(refreshed):
    german = "---\nid: erstattung\ntitle: Erstattungen\nlanguage: de\nupdated: 2026-03-01\n---\nErstattungen dauern 14 Tage.\n"
    english = "---\nid: money-back\ntitle: Money back\nlanguage: en\nupdated: 2026-03-01\n---\nMoney is paid back within 14 days.\n"
    write_articles(refreshed.articles, {"erstattung": german, "money-back": english})
    refresh(refreshed.settings)
    hit = CITED.model_copy(update={"article_id": "money-back", "title": "Money back"})
    finding = missed(KnowledgeBase(refreshed.settings), "erstattung", retrieved=[hit], cited=[hit])
    assert finding.evidence[0] == "it is written in 'de', what was found in 'en'"


def test_an_article_that_was_found_and_not_used_is_told_so(small_store):
    finding = missed(small_store.kb, "api-limits", retrieved=[CITED, LIMITS])
    assert finding.area == "knowledge" and "'api-limits' was found as [2], but none of its lines was chosen" in finding.cause
    assert finding.evidence == ["[2] API rate limits (api-limits, version 1, updated 2026-03-01)", "[1] “Cancel a subscription” was cited"]
    assert "“API rate limits” has an `asked_as` line" in finding.mend


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        (HANDED_OFF, "but handed off: confidence 0.31, under 0.43 (hand_off_below)"),
        (HANDED_OFF | {"settings": {}}, "but handed off: confidence 0.31"),
        (HANDED_OFF | {"confidence": 0.5}, "but none of its lines was chosen as bearing on the question"),
        (ASKED, "but asked back: vagueness 0.52, above 0.45 (ask_above)"),
    ],
)
def test_a_threshold_that_kept_an_article_from_answering_is_named_with_its_number(small_store, changes, why):
    finding = missed(small_store.kb, "cancel-plan", **changes)
    assert finding.area == "knowledge" and finding.cause == f"'cancel-plan' was found as [1], {why}"
    assert finding.evidence == ["[1] Cancel a subscription, Refunds (cancel-plan, version 1, updated 2026-03-01)"]
    assert "cancel-plan.md" in finding.mend and "“Refunds” has an `asked_as` line such as “when are refunds paid”" in finding.mend


def test_what_a_cited_article_has_besides_is_named_the_same_passage_first(small_store):
    finding = missed(small_store.kb, "cancel-plan")
    assert finding.area == "knowledge" and "'cancel-plan' was cited, and 5 of its 6 lines were left out" in finding.cause
    assert finding.evidence[0] == "not said: Refunds: Nothing is refunded after 60 days."
    assert len(finding.evidence) == 5
    assert "cancel-plan.md" in finding.mend and "`asked_as`" in finding.mend and "training/lessons" in finding.mend


def test_a_cited_article_of_which_all_was_said_is_a_matter_of_behaviour(small_store):
    finding = missed(small_store.kb, "cancel-plan", prompt=told(*LINES))
    assert finding.area == "behaviour" and "all of it was said" in finding.cause
    assert "python -m training retrain" in finding.mend


def test_a_disputed_line_counts_as_said(small_store):
    lines = ("As updated on 2026-03-01: Refunds are paid within 14 days.", *(line for line in LINES if "14 days" not in line))
    assert missed(small_store.kb, "cancel-plan", prompt=told(*lines)).area == "behaviour"


def test_a_cited_article_that_is_gone_since_is_told_by_its_age(small_store):
    gone = CITED.model_copy(update={"article_id": "gone"})
    assert "removed since" in missed(small_store.kb, "gone", retrieved=[gone], cited=[gone]).cause


def test_a_hand_off_that_states_an_account_fact_is_diagnosed_as_one(small_store):
    fact = CITED.model_copy(update={"source": "c1", "article_id": "customer:ACME-1", "as_of": "2026-11-22T00:00:00Z"})
    reply = HANDED_OFF["reply"].model_copy(update={"answer": [Statement(text="A fact.", sources=["c1"], how="quoted")]})
    changes = HANDED_OFF | {"reply": reply, "cited": [fact], "retrieved": [CITED, fact]}
    assert "handed off: confidence 0.31" in missed(small_store.kb, "cancel-plan", **changes).cause


def test_the_command_says_it(refreshed):
    Turns(refreshed.store).add(turn("t", **(SOUND | {"question": QUESTION} | HANDED_OFF)))
    said = CliRunner().invoke(app, ["why", "t", "--expected", "cancel-plan", "--store", str(refreshed.store)]).output
    assert "Knowledge: 'cancel-plan' was found as [1], but handed off: confidence 0.31, under 0.43 (hand_off_below)." in said
    assert "To mend it: edit " in said
