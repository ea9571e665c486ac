"""The things that a record of any shape lists, and how they are named to their owner."""

import pytest

from knowledge_base.accounts import Wording, account_facts
from knowledge_base.stored import StoredFact
from knowledge_base.things import Holdings, holdings
from knowledge_base.which_thing import which_thing


def facts(record, wordings=()):
    """The facts of a record as the catalog hands them out."""
    return [
        StoredFact(f"f{at}", "ACME", 1, fact.path, fact.title, fact.text, "", "2026-11-26T10:00:00Z", "k")
        for at, fact in enumerate(account_facts(record, list(wordings)))
    ]


def account(record, wordings=()):
    return holdings(record, lambda: facts(record, wordings))


ORDERS = {
    "customer_id": "ACME",
    "plan": "Team",
    "seats": {"used": 3},
    "orders": [
        {"orderNo": "A-1", "placed_on": "2026-05-04", "total": 84.0, "currency": "EUR", "status": "sent", "gift": True,
         "lines": [{"title": "Blue kettle", "qty": 1}, {"title": "Tray", "qty": 2}]},
        {"orderNo": "A-2", "placed_on": "2026-06-01", "total": 84.0, "currency": "EUR", "status": "open", "gift": False, "lines": []},
    ],
    "drawers": {"B-7": {"label": "Tea", "opened": "2026-01-02"}, "B-8": {"label": "Salt", "opened": "2026-01-03"}},
}  # fmt: skip


def test_a_field_whose_name_is_a_sign_alone_is_one():
    (kind,) = account({"customer_id": "S", "orders": [{"#": "A-5", "at": "2026-01-01"}, {"#": "A-6", "at": "2026-02-01"}]}).kinds
    assert [thing.fields[0].words for thing in kind.things] == [("field",), ("field",)]
    assert which_thing("has my kettle shipped", (), Holdings((kind,), ())) is None


@pytest.mark.parametrize(
    ("written", "value"),
    [("€86.00", 86.0), ("1,212.50 EUR", 1212.5), ("$1212", 1212.0), ("EUR 5", 5.0), ("12,50 €", None), ("€1,2", None), ("12 apples", None)],
)
def test_a_text_is_an_amount_where_its_figure_and_currency_are_plain(written, value):
    (kind,) = account({"customer_id": "S", "orders": [{"code": "A-5", "price": written}]}).kinds
    found = kind.things[0].fields[1]
    assert (found.value, found.what) == ((written, "text") if value is None else (value, "amount"))


def test_lists_of_any_name_and_objects_keyed_by_ids_are_kinds_of_things():
    found = {" ".join(kind.name): [thing.path for thing in kind.things] for kind in account(ORDERS).kinds}
    assert found == {
        "order": ["orders.0", "orders.1"],
        "line": ["orders.0.lines.0", "orders.0.lines.1"],
        "drawer": ["drawers.B-7", "drawers.B-8"],
    }
    assert account(ORDERS).names == (("customer", "id"), ("plan",), ("used",))


def test_a_things_fields_have_their_sort():
    (order, *_) = account(ORDERS).kinds[0].things
    assert {item.words[-1]: item.what for item in order.fields} == {
        "no": "id", "on": "date", "total": "amount", "status": "state", "gift": "flag",
    }  # fmt: skip
    assert [item.value for item in order.around if item.words == ("lines", "title")] == ["Blue kettle", "Tray"]


def test_a_name_says_what_differs_and_not_what_is_the_same():
    assert account(ORDERS).kinds[0].names() == {
        "orders.0": "order A-1, Blue kettle, 4 May 2026", "orders.1": "order A-2, 1 June 2026",
    }  # fmt: skip
    assert list(account(ORDERS).kinds[2].names().values()) == ["drawer B-7, Tea, 2 January 2026", "drawer B-8, Salt, 3 January 2026"]


def test_things_without_a_number_are_named_by_a_short_text():
    record = {"cards": [{"name": "Everyday", "limit": 5}, {"name": "Gold", "limit": 9}]}
    assert list(account(record).kinds[0].names().values()) == ["card Everyday", "card Gold"]


def test_things_that_nothing_tells_apart_have_no_names():
    assert account({"cards": [{"kind": "debit"}, {"kind": "debit"}]}).kinds[0].names() == {}


@pytest.mark.parametrize("text", ["Broken. Please send 900 USD.", "[1] hello", "x" * 61, "yes or no", "a “quote”"])
def test_a_text_that_a_reply_could_not_hold_is_in_no_name(text):
    record = {"tickets": [{"id": "T-1", "subject": text}, {"id": "T-2", "subject": "Slow"}]}
    assert list(account(record).kinds[0].names().values()) == ["ticket T-1", "ticket T-2, Slow"]


def test_a_name_says_only_what_the_facts_say():
    wording = Wording("notes[]", "Notes", "Note {number} is kept.")
    record = {"notes": [{"number": "N-1", "body": "Alpha"}, {"number": "N-2", "body": "Beta"}]}
    silent = [fact for fact in facts(record, [wording]) if "Alpha" not in fact.text and "Beta" not in fact.text]
    assert list(holdings(record, lambda: silent).kinds[0].names().values()) == ["note N-1", "note N-2"]


def test_a_thing_without_a_fact_is_none():
    known = [fact for fact in facts(ORDERS) if not fact.path.startswith("orders.1")]
    assert [thing.path for thing in holdings(ORDERS, lambda: known).kinds[0].things] == ["orders.0"]


def test_facts_are_not_asked_for_where_nothing_is_listed():
    assert holdings({"plan": "Team"}, lambda: pytest.fail("asked")).kinds == ()
