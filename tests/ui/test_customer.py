"""The customer that is picked: how they are found and named, and what is on record about them."""

import pytest
from streamlit.testing.v1 import AppTest

from knowledge_base.stored import StoredFact
from ui.customer import LISTED, NOBODY, customer_name

RECORDS = {
    "ACME-1": {
        "company": "Acme Foundry",
        "contact": {"name": "Ada Smith", "email": "ada@acme.example"},
        "plan": "Business",
        "seats": {"used": 7},
    },
    "BOLT-2": {"name": "Bo Li", "contact": "Bo Li"},
    "CORK-3": {"company": " ", "contact": {"name": 7}},
}


def page():
    import streamlit as st

    from ui.customer import choose_customer, customer_name, show_account

    chosen = choose_customer({item: customer_name(item, st.records) for item in st.records})
    if chosen in st.records:
        show_account(st.records[chosen], st.facts)


def fact(path, text, as_of=""):
    return StoredFact("f", "ACME-1", 1, path, "Title", text, as_of, "2026-01-01", "k")


@pytest.fixture
def app(monkeypatch):
    import streamlit as st

    facts = [
        fact("plan", "The workspace is on the Business plan for 180 EUR <b>."),
        *(fact(f"open_invoices.{number}.status", f"Invoice {number} is paid.", "2026-01-02") for number in range(LISTED + 3)),
        fact("seats", "The workspace uses 7 seats."),
    ]
    monkeypatch.setattr(st, "records", RECORDS | {"ACME-1": RECORDS["ACME-1"] | {"open_invoices": [{}]}}, raising=False)
    monkeypatch.setattr(st, "facts", facts, raising=False)
    return AppTest.from_function(page, default_timeout=60)


def html_of(block):
    return " ".join(element.proto.body for element in block.get("html"))


@pytest.mark.parametrize(
    ("customer", "named"),
    [
        ("ACME-1", "Acme Foundry · Ada Smith · ACME-1"),
        ("BOLT-2", "Bo Li · BOLT-2"),
        ("CORK-3", "CORK-3"),
        ("GONE-9", "GONE-9"),
    ],
)
def test_a_customer_is_named_by_company_person_and_id(customer, named):
    assert customer_name(customer, RECORDS) == named


def test_a_customer_is_found_by_the_persons_name_and_kept_in_the_address(app):
    app.run()
    (field,) = app.selectbox
    assert field.value == NOBODY and any("Ada Smith" in option for option in field.options)
    field.set_value("ACME-1").run()
    assert app.query_params["customer"] == "ACME-1"


def test_the_account_is_told_in_sentences_a_fold_for_each_kind(app):
    app.query_params["customer"] = "ACME-1"
    app.run()
    assert [(item.label, item.proto.expanded) for item in app.expander] == [
        ("Account", True),
        (f"Open invoices ({LISTED + 3})", False),
        ("Seats (1)", False),
    ]
    account, invoices, _ = app.expander
    assert "Ada Smith, ada@acme.example" in html_of(account)
    assert "The workspace is on the Business plan for 180 EUR &lt;b&gt;." in html_of(account)
    assert html_of(invoices).count("is paid.") == LISTED and "and 3 more" in html_of(invoices)
    assert [item.value for item in app.caption] == ["As of 2026-01-02"]


def test_an_address_that_names_nobody_on_record_picks_nobody(app):
    app.query_params["customer"] = "GONE-9"
    app.run()
    assert not app.exception and app.selectbox[0].value == NOBODY
