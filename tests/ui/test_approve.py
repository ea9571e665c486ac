"""Approving a reply on the desk, as it stands and edited, over stored turns."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from assistant.reply import Reply, Statement, customer_text
from assistant.turns import Turns
from tests.assistant.kept import turn
from ui.approve import OWN
from ui.render import reply_html

DESK = str(Path(__file__).parents[2] / "ui" / "desk.py")
SAID = [Statement(text="Seats can be added.", sources=["1"]), Statement(text="Tap Add.", sources=["1"], step=1)]
REPLY = Reply(greeting="Hi Ada.", answer=SAID, next_step="Reply here.", action="answer")


def page():
    """The part of the desk that is about approving, over the store that the settings name."""
    from assistant.settings import Settings
    from assistant.turns import Turns
    from ui.approve import show_approval, show_edit

    settings = Settings()
    turns = Turns(settings.store)
    for item in turns.conversation("one", "ACME-1"):
        kept = turns.approval(item.turn, item.customer_id)
        show_approval(item, kept, turns, settings)
        show_edit(item, kept, turns, settings)


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A store with one turn of each of two customers."""
    monkeypatch.setenv("DESK_STORE", str(tmp_path))
    return filled(tmp_path)


def filled(folder):
    turns = Turns(folder)
    turns.add(turn("t1", "one", "ACME-1", reply=REPLY))
    turns.add(turn("t2", "two", "BOLT-2", reply=REPLY.model_copy(update={"greeting": "Hi Bo."})))
    return turns


def opened(app=None):
    if app is None:  # an app that has not run yet is false
        app = AppTest.from_function(page, default_timeout=120)
    app.run()
    assert not app.exception
    return app


def button(app, label):
    return next(item for item in app.button if item.label == label)


def field(app, label):
    return next(item for item in app.text_input if item.label == label)


def labels(app):
    return [item.label for item in app.expander]


def test_a_reply_is_approved_as_it_stands(store):
    app = opened()
    button(app, "Approve").click().run()
    kept = store.approval("t1", "ACME-1")
    assert (kept.greeting, kept.answer, kept.next_step) == ("Hi Ada.", ["Seats can be added.", "Tap Add."], "Reply here.")
    assert button(app, "Approved").disabled


def test_an_edited_reply_is_approved_without_secrets_and_found_again(store):
    app = opened()
    app.text_input(key="greeting-t1").set_value("Hey  Ada!")
    app.text_area(key="statement-t1-1").set_value("More seats can be added.\nMy card is 4111 1111 1111 1111.")
    app.text_area(key="statement-t1-2").set_value(" ")
    button(app, "Save and approve").click().run()
    kept = store.approval("t1", "ACME-1")
    assert (kept.greeting, kept.answer) == ("Hey Ada!", ["More seats can be added. My card is [removed].", ""])
    assert field(opened(), "Greeting").value == "Hey Ada!"


def test_the_fields_hold_what_is_approved_last(store):
    app = opened()
    app.text_input(key="greeting-t1").set_value("Hey Ada, only this once.")
    before = app.expander[0].key
    button(app, "Save and approve").click().run()
    assert field(app, "Greeting").value == "Hey Ada, only this once."
    assert app.expander[0].key != before, "the fold stays open"
    button(app, "Approve the draft instead").click().run()
    assert store.approval("t1", "ACME-1").greeting == "Hi Ada."
    assert field(app, "Greeting").value == "Hi Ada."


def test_an_empty_reply_is_refused_in_one_sentence_and_nothing_is_stored(store):
    app = opened()
    app.text_input(key="greeting-t1").set_value("  ")
    button(app, "Save and approve").click().run()
    assert [error.value for error in app.error] == [
        "An approved reply needs a greeting, a next step and at least one statement of the answer: fill them in."
    ]
    assert store.approval("t1", "ACME-1") is None


def test_an_agent_writes_the_whole_answer_of_what_was_handed_off(store):
    assert not [item for item in opened().text_area if item.label == OWN], "an answer's statements are edited instead"
    reply = Reply(greeting="Hi Ada.", answer=[], next_step="A colleague writes to you.", action="hand_off")
    store.add(turn("t3", "one", "ACME-1", reply=reply))
    app = opened()
    app.text_area(key="own-t3").set_value("Dear Ada,\n\nyes: we send it on Monday.\nMy card is 4111 1111 1111 1111.\n")
    next(item for item in app.button if item.label == "Save and approve" and "t3" in item.form_id).click().run()
    kept = store.approval("t3", "ACME-1")
    said = "Dear Ada,\n\nyes: we send it on Monday.\nMy card is [removed]."
    assert customer_text(kept.applied(reply)) == said
    assert "<p>Dear Ada," in reply_html("", kept.applied(reply).answer, "", "t3")
    assert next(item for item in opened().text_area if item.label == OWN).value == said
    button(opened(), "Approve the draft instead").click().run()
    assert store.approval("t3", "ACME-1").applied(reply) == reply


@pytest.mark.slow
def test_on_the_desk_the_approved_words_are_copied_and_shown_to_no_other_customer(refreshed, monkeypatch):
    import streamlit as st

    for name in ("store", "articles", "customers", "wording"):
        monkeypatch.setenv(f"DESK_{name.upper()}", str(getattr(refreshed, name)))
    monkeypatch.setenv("DESK_VOICE", "none")
    store = filled(refreshed.store)
    st.cache_resource.clear()
    app = AppTest.from_file(DESK, default_timeout=300)
    app.query_params["customer"], app.query_params["conversation"] = "ACME-1", "one"
    opened(app)
    app.text_input(key="greeting-t1").set_value("Hey Ada, only for you.")
    app.text_area(key="statement-t1-2").set_value("")
    button(app, "Save and approve").click().run()
    (code,) = app.code
    assert code.value == "Hey Ada, only for you.\n\nSeats can be added.\n\nReply here."
    other = AppTest.from_file(DESK, default_timeout=300)
    other.query_params["customer"], other.query_params["conversation"] = "BOLT-2", "two"
    opened(other)
    shown = [*(item.value for item in other.text_input), *(item.value for item in other.code), *labels(other)]
    assert "Hi Bo." in shown and "Edit the reply" in shown
    assert not [text for text in shown if "only for you" in text]
    button(other, "Approve").click().run()
    assert store.approval("t1", "ACME-1").greeting == "Hey Ada, only for you."
    assert store.approval("t2", "BOLT-2").greeting == "Hi Bo."
