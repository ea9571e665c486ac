"""Sources that disagree, and accounts that contradict a question."""

import pytest

from assistant.conflicts import dated, note, premise, settle
from knowledge_base.accounts import MOST_FACTS, account_facts
from knowledge_base.evidence import Piece, narrow
from knowledge_base.fact_ranking import value_words
from knowledge_base.refresh import refresh
from knowledge_base.retrieval import KnowledgeBase
from knowledge_base.stored import StoredFact
from tests.conftest import ARTICLES, CUSTOMERS, write_help_center

OLD = "---\nid: old-terms\ntitle: Terms of refunds\nupdated: 2024-01-05\n---\nRefunds are paid within 30 days.\n"


@pytest.fixture(scope="module")
def disputed(tmp_path_factory):
    """The tiny help center with an older article that says otherwise."""
    place = write_help_center(tmp_path_factory.mktemp("disputed"), ARTICLES | {"old-terms": OLD}, CUSTOMERS)
    refresh(place.settings)
    return KnowledgeBase(place.settings)


def test_both_sources_are_quoted_side_by_side_with_their_dates_the_newer_first(disputed):
    search = disputed.search("within how many days are refunds paid")
    settled = settle(search, narrow(search, 360, len).pieces, None)
    (conflict,) = settled.conflicts
    texts = [piece.text for piece in settled.pieces]
    newer = texts.index("As updated on 2026-03-01: Refunds are paid within 14 days.")
    assert texts[newer + 1] == "An older article, of 2024-01-05, still says: Refunds are paid within 30 days."
    assert not {"Refunds are paid within 14 days.", "Refunds are paid within 30 days."} & set(texts)
    assert {piece.text for piece in settled.verbatim} == set(texts[newer : newer + 2])
    by_source = {hit.source: hit.article_id for hit in search.hits}
    assert [by_source[source] for source in conflict.sources] == ["cancel-plan", "old-terms"]
    (said,) = note(settled.conflicts, settled.hits)
    assert "14 days against 30 days" in said and "2024-01-05" in said


def test_a_disputed_step_keeps_its_number(tmp_path):
    steps = "---\nid: {}\ntitle: {}\nupdated: {}\n---\n1. Open **{}** to cancel a subscription.\n2. Confirm the end of it.\n"
    articles = {
        "new-way": steps.format("new-way", "Cancel a subscription", "2026-03-01", "Settings > Billing"),
        "old-way": steps.format("old-way", "How to cancel", "2024-03-01", "Account > Plan"),
    }
    place = write_help_center(tmp_path, articles, [])
    refresh(place.settings)
    search = KnowledgeBase(place.settings).search("how do i cancel my subscription")
    newer = next(hit for hit in search.hits if hit.article_id == "new-way")
    text = "Open Settings > Billing to cancel a subscription."
    settled = settle(search, [Piece(newer.source, text, 1), Piece(newer.source, "Confirm the end of it.", 2)], None)
    assert [piece.step for piece in settled.pieces] == [1, None, 2]
    assert "Settings > Billing against Account > Plan" in note(settled.conflicts, settled.hits)[0]


def test_a_contradiction_counts_although_narrowing_left_it_out(disputed):
    search = disputed.search("within how many days are refunds paid")
    newer = next(hit for hit in search.hits if "14 days" in hit.text)
    pieces = [Piece(newer.source, "Refunds are paid within 14 days.")]
    assert any("30 days" in piece.text for piece in settle(search, pieces, None).pieces)


def test_articles_of_the_same_day_are_named_by_their_titles(disputed):
    search = disputed.search("within how many days are refunds paid")
    one, other = (hit.model_copy(update={"updated": "2026-01-01"}) for hit in search.hits[:2])
    assert [one.title in dated([(one, "A."), (other, "B.")])[0], other.title in dated([(one, "A."), (other, "B.")])[1]] == [True, True]


def test_of_articles_one_of_which_has_no_date_neither_is_called_the_older(disputed):
    search = disputed.search("within how many days are refunds paid")
    search.hits[1] = search.hits[1].model_copy(update={"updated": ""})
    told = dated([(search.hits[0], "A."), (search.hits[1], "B.")])
    assert told[0].startswith("Two articles differ here: ") and "older" not in told[1]


@pytest.mark.parametrize(
    ("question", "customer", "said"),
    [
        ("Can I use single sign-on on my Business plan?", "CORK-3", "The workspace is on the Free plan."),
        ("we're on the Team plan, how do I cancel", "ACME-1", "The workspace is on the Business plan."),
        ("Our current Free plan is fine", "BOLT-2", "The workspace is on the Team plan."),
        ("We have 12 seats, can we add one?", "ACME-1", "The workspace uses 7 of 10 seats."),
        ("we bought five seats", "BOLT-2", "The workspace uses 2 of 3 seats."),
        ("my Pro plan has no single sign-on", "CORK-3", "The workspace is on the Free plan."),
        ("I'm on the Pro plan", "CORK-3", "The workspace is on the Free plan."),
        ("I'm on Business. How do I cancel?", "CORK-3", "The workspace is on the Free plan."),
        ("how do I cancel my Team subscription", "CORK-3", "The workspace is on the Free plan."),
        ("I'm on Free and want more", "CORK-3", None),
        ("my Tallybird plan", "CORK-3", None),
        ("our current plan", "CORK-3", None),
        ("I have 10 seats", "ACME-1", None),
        ("Can I use single sign-on on my Business plan?", "ACME-1", None),
        ("Should we move to the Business plan?", "CORK-3", None),
        ("Is single sign-on part of the Business plan?", "CORK-3", None),
        ("I have 2 questions", "CORK-3", None),
        ("can I pause my plan for 3 months", "ACME-1", None),
    ],
)
def test_an_account_that_contradicts_the_question_is_found(disputed, question, customer, said):
    found = premise(question, disputed.facts(customer), disputed.field_values(), ("Tallybird",))
    assert (found[0].text if found else None) == said


def test_the_contradicting_account_fact_is_said_first_and_once(disputed):
    question = "Can I use single sign-on on my Business plan?"
    search = disputed.search(question, "CORK-3")
    contradicted = premise(question, disputed.facts("CORK-3"), disputed.field_values())
    settled = settle(search, narrow(search, 360, len).pieces, contradicted)
    assert settled.pieces[0].text == "By the account: The workspace is on the Free plan."
    assert settled.pieces[0] in settled.verbatim
    assert sum("on the Free plan" in piece.text for piece in settled.pieces) == 1
    by_source = {hit.source: hit for hit in settled.hits}
    assert by_source[settled.pieces[0].source].path == "plan"
    assert "Business plan" in note(settled.conflicts, settled.hits)[0]


def test_a_fact_that_the_search_did_not_return_gets_a_number_of_its_own(disputed):
    search = disputed.search("Can I use single sign-on on my Business plan?", "CORK-3")
    facts = disputed.facts("CORK-3")
    bare = type(search)(**{**vars(search), "hits": [hit for hit in search.hits if hit.path != "plan"], "facts": []})
    settled = settle(bare, [], (next(fact for fact in facts if fact.path == "plan"), "Business plan"))
    assert len({hit.source for hit in settled.hits}) == len(settled.hits)
    assert settled.hits[-1].text == "The workspace is on the Free plan."


def test_the_count_of_what_is_not_listed_does_not_say_how_many_there_are():
    *_, counted = account_facts({"payments": [{"id": f"P-{number}", "kind": "card"} for number in range(MOST_FACTS + 7)]}, [])
    assert counted.text == "7 further details of payments are on record but not listed here."
    stored = StoredFact("a#1", "ACME-1", 1, counted.path, counted.title, counted.text, "", "", "a")
    assert premise("Where are my 3 payments?", [stored], {}) is None


def test_one_thing_of_a_list_does_not_exclude_another():
    ticket = "Support ticket TCK-7: subject Dispute of Amazon payment, status open."
    stored = StoredFact("a#1", "ACME-1", 1, "support_tickets.0", "Support tickets", ticket, "", "", "a")
    assert premise("Has my Netflix payment gone through?", [stored], {}) is None


CYCLES = ("The subscription is billed monthly.", "The subscription is billed yearly.", "The firm has no cycle, because nothing is charged.")


@pytest.mark.parametrize(
    ("question", "claim"),
    [
        ("What does my yearly plan cost?", "yearly plan"),
        ("I have a yearly subscription, when does it renew?", "yearly subscription"),
        ("What does my monthly plan cost?", None),
        ("When is my yearly report due?", None),
    ],
)
def test_a_value_that_is_no_name_is_claimed_of_the_account_in_small_letters(question, claim):
    stored = StoredFact("a#1", "ACME-1", 1, "billing.cycle", "Billing cycle", CYCLES[0], "", "", "a")
    found = premise(question, [stored], value_words([("billing.cycle", text) for text in CYCLES]))
    assert (found and found[1]) == claim


def test_a_name_in_small_letters_may_be_a_word_like_any_other():
    stored = StoredFact("a#1", "ACME-1", 1, "plan", "Plan", "The workspace is on the Free plan.", "", "", "a")
    values = value_words([("plan", f"The workspace is on the {name} plan.") for name in ("Free", "Business", "Team")])
    assert premise("Can our business account have guests?", [stored], values) is None
    assert premise("Can our Business account have guests?", [stored], values) == (stored, "Business account")
