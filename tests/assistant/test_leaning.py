"""What leans on a question that was handed off."""

import pytest

from assistant.leaning import handed_off, leans
from assistant.reply import Reply
from knowledge_base.found import unsearched
from knowledge_base.topic import points
from knowledge_base.which_thing import Which
from tests.assistant.kept import turn

TALK = [
    ("customer", "How do I add a seat?"),
    ("agent", "Tap Add."),
    ("customer", "Can I have a printed manual?"),
    ("agent", "We will see."),
]


def stored(question, action, **changes):
    return turn(question, question=question, reply=Reply(greeting="Hi.", answer=[], next_step="So.", action=action), **changes)


SEAT, MANUAL = stored(TALK[0][1], "answer"), stored(TALK[2][1], "hand_off")


def test_the_question_before_is_told_where_it_was_handed_off():
    assert handed_off(TALK, [SEAT, MANUAL]) == "Can I have a printed manual?"
    assert handed_off(TALK[:2], [SEAT, MANUAL]) == ""
    assert handed_off(TALK, [SEAT]) == handed_off((), [SEAT, MANUAL]) == ""


def test_thanks_between_do_not_count():
    thanks = stored("thanks", "ask", wish="thanks")
    assert handed_off([*TALK, ("customer", "thanks"), ("agent", "You are welcome.")], [SEAT, MANUAL, thanks]) == MANUAL.question


@pytest.mark.parametrize(
    ("question", "leaning"), [("and when does it come?", True), ("and where do I add seats?", True), ("Where do I add seats?", False)]
)
def test_a_follow_up_leans_by_its_words_where_it_is_read_with_the_conversation(question, leaning):
    found = unsearched(question)
    found.features["follow_up"] = 1.0
    assert leans(found) is leaning
    found.features["follow_up"] = 0.0
    assert not leans(found)


def test_what_names_a_thing_of_the_account_leans_on_nothing():
    found = unsearched("and when is it, my invoice, due?")
    found.features["follow_up"] = 1.0
    assert leans(found)
    object.__setattr__(found, "which", Which("invoice", 1))
    assert not leans(found)


def test_what_only_goes_on_points_at_nothing():
    assert points("and when does it come?") and points("how long will that take")
    assert not points("and where do I add seats?") and not points("are you sure that the seats are free")
    assert points("does this cost more") and not points("how much did I track this week?")
