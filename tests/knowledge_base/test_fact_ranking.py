"""Which facts of an account matter for a question: what a field's values are, the signals of a fact, and the order of facts."""

import numpy as np
import pytest

from knowledge_base.fact_ranking import FACT, fact_signals, rank_facts, shortlist, value_words, worth_weighing
from knowledge_base.stored import StoredFact
from tests.knowledge_base.test_ranking import EAST, NORTH, passage


def fact(path, text, title="", number=0):
    return StoredFact(
        fact_id=f"ACME@1#{path}{number}",
        customer_id="ACME",
        version=1,
        path=path,
        title=title or path.split(".")[0],
        text=text,
        as_of="",
        indexed="",
        key="a",
    )


PLANS = [("plan", f"The workspace is on the {name} plan.") for name in ("Free", "Team", "Business")]
NUMBERED = [("tickets.0.id", f"Ticket T-{number}.") for number in range(40)]


def test_a_field_of_few_values_is_known_by_the_words_that_tell_them_apart():
    assert value_words(PLANS * 3) == {"plan": [frozenset({"busines"}), frozenset({"fre"}), frozenset({"team"})]}


@pytest.mark.parametrize("facts", [[], PLANS[:1], NUMBERED, [("company", f"Company {letter * 4}.") for letter in "abcdefghijklmno"]])
def test_a_field_of_one_value_or_of_many_has_none(facts):
    assert value_words(facts) == {}


def test_items_of_a_list_are_one_field():
    facts = [(f"tools.{number}", f"The tool {name} is on.") for number, name in enumerate(("asana", "jira", "slack"))]
    assert list(value_words(facts)) == ["tools.[]"]


def signals(question, facts, passages=(), values=None, article="", vectors=None):
    vectors = vectors or {item.fact_id: EAST for item in facts}
    return fact_signals(question, EAST, facts, vectors, passages, values or {}, article)


def column(name, *arguments, **options):
    return signals(*arguments, **options)[:, FACT.index(name)].tolist()


def test_a_fact_that_the_article_depends_on_comes_before_one_that_it_does_not():
    facts = [fact("zone", "The time zone of the workspace is Lima."), fact("plan", "The workspace is on the Team plan.")]
    article = "Asana is part of Business, not of Free."
    found = rank_facts(facts, signals("Can I?", facts, [passage(text="Only for some.")], value_words(PLANS), article))
    assert found[0][0].path == "plan"
    assert 1 > found[0][1] > found[1][1] > 0


def test_a_fact_said_twice_comes_once():
    facts = [fact("a", "The same.", number=1), fact("a", "The same.", number=2), fact("b", "Another.")]
    assert len(rank_facts(facts, signals("What?", facts))) == 2


def test_of_no_facts_there_is_none():
    assert rank_facts([], np.zeros((0, len(FACT)))) == []


def test_a_date_counts_where_a_time_is_asked_for_and_a_figure_where_a_number_is():
    facts = [fact("renewal", "The next renewal is on 2026-12-06."), fact("seats", "The workspace uses 3 of 5 seats."), fact("sso", "Off.")]
    assert column("date", "When is the bill smaller?", facts) == [1, 0, 0]
    assert column("figure", "When is the bill smaller?", facts) == [0, 0, 0]
    assert column("date", "How many are left?", facts) == [0, 0, 0]
    assert column("figure", "How many are left?", facts) == [0, 1, 0]


def test_a_month_that_is_named_counts_but_not_the_word_may():
    facts = [fact("a", "Invoice 1 of 2026-05-19 is paid."), fact("b", "Invoice 2 of 2026-08-19 is paid."), fact("c", "It is on.")]
    assert column("month", "What was the bill from August 19?", facts) == [0, 1, 0]
    assert column("month", "May I see the bill of May?", facts) == [1, 0, 0]
    assert column("month", "may I pay later?", facts) == [0, 0, 0]


def test_a_question_of_the_asker_is_more_personal_than_one_of_anybody():
    facts = [fact("plan", "The workspace is on the Team plan.")]
    assert column("personal", "do we have room on our plan?", facts)[0] > column("personal", "is SSO in the Team plan?", facts)[0] == 0


def test_rare_words_that_a_passage_shares_weigh_more_than_common_ones():
    facts = [fact(f"f{n}", f"The workspace has a {word}.") for n, word in enumerate(("webhook", "kiln", "lamp"))]
    shared = column("shared", "Why?", facts, [passage(text="A workspace may call one webhook.")])
    assert shared[0] > max(shared[1:]) > 0


def test_a_fact_is_held_against_the_sentences_of_the_passages():
    facts = [fact("a", "One."), fact("b", "Two.")]
    vectors = {facts[0].fact_id: EAST, facts[1].fact_id: NORTH}
    found = signals("Why?", facts, [passage(vector=EAST), passage("b", vector=NORTH)], vectors=vectors)
    assert found[:, FACT.index("unit")].tolist() == [1, 1]
    assert found[:, FACT.index("first")].tolist() == [1, 0]
    assert found[:, FACT.index("gap")].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("question", "path"),
    [("How many seats do we have left before we must pay more?", "seats"), ("is single sign-on in what we pay for?", "plan")],
)
def test_of_a_real_account_the_fact_that_is_asked_for_comes_first(small_store, question, path):
    assert small_store.kb.search(question, "ACME-1").facts[0].path.startswith(path)


@pytest.mark.parametrize("question", ["What plan am I on?", "how many seats do we have left", "who is our billing contact?"])
def test_a_question_that_the_account_answers_is_neither_asked_back_nor_handed_off(small_store, question):
    found = small_store.kb.search(question, "ACME-1")
    assert found.features["fact"] > small_store.kb.search("How do I cancel my subscription?", "ACME-1").features["fact"]
    assert small_store.kb.search(question).features["fact"] == 0.0
    assert found.vagueness <= small_store.kb.search(question).vagueness
    assert found.confidence > small_store.kb.search(question).confidence


def test_of_too_many_facts_those_that_are_named_count_the_rest_or_lie_near_are_weighed():
    facts = [fact(f"orders.{n}", f"Order O-{n}: paid.") for n in range(9)]
    facts.append(fact("orders", "7 further details of orders are on record but not listed here."))
    vectors = {item.fact_id: NORTH for item in facts} | {facts[4].fact_id: EAST}
    assert worth_weighing("Is o-7 paid?", EAST, facts, vectors, 3) == [facts[4], facts[7], facts[9]]
    assert worth_weighing("Is o-7 paid?", EAST, facts, vectors, 10) == facts


def test_what_is_not_listed_comes_second_unless_the_first_fact_is_what_the_question_names():
    ranked = [(fact(f"orders.{n}", f"Order O-{n}: paid."), 0.9 - n / 10) for n in range(4)]
    counts = [(fact(kind, f"7 further details of {kind} are on record but not listed here.", kind), 0.1) for kind in ("notes", "orders")]
    assert [item.path for item, _ in shortlist("Is it paid?", ranked + counts, 3)] == ["orders.0", "orders", "orders.1"]
    assert [item.path for item, _ in shortlist("Is O-0 paid?", ranked + counts, 3)] == ["orders.0", "orders.1", "orders"]
    assert [item.path for item, _ in shortlist("Which note?", ranked[:1] + counts, 3)] == ["orders.0", "notes", "orders"]
    assert [item.path for item, _ in shortlist("Is it paid?", ranked, 3)] == ["orders.0", "orders.1", "orders.2"]
    assert shortlist("Is it paid?", [], 3) == []
