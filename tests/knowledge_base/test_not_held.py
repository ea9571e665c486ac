"""Ids that a question names and the account does not have."""

import time

import pytest

from knowledge_base.not_held import as_recorded, id_shapes, ids_of_things
from knowledge_base.refresh import refresh
from knowledge_base.retrieval import KnowledgeBase
from tests.conftest import ARTICLES, write_help_center

RECORD = {
    "customer_id": "S-1",
    "invoices": [{"number": "TB-INV-117570", "total": 9}, {"number": "TB-INV-118323", "total": 9}],
    "integrations": [{"name": "Jira", "error": "TB-5003"}],
    "orders": {"W-86010": {"state": "open", "tracking": "JD-014600"}},
    "phones": [{"name": "UTC-2"}],
}
OTHER = {"customer_id": "S-2", "tickets": [{"id": "T-55032", "subject": "Late"}, {"id": "T-9921"}], "quarters": [{"plan": "Q3-2026"}]}


def missing(question, record=RECORD, articles=("tb 5010",)):
    return ids_of_things(question, record, id_shapes([RECORD, OTHER]), lambda phrase: phrase in articles)[1]


@pytest.mark.parametrize(
    ("question", "ids"),
    [
        ("Is TB-INV-999999 paid?", ("TB-INV-999999",)),
        ("is tb-inv-999999 paid, or TB-INV-117570?", ("tb-inv-999999",)),
        ("What about ticket T-99999?", ("T-99999",)),
        ("Where is W-86011?", ("W-86011",)),
        ("Is TB-INV-117570 paid?", ()),
        ("Where is JD-014600?", ()),
        ("What does TB-5010 mean?", ()),
        ("we get TB-9999", ()),
        ("Do you need a W-9 or a T-4 from me?", ()),
        ("Is it 7.5.0.1 or 2026-11-02?", ()),
        ("How do I pay?", ()),
    ],
)
def test_an_id_that_looks_like_those_of_things_and_is_nowhere_is_not_held(question, ids):
    assert missing(question) == ids


@pytest.mark.parametrize(
    ("question", "read"),
    [
        ("Is TBINV117570 paid?", "Is TB-INV-117570 paid?"),
        ("is #tbinv117570 paid, and tb inv 118323?", "is TB-INV-117570 paid, and TB-INV-118323?"),
        ("Where is W86010?", "Where is W-86010?"),
        ("Where is #W-86010, and jd 014600?", "Where is #W-86010, and JD-014600?"),
        ("Is tb-inv-117570 paid?", "Is tb-inv-117570 paid?"),
        ("Is TBINV1175701 or XTBINV117570 paid?", "Is TBINV1175701 or XTBINV117570 paid?"),
        ("Is TBINV117570-2 paid?", "Is TBINV117570-2 paid?"),
        ("117570 seats in utc 2", "117570 seats in utc 2"),
    ],
)
def test_an_id_is_read_as_the_account_writes_it(question, read):
    assert as_recorded(question, RECORD) == read


def test_a_record_of_very_many_things_takes_no_time():
    record = {"invoices": [{"number": f"INV-{number:06d}", "note": "x" * 50} for number in range(4_000)]}
    began = time.monotonic()
    assert as_recorded("Is INV003999 paid? " + "inv " * 4_000, record).startswith("Is INV-003999 paid?")
    assert time.monotonic() - began < 3


def test_an_id_of_the_account_is_held():
    held, _ = ids_of_things("Is tb-inv-117570 due, and TB-INV-999999?", RECORD, id_shapes([RECORD]), lambda phrase: 0)
    assert held == ("tb-inv-117570",)


def test_an_id_may_be_named_after_its_kind():
    record = {"customer_id": "S-3", "card_payments": [{"payment_id": "PX-9001", "to": "Kiosk"}], "loans": [{"loan_id": "LN-301"}]}
    question = "What is PX-9001, and LN-302?"
    assert ids_of_things(question, record, id_shapes([record]), lambda phrase: 0) == (("PX-9001",), ("LN-302",))


def test_an_id_of_an_article_is_no_id_of_a_thing():
    assert missing("What is TB-INV-000001?", articles=("tb inv 000001",)) == ()


NUMBERED = {"customer_id": "S-3", "orders": [{"order_no": "20-55113"}], "invoices": [{"id": 100234}, {"id": 100235}], "rooms": [{"no": 7}]}


@pytest.mark.parametrize(
    ("question", "ids"),
    [
        ("is my order 20-55190 on the way?", ("20-55190",)),
        ("Order number is 20-55190, where is it?", ("20-55190",)),
        ("is my order 20-55113 on the way?", ()),
        ("Has invoice #100999 been paid, or invoice no. 100234?", ("100999",)),
        ("Where are my invoices 2025?", ()),
        ("I paid 100999 for it on 20-11-2026, call me at 20-55190", ()),
        ("Is room 9 free?", ()),
        ("I have an order 3 days old", ()),
    ],
)
def test_an_id_of_digits_alone_is_one_after_what_it_names(question, ids):
    assert ids_of_things(question, NUMBERED, id_shapes([NUMBERED]), lambda phrase: 0)[1] == ids


def test_an_id_of_digits_alone_that_the_account_has_is_held_wherever_it_stands():
    held, missing = ids_of_things("was my card charged for 20-55113, and 20-55114?", NUMBERED, id_shapes([NUMBERED]), lambda phrase: 0)
    assert (held, missing) == (("20-55113",), ())


def test_an_id_of_another_customer_is_not_held_and_nothing_else_is_told(tmp_path):
    articles = {"api-limits": ARTICLES["api-limits"] + "\nAn invoice number looks like INV-70.\n"}
    customers = [
        {
            "customer_id": "A-1",
            "invoices": [
                {"number": "INV-71", "status": "paid"},
                {"number": "INV-72", "status": "open"},
                {"number": "ORD-2044", "status": "open"},
            ],
        },
        {"customer_id": "B-2", "invoices": [{"number": "INV-81", "status": "paid"}]},
    ]
    place = write_help_center(tmp_path, articles, customers)
    refresh(place.settings)
    kb = KnowledgeBase(place.settings)
    for name in ("INV-81", "INV-99"):
        found = kb.search(f"Is my invoice {name} paid?", "A-1")
        assert (found.not_held, found.confidence, found.vagueness, found.which) == ((name,), 0.0, 0.0, None)
    assert kb.search("Is my invoice INV-71 paid?", "A-1").not_held == ()
    found = kb.search("Is my invoice #ord 2044 paid?", "A-1")
    assert found.question == "Is my invoice ORD-2044 paid?"
    assert [fact.text for fact in found.which.facts] == ["Invoice ORD-2044 is open."]
    assert kb.search("What does INV-70 mean?", "A-1").not_held == ()
    assert kb.search("Is my invoice INV-81 paid?").not_held == ()
