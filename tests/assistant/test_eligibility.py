"""What an article describes, and the customer's plan does not include."""

import pytest

from assistant.conflicts import note, settle
from assistant.eligibility import main_article, missing, with_sentence
from knowledge_base.evidence import narrow
from knowledge_base.refresh import refresh
from knowledge_base.retrieval import KnowledgeBase
from tests.conftest import CUSTOMERS, write_articles, write_customers

FERRY = """---
id: ferry-pass
title: Ferry pass
plans: [Team, Business]
---
The ferry pass opens the gates of the pier. It is available on Team and Business.

## Get a ferry pass

1. Open Settings > Ferry.
2. Press Order.
"""
PIER = FERRY.replace("ferry-pass", "pier-card").replace("Ferry pass", "Pier card").replace("plans: [Team, Business]\n", "")
QUESTION = "How do I get a ferry pass?"


@pytest.fixture
def harbour(refreshed):
    """A help center with an article for two plans and one for all."""
    write_articles(refreshed.articles, {"ferry-pass": FERRY, "pier-card": PIER})
    trial = {**CUSTOMERS[2], "customer_id": "TRY-4", "trial": "in a trial of the Business plan"}
    write_customers(refreshed.customers, [*CUSTOMERS, trial])
    refresh(refreshed.settings)
    return KnowledgeBase(refreshed.settings)


def lacking(kb, question, customer):
    search = kb.search(question, customer)
    pieces = narrow(search, 360, len).pieces
    main = main_article(search, pieces)
    return search, pieces, missing(search, main, kb.plans(main), kb.facts(customer))


def test_a_customer_of_another_plan_is_told_first_whose_it_is(harbour):
    search, pieces, found = lacking(harbour, QUESTION, "CORK-3")
    settled = settle(search, with_sentence(pieces, found), (found.fact, found.claim), "plan")
    assert settled.pieces[0].text == "By the account: The workspace is on the Free plan."
    first = next(piece for piece in settled.pieces if not piece.source.startswith("c"))
    assert first.text == "It is available on Team and Business."
    assert sum(piece.text == first.text for piece in settled.pieces) == 1
    assert [piece.step for piece in settled.pieces if piece.step] == [1, 2]
    (told,) = note(settled.conflicts, settled.hits)
    assert told.startswith("“Ferry pass” is for Team and Business, which this customer is not on: [c")


@pytest.mark.parametrize(("question", "customer"), [(QUESTION, "ACME-1"), (QUESTION, "TRY-4"), ("How do I get a pier card?", "CORK-3")])
def test_nothing_is_missing_on_such_a_plan_or_in_its_trial_or_of_what_is_for_all(harbour, question, customer):
    *_, found = lacking(harbour, question, customer)
    assert found is None


def test_nothing_is_said_of_a_customer_whose_plan_is_not_on_record(harbour):
    search, _, found = lacking(harbour, QUESTION, "CORK-3")
    others = [fact for fact in harbour.facts("CORK-3") if fact != found.fact]
    assert missing(search, "ferry-pass", harbour.plans("ferry-pass"), others) is None
