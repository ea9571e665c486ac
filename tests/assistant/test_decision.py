"""Whether to answer, to ask back or to hand off, and what the agent is told."""

from dataclasses import replace

import numpy as np
import pytest

from assistant.decision import decide, note, options
from assistant.settings import Settings
from assistant.turns import Unsupported
from knowledge_base.found import Search
from knowledge_base.hits import Hit, NearQuestion
from knowledge_base.stored import StoredPassage
from knowledge_base.which_thing import Option, Which


def hit(title: str, number: int = 1, **changes) -> Hit:
    fields = {"source": str(number), "article_id": title.lower().replace(" ", "-"), "version": 1, "title": title, "text": "A fact."}
    return Hit(**(fields | {"score": 1.0, "updated": "2026-01-01", "indexed": "2026-01-02"} | changes))


def passage(title: str) -> StoredPassage:
    known = {"article_id": title, "title": title, "text": "A fact.", "version": 1, "audience": "public", "heading": "", "section": ""}
    fields = StoredPassage.__dataclass_fields__
    return StoredPassage(**{name: known.get(name) for name in fields})


def search(*titles: str, confidence: float = 0.9, vagueness: float = 0.0) -> Search:
    return Search(
        question="q",
        hits=[hit(title, number) for number, title in enumerate(titles, 1)],
        passages=[passage(title) for title in titles],
        facts=[],
        query=np.zeros(3),
        asked=np.zeros((1, 3)),
        confidence=confidence,
        vagueness=vagueness,
    )


SETTINGS = Settings(hand_off_below=0.35, ask_above=0.75)


@pytest.mark.parametrize(
    ("confidence", "vagueness", "has_evidence", "action"),
    [
        (0.9, 0.1, True, "answer"),
        (0.35, 0.1, True, "answer"),
        (0.349, 0.1, True, "hand_off"),
        (0.9, 0.1, False, "hand_off"),
        (0.9, 0.8, True, "ask"),
        (0.9, 0.75, True, "answer"),
        (0.1, 0.9, True, "ask"),
        (0.9, 0.9, False, "hand_off"),
    ],
)
def test_the_action_follows_confidence_evidence_and_vagueness(confidence, vagueness, has_evidence, action):
    found = search("Add seats", "Remove seats", confidence=confidence, vagueness=vagueness)
    assert decide(found, has_evidence, SETTINGS) == action


def test_one_article_alone_is_never_asked_about():
    found = search("Add seats", "Add seats", "Add seats", vagueness=0.99)
    assert decide(found, True, SETTINGS) == "answer"


def test_the_thresholds_are_settings():
    found = search("Add seats", "Remove seats", confidence=0.5, vagueness=0.5)
    assert decide(found, True, Settings(hand_off_below=0.6, ask_above=0.9)) == "hand_off"
    assert decide(found, True, Settings(hand_off_below=0.1, ask_above=0.4)) == "ask"


def test_the_options_are_the_best_three_titles_as_inside_a_sentence():
    found = search("Add seats", "SSO with Okta", "Add seats", "A new project", "Fourth article")
    assert options(found) == ("add seats", "SSO with Okta", "a new project")


def test_things_of_the_account_are_asked_about_before_articles():
    things = Which("invoice", 4, (Option("invoice INV-7, 84 USD", ()), Option("invoice INV-8, 90 USD", ())))
    found = replace(search("Add seats", "Remove seats", vagueness=0.9), which=things)
    assert decide(found, False, SETTINGS) == "ask"
    assert options(found) == ("invoice INV-7, 84 USD", "invoice INV-8, 90 USD")
    said = note(found, "ask", [], [], None)
    assert "account objects of the kind “invoice” fit this question (4)" in said
    assert "articles" not in said


def test_a_sum_is_handed_off_with_what_it_comes_to():
    found = replace(search("Add seats"), which=Which("transaction", 3, total="72.10 GBP"))
    assert decide(found, True, SETTINGS) == "hand_off"
    assert note(found, "hand_off", [], [], None).startswith("A sum is asked for: 72.10 GBP over 3 of the kind “transaction”.")


def test_the_agent_is_told_that_more_fit_than_are_said():
    assert "9 account objects of the kind “order”" in note(
        replace(search("Add seats"), which=Which("order", 9, asked=6)), "answer", [], [], None
    )
    assert not note(replace(search("Add seats"), which=Which("order", 6, asked=6)), "answer", [], [], None)


def test_what_means_one_thing_is_no_reason_to_ask_back():
    assert decide(replace(search("Add seats"), which=Which("invoice", 1)), True, SETTINGS) == "answer"


def test_a_plain_answer_needs_no_note():
    assert note(search("Add seats"), "answer", [], [], None) == ""


def test_the_note_of_a_hand_off_names_the_confidence_and_the_nearest_article():
    said = note(search("Add seats", confidence=0.123), "hand_off", [], [], None)
    assert "0.12" in said
    assert "“Add seats”" in said


def test_the_note_of_a_hand_off_names_the_known_gap_that_the_question_resembles():
    found = search("Remove seats")
    assert "gap" not in note(found, "hand_off", [], [], None)
    known = NearQuestion(article_id="add-seats", title="Add seats", text="seats by the hour?")
    said = note(replace(found, known_gap=known), "hand_off", [], [], None)
    assert said.endswith("It resembles a known gap of “Add seats”: “seats by the hour?”")


def test_the_note_of_an_ask_names_the_ambiguous_question_that_the_question_resembles():
    found = search("Remove seats", "Add seats")
    assert "resembles" not in note(found, "ask", [], [], None)
    like = NearQuestion(article_id="add-seats", title="Add seats", text="change our seats")
    said = note(replace(found, ambiguous=like), "ask", [], [], None)
    assert said.endswith("It resembles an ambiguous one of “Add seats”: “change our seats”")


def test_the_note_of_a_hand_off_without_any_passage_names_none():
    assert "nearest" not in note(search(confidence=0.1), "hand_off", [], [], None)


def test_the_note_tells_of_replaced_statements_left_out_evidence_and_internal_articles():
    one = Unsupported(text="x", sources=["1"], reason="figures differ")
    unsupported = [one, one.model_copy(update={"instead": "regenerated"})]
    said = note(search("Add seats", vagueness=0.8), "ask", unsupported, ["The last fact."], hit("Refund policy", article_id="refunds"))
    assert "vagueness 0.80" in said
    assert "2 of the model's statements did not match their source: 1 written again, 1 replaced by a quote." in said
    assert "The last fact." in said
    assert "“Refund policy” (refunds)" in said
    single = note(search("Add seats"), "answer", [one], [], None)
    assert single == "One of the model's statements did not match its source and was replaced by a quote."
    assert note(search("Add seats"), "answer", [one, one], [], None).endswith("did not match their source: 2 replaced by a quote.")


def test_what_is_not_on_the_account_is_handed_off_and_the_agent_is_told():
    found = replace(search("Add seats"), not_held=("INV-9",))
    assert decide(found, True, SETTINGS) == "hand_off"
    assert note(found, "hand_off", [], [], None) == "INV-9 is not on this account."


def test_what_a_thing_of_the_account_says_outright_is_answered_however_little_articles_say_of_it():
    which = Which("order", 1, facts=(), says=True)
    little = search("Add seats", confidence=0.1)
    assert decide(replace(little, which=which), True, SETTINGS) == "answer"
    assert decide(replace(little, which=which), False, SETTINGS) == "hand_off"
    assert decide(replace(little, which=replace(which, says=False)), True, SETTINGS) == "hand_off"
