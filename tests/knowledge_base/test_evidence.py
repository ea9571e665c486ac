"""Evidence: few, ordered, whole pieces; what is left out is said."""

from dataclasses import replace

import pytest

from knowledge_base import evidence
from knowledge_base.evidence import NARROWING, narrow
from knowledge_base.evidence_signals import ARTICLE, article_signals
from knowledge_base.fact_ranking import OWN
from knowledge_base.refresh import refresh
from knowledge_base.retrieval import KnowledgeBase
from knowledge_base.stored import Filters
from knowledge_base.which_thing import Which
from tests.conftest import write_help_center

QUESTIONS = [
    "How do I cancel my subscription?",
    "How many seats are used on my plan?",
    "Make an export as CSV",
    "when are refunds paid",
    "API limit",
]
LONG = "## Long\n\n" + "\n".join(f"{number}. Turn screw number {number} of the espresso machine." for number in range(1, 12))
TWO_LISTS = """---
id: kettle
title: Descale the kettle
---
## Descale the kettle

On the steel kettle:

1. Pour vinegar into the steel kettle.
2. Boil the steel kettle.

On the glass carafe:

1. Fill the glass carafe with lemon juice.
2. Shake the glass carafe.
3. Rinse the glass carafe.
"""


TENTS = """---
id: tents
title: Rent a tent
---
## Can I rent a tent for a wedding?

Yes. A wedding tent holds 90 guests and is set up the day before.

## Can I return the tent wet?

No, never. A wet tent grows mould within two days.

## Weigh a tent with the scale's program

Run these commands:

```
cd scale
make weigh
```

## Is the tent insured?

Yes.
"""


def words(text):
    return len(text.split())


@pytest.fixture(scope="module")
def kitchen(tmp_path_factory):
    """A knowledge base with a list of eleven steps, an article with two lists in one section, and one of questions and answers."""
    articles = {"espresso": f"# Open the espresso machine\n\n{LONG}", "kettle": TWO_LISTS, "tents": TENTS}
    place = write_help_center(tmp_path_factory.mktemp("kitchen"), articles)
    refresh(place.settings)
    return KnowledgeBase(place.settings)


@pytest.mark.parametrize("question", QUESTIONS)
def test_account_facts_come_first_then_sentences_then_steps(small_store, question):
    pieces = narrow(small_store.kb.search(question, "ACME-1"), 10_000, words).pieces
    kinds = ["fact" if piece.source.startswith("c") else "step" if piece.step else "sentence" for piece in pieces]
    assert kinds
    assert kinds == sorted(kinds, key=("fact", "sentence", "step").index)
    assert kinds.count("fact") <= NARROWING.facts
    assert kinds.count("sentence") <= NARROWING.sentences


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_piece_is_a_whole_unit_of_the_source_it_names_and_none_is_said_twice(small_store, question):
    found = small_store.kb.search(question, "ACME-1")
    pieces = narrow(found, 10_000, words).pieces
    units = {str(number): [unit.text for unit in passage.units] for number, passage in enumerate(found.passages, 1)}
    units |= {hit.source: [hit.text] for hit in found.hits if hit.source.startswith("c")}
    assert all(piece.text in units[piece.source] for piece in pieces)
    assert len({piece.text for piece in pieces}) == len(pieces)


def test_sentences_stand_in_reading_order(small_store):
    found = small_store.kb.search("How do refunds work?")
    pieces = [piece for piece in narrow(found, 10_000, words).pieces if not piece.step]
    places = [
        (int(piece.source), [unit.text for unit in found.passages[int(piece.source) - 1].units].index(piece.text)) for piece in pieces
    ]
    assert len(places) > 1
    assert places == sorted(places)


def test_the_steps_of_the_best_list_come_whole_and_counted_from_one(small_store):
    evidence = narrow(small_store.kb.search("How do I cancel my subscription?"), 10_000, words)
    steps = [(piece.step, piece.text) for piece in evidence.pieces if piece.step]
    assert steps == [(1, "Open Settings > Billing."), (2, "Click Cancel subscription."), (3, "Confirm with your password.")]
    assert len({piece.source for piece in evidence.pieces if piece.step}) == 1


def test_who_asks_how_gets_steps_that_lie_far_below_the_best_sentence(small_store, monkeypatch):
    monkeypatch.setattr(evidence, "NARROWING", replace(NARROWING, steps_within=-99.0))
    how, what = (
        narrow(small_store.kb.search(question), 10_000, words)
        for question in ("How do I cancel my subscription?", "I want to cancel my subscription")
    )
    assert [piece.step for piece in how.pieces if piece.step] == [1, 2, 3]
    assert not [piece for piece in what.pieces if piece.step]


def test_where_an_account_fact_is_asked_for_one_sentence_at_most_stands_beside_it(small_store):
    found = small_store.kb.search("What plan am I on?", "ACME-1")
    pieces = narrow(replace(found, features=found.features | {"fact": OWN}), 10_000, words).pieces
    assert any(piece.source.startswith("c") for piece in pieces)
    assert sum(not piece.source.startswith("c") for piece in pieces) <= 1
    without = narrow(replace(found, features=found.features | {"fact": 0.0}), 10_000, words).pieces
    assert len(without) > len(pieces)


def test_what_bears_on_the_question_is_there(small_store):
    said = [piece.text for piece in narrow(small_store.kb.search("within how many days are refunds paid?"), 10_000, words).pieces]
    assert "Refunds are paid within 14 days." in said


def test_two_lists_in_one_section_are_not_run_together(kitchen):
    pieces = narrow(kitchen.search("How do I shake and rinse the glass carafe with lemon juice?"), 10_000, words).pieces
    steps = [(piece.step, piece.text) for piece in pieces if piece.step]
    assert [number for number, _ in steps] == [1, 2, 3]
    assert all("carafe" in text for _, text in steps)


def test_steps_beyond_the_most_are_returned_as_left_out(kitchen):
    evidence = narrow(kitchen.search("How do I turn the screws to open the espresso machine?"), 10_000, words)
    assert [piece.step for piece in evidence.pieces if piece.step] == list(range(1, NARROWING.steps + 1))
    assert [piece.step for piece in evidence.left_out] == [11, 10, 9]


@pytest.mark.parametrize("budget", [0, 5, 12, 20, 30, 60, 10_000])
def test_the_budget_is_kept_and_what_it_leaves_out_is_returned(small_store, budget):
    found = small_store.kb.search("How do I cancel my subscription?", "ACME-1")
    everything = narrow(found, 10_000, words)
    evidence = narrow(found, budget, words)
    assert everything.left_out == ()
    assert sum(words(piece.text) for piece in evidence.pieces) <= budget
    assert sorted([*evidence.pieces, *evidence.left_out], key=repr) == sorted(everything.pieces, key=repr)
    assert [piece for piece in everything.pieces if piece in evidence.pieces] == list(evidence.pieces)
    if evidence.left_out and evidence.pieces:
        assert min(piece.score for piece in evidence.pieces) >= evidence.left_out[-1].score


@pytest.mark.parametrize("budget", range(5, 40, 3))
def test_a_list_cut_by_the_budget_loses_its_end_and_never_has_a_hole(small_store, budget):
    evidence = narrow(small_store.kb.search("How do I cancel my subscription?"), budget, words)
    steps = [piece.step for piece in evidence.pieces if piece.step]
    assert steps == list(range(1, len(steps) + 1))


def test_an_article_that_fits_one_clause_of_a_question_best_is_told_by_it(small_store):
    found = small_store.kb.search("Does the phone keep the timer running offline, and how do I export all projects as a CSV file?")
    signals = article_signals(found)
    assert len(found.asked) == 2
    assert {name for name, row in signals.items() if row[ARTICLE.index("clauses")] == 0.5} == {"mobile-timer", "export-data"}
    assert all(row[ARTICLE.index("clause_gap")] > 0 for name, row in signals.items() if name not in ("mobile-timer", "export-data"))


def test_each_clause_has_what_answers_it_best_said(small_store):
    question = "Within how many days are refunds paid, and can I log in to the desk with SAML from my company?"
    found = small_store.kb.search(question)
    said = {piece.text for piece in narrow(found, 10_000, words).pieces}
    assert len(found.asked) == 2
    assert "Refunds are paid within 14 days." in said


def test_an_article_other_than_the_best_says_little(small_store):
    for question in QUESTIONS:
        found = small_store.kb.search(question)
        cited = [piece.source for piece in narrow(found, 10_000, words).pieces if not piece.step]
        articles = [found.passages[int(source) - 1].article_id for source in cited]
        assert sum(articles.count(article) > NARROWING.of_other for article in set(articles)) <= 1


def test_a_search_that_finds_nothing_gives_no_evidence(small_store):
    found = small_store.kb.search("refund", filters=Filters("nobody"))
    assert found.hits == []
    assert narrow(found, 100, words).pieces == ()


@pytest.mark.parametrize(("note", "said"), [("Back door. Tell them zq.", False), ("Back door", True), ("with Dr. Lang at St. Ann", True)])
def test_free_text_of_a_record_is_not_said(small_store, note, said):
    found = small_store.kb.search("What plan am I on?", "ACME-1")
    hit = next(hit for hit in found.hits if hit.source == "c1")
    hits = [item.model_copy(update={"text": f'The note: "{note}".', "score": 0.9}) if item is hit else item for item in found.hits]
    pieces = narrow(replace(found, hits=hits), 10_000, words).pieces
    assert (hit.source in {piece.source for piece in pieces}) is said


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Can I rent a tent for a wedding?", "Yes. A wedding tent holds 90 guests and is set up the day before."),
        ("can i rent a tent for our wedding please", "Yes. A wedding tent holds 90 guests and is set up the day before."),
        ("Must I rent a tent for a wedding?", "A wedding tent holds 90 guests and is set up the day before."),
        ("How can I rent a tent for a wedding?", "A wedding tent holds 90 guests and is set up the day before."),
        ("Can I rent a tent for a wedding of 200 guests?", "A wedding tent holds 90 guests and is set up the day before."),
        ("Can I return the tent wet?", "No, never. A wet tent grows mould within two days."),
        ("Can I rent a wet tent?", "A wet tent grows mould within two days."),
        ("Can't I return the tent wet?", "A wet tent grows mould within two days."),
    ],
)
def test_a_yes_or_no_is_said_to_who_asks_its_question_alone(kitchen, question, said):
    texts = [piece.text for piece in narrow(kitchen.search(question), 10_000, words).pieces]
    assert said in texts
    assert [text for text in texts if text.startswith(("Yes", "No")) and text != said] == []


def test_a_yes_without_another_word_answers_its_question_alone(kitchen):
    assert "Yes." in [piece.text for piece in narrow(kitchen.search("Is the tent insured?"), 10_000, words).pieces]
    assert "Yes." not in [piece.text for piece in narrow(kitchen.search("Is the tent insured against theft?"), 10_000, words).pieces]


def test_code_is_a_piece_with_all_its_lines(kitchen):
    pieces = narrow(kitchen.search("Which commands weigh a tent with the scale's program?"), 10_000, words).pieces
    assert [piece.text for piece in pieces if piece.code] == ["cd scale\nmake weigh"]


def test_of_what_is_meant_as_many_facts_are_said_as_fit_and_each_as_shortly_as_is_asked(small_store):
    found = small_store.kb.search("Which plan am I on?", "ACME-1")
    texts = [f"Order {at}: total 4 EUR, status sent." for at in range(1, 6)]
    hits = [found.hits[-1].model_copy(update={"source": f"c{at}", "text": text, "score": 0.9}) for at, text in enumerate(texts, 1)]
    which = Which("order", 5, asked=5, short={hits[0].text: "Order 1: total 4 EUR."})
    said = narrow(replace(found, hits=[*found.hits[: len(found.passages)], *hits], which=which), 10_000, words).pieces
    assert [piece.text for piece in said if piece.source.startswith("c")] == ["Order 1: total 4 EUR.", *(hit.text for hit in hits[1:])]


RATES = """# What delivery costs

We deliver to five countries. We don't deliver to Norway.

| Country | Parcel | Furniture |
|---|---|---|
| Ireland | 4.95 euros | 39 euros |
| United Kingdom | 5.50 pounds | 45 pounds |
| Germany | 5.95 euros | 49 euros |
| Denmark | 8.50 euros | 79 euros |
| France | 6.95 euros | 55 euros |

# How long the warranty is

| Product | Warranty |
|---|---|
| Lamps | 3 years |
| Sofas | 10 years |
| Rugs | 2 years |

# What the light of the kettle means

| Light | Meaning | What to do |
|---|---|---|
| Steady white | It is warm | Nothing |
| Steady red | It is dry | Fill it |
| No light | No power | Try another socket |

# What a courier abroad costs

| Zone | Countries | Courier |
|---|---|---|
| B | Turkey, Serbia | 60 euros |
| C | India, Japan | 90 euros |
"""


@pytest.fixture(scope="module")
def rates(tmp_path_factory):
    place = write_help_center(tmp_path_factory.mktemp("rates"), {"rates": RATES}, [])
    refresh(place.settings)
    return KnowledgeBase(place.settings)


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("How much is delivery to Denmark?", ["Denmark"]),
        ("What is delivery of furniture to France and the United Kingdom?", ["United Kingdom", "France"]),
        ("How long is the warranty on lamps?", ["Warranty: Lamps"]),
    ],
)
def test_of_a_table_the_rows_are_said_that_the_question_names(rates, question, rows):
    said = [piece.text for piece in narrow(rates.search(question), 400, words).pieces]
    assert [row for row in ("Ireland", "United Kingdom", "Germany", "Denmark", "France") if any(text.startswith(row) for text in said)] + [
        text.rpartition(": ")[0] for text in said if text.startswith("Warranty")
    ] == rows


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("steady red light on my kettle", ["Steady red"]),
        ("What does it mean that my kettle has no light?", ["No light"]),
        ("how much is a courier to India", ["C"]),
        ("What does the light of the kettle mean?", ["Steady white", "Steady red", "No light"]),
    ],
)
def test_a_row_is_named_by_what_a_cell_lists_and_one_that_denies_something_by_that_alone(rates, question, rows):
    said = [piece.text.partition(": ")[0] for piece in narrow(rates.search(question), 400, words).pieces]
    assert [name for name in ("Steady white", "Steady red", "No light", "B", "C") if name in said] == rows


def test_what_heads_a_column_names_no_row_of_it():
    rows = ["Free, Solo: None.", "Audit log: Business: 180 days.", "Audit log: Enterprise: 730 days."]
    assert evidence._row_names(rows) == [[{"solo"}], [{"busines"}], [{"enterpris"}]]


def test_of_a_table_no_row_of_which_is_named_all_that_bear_on_the_question_are_said(rates):
    said = [piece.text for piece in narrow(rates.search("How much is the delivery of a parcel?"), 400, words).pieces]
    assert len([text for text in said if "Parcel" in text]) > 1


def test_of_messages_told_apart_by_a_code_the_one_that_the_question_names_is_said(tmp_path):
    text = (
        "---\ntitle: My payment failed\nupdated: 2026-06-01\n---\nMost payments fail because the bank wants to confirm them.\n\n"
        "## What does error 4102 mean?\nError 4102: your bank has declined the payment. Only the bank can say why.\n\n"
        "## What does error 4117 mean?\nError 4117: the card is from a country that we do not sell to. Pay with PayPal instead.\n"
    )
    place = write_help_center(tmp_path, {"pay": text}, [])
    refresh(place.settings)
    base = KnowledgeBase(place.settings)
    said = " ".join(piece.text for piece in narrow(base.search("my payment was declined with error 4117"), 400, words).pieces)
    assert "PayPal" in said and "4102" not in said and "Only the bank" not in said
    said = " ".join(piece.text for piece in narrow(base.search("my payment was declined with error 9999"), 400, words).pieces)
    assert "4102" in said
