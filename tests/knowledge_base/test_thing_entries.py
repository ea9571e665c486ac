"""Charges named by their amount, things to be listed, and sums."""

import pytest

from knowledge_base.which_thing import which_thing
from tests.knowledge_base.test_things import account

ROWS = (
    ("2026-11-24", "Parkside Garage", -12.5, "booked"), ("2026-11-22", "Netflix", -12.99, "declined"),
    ("2026-11-17", "Tesco", -47.1, "booked"),
    ("2026-11-10", "Tesco", -20.0, "booked"), ("2026-11-09", "Tesco", -10.0, "refunded"), ("2026-10-22", "Netflix", -12.99, "booked"),
    ("2026-10-09", "Tesco", -5.0, "booked"), ("2026-10-01", "Northwind", 2650.0, "booked"), ("2026-09-01", "Kiosk", -3.0, "booked"),
)  # fmt: skip
BANK = account(
    {
        "customer_id": "B",
        "as_of": "2026-11-26",
        "standing_orders": [{"id": "SO-1", "payee": "Garage club", "amount": 12.5, "currency": "GBP", "next_date": "2026-12-01"}],
        "transactions": [
            {"id": f"T-{at}", "date": date, "merchant": who, "amount": amount, "currency": "GBP", "status": status}
            for at, (date, who, amount, status) in enumerate(ROWS)
        ],
    }
)


def told(question):
    found = which_thing(question, [], BANK)
    return [fact.path for fact in found.facts[: found.asked]] if found else []


@pytest.mark.parametrize(
    ("question", "at"),
    [
        ("why was I charged 12.50 on Tuesday?", [0]),
        ("What is this payment of £12.50?", [0]),
        ("you took 12.99 GBP in October, what for", [5]),
        ("my last three payments to Tesco", [2, 3, 4]),
        ("show me my declined payments", [1]),
        ("which payments did I make in October", [5, 6, 7]),
        ("list my transactions", range(6)),
        ("what payments did I make on Tuesday", [0]),
    ],
)
def test_charges_and_lists_are_told_by_the_entries_that_are_named(question, at):
    assert told(question) == [f"transactions.{number}" for number in at]


@pytest.mark.parametrize(
    "question",
    ["Can I send 12.50 to a friend?", "How do I pay 12.50?", "Are all my payments booked?", "what payments did I make yesterday"],
)
def test_what_asks_for_no_entry_is_told_none(question):
    assert not told(question)


def test_an_amount_that_several_have_is_asked_back():
    found = which_thing("why was I charged 12.99?", [], BANK)
    assert [option.name.split(",")[0] for option in found.options] == ["transaction T-1", "transaction T-5"]


@pytest.mark.parametrize(
    ("question", "total", "count"),
    [
        ("How much did I spend at Tesco?", "72.10 GBP", 3),
        ("how much have I paid to Tesco in November", "67.10 GBP", 2),
        ("How much did I spend on Netflix?", "12.99 GBP", 1),
        ("How much did my wife spend at Tesco?", None, 0),
        ("How much did I spend at Lidl?", None, 0),
    ],
)
def test_a_sum_is_worked_out_for_the_agent_without_what_was_not_paid(question, total, count):
    found = which_thing(question, [], BANK)
    assert (found.total, found.count, found.facts) == (total, count, ()) if total else not (found and found.total)
