"""The desk, driven through Streamlit's own test harness with the real assistant."""

import shutil
import threading
import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from assistant.promotion import promote
from assistant.reply import Statement
from assistant.settings import Settings
from assistant.turns import Approval, Turns
from assistant.voices import SHIPPED, activate, read_card
from knowledge_base.refresh import refresh
from knowledge_base.settings import KnowledgeSettings
from tests.proofs.promotions import write_card
from ui import render

pytestmark = pytest.mark.slow
DESK = str(Path(__file__).parents[2] / "ui" / "desk.py")


@pytest.fixture
def desk(tmp_path, monkeypatch):
    import streamlit as st

    folder = tmp_path / "help"
    folder.mkdir()
    (folder / "tea.md").write_text("---\nid: tea\ntitle: Tea times\n---\nTea is served at 16:00 every day.\nTea costs 3 USD.\n", "utf-8")
    customers = tmp_path / "customers.jsonl"
    customers.write_text('{"customer_id": "C-1", "company": "Oak & Sons", "contact": {"name": "Ida Oak"}, "plan": "Gold"}\n', "utf-8")
    for name, value in (("STORE", tmp_path / "store"), ("ARTICLES", folder), ("CUSTOMERS", customers), ("VOICE", "shipped")):
        monkeypatch.setenv(f"DESK_{name}", str(value))
    monkeypatch.setenv("DESK_HAND_OFF_BELOW", "0")
    monkeypatch.setenv("DESK_ASK_ABOVE", "1")
    refresh(KnowledgeSettings())
    st.cache_resource.clear()
    return AppTest.from_file(DESK, default_timeout=120)


def text_of(app):
    return " ".join(str(element.proto.body) for element in app.get("html"))


def answered(app, count):
    for _ in range(120):
        app.run()
        if text_of(app).count("badge answer") == count:
            return text_of(app)
        time.sleep(0.5)
    raise AssertionError(text_of(app))


def test_an_agent_picks_a_customer_asks_and_reads_sources(desk):
    desk.run()
    assert not desk.exception
    assert not desk.chat_input[0].proto.is_auto_positioned_at_bottom, "the page would scroll to its end"
    desk.selectbox[0].set_value("C-1").run()
    assert "Oak &amp; Sons" in text_of(desk) or "Oak & Sons" in text_of(desk)
    desk.chat_input[0].set_value("When is tea served?").run()
    page = answered(desk, 1)
    assert "16:00" in page
    assert 'class="cite' in page
    assert "version 1" in page and "edited" in page
    assert any("16:00" in code.value for code in desk.code)


def test_a_second_question_keeps_the_first_answer_and_a_reload_finds_both(desk):
    desk.run()
    desk.selectbox[0].set_value("C-1").run()
    desk.chat_input[0].set_value("When is tea served?").run()
    answered(desk, 1)
    desk.chat_input[0].set_value("What does tea cost?").run()
    page = answered(desk, 2)
    assert "When is tea served?" in page and "What does tea cost?" in page
    (earlier,) = [item for item in desk.expander if item.label.startswith("When is tea served")]
    assert not earlier.proto.expanded
    fresh = AppTest.from_file(DESK, default_timeout=120)
    fresh.query_params["customer"] = "C-1"
    fresh.run()
    assert text_of(fresh).count("badge answer") == 2


def test_another_customer_does_not_see_the_conversation(desk):
    desk.run()
    desk.selectbox[0].set_value("C-1").run()
    desk.chat_input[0].set_value("When is tea served?").run()
    answered(desk, 1)
    desk.selectbox[0].set_value("No customer").run()
    assert "When is tea served?" not in text_of(desk)


def test_a_question_asked_while_another_is_answered_is_answered_after_it(desk):
    desk.run()
    desk.selectbox[0].set_value("C-1").run()
    for question in ("When is tea served?", "What does tea cost?"):
        desk.chat_input[0].set_value(question).run()
    answered(desk, 2)
    turns = Turns(Settings().store)
    kept = turns.conversation(turns.latest_conversation("C-1"), "C-1")
    assert [item.question for item in kept] == ["When is tea served?", "What does tea cost?"]
    assert kept[1].history[0] == ("customer", "When is tea served?")


def test_a_reload_finds_the_answer_that_is_under_way_and_shows_it_when_it_is_done(desk, monkeypatch):
    from assistant.pipeline import Assistant

    gate, stream = threading.Event(), Assistant.stream

    def held(*arguments):
        assert gate.wait(60)
        yield from stream(*arguments)

    monkeypatch.setattr(Assistant, "stream", held)
    desk.run()
    desk.selectbox[0].set_value("C-1").run()
    desk.chat_input[0].set_value("When is tea served?").run()
    fresh = AppTest.from_file(DESK, default_timeout=120)
    for name in ("customer", "conversation"):
        fresh.query_params[name] = desk.query_params[name]
    fresh.run()
    assert "When is tea served?" in text_of(fresh) and "Looking through the help center …" in [item.value for item in fresh.caption]
    gate.set()
    assert "16:00" in answered(fresh, 1)


@pytest.mark.parametrize(("question", "said"), [("   ", "is empty"), ("x" * 70_000, "70,000 characters")])
def test_a_bad_question_is_told_in_a_sentence_left_where_it_was_typed_and_leaves_the_desk_usable(desk, question, said):
    desk.run()
    desk.chat_input[0].set_value(question).run()
    assert [said in error.value for error in desk.error] == [True]
    field = desk.chat_input[0].proto
    assert field.set_value and field.value == question.strip()
    assert not field.max_chars, "a paste that is longer would vanish"
    desk.chat_input[0].set_value("When is tea served?").run()
    assert not desk.error
    assert "16:00" in answered(desk, 1)


def test_a_question_that_could_not_be_answered_stays_and_is_asked_again(desk, monkeypatch):
    desk.run()
    with monkeypatch.context() as broken:
        broken.setattr("assistant.pipeline.narrow", lambda *_: 1 / 0)
        desk.chat_input[0].set_value("When is tea served?").run()
        until(desk, lambda: bool(desk.error))
    assert "ask again" in desk.error[0].value and "When is tea served?" in text_of(desk)
    next(item for item in desk.button if item.label == "Ask again").click().run()
    assert "16:00" in answered(desk, 1)
    assert not desk.error


def test_a_promoted_voice_is_picked_up_without_a_restart_and_a_damaged_one_is_named(desk, monkeypatch, tmp_path):
    monkeypatch.setenv("DESK_VOICE", "active")
    shutil.copytree(SHIPPED, tmp_path / "next")
    write_card(tmp_path / "next", version="20990101-0000")
    shipped = f"Voice warm@{read_card(SHIPPED).version}"
    desk.run()
    assert not desk.warning
    installed = promote(str(tmp_path / "next"), Settings())

    def shows(what):
        return any(what in element.value for element in [*desk.caption, *desk.warning])

    until(desk, lambda: shows("Voice warm@20990101-0000"))
    promote("shipped", Settings())
    (installed.folder / "adapter_model.safetensors").write_bytes(b"torn")
    until(desk, lambda: shows(shipped))
    activate("warm@20990101-0000", Settings())
    until(desk, lambda: shows("digest differs"))
    assert shows(shipped)
    desk.chat_input[0].set_value("When is tea served?").run()
    assert "16:00" in answered(desk, 1)


def until(app, true):
    for _ in range(240):
        app.run()
        if true():
            return
        time.sleep(0.5)
    raise AssertionError([element.value for element in [*app.caption, *app.warning]])


@pytest.mark.parametrize(
    ("name", "value", "said"), [("DESK_HAND_OFF_BELOW", "low", "hand_off_below must be"), ("DESK_THREADS", "x", "threads")]
)
def test_a_wrong_setting_is_one_sentence(desk, monkeypatch, name, value, said):
    monkeypatch.setenv(name, value)
    desk.run()
    assert not desk.exception
    assert [said in error.value for error in desk.error] == [True]


def test_a_follow_up_stands_on_the_reply_as_the_agent_approved_it(desk):
    desk.run()
    desk.selectbox[0].set_value("C-1").run()
    desk.chat_input[0].set_value("When is tea served?").run()
    answered(desk, 1)
    turns = Turns(Settings().store)
    first = turns.conversation(turns.latest_conversation("C-1"), "C-1")[0]
    said = ["Tea is at four."] * len(first.reply.answer)
    turns.approve(Approval(turn=first.turn, at="2026-01-01", greeting="Hey.", answer=said, next_step="Bye."), "C-1")
    desk.chat_input[0].set_value("What does tea cost?").run()
    answered(desk, 2)
    second = turns.conversation(first.conversation, "C-1")[1]
    assert second.history[1][1].startswith("Hey.") and "Tea is at four." in second.history[1][1]


def test_a_missing_store_says_what_to_run(tmp_path, monkeypatch):
    import streamlit as st

    monkeypatch.setenv("DESK_STORE", str(tmp_path / "nothing"))
    st.cache_resource.clear()
    app = AppTest.from_file(DESK, default_timeout=60).run()
    assert not app.exception
    assert "python -m knowledge_base refresh" in app.error[0].value


def test_code_is_shown_line_by_line():
    page = render.reply_html("Hi.", [Statement(text="cd <x>\nmake", sources=["1"], how="quoted", code=True)], "Bye.", "t")
    assert '<span class="code">cd &lt;x&gt;\nmake</span>' in page


def test_text_from_outside_is_escaped():
    page = render.reply_html("<script>x</script>", [Statement(text='<img src="x">', sources=["1"])], "a & b", "t")
    assert "<script>" not in page and "<img" not in page
    assert "a &amp; b" in page
