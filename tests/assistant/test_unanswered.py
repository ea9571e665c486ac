"""Clauses that an answer leaves open: which they are, and that the agent alone is told."""

import pytest

from assistant.unanswered import note, unanswered
from knowledge_base.evidence import narrow


def confidence(clause):
    return {"How do I pay": 0.9, "And do you sell tents?": 0.3}.get(clause, 0.0)


def test_a_clause_is_open_that_asks_and_is_not_answered_by_itself():
    clauses = ["My dog is ill.", "How do I pay", "And do you sell tents?"]
    assert unanswered(clauses, confidence, 0.5) == ("do you sell tents?",)
    assert unanswered(clauses, confidence, 0.1) == ()
    assert note(("do you sell tents?",)) == "Not answered: “do you sell tents?”."
    assert note(()) == ""


@pytest.mark.parametrize(
    ("question", "open_still"),
    [
        (
            "How many requests may an API token send, and how tall is the Eiffel tower in Paris?",
            ("how tall is the Eiffel tower in Paris?",),
        ),
        ("How do I cancel my subscription? And do you teach welding?", ("do you teach welding?",)),
        ("How do I cancel my subscription, and when are refunds paid?", ()),
        ("We are leaving for Paris. How do I cancel my subscription?", ()),
        ("How do I cancel my subscription?", ()),
    ],
)
def test_of_two_questions_the_one_that_no_article_answers_is_open(small_store, question, open_still):
    faint = narrow(small_store.kb.search(question), 360, lambda text: len(text) // 4).faint
    assert unanswered(faint, lambda clause: small_store.kb.search(clause).confidence, 0.5) == open_still
