"""Turns as the desk draws them, over stored turns and answers that are half written."""

import re

import pytest
from streamlit.testing.v1 import AppTest

from assistant.events import Piece, Retrieved
from assistant.reply import Statement
from assistant.settings import Settings
from assistant.turns import Approval, Turns, Unsupported
from tests.assistant.kept import HIT, turn
from ui import render
from ui.jobs import Job


@pytest.fixture
def store(small_store, tmp_path, monkeypatch):
    """Stored turns beside the small help center, which "Why this answer" reads."""
    monkeypatch.setenv("DESK_STORE", str(tmp_path))
    return Turns(tmp_path)


def drawn(monkeypatch, page, **values):
    """A part of the desk, run as a page of its own."""
    import streamlit as st

    monkeypatch.setattr(st, "drawn", values, raising=False)
    app = AppTest.from_function(page, default_timeout=120).run()
    assert not app.exception
    return app


def html_of(block):
    return " ".join(element.proto.body for element in block.get("html"))


def conversation(kb, turns):
    from types import SimpleNamespace

    return SimpleNamespace(turns=turns, settings=Settings(), knowledge_base=kb)


def earlier():
    import streamlit as st

    from ui.turn import show_earlier

    show_earlier(**st.drawn)


def whole():
    import streamlit as st

    from ui.turn import show_turn

    show_turn(**st.drawn)


def writing():
    import streamlit as st

    from ui.turn import show_writing

    show_writing(**st.drawn)


def test_earlier_turns_are_folded_to_a_line_each_and_the_oldest_share_one(small_store, store, monkeypatch):
    turns = [turn(f"t{number}", question=f"*Question* {number}") for number in range(5)]
    app = drawn(monkeypatch, earlier, turns=turns, assistant=conversation(small_store.kb, store))
    (block,) = app.main.children.values()
    lines = list(block.children.values())
    assert [item.label for item in lines] == ["3 earlier questions", r"\*Question\* 3 · Answered", r"\*Question\* 4 · Answered"]
    assert not any(item.proto.expanded for item in lines)
    assert "*Question* 0" in html_of(lines[0]) and "*Question* 4" in html_of(lines[2])


def test_while_a_reply_is_written_what_was_found_is_folded_away_and_keeps_its_order(monkeypatch):
    hits = [HIT.model_copy(update={"source": str(number)}) for number in (1, 2, 3)]
    job = Job("Which seats?", None)
    job.events += [Retrieved(hits, 0.9, "answer"), Piece("greeting", "Hi."), Piece("statement", "A.", Statement(text="A.", sources=["3"]))]
    app = drawn(monkeypatch, writing, job=job)
    (found,) = app.expander
    assert (found.label, found.proto.expanded) == ("3 found", False)
    assert [html_of(found).index(f'id="now-{number}"') for number in (1, 2, 3)] == sorted(
        html_of(found).index(f'id="now-{number}"') for number in (1, 2, 3)
    )
    assert [caption.value for caption in app.caption] == ["Writing …"]
    assert "Which seats?" in html_of(app.columns[0]) and "A." in html_of(app.columns[0])


@pytest.mark.parametrize(("said", "mark"), [("Edited words.", "edited"), ("A fact.", "approved")])
def test_what_was_approved_is_shown_and_marked_and_the_draft_stays_within_reach(small_store, store, monkeypatch, said, mark):
    store.add(turn("t1"))
    store.approve(Approval(turn="t1", at="2026-01-01", greeting="Hi.", answer=[said], next_step="Reply here."), "ACME-1")
    app = drawn(monkeypatch, whole, turn=turn("t1"), assistant=conversation(small_store.kb, store))
    drafts = [item for item in app.expander if item.label == "Before the edit"]
    shown = next(item.proto.body for item in app.columns[0].get("html") if 'class="reply"' in item.proto.body)
    assert said in shown and f">{mark}<" in html_of(app)
    assert len(drafts) == (mark == "edited")
    assert all("A fact." in html_of(draft) and not draft.proto.expanded for draft in drafts)
    assert ("A fact." in shown) == (mark == "approved")


def test_a_reply_that_nobody_approved_has_no_such_mark(small_store, store, monkeypatch):
    app = drawn(monkeypatch, whole, turn=turn("t1"), assistant=conversation(small_store.kb, store))
    assert "badge agreed" not in html_of(app) and "Before the edit" not in [item.label for item in app.expander]


def test_what_a_reply_asks_to_choose_from_is_said_by_a_button(small_store, store, monkeypatch):
    chosen = []
    values = {"turn": turn("t1", options=["seats *and* plans", "SSO"]), "assistant": conversation(small_store.kb, store)}
    app = drawn(monkeypatch, whole, choose=chosen.append, **values)
    buttons = [item for item in app.button if str(item.key).startswith("option-")]
    assert [item.label for item in buttons] == [r"Seats \*and\* plans", "SSO"]
    buttons[0].click().run()
    assert chosen == ["Seats *and* plans"]
    folded = drawn(monkeypatch, whole, **values)
    assert not [item for item in folded.button if str(item.key).startswith("option-")]


def test_statements_that_did_not_match_their_source_are_marked_each_as_what_became_of_it(small_store, store, monkeypatch):
    said = [
        Statement(text="Sound.", sources=["1"]),
        Statement(text="Said <anew>.", sources=["1"]),
        Statement(text="A quote.", sources=["2"], how="quoted", step=1),
    ]
    refused = [
        Unsupported(text="Wrong.", sources=["1"], reason="figures differ", instead="regenerated", said="Said <anew>."),
        Unsupported(text="Off.", sources=["2"], reason="figures differ", said="A quote."),
    ]
    item = turn("t1", reply=turn("x").reply.model_copy(update={"answer": said}), unsupported=refused)
    app = drawn(monkeypatch, whole, turn=item, assistant=conversation(small_store.kb, store))
    shown = next(part.proto.body for part in app.columns[0].get("html") if 'class="reply"' in part.proto.body)
    assert re.findall(r'class="marked">(.*?)</span><span class="mark" title="[^"]+">(.*?)<', shown) == [
        ("Said &lt;anew&gt;.", "written again"),
        ("A quote.", "quoted"),
    ]
    assert "Sound.<a" in shown


def test_a_courtesy_is_no_question_that_was_asked_back_and_has_no_confidence(small_store, store, monkeypatch):
    thanks = turn("t1", wish="thanks", reply=turn("x").reply.model_copy(update={"action": "ask", "answer": []}))
    app = drawn(monkeypatch, whole, turn=thanks, assistant=conversation(small_store.kb, store))
    assert "No question" in html_of(app) and "Asked back" not in html_of(app) and "confidence" not in html_of(app)


@pytest.mark.parametrize(("action", "opened"), [("answer", False), ("hand_off", True), ("ask", True)])
def test_what_was_found_is_open_where_the_agent_has_to_answer(small_store, store, monkeypatch, action, opened):
    other = HIT.model_copy(update={"source": "2"})
    reply = turn("x").reply.model_copy(update={"action": action} | ({} if action == "answer" else {"answer": []}))
    item = turn("t1", reply=reply, retrieved=[HIT, other], cited=[HIT] if action == "answer" else [])
    app = drawn(monkeypatch, whole, turn=item, assistant=conversation(small_store.kb, store))
    (found,) = [fold for fold in app.expander if "found, not cited" in fold.label]
    assert found.proto.expanded is opened


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        ("America/New_York", "2026-11-22 05:00 EST"),
        ("Asia/Kolkata", "2026-11-22 15:30 IST"),
        (None, "2026-11-22 10:00 UTC"),
        ("No/Such", "2026-11-22 10:00 UTC"),
        ("../x", "2026-11-22 10:00 UTC"),
    ],
)
def test_a_time_is_told_by_the_agents_clock(monkeypatch, zone, told):
    from types import SimpleNamespace

    import streamlit as st

    monkeypatch.setattr(st, "context", SimpleNamespace(timezone=zone))
    assert render.moment("2026-11-22T10:00:00Z") == told
    assert (render.moment("2026-11-22"), render.moment("lately")) == ("2026-11-22", "lately")
