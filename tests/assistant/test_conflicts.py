"""Sources that disagree, and accounts that contradict a question."""

import random

import pytest

from assistant.claims import figures
from assistant.conflicts import dated, disagreement, note, premise, settle
from knowledge_base.accounts import MOST_FACTS, account_facts
from knowledge_base.evidence import Piece, narrow
from knowledge_base.listings import live_articles
from knowledge_base.settings import KnowledgeSettings
from knowledge_base.stored import StoredFact
from tests.assistant.test_grounding_rates import PAIRS, other_figure
from tests.conftest import ARTICLES, CUSTOMERS, write_help_center

OLD = "---\nid: old-terms\ntitle: Terms of refunds\nupdated: 2024-01-05\n---\nRefunds are paid within 30 days.\n"


@pytest.mark.parametrize(
    ("one", "other", "difference"),
    [
        ("Refunds are paid within 14 days.", "Refunds are paid within 30 days.", "14 day against 30 day"),
        ("A refund is paid within 14 days.", "Refunds are paid within 30 days.", "14 day against 30 day"),
        ("Each token may send 100 requests per minute.", "Each token may send 60 requests per minute.", "100 against 60"),
        ("A yearly plan can be refunded.", "A yearly plan cannot be refunded.", "one says that it is so, the other that it is not"),
    ],
)
def test_two_sentences_on_one_subject_disagree_by_a_figure_or_by_yes_and_no(one, other, difference):
    assert disagreement(one, other) == difference


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Refunds are paid within 14 days.", "Refunds are paid within 14 days."),
        ("Refunds are paid within 14 days.", "Exports are deleted within 30 days."),
        ("Refunds are paid within 14 days.", "Refunds on the Business plan are paid within 30 days."),
        ("Refunds are paid within 14 days.", "If the card has expired, refunds are paid within 30 days."),
        ("The limit is 100 requests per minute.", "The limit is 5 GB per workspace."),
        ("Clients: Free: 3; Team: 200.", "Invoices: Free: 3; Team: 20."),
    ],
)
def test_sentences_on_other_subjects_do_not_disagree(one, other):
    assert disagreement(one, other) is None


def test_titles_that_name_other_things_set_sentences_apart():
    one, other = "Sync now can be used once per 5 minutes.", "Sync now can be used once per 15 minutes."
    assert disagreement(one, other, "Sync with QuickBooks", "Sync with Xero") is None
    assert disagreement(one, other, "Sync with Xero", "About sync with Xero")
    assert disagreement(one, other, "Terms 2024", "Terms 2026")


def test_the_live_help_center_does_not_contradict_itself():
    units = [
        (article.article_id, f"{article.title} {passage.heading}", unit.text)
        for article in live_articles(KnowledgeSettings().articles)
        if article.audience == "public"
        for passage in article.passages
        for unit in passage.units
        if figures(unit.text)
    ]
    assert len(units) > 300
    found = [
        (mine, theirs)
        for at, mine in enumerate(units)
        for theirs in units[at + 1 :]
        if mine[0] != theirs[0]
        and len(set(mine[2].split()) & set(theirs[2].split())) > 3
        and disagreement(mine[2], theirs[2], mine[1], theirs[1])
    ]
    assert found == []


def test_a_changed_figure_is_found_in_most_reworded_sentences_and_never_where_nothing_changed():
    rng = random.Random(3)
    changed = [(evidence.text, other_figure(text, rng), text) for _, evidence, text, _ in PAIRS]
    changed = [(source, other, text) for source, other, text in changed if figures(other) != figures(text)]
    assert len(changed) > 200
    assert sum(disagreement(source, other) is not None for source, other, _ in changed) / len(changed) > 0.8
    assert [text for _, evidence, text, _ in PAIRS if disagreement(evidence.text, text)] == []


@pytest.fixture(scope="module")
def disputed(tmp_path_factory):
    """The tiny help center with an older article that says otherwise."""
    from knowledge_base.refresh import refresh
    from knowledge_base.retrieval import KnowledgeBase

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
    assert "14 day against 30 day" in said and "2024-01-05" in said


def test_a_contradiction_counts_although_narrowing_left_it_out(disputed):
    search = disputed.search("within how many days are refunds paid")
    newer = next(hit for hit in search.hits if "14 days" in hit.text)
    pieces = [Piece(newer.source, "Refunds are paid within 14 days.")]
    assert any("30 days" in piece.text for piece in settle(search, pieces, None).pieces)


def test_articles_of_the_same_day_are_named_by_their_titles(disputed):
    search = disputed.search("within how many days are refunds paid")
    one, other = (hit.model_copy(update={"updated": "2026-01-01"}) for hit in search.hits[:2])
    assert [one.title in dated([(one, "A."), (other, "B.")])[0], other.title in dated([(one, "A."), (other, "B.")])[1]] == [True, True]


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
