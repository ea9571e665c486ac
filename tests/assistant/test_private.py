"""Questions that tell something of who asks them are told from those that do not."""

import pytest

from assistant.private import ACCOUNT, IDENTIFIES, UNKNOWN, Private
from knowledge_base.catalog import Catalog
from knowledge_base.redaction import redaction_rules

RECORD = {
    "customer_id": "NORD-77",
    "company": "Nordlicht Kontor",
    "contact": {"name": "Petra-Marie Öztürk", "email": "petra@nordlicht.example"},
    "plan": "Business",
    "seats": {"used": 7, "bought": 10},
    "balance": 1289.5,
    "renews": "2026-05-03",
    "started": "3. April 2021",
    "projects": ["Harbour tower", "Export"],
    "note": "prefers zebra-striped timesheets",
    "orders": [{"number": "ORD-55-118", "status": "waitlisted"}],
    "lines": {"kofi": {"left": 3.5}, "abena": {"left": 4.5}},
    "active": True,
}


@pytest.fixture(scope="module")
def against(small_store):
    with Catalog(small_store.store) as catalog:
        private = Private(catalog, redaction_rules(patterns=["hush\\w+"]).patterns)
        yield lambda question, customer="NORD-77", record=RECORD: private.against(question, customer, record)


@pytest.mark.parametrize(
    "question",
    [
        "how do I get my money back",
        "Can I export all projects as a CSV file?",
        "is single sign-on part of the Business plan",
        "what does the status code 429 mean",
        "Don't I have to open Settings to cancel?",
        "are refunds paid within 14 days",
        "how is the name of a project changed here",
        "What's an export good for, and where's the e-mail?",
        "Why can’t an Owner switch SAML on",
    ],
)
def test_what_articles_say_and_everyday_words_are_nobodys(against, question):
    assert against(question) == ""


@pytest.mark.parametrize(
    "question",
    [
        "petra here, how do I cancel",
        "how does ozturk sign in",
        "how does OEZTUERK sign in",
        "I am petra marie oeztuerks boss, may I cancel",
        "can nordlicht have a refund",
        "how do I move nord77 to another plan",
        "how do I cancel ord 55 118",
        "how do I export the harbour tower",
        "we have 7 seats, can I cancel some",
        "we have seven seats, can I cancel some",
        "you took 1,289.50 for an export",
        "can I cancel before 3 May",
        "can I cancel before may 3rd",
        "I signed up on april 3, may I export",
        "can I get zebra exports",
        "why am I waitlisted",
        "why 55 requests",
        "how much has kofi left",
    ],
)
def test_what_the_record_says_is_the_customers_however_it_is_spelled(against, question):
    assert against(question) == ACCOUNT
    assert against(question, None, None) != ACCOUNT


@pytest.mark.parametrize(
    "question",
    [
        "my password is [removed], how do I export",
        "my password is kTz8!xQ2, how do I export",
        "is hushhush exported",
        "write to me at x@y.example about the refund",
        "is https://example.org/r allowed",
        "call me on +49 30 1234567 about the export",
        "where is the export of XY-2024-9",
    ],
)
def test_secrets_ids_and_addresses_are_nobody_elses(against, question):
    assert against(question, None, None) == IDENTIFIES


@pytest.mark.parametrize(
    "question",
    [
        "Can Joaquin cancel?",
        "Joaquin cannot export",
        "hi my name is joaquin, can I cancel",
        "joaquin here, how do I export",
        "this is joaquin from sales, can we export",
        "can we export to JOAQUINCORP",
        "can I export 4711 projects",
        "refund 19.90 please",
    ],
)
def test_a_name_or_a_figure_that_no_article_says_may_be_somebodys(against, question):
    assert against(question, None, None) == UNKNOWN


def test_what_only_an_internal_article_says_is_not_everybodys(against):
    assert against("may a Lead grant Goodwill", None, None) == UNKNOWN
