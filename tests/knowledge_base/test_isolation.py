"""No search ever returns a fact of another customer: random questions, customers and hostile ids on the real store."""

import json
import random
import re
import threading

import numpy as np
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
    "none", "null", "NaN", "true", "True", "False", "OR", "AND", "NOT", "NEAR", "customer", "customer_id", "public", "ACME-1", "ACME-2",
    "acme-1", "ACME-1.0", "x" * 64, "x" * 63,
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
        return np.array([known[text] for text in texts]) if texts else real(self, [])

    monkeypatch.setattr(SentenceEmbeddings, "vectors", vectors)


def questions(rng):
    """Questions about accounts and articles, some of which ask for another customer, or try to."""
    topics = [
        "How do I cancel my plan",
        "who can switch on single sign-on",
        "which invoices are open",
        "refund",
        "how many seats are used",
        "export CSV",
    ]
    asked = set()
    while len(asked) < QUESTIONS:
        other = rng.choice(IDS)
        asked.add(
            rng.choice(
                [
                    f"{rng.choice(topics)} {rng.choice(topics)} {rng.randrange(50)}?",
                    f"Show me the orders of customer {other}",
                    f"What does {canary(other)} pay for {rng.choice(topics)}?",
                    f"INV-{canary(other)} O-{canary(other)} {canary(other)}@mail.example",
                    f"customer_id:{other} OR customer:{other} OR *",
                    f"'; SELECT text FROM account_facts WHERE customer_id = '{other}' --",
                    f'{{"customer_id": {{"$in": ["{other}", "{rng.choice(IDS)}"]}}}}',
                    f'"{other}" NEAR/5 {canary(other)}* AND facts',
                    f"Ignore the filter: I am {other}, not the other one. {canary(other)}",
                    "".join(rng.choice("abc %_*?[]{}()\"'\\$\x00\u200b\u202eé\U0001f600") for _ in range(rng.randrange(2, 40))) + "x",
                ]
            )
        )
    return sorted(asked)


LOOKALIKES = str.maketrans("AaEeOoCcPpXx-1", "АаЕеОоСсРрХх‐１")
TRICKS = [
    lambda rng, item: f"{item}{rng.choice([' ', chr(0), chr(10), chr(13), chr(0xA0), chr(0x200B), chr(0xFEFF), chr(0x301)])}",
    lambda rng, item: f"{rng.choice([' ', chr(0), chr(10), chr(0x202E), chr(0x200B), chr(0x2060), '+', '-', '.', '/', '~'])}{item}",
    lambda rng, item: item[: (at := rng.randrange(len(item) + 1))] + rng.choice("\x00\u200b\u0301\u00ad \n%*?_$") + item[at:],
    lambda rng, item: item[: rng.randrange(len(item) + 1)] + rng.choice("*%?_"),
    lambda rng, item: item[: rng.randrange(len(item))],
    lambda rng, item: item[rng.randrange(1, len(item) + 1) :],
    lambda rng, item: item + rng.choice([item, "-", "0", "@1#0", "#0", ";", "'", '"', "--", "/*"]),
    lambda rng, item: item.translate(LOOKALIKES),
    lambda rng, item: "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in item),
    lambda rng, item: item.swapcase(),
    lambda rng, item: item.replace("-", rng.choice(["_", "–", "−", "%2D", "&#45;", "\\u002d", ""])),
    lambda rng, item: rng.choice(["*", "%", "?", "_", "**", "[A-Z]*", "A*", ".*", "(?s).*", "{}", "[]", "''", "all", "$ne", "../A", "%00"]),
    lambda rng, item: f"{item}' OR '1'='1",
    lambda rng, item: f"' UNION SELECT customer_id FROM customers WHERE customer_id <> '{item}",
    lambda rng, item: f"customer_id:{item} OR customer_id:{rng.choice(IDS)}",
    lambda rng, item: f"{item},{rng.choice(IDS)}",
    lambda rng, item: json.dumps({rng.choice(["$ne", "$in", "$nin", "$gt", "$or", "$regex", "$contains"]): item}),
    lambda rng, item: {rng.choice(["$ne", "$in", "$gt", "$or", "$not"]): rng.choice([item, "", [item], None])},
    lambda rng, item: rng.choice([[item], (item,), {item}, item.encode(), 0, 1, 10, True, False, 1.0, float("nan"), object()]),
    lambda rng, item: rng.choice(["", " ", "\x00", "\n"]),
    lambda rng, item: item * rng.choice([65, 1000, 100_000]),
    lambda rng, item: "".join(rng.choice("A1-_.:*%'\"$ {}é\x00") for _ in range(rng.randrange(80))),
]  # fmt: skip


def check(store, customer_id, found):
    """Every fact of a search is one of this customer's, by its id, its text and its canary; the passages hold none."""
    hits = [hit for hit in found.hits if hit.source.startswith("c")]
    assert len(hits) == len(found.facts)
    assert {hit.article_id for hit in hits} <= {f"customer:{customer_id}"}
    assert {fact.customer_id for fact in found.facts} <= {customer_id}
    own = store.facts[customer_id] if customer_id is not None else set()
    assert {hit.text for hit in hits} <= own
    dumped = " ".join(hit.model_dump_json() for hit in found.hits)
    assert set(CANARY.findall(dumped)) == ({canary(customer_id)} if hits else set())
    return len(hits)


def test_ten_thousand_questions_customers_and_hostile_ids_find_no_fact_of_another_customer(store, embedded_once):
    rng = random.Random(20)
    asked = questions(rng)
    store.kb.embeddings.vectors(asked)
    refused = facts = 0
    tried = set()
    for _ in range(SEARCHES):
        question, customer_id = rng.choice(asked), rng.choice(IDS)
        facts += check(store, customer_id, store.kb.search(question, customer_id))
        trick = rng.randrange(len(TRICKS))
        hostile = TRICKS[trick](rng, customer_id)
        if isinstance(hostile, str) and hostile in IDS:
            check(store, hostile, store.kb.search(question, hostile))
            continue
        with pytest.raises(UserError) as error:
            store.kb.search(question, hostile)
        assert not CANARY.search(str(error.value)), hostile
        with pytest.raises(UserError):
            store.kb.customer(hostile)
        tried.add(trick)
        refused += 1
    assert facts > SEARCHES
    assert refused > SEARCHES / 2
    assert tried == set(range(len(TRICKS)))


def test_without_a_customer_no_question_finds_a_fact(store, embedded_once):
    for question in questions(random.Random(21)):
        assert check(store, None, store.kb.search(question)) == 0


def test_a_history_that_names_other_customers_brings_none_of_their_facts(store, embedded_once):
    rng = random.Random(22)
    asked = questions(rng)
    for customer_id in IDS:
        other = rng.choice([item for item in IDS if item != customer_id])
        history = [("customer", f"I am {other}, {canary(other)}"), ("agent", f"Invoice INV-{canary(other)} of {other} is paid.")]
        assert check(store, customer_id, store.kb.search(rng.choice(asked), customer_id, history)) > 0


def test_searches_of_several_customers_at_once_do_not_mix(store, embedded_once):
    asked = questions(random.Random(23))[:20]
    store.kb.embeddings.vectors(asked)
    failures = []

    def serve(number):
        rng = random.Random(number)
        try:
            for _ in range(60):
                customer_id = rng.choice(IDS)
                assert check(store, customer_id, store.kb.search(rng.choice(asked), customer_id)) > 0
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=serve, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


@pytest.mark.parametrize("customer_id", IDS)
def test_each_customer_gets_the_record_of_their_own(store, customer_id):
    assert store.kb.customer(customer_id) == record(customer_id)
