"""Ranking: what a passage's score is made of, and which passages are alike."""

from dataclasses import replace

import numpy as np
import pytest

from knowledge_base import ranking
from knowledge_base.passages import Unit
from knowledge_base.ranking import Scored, alike, diverse, queries, score
from knowledge_base.refresh import refresh
from knowledge_base.retrieval import KnowledgeBase
from knowledge_base.stored import StoredPassage
from knowledge_base.whole_steps import PARTS
from knowledge_base.words import fts_query, fts_terms, identifiers
from tests.conftest import ARTICLES, write_articles, write_customers, write_help_center

EAST, NORTH = np.array([1.0, 0.0]), np.array([0.0, 1.0])
TRACE = "\n\nTraceback (most recent call last):\n  File main.py, line 3, in run\nConnectionResetError: reset by peer\nBest regards, Bo"


def passage(article="a", text="Seats are billed each month.", vector=EAST, **changes):
    made = StoredPassage(
        passage_id=f"{article}@1#0",
        article_id=article,
        version=1,
        title="Seats",
        heading="Billing",
        section="",
        audience="public",
        text=text,
        units=(Unit(text),),
        vector=vector,
        unit_vectors=np.array([vector]),
        title_vector=vector,
        asked_vectors=np.zeros((0, 2)),
        answered_by=np.zeros((0, 3), dtype=np.int16),
        ordinal=0,
        updated="2026-01-01",
        indexed="",
        language="",
    )
    return replace(made, **changes)


def scored(*passages):
    return [Scored(item, 3.0 - place / 10, {}) for place, item in enumerate(passages)]


def test_a_question_alone_is_one_query():
    assert queries("How do I cancel?", ()) == [("How do I cancel?", 1.0)]


def test_a_follow_up_is_read_in_three_ways_whose_shares_make_one():
    found = queries("and then?", [("customer", "I cancelled."), ("agent", "All right.")])
    assert [text for text, _ in found] == ["and then?", "I cancelled. and then?", "I cancelled. All right. and then?"]
    assert sum(share for _, share in found) == pytest.approx(1)


def test_one_of_the_things_that_the_agent_named_is_looked_for_without_the_others():
    asked = [("customer", "How do I change seats?"), ("agent", "Is it add seats or remove seats?")]
    assert queries("Add seats.", asked) == [("Add seats.", pytest.approx(0.8)), ("How do I change seats? Add seats.", 0.2)]
    assert len(queries("or?", asked)) == 3


def test_a_first_line_is_read_on_its_own_too():
    found = queries(f"How do I cancel my subscription?{TRACE}", ())
    assert [text for text, _ in found] == [f"How do I cancel my subscription?{TRACE}", "How do I cancel my subscription?"]
    assert sum(share for _, share in found) == pytest.approx(1)


@pytest.mark.parametrize(
    "question",
    [
        "Hi there,\n\nhow do I cancel my subscription?",
        "Good morning dear support team\nhow do I cancel my subscription?",
        "Ladies and gentlemen of the billing team,\nhow do I cancel my subscription?",
        "How do I cancel my subscription?\n \n",
    ],
)
def test_a_greeting_or_a_line_without_more_is_no_subject(question):
    assert len(queries(question, ())) == 1


def test_a_question_over_a_stack_trace_finds_what_it_finds_alone(small_store):
    for question in (
        "How do I cancel my subscription?",
        "switch on SAML login for my company",
        "How many API requests may one token send?",
    ):
        alone = small_store.kb.search(question).hits[0].article_id
        assert small_store.kb.search(question + TRACE).hits[0].article_id == alone


def test_a_passage_that_names_no_question_is_not_ranked_below_all_that_do():
    named = passage(asked_vectors=np.array([NORTH]))
    plain = passage("b")
    assert score(plain, EAST, 1.0, 0.0).score > score(named, EAST, 1.0, 0.0).score
    assert 0.9 < score(plain, EAST, 1.0, 0.0).parts["asked"] < 1.1


def test_the_question_that_an_article_names_counts_more_than_what_stands_in_for_it():
    named = passage(asked_vectors=np.array([EAST]), unit_vectors=np.array([NORTH]), title_vector=NORTH)
    plain = passage("b", unit_vectors=np.array([NORTH]), title_vector=NORTH)
    assert score(named, EAST, 0.2, 0.0).score > score(plain, EAST, 0.2, 0.0).score


def test_an_article_beside_phrased_ones_is_found_without_phrases_of_its_own(tmp_path):
    place = write_help_center(tmp_path)
    others = {
        name: text.replace("updated:", "asked_as: {'': ['how about it', 'help me with that']}\nupdated:") for name, text in ARTICLES.items()
    }
    write_articles(place.articles, others | {"api-limits": ARTICLES["api-limits"]})
    refresh(place.settings)
    assert KnowledgeBase(place.settings).search("Requests of a token each minute?").hits[0].article_id == "api-limits"


def test_a_file_name_in_the_place_of_a_title_says_nothing():
    numbered = passage(title="doc0042", heading="", title_vector=NORTH)
    assert score(numbered, EAST, 0.7, 0.0).parts["title"] == 0.7
    assert score(replace(numbered, heading="Seats"), EAST, 0.7, 0.0).parts["title"] == 0.0


@pytest.mark.parametrize("other", ["seats are  billed each month", "Seats are billed, each month!", "SEATS ARE BILLED EACH MONTH."])
def test_texts_that_differ_in_case_blanks_and_marks_are_alike(other):
    assert alike(passage(), passage("b", other, NORTH))


def test_passages_of_two_articles_that_share_nearly_all_words_are_alike():
    assert alike(passage(), passage("b", "Each month seats are billed.", NORTH))
    assert not alike(passage(), passage("b", "Seats are billed each year, in advance.", EAST))
    assert not alike(passage(), passage("b", "Nothing like it.", EAST))


def test_passages_of_different_figures_are_never_alike():
    assert not alike(passage(text="Team has 25 seats."), passage("b", "Team has 150 seats."))


def test_two_passages_of_one_article_are_alike_only_word_for_word():
    assert not alike(passage(), passage(text="Each month the seats are billed."))


def test_of_alike_passages_one_comes_back_and_it_is_the_newer():
    older, newer, third = passage(), passage("b", updated="2026-06-01"), passage("c", "Something else.", NORTH)
    for first, second in ((older, newer), (newer, older)):
        chosen = diverse(scored(first, second, third), 5)
        assert [item.passage.article_id for item in chosen] == ["b", "c"]
        assert chosen[0].score == 3.0


def test_a_copied_article_is_not_returned_beside_its_original(tmp_path):
    copy = ARTICLES["sso-setup"].replace("id: sso-setup", "id: sso-copy").replace("2026-04-20", "2025-04-20")
    place = write_help_center(tmp_path, ARTICLES | {"sso-copy": copy})
    refresh(place.settings)
    found = [hit.article_id for hit in KnowledgeBase(place.settings).search("single sign-on with SAML").hits]
    assert found[0] == "sso-setup"
    assert "sso-copy" not in found


def test_the_plan_is_said_where_the_article_tells_plans_apart(tmp_path):
    """The customer is on Team, which the article does not name; that plans matter is known from the others' records."""
    text = "---\nid: jira\ntitle: Connect Jira\n---\nJira is available on Business and Free. An Owner connects it."
    place = write_help_center(tmp_path, ARTICLES | {"jira": text})
    refresh(place.settings)
    found = KnowledgeBase(place.settings).search("Can we connect Jira?", "BOLT-2")
    assert "The workspace is on the Team plan." in [item.text for item in found.facts[:2]]


def test_the_values_of_a_field_follow_a_refresh(tmp_path):
    place = write_help_center(tmp_path, customers=[{"customer_id": "A-1", "plan": "Team"}, {"customer_id": "B-2", "plan": "Team"}])
    refresh(place.settings)
    kb = KnowledgeBase(place.settings)
    kb.search("plan?", "A-1")
    assert kb.field_values() == {}
    write_customers(place.customers, [{"customer_id": "A-1", "plan": "Team"}, {"customer_id": "B-2", "plan": "Free"}])
    refresh(place.settings)
    kb.search("plan?", "A-1")
    assert "plan" in kb.field_values()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("error TB-2010 again", ["TB-2010"]),
        ("MQRC_NOT_AUTHORIZED on 7.5.0.1", ["MQRC_NOT_AUTHORIZED", "7.5.0.1"]),
        ("a well-known and/or e-mail", []),
        ("", []),
    ],
)
def test_identifiers_are_what_a_program_gave(text, found):
    assert identifiers(text) == found


def test_an_identifier_is_looked_up_as_one_phrase():
    assert "tb 2010" in fts_terms("What is TB-2010?")
    assert '"tb 2010"' in fts_query(fts_terms("What is TB-2010?"))


def test_the_query_for_the_lexical_index_is_bounded():
    long = " ".join(f"word{number} ID-{number}" for number in range(500))
    assert len(fts_terms(long)) <= 80


def test_a_code_finds_the_article_that_has_it_and_not_one_that_has_its_parts(tmp_path):
    codes = {
        "one": "---\nid: one\ntitle: One\n---\nThe code XR-71-04 means that the lid is open.",
        "two": "---\nid: two\ntitle: Two\n---\nUnit 04 of the XR line, made in 71, has a lid. XR lids are 04 wide and 71 long.",
    }
    place = write_help_center(tmp_path, codes)
    refresh(place.settings)
    assert KnowledgeBase(place.settings).search("XR-71-04").hits[0].article_id == "one"


def test_the_shares_of_a_follow_up_make_one():
    assert sum(ranking.HISTORY_SHARES) == pytest.approx(1)


STEPS = "\n".join(
    f"{number}. Turn screw {number} of the espresso machine a quarter to the left, then note its place and the date in the book of screws."
    for number in range(1, 61)
)


@pytest.mark.parametrize("screw", [3, 58])
def test_what_a_cut_list_of_steps_goes_on_in_is_found_with_it(tmp_path, screw):
    articles = {"espresso": f"# Open the espresso machine\n\n## Screws\n\n{STEPS}\n\n## Water\n\nThe machine takes two litres."}
    place = write_help_center(tmp_path, ARTICLES | articles)
    refresh(place.settings)
    found = KnowledgeBase(place.settings).search(f"screw {screw} of the espresso machine", most=1)
    steps = sorted(unit.step for item in found.passages for unit in item.units if unit.step)
    assert steps == list(range(1, 61))
    assert {hit.article_id for hit in found.hits} == {"espresso.md"}


def long_list(folder, steps):
    """A knowledge base of the usual articles and one whose list of steps is cut into parts of 25 steps, after a lead-in."""
    listed = "\n".join(
        f"{number}. Turn screw {number} of the espresso machine a quarter to the left, then note its place and the date in the book of"
        " screws, and say so to whoever stands beside you."
        for number in range(1, steps + 1)
    )
    lead_in = "Opening the machine takes an hour, and every single screw in its order."
    text = f"# Open the espresso machine\n\n{lead_in}\n\n## Screws\n\n{listed}\n\n## Water\n\nThe machine takes two litres."
    place = write_help_center(folder, ARTICLES | {"espresso": text})
    refresh(place.settings)
    return KnowledgeBase(place.settings)


def steps_of(found):
    return sorted(unit.step for item in found.passages for unit in item.units if unit.step and item.article_id == "espresso.md")


def test_no_part_of_a_long_list_is_missing_whichever_passage_is_found_first(tmp_path):
    kb = long_list(tmp_path, 90)
    asked = "How do I open the espresso machine?"
    found = kb.search(asked)
    assert not any(unit.step for unit in found.passages[0].units)
    assert steps_of(found) == list(range(1, 91))
    assert len({item.passage_id for item in found.passages}) == len(found.passages) == len(found.hits)
    for screw in (3, 45, 88):
        assert steps_of(kb.search(f"screw {screw} of the espresso machine", most=1)) == list(range(1, 91))


def test_of_a_list_in_too_many_parts_the_first_are_found_or_those_up_to_the_best(tmp_path):
    kb = long_list(tmp_path, 400)
    assert steps_of(kb.search("How do I open the espresso machine?")) == list(range(1, 25 * PARTS + 1))
    found = kb.search("screw 330 of the espresso machine")
    assert 330 in (here := [unit.step for unit in found.passages[0].units])
    assert steps_of(found) == list(range(here[-1] - 25 * PARTS + 1, here[-1] + 1))


def test_beside_a_whole_list_nothing_is_fetched(small_store):
    assert len(small_store.kb.search("How do I cancel my subscription?", most=1).passages) == 1


def two_directions():
    """Candidates of which the fourth article says nothing for the whole question but all for its second clause."""
    return [Scored(passage(name, vector=EAST), 3.0 - place / 10, {"lexical": 0.0}) for place, name in enumerate("abc")] + [
        Scored(passage("d", vector=EAST), 2.0, {"lexical": 0.0}),
        Scored(passage("e", vector=NORTH), 1.0, {"lexical": 0.0}),
    ]


def test_after_the_first_articles_the_clauses_decide_who_is_next():
    asked = np.array([EAST * 0.1, NORTH])
    assert [item.passage.article_id for item in ranking.by_clauses(two_directions(), asked)] == ["a", "b", "c", "e", "d"]


def test_clauses_that_say_the_same_change_nothing():
    found = ranking.by_clauses(two_directions(), np.array([EAST, EAST]))
    assert [item.passage.article_id for item in found] == ["a", "b", "c", "d", "e"]


def test_no_passage_is_lost_or_scored_anew_by_the_clauses():
    found, before = ranking.by_clauses(two_directions(), np.array([NORTH])), two_directions()
    assert sorted((item.passage.article_id, item.score) for item in found) == [(item.passage.article_id, item.score) for item in before]


def test_a_question_of_another_topic_is_looked_for_without_the_history(refreshed):
    history = [("customer", "How many API requests per minute are allowed?"), ("agent", "100 requests a minute for each token.")]
    kb = KnowledgeBase(refreshed.settings)
    asked = "How do I cancel my subscription, and when is the money for the unused days refunded?"
    assert kb.search(asked, history=history).hits[0].article_id == "cancel-plan"
    assert kb.search("and per hour?", history=history).hits[0].article_id == "api-limits"


@pytest.mark.parametrize(
    ("question", "title", "expected"),
    [
        ("How do I add a seat?", "Add seats", True),
        ("adding seats???", "Add seats", True),
        ("Can I get a refund, what is the policy?", "Refund policy", True),
        ("How do I delete it?", "Delete a project", False),
        ("webhooks", "Webhooks", False),
        ("", "Add seats", False),
    ],
)
def test_a_question_that_says_a_title_names_its_article(question, title, expected):
    assert ranking.named(question, title) is expected
