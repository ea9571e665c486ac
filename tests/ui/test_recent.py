"""The list of conversations on the desk, over stored turns and the assistant without a voice."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from assistant.events import Finished
from assistant.pipeline import Assistant
from assistant.turns import Turns
from knowledge_base.catalog import now
from tests.assistant.kept import turn

pytestmark = pytest.mark.slow
DESK = str(Path(__file__).parents[2] / "ui" / "desk.py")


@pytest.fixture
def turns(refreshed, monkeypatch):
    """Conversations of two customers, one whose record is gone and nobody, the last one handed off."""
    import streamlit as st

    for name in ("store", "articles", "customers", "wording"):
        monkeypatch.setenv(f"DESK_{name.upper()}", str(getattr(refreshed, name)))
    monkeypatch.setenv("DESK_VOICE", "none")
    st.cache_resource.clear()
    turns = Turns(refreshed.store)
    handed = turn("x").reply.model_copy(update={"action": "hand_off", "answer": []})
    turns.add(turn("t1", "one", "ACME-1", question="Seats *now*?", at="2026-01-01T08:00:00Z"))
    turns.add(turn("t2", "two", "BOLT-2", question="Prices?"))
    turns.add(turn("t3", "three", "GONE-9", question="Exports?"))
    turns.add(turn("t4", "four", None, question="Trials?", reply=handed))
    return turns


def desk(**query):
    app = AppTest.from_file(DESK, default_timeout=300)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def listed(app):
    """The questions in the list; a backslash keeps their signs from being Markdown."""
    return [item.label.replace("\\", "") for item in app.button if str(item.key).startswith("open-")]


def text_of(app):
    return " ".join(str(element.proto.body) for element in app.get("html"))


def pick(app, page):
    app.segmented_control(key="page").set_value(page).run()
    assert not app.exception


def test_every_conversation_is_found_and_opened_under_its_own_customer(turns):
    app = desk(customer="BOLT-2", conversation="two")
    assert "Prices?" in text_of(app)
    pick(app, "Conversations")
    assert listed(app) == ["Trials?", "Exports?", "Prices?", "Seats *now*?"]
    assert "Acme Foundry · Ada Smith · ACME-1 · 2026-01-01 08:00 UTC · 1 question" in text_of(app)
    for key, customer, question in [("open-one-ACME-1", "ACME-1", "Seats *now*?"), ("open-three-GONE-9", "GONE-9", "Exports?")]:
        app.button(key=key).click().run()
        assert not app.exception
        assert (app.selectbox[0].value, app.query_params["customer"]) == (customer, customer)
        page = text_of(app)
        assert question in page
        assert not [other for other in ("Seats", "Prices", "Exports", "Trials") if other in page and other not in question]
        pick(app, "Conversations")
    app.button(key="open-four-None").click().run()
    assert app.selectbox[0].value == "No customer" and "Trials?" in text_of(app)
    assert "2026-11-22 10:00 UTC" in text_of(app)


def test_the_list_is_filtered_by_what_came_of_it_and_by_words_and_names(turns):
    app = desk()
    pick(app, "Conversations")
    app.pills(key="action").set_value("hand_off").run()
    assert listed(app) == ["Trials?"]
    app.pills(key="action").set_value(None).run()
    app.text_input(key="search").set_value("acme found").run()
    assert listed(app) == ["Seats *now*?"]
    pick(app, "Ask")
    pick(app, "Conversations")
    assert (app.text_input(key="search").value, listed(app)) == ("acme found", ["Seats *now*?"])
    app.text_input(key="search").set_value("nothing like it").run()
    assert listed(app) == [] and "No conversation fits." in [item.value for item in app.markdown]


def test_a_reload_finds_a_conversation_without_a_customer_by_the_address(turns):
    app = desk()
    pick(app, "Conversations")
    app.button(key="open-four-None").click().run()
    assert app.query_params["conversation"] == "four"
    assert "Trials?" in text_of(desk(customer="No customer", conversation="four"))


def test_an_address_shows_no_conversation_under_another_customer(turns):
    page = desk(customer="ACME-1", conversation="two")
    assert "Prices?" not in text_of(page) and page.query_params["conversation"] != "two"
    nobody = desk(customer="No customer", conversation="two")
    assert "Prices?" not in text_of(nobody) and nobody.query_params["conversation"] != "two"


def test_a_purged_question_is_counted_and_not_shown(turns):
    turns.add(turn("t5", "two", "BOLT-2", question="Secret?"))
    turns.purge("t5")
    app = desk(customer="BOLT-2", conversation="two")
    assert "Secret?" not in text_of(app)
    assert [item.value for item in app.caption if "purged" in item.value] == [
        "1 question of this conversation purged with the sources drawn on."
    ]


def test_the_gaps_of_the_help_center_are_told_with_their_questions(turns):
    app = desk()
    pick(app, "Content gaps")
    assert "Near to “Add seats”" in text_of(app) and "Handed off 1" in text_of(app)
    assert "Trials?" in text_of(app) and "python -m knowledge_base refresh" in text_of(app)
    assert "ACME-1" not in text_of(app)


def test_a_conversation_of_today_goes_on_by_itself_and_an_older_one_is_offered(turns):
    app = desk(customer="ACME-1")
    assert app.query_params["conversation"] != "one" and listed(app) == ["Seats *now*?"]
    assert app.markdown[0].value.startswith("### Ask"), "a text of the program is drawn"
    app.button(key="open-one-ACME-1").click().run()
    assert app.query_params["conversation"] == "one" and not listed(app) and "Seats *now*?" in text_of(app)
    turns.add(turn("t5", "five", "ACME-1", question="Limits?", at=now()))
    assert desk(customer="ACME-1").query_params["conversation"] == "five"
    assert desk(customer="BOLT-2").query_params["conversation"] != "five"


def test_a_question_is_asked_afresh_in_a_conversation_of_its_own(turns, monkeypatch):
    asked = []

    def stream(self, question, customer_id, history, conversation):
        asked.append((question, customer_id, list(history)))
        yield Finished(turn("t6", conversation, customer_id, question=question, history=[]))

    monkeypatch.setattr(Assistant, "stream", stream)
    app = desk(customer="ACME-1", conversation="one")
    app.button(key="afresh-t1").click().run()
    assert app.query_params["conversation"] != "one"
    for _ in range(20):
        app.run()
    assert asked == [("Seats *now*?", "ACME-1", [])]


def test_the_help_center_is_searched_with_what_is_for_agents_only_marked(turns):
    app = desk()
    pick(app, "Help center")
    assert 'class="source"' not in text_of(app)
    app.text_input(key="look_up").set_value("refunds").run()
    cards = [item.proto.body for item in app.get("html") if 'class="source"' in item.proto.body]
    told = [("goodwill" in card, "For agents only" in card) for card in cards]
    assert set(told) == {(True, True), (False, False)}, told
    app.text_input(key="look_up").set_value("x" * 70_000).run()
    assert ["70,000 characters" in item.value for item in app.error] == [True]
