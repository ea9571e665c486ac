"""Clauses: what a question asks, part by part."""

import pytest

from knowledge_base.clauses import clauses


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("How do I add a seat?", []),
        ("", []),
        ("Export the hours and delete the old project", ["Export the hours", "delete the old project"]),
        (
            "One of my designers left. How do I lock her out, and from what date am I paying less?",
            ["One of my designers left.", "How do I lock her out", "from what date am I paying less?"],
        ),
        ("I lost my phone, how do I sign in without the app?", ["I lost my phone", "how do I sign in without the app?"]),
        ("Hi and thanks. Where is the audit log?", []),
    ],
)
def test_a_question_is_parted_where_it_goes_on_to_something_else(question, parts):
    assert clauses(question) == parts


def test_of_many_clauses_the_last_are_kept():
    story = " ".join(f"Machine {number} stopped working." for number in range(20))
    assert clauses(story, most=3) == [f"Machine {number} stopped working." for number in (17, 18, 19)]
