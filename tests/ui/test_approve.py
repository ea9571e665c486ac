"""Approving a reply on the desk, as it stands and edited, with the real assistant and stored turns."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from assistant.reply import Reply, Statement
from assistant.turns import Turns
from tests.assistant.kept import turn

pytestmark = pytest.mark.slow
DESK = str(Path(__file__).parents[2] / "ui" / "desk.py")
SAID = [Statement(text="Seats can be added.", sources=["1"]), Statement(text="Tap Add.", sources=["1"], step=1)]
REPLY = Reply(greeting="Hi Ada.", answer=SAID, next_step="Reply here.", action="answer")


@pytest.fixture
def store(refreshed, monkeypatch):
    """A store with one turn of each of two customers; the desk opens it."""
    import streamlit as st

    for name in ("store", "articles", "customers", "wording"):
        monkeypatch.setenv(f"DESK_{name.upper()}", str(getattr(refreshed, name)))
    monkeypatch.setenv("DESK_VOICE", "shipped")
    turns = Turns(refreshed.store)
    turns.add(turn("t1", "one", "ACME-1", reply=REPLY))
    turns.add(turn("t2", "two", "BOLT-2", reply=REPLY.model_copy(update={"greeting": "Hi Bo."})))
    st.cache_resource.clear()
    return turns


def opened(customer):
    app = AppTest.from_file(DESK, default_timeout=240)
    app.query_params["customer"] = customer
    app.run()
    assert not app.exception
    return app


def button(app, label):
    return next(item for item in app.button if item.label == label)


def labels(app):
    return [item.label for item in app.expander]


def test_a_reply_is_approved_as_it_stands(store):
    app = opened("ACME-1")
    assert "Approve or edit the reply" in labels(app)
    button(app, "Approve").click().run()
    kept = store.approval("t1", "ACME-1")
    assert (kept.greeting, kept.answer, kept.next_step) == ("Hi Ada.", ["Seats can be added.", "Tap Add."], "Reply here.")
    assert any(label.startswith("Approved 20") for label in labels(app))


def test_an_edited_reply_is_approved_copied_and_found_again(store):
    app = opened("ACME-1")
    app.text_input(key="greeting-t1").set_value("Hey  Ada!")
    app.text_area(key="statement-t1-1").set_value("More seats can be added.\nMy card is 4111 1111 1111 1111.")
    app.text_area(key="statement-t1-2").set_value(" ")
    button(app, "Edit and approve").click().run()
    kept = store.approval("t1", "ACME-1")
    assert (kept.greeting, kept.answer) == ("Hey Ada!", ["More seats can be added. My card is [removed].", ""])
    fresh = opened("ACME-1")
    assert fresh.text_input(key="greeting-t1").value == "Hey Ada!"
    assert any(code.value.startswith("Hey Ada!\n\nMore seats can be added.") and "Tap Add" not in code.value for code in fresh.code)


def test_an_empty_reply_is_refused_in_one_sentence_and_nothing_is_stored(store):
    app = opened("ACME-1")
    app.text_input(key="greeting-t1").set_value("  ")
    button(app, "Edit and approve").click().run()
    assert [error.value for error in app.error] == [
        "An approved reply needs a greeting, a next step and at least one statement of the answer: fill them in."
    ]
    assert store.approval("t1", "ACME-1") is None


def test_another_customers_page_shows_and_changes_nothing_of_it(store):
    app = opened("ACME-1")
    app.text_input(key="greeting-t1").set_value("Hey Ada, only for you.")
    button(app, "Edit and approve").click().run()
    other = opened("BOLT-2")
    assert "Approve or edit the reply" in labels(other)
    shown = [*(item.value for item in other.text_input), *(item.value for item in other.code), *labels(other)]
    assert not [text for text in shown if "only for you" in text]
    button(other, "Approve").click().run()
    assert store.approval("t1", "ACME-1").greeting == "Hey Ada, only for you."
    assert store.approval("t2", "BOLT-2").greeting == "Hi Bo."
