"""The store of turns."""

import sqlite3

import pytest

from assistant.errors import UserError
from assistant.reply import Reply, Statement
from assistant.turns import FILE, Turn, Turns, Unsupported
from knowledge_base.hits import Hit

HIT = Hit(
    source="1", article_id="add-seats", version=3, title="Add seats", text="Añade\nseats.", score=0.9, updated="2026-01-01",
    indexed="2026-01-02", parts={"dense": 0.5},
)  # fmt: skip


def turn(name: str, conversation: str = "talk", customer: str | None = "ACME-1", **changes) -> Turn:
    fields = {
        "turn": name,
        "conversation": conversation,
        "at": "2026-11-22T10:00:00Z",
        "question": "how do I add seats? “now” \x00 🙂",
        "customer_id": customer,
        "history": [("customer", "hello"), ("agent", "hi")],
        "reply": Reply(
            greeting="Hi.",
            answer=[Statement(text="A fact.", sources=["1"], how="quoted", step=1)],
            next_step="Reply here.",
            action="answer",
            note="n",
        ),
        "retrieved": [HIT],
        "cited": [HIT],
        "unsupported": [Unsupported(text="x", sources=["1"], reason="figures differ")],
        "confidence": 0.5,
        "vagueness": 0.1,
        "prompt_tokens": 10,
        "reply_tokens": 20,
        "first_token_s": 0.1,
        "total_s": 0.2,
        "voice": "warm@1",
        "engine": "openvino",
        "prompt": "Question: how",
        "written": "Hi.\n[1] A fact.",
        "left_out": ["more"],
        "settings": {"threads": 2},
    }
    return Turn(**(fields | changes))


def test_a_turn_is_given_back_as_it_was_stored(tmp_path):
    turns = Turns(tmp_path)
    turns.add(turn("t1"))
    assert turns.get("t1") == turn("t1")


def test_an_unknown_turn_says_where_to_find_the_id(tmp_path):
    with pytest.raises(UserError, match="no turn 'nothing'"):
        Turns(tmp_path).get("nothing")


def test_a_conversation_holds_its_turns_oldest_first(tmp_path):
    turns = Turns(tmp_path)
    for name in ("z", "a", "m"):
        turns.add(turn(name))
    turns.add(turn("other", conversation="other talk"))
    assert [item.turn for item in turns.conversation("talk", "ACME-1")] == ["z", "a", "m"]


def test_a_conversation_never_shows_another_customers_turns(tmp_path):
    turns = Turns(tmp_path)
    turns.add(turn("a", customer="ACME-1"))
    turns.add(turn("b", customer="BOLT-2"))
    turns.add(turn("n", customer=None))
    assert [item.turn for item in turns.conversation("talk", "ACME-1")] == ["a"]
    assert [item.turn for item in turns.conversation("talk", "BOLT-2")] == ["b"]
    assert [item.turn for item in turns.conversation("talk", None)] == ["n"]
    assert turns.conversation("talk", "acme-1") == []
    assert turns.conversation("talk", "%") == []


def test_the_latest_conversation_is_the_customers_own(tmp_path):
    turns = Turns(tmp_path)
    assert turns.latest_conversation("ACME-1") is None
    turns.add(turn("a", "first", "ACME-1"))
    turns.add(turn("b", "second", "ACME-1"))
    turns.add(turn("c", "third", "BOLT-2"))
    assert turns.latest_conversation("ACME-1") == "second"
    assert turns.latest_conversation("BOLT-2") == "third"
    assert turns.latest_conversation(None) is None


def test_turns_survive_reopening_and_are_seen_by_another_reader(tmp_path):
    turns, other = Turns(tmp_path), Turns(tmp_path)
    turns.add(turn("a"))
    assert other.get("a") == turn("a")
    del turns, other
    assert [item.turn for item in Turns(tmp_path).conversation("talk", "ACME-1")] == ["a"]


def test_a_turn_cannot_be_stored_twice(tmp_path):
    turns = Turns(tmp_path)
    turns.add(turn("a"))
    with pytest.raises(sqlite3.IntegrityError):
        turns.add(turn("a", customer="BOLT-2"))
    assert turns.get("a").customer_id == "ACME-1"


@pytest.mark.parametrize("content", [b"this is no database, whatever its name says" * 50, b"SQLite format 3\x00" + b"\xff" * 4096])
def test_a_damaged_file_says_to_move_it_aside(tmp_path, content):
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(UserError, match="move it aside"):
        Turns(tmp_path)


def test_a_store_that_is_no_folder_says_so(tmp_path):
    (tmp_path / FILE).mkdir()
    with pytest.raises(UserError, match="cannot be read"):
        Turns(tmp_path)
