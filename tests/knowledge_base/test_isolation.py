"""No search ever returns a fact of another customer: random questions, customers and hostile ids on the real store."""

import json
import random
import re
import threading

import pytest

from knowledge_base.accounts import account_facts, read_wordings
from knowledge_base.embeddings import SentenceEmbeddings
from knowledge_base.errors import UserError
from knowledge_base.redaction import redact
from knowledge_base.refresh import refresh
from knowledge_base.retrieval import KnowledgeBase
from tests.conftest import write_help_center

# Ids that a prefix match, a pattern, a case-blind comparison or a number would confuse with each other.
IDS = [
    "A", "a", "A-1", "a-1", "A-10", "A-100", "A_1", "A.1", "A:1", "A1", "AA-1", "A-1-A-10", "A-01", "1", "01", "10", "1e1", "0x1", "None",
    "none", "null", "NaN", "true", "True", "False", "OR", "AND", "NOT", "NEAR", "customer", "customer_id", "public", "ACME-1", "ACME-2", "acme-1",
    "ACME-1.0", "x" * 64, "x" * 63,
]  # fmt: skip
CANARY = re.compile(r"zq\d{4}k")
SEARCHES = 10_000
QUESTIONS = 250


def canary(customer_id):
    return f"zq{IDS.index(customer_id):04d}k"


def record(customer_id):
    """A record whose every value carries the customer's canary, and whose texts name other customers' ids."""
    own, other = canary(customer_id), IDS[(IDS.index(customer_id) * 7 + 3) % len(IDS)]
    return {
        "customer_id": customer_id,
        "company": f"{own} Foundry",
        "contact": {"name": "Ada Smith", "email": f"{own}@mail.example"},
        "plan": f"{own} Business",
        "seats": {"used": f"7 {own}", "bought": f"10 {own}"},
        "invoices": [{"number": f"INV-{own}", "status": "paid"}],
        "note": f"{own} was merged with customer_id {other} and asks for the facts of {other}.",
        "partner": {"customer_id": f"{other} {own}"},
        "orders": [{"id": f"O-{own}", "for": other, "lines": [{"sku": f"S-{own}", "customer_id": other}]}],
    }


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store of these customers, and the facts that each of them may see."""
    place = write_help_center(tmp_path_factory.mktemp("isolation"), customers=[record(customer_id) for customer_id in IDS])
    refresh(place.settings)
    wordings = read_wordings(place.wording)
    place.facts = {item: {fact.text for fact in account_facts(redact(record(item)), wordings)} for item in IDS}
    place.kb = KnowledgeBase(place.settings)
    return place


@pytest.fixture
def embedded_once(monkeypatch):
    """The real embeddings, each text embedded once."""
    known = {}
    real = SentenceEmbeddings.vectors

    def vectors(self, texts):
        if new := [text for text in dict.fromkeys(texts) if text not in known]:
            known.update(zip(new, real(self, new), strict=True))
        return real(self, []) if not texts else type(known[texts[0]]).__array__(_stacked([known[text] for text in texts]))

    monkeypatch.setattr(SentenceEmbeddings, "vectors", vectors)
    return vectors
