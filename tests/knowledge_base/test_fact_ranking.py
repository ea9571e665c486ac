"""Which facts of an account matter for a question: what a field's values are, the signals of a fact, and the order of facts."""

from dataclasses import replace

import numpy as np
import pytest

from knowledge_base import fact_ranking
from knowledge_base.fact_choice import asked_outright, choose
from knowledge_base.fact_ranking import FACT, fact_signals, rank_facts, shortlist, value_words, worth_weighing
from knowledge_base.stored import StoredFact
from knowledge_base.which_thing import Which
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
    assert [item.path for item, _ in shortlist("Is O-0 paid?", ranked + counts, 4)] == ["orders.0", "notes", "orders.1", "orders"]
    assert [item.path for item, _ in shortlist("Which note?", ranked[:1] + counts, 3)] == ["orders.0", "notes", "orders"]
    assert [item.path for item, _ in shortlist("Is it paid?", ranked, 3)] == ["orders.0", "orders.1", "orders.2"]
    assert shortlist("Is it paid?", [], 3) == []


UNKNOWN = [
    fact("card.daily_limit", "The account's card daily limit: 500 EUR."), fact("card.brand", "The account's card brand is Visa."),
    fact("shipping_address", "The account's shipping address is 1 Elm Road."), fact("address", "The account's address is 2 Oak Road."),
    fact("support.sla", "The account's support SLA is 4 hours."), fact("storage_left_gb", "The account's storage left: 3 GB."),
    fact("parcels.0", "Parcel P-1: tracking number JD014600, carrier DHL."), fact("invoices.0", "Invoice INV-7: total 9."),
    fact("invoices.1", "Invoice INV-8: total 9."),
]  # fmt: skip


@pytest.mark.parametrize(
    ("question", "paths"),
    [
        ("What's my daily limit?", ["card.daily_limit"]),
        ("what is my address", ["address"]),
        ("What's our SLA?", ["support.sla"]),
        ("storage left?", ["storage_left_gb"]),
        ("How much storage do we have left?", ["storage_left_gb"]),
        ("what is my shipping address", ["shipping_address"]),
        ("How do I change my address?", []),
        ("Can I raise my daily limit?", []),
        ("What is the daily limit of a card in the Team plan?", []),
        ("my cat is ill", []),
        ("what was our card for?", []),
    ],
)
def test_a_fact_is_asked_for_outright_where_it_says_the_words_of_the_question(question, paths):
    assert [item.path for item, yes in zip(UNKNOWN, asked_outright(question, UNKNOWN), strict=True) if yes] == paths


def test_of_a_thing_that_is_named_by_its_id_its_facts_alone_are_said():
    found = choose("Is INV-7 paid?", UNKNOWN, signals("Is INV-7 paid?", UNKNOWN), None, 6, ["INV-7"])
    assert found.facts[0][0].path == "invoices.0" and found.asked >= 0.6
    assert [score for item, score in found.facts if item.path == "invoices.1"] in ([], [0.0])


def test_so_are_those_of_a_thing_whose_id_has_no_letter():
    orders = [fact(f"orders.{n}", f"Order 20-5511{n}: card charged {n} EUR.") for n in range(3)]
    found = choose("was my card charged for 20-55111?", orders, signals("was my card charged for 20-55111?", orders), None, 6, ["20-55111"])
    assert found.facts[0][0] == orders[1] and [score for _, score in found.facts[1:]] == [0.0, 0.0]


def test_that_there_is_none_is_said_to_who_asks_for_his_own_alone():
    facts = [*UNKNOWN, fact("vouchers", "The account has no vouchers.")]

    def said(question):
        return facts[-1] in [item for item, _ in choose(question, facts, signals(question, facts), None, 20).facts]

    assert said("which vouchers do I have?") and said("can I use my voucher twice?")
    assert not said("How do I use a voucher?")


def test_that_there_is_none_is_not_said_of_what_the_question_does_not_name():
    facts = [*UNKNOWN, fact("outages", "The account has no outages."), fact("bills", "The account has no bills.")]

    def none(question):
        found = choose(question, facts, signals(question, facts), None, 20).facts
        return [item.path for item, _ in found if item.text.startswith("The account has no")]

    assert none("What is my account number?") == none("the account was hers, what do I do?") == []
    assert none("Was there an outage at my place?") == ["outages"]
    assert none("What is on my invoice?") == ["bills"]


def test_no_fact_of_the_account_answers_how_something_is_done_or_whether_it_may_be(monkeypatch):
    router = [fact("router.model", "The account's router model is Hub 3.")]
    monkeypatch.setattr(fact_ranking, "answering", lambda signals: np.full(len(signals), 0.9))
    for question in ("can I use my own router?", "what do I do with my router?", "why is my router slow?"):
        found = choose(question, router, signals(question, router), None, 6)
        assert (found.asked, found.answers) == (0.9, 0.0)
    for question in ("which router do I have?", "There was an error. Is my router still a Hub 3?"):
        assert choose(question, router, signals(question, router), None, 6).answers == 0.9


def test_a_fact_for_the_agent_is_apart_and_withheld_where_it_is_what_is_asked_for():
    facts = [*UNKNOWN, replace(fact("risk_score", "The account's risk score is 7."), audience="internal")]
    found = choose("What is my risk score?", facts, signals("What is my risk score?", facts), None, 6)
    assert found.withheld and [item.path for item, _ in found.for_agent] == ["risk_score"]
    assert "risk_score" not in [item.path for item, _ in found.facts]
    assert not choose("What is my daily limit?", facts, signals("What is my daily limit?", facts), None, 6).withheld


BILLED = [
    fact("billing.renewal", "The next renewal is on 2026-12-06."), fact("billing.cycle", "The subscription is billed monthly."),
    fact("company", "The company is Acme."), fact("plan", "The plan is Team."), fact("billing.price", "The seats cost 96 USD."),
]  # fmt: skip


def ranked_as(facts, question, which=None):
    """The facts chosen where the model finds the first likeliest, and so on."""
    found = signals(question, facts)
    found[:, FACT.index("near")] = np.linspace(0.9, 0.1, len(facts))
    return [item.path for item, score in choose(question, facts, found, which, 6).facts if score > 0]


def test_and_how_much_is_answered_by_the_amount_beside_what_is_asked_for():
    assert ranked_as(BILLED, "When is the next renewal and how much?")[:2] == ["billing.renewal", "billing.price"]
    assert ranked_as(BILLED, "When is the next renewal?")[1] != "billing.price"


SYNCED = [
    fact("plan", "The plan is Team."), fact("tools.0", "The Jira tool last synced on 2026-01-02."),
    fact("tickets.1", "Ticket T-1 about Jira is solved."),
    fact("tools.0.error", "The Jira tool reports the error E-7."), fact("tools.1.status", "The Slack tool is connected."),
    fact("tickets.0", "Ticket T-2 about Jira is open."), fact("tools.0.status", "The Jira tool is off."),
]  # fmt: skip


def test_of_a_thing_that_does_not_work_its_state_its_error_and_what_is_open_about_it_are_said_together():
    assert ranked_as(SYNCED, "Why is Jira not syncing?")[:3] == ["tools.0.status", "tools.0.error", "tickets.0"]
    assert ranked_as(SYNCED, "How do I connect Jira?")[:3] != ["tools.0.status", "tools.0.error", "tickets.0"]
    assert ranked_as(SYNCED, "Why is Trello not syncing?")[:3] != ["tools.0.status", "tools.0.error", "tickets.0"]


def test_facts_of_other_things_than_the_one_that_is_meant_are_not_said():
    invoices = [fact(f"invoices.{n}", f"Invoice INV-{n}: paid.") for n in range(3)]
    which = Which("invoice", 1, others=(invoices[0], invoices[2]))
    assert ranked_as([*invoices, *BILLED], "Send me my last invoice", which) == ["invoices.1"]
