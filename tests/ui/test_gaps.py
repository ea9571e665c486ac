"""Settling the questions of the content gaps on the desk, over stored turns."""

import pytest
from streamlit.testing.v1 import AppTest

from assistant.open_questions import unanswered
from assistant.turns import Turns
from tests.assistant.kept import HIT, turn
from ui.gaps import ANSWERED, DISMISSED, NEAREST

OPEN = turn("x").reply.model_copy(update={"action": "hand_off", "answer": []})
NEAR = HIT.model_copy(update={"article_id": "export-data", "title": "Export your data", "heading": "Make an export"})


def page():
    """The page of the content gaps, over the store that the settings name."""
    from types import SimpleNamespace

    from assistant.settings import Settings
    from assistant.turns import Turns
    from ui.gaps import show_gaps

    settings = Settings()
    show_gaps(SimpleNamespace(turns=Turns(settings.store), knowledge_base=SimpleNamespace(settings=settings)))


@pytest.fixture
def turns(refreshed, monkeypatch):
    """Two questions near to one article, one of them asked twice, and one near to none."""
    monkeypatch.setenv("DESK_STORE", str(refreshed.store))
    turns = Turns(refreshed.store)
    asked = {"t1": ("Export as JSON?", [NEAR]), "t2": ("Joke?", []), "t3": ("Export to FTP?", [NEAR]), "t4": ("export AS json?", [NEAR])}
    for name, (question, near) in asked.items():
        turns.add(turn(name, name, question=question, reply=OPEN, history=[], retrieved=near, cited=[]))
    return turns


def opened():
    app = AppTest.from_function(page, default_timeout=120)
    app.run()
    assert not app.exception
    return app


def text_of(app):
    return " ".join(str(element.proto.body) for element in app.get("html"))


def settle(app, name, what):
    app.menu_button(key=f"settle-{name}").click(what).run()
    assert not app.exception


def take_back(app, name):
    app.button(key=f"back-{name}").click().run()
    assert not app.exception


def verdict(turns, name):
    return next(item.verdict for item in unanswered(turns) if item.turn == name)


def test_a_question_is_settled_with_a_click_and_taken_back(turns):
    app = opened()
    assert [button.options for button in app.menu_button] == [[NEAREST, ANSWERED, DISMISSED]] * 3
    assert "asked 2 times" in text_of(app) and "Handed off 3" in text_of(app) and not app.toggle
    settle(app, "t4", NEAREST)
    assert (verdict(turns, "t1").kind, verdict(turns, "t4").article_id) == ("gap", "export-data")
    page = text_of(app)
    assert "Handed off 1" in page and f"{NEAREST}; nearest is “Export your data”" in page
    assert page.index("Export to FTP?") < page.index("export AS json?"), "what is settled stands last"
    take_back(app, "t4")
    assert verdict(turns, "t1") is None and NEAREST not in text_of(app)


def test_what_is_settled_leaves_the_list_and_is_found_again_last_settled_first(turns):
    app = opened()
    settle(app, "t3", DISMISSED)
    assert "FTP" not in text_of(app) and "Handed off 2" in text_of(app)
    settle(app, "t4", NEAREST)
    assert "JSON" not in text_of(app).upper().replace("JSON:", "") and "Joke" in text_of(app)
    settle(app, "t2", NEAREST)
    assert "Joke" not in text_of(app) and "All questions are settled." in [item.value for item in app.markdown]
    assert app.toggle(key="settled").label == "Show settled (3)"
    app.toggle(key="settled").set_value(True).run()
    page = text_of(app)
    assert "FTP" in page and "Joke" in page and "JSON" in page.upper() and DISMISSED in page and "To close it" not in page
    for name in ("t2", "t3", "t4"):
        take_back(app, name)
    assert {item.verdict for item in unanswered(turns)} == {None}
    assert len(app.menu_button) == 3 and not app.toggle


def test_the_article_and_the_section_that_answer_are_chosen_the_nearest_ones_offered_first(turns):
    app = opened()
    settle(app, "t3", ANSWERED)
    article, section = app.selectbox
    assert article.value == "export-data" and article.options[0] == "Export your data"
    assert "Refund exceptions for support agents" not in article.options
    assert (section.value, section.options) == ("Make an export", ["Before the first heading", "Make an export"])


def dialog():
    """The dialog alone, for the first question."""
    from types import SimpleNamespace

    from assistant.content_gaps import content_gaps
    from assistant.settings import Settings
    from assistant.turns import Turns
    from ui.gaps import choose

    settings = Settings()
    turns = Turns(settings.store)
    gap = content_gaps(turns)[0]
    if gap.questions[1].verdict is None:
        choose(gap.questions[1], gap, SimpleNamespace(turns=turns, knowledge_base=SimpleNamespace(settings=settings)))


def test_another_article_and_its_section_are_stored_and_shown(turns):
    app = AppTest.from_function(dialog, default_timeout=120)
    app.run()
    app.selectbox[0].set_value("cancel-plan").run()
    assert app.selectbox[1].options == ["Before the first heading", "Cancel", "Refunds"]
    app.selectbox[1].set_value("Refunds")
    app.button(key="save-t3").click().run()
    assert not app.exception
    said = verdict(turns, "t3")
    assert (said.kind, said.article_id, said.version, said.heading) == ("answered", "cancel-plan", 1, "Refunds")
    assert "Answered by “Cancel a subscription” › Refunds" in text_of(opened())


def test_a_dialog_that_is_left_settles_nothing(turns):
    app = opened()
    settle(app, "t3", ANSWERED)
    app.run()
    assert not app.selectbox and verdict(turns, "t3") is None


def test_more_questions_are_listed_when_they_are_unfolded(turns):
    for number in range(5):
        turns.add(turn(f"m{number}", f"m{number}", question=f"Export to {number}?", reply=OPEN, retrieved=[NEAR], cited=[]))
    app = opened()
    assert [item.label for item in app.expander] == ["4 more"]
    assert "Export to 4?" in text_of(app) and "Export to 0?" not in text_of(app)
