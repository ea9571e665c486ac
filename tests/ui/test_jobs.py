"""Answers under way, over an assistant that answers when it is told to."""

import threading
from types import SimpleNamespace

from assistant.errors import UserError
from assistant.events import Finished
from tests.assistant.kept import turn
from ui import jobs


def gated():
    """An assistant that notes what it is asked and answers each question when its gate is opened."""
    asked, gates = [], {"one": threading.Event(), "two": threading.Event()}

    def stream(question, customer_id, history, conversation):
        asked.append((question, list(history)))
        assert gates[question].wait(30)
        if question == "one":
            raise UserError("No.")
        yield Finished(turn("t", conversation, customer_id, question=question))

    return SimpleNamespace(stream=stream, masked=str), asked, gates


def test_a_second_question_waits_for_the_first_and_is_answered_upon_the_conversation_of_then():
    assistant, asked, gates = gated()
    said = [("customer", "before")]
    first = jobs.start(assistant, "one", None, lambda: list(said), "talk")
    second = jobs.start(assistant, "two", None, lambda: list(said), "talk", first)
    gates["two"].set()
    assert not second.ended.wait(0.3)
    assert [question for question, _ in asked] == ["one"]
    said.append(("customer", "one"))
    gates["one"].set()
    assert second.ended.wait(30)
    assert asked[1] == ("two", [("customer", "before"), ("customer", "one")])
    assert (first.error, second.error, second.turn.question) == ("No.", None, "two")


def test_answers_under_way_are_kept_beside_the_pages_each_with_its_own_customer():
    assistant, _, gates = gated()
    first = jobs.ask(assistant, "one", "ACME-1", list, "shared")
    second = jobs.ask(assistant, "two", "ACME-1", list, "shared")
    assert jobs.of("shared", "ACME-1") == [first, second]
    assert jobs.of("shared", "BOLT-2") == jobs.of("shared", None) == []
    for gate in gates.values():
        gate.set()
    assert second.ended.wait(30)
    assert jobs.of("shared", "ACME-1") == [first], "one that failed stays until something is asked"
    last = jobs.ask(assistant, "two", "ACME-1", list, "shared")
    assert last.ended.wait(30)
    assert jobs.of("shared", "ACME-1") == []
