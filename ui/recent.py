"""The conversations of late, of all customers: found by what was asked, by whom and what came of it, and opened again."""

import datetime
from collections.abc import Callable, Mapping

import streamlit as st

from assistant.turns import Conversation, Turns
from ui import render

AT_ONCE = 30
FORMER = 5
"""Most conversations with a customer that a new one offers to go on with."""
GOES_ON = datetime.timedelta(hours=12)
"""How long after its last question a conversation is opened again by itself: later what is asked is mostly another matter."""


def show_recent(turns: Turns, names: Mapping[str, str], opening: Callable[[Conversation], None]) -> None:
    """The list with its filters.

    Args:
        turns: the store.
        names: how customers are named, by id.
        opening: opens a conversation; called before the page is drawn anew.
    """
    search = st.text_input("Search", placeholder="Words of a question, a customer's name or id", key="search", label_visibility="collapsed")
    action = st.pills(
        "What came of it", list(render.ACTIONS), format_func=render.ACTIONS.__getitem__, key="action", label_visibility="collapsed"
    )
    found = turns.conversations(search, action, names)
    if not found:
        st.write("No conversation fits." if search or action else "No question was asked yet.")
    most = st.session_state.setdefault("listed", AT_ONCE)
    for item in found[:most]:
        _show(item, names.get(item.customer_id, item.customer_id) if item.customer_id else "No customer", opening)
    if len(found) > most and st.button("Show more"):
        st.session_state["listed"] = most + AT_ONCE
        st.rerun()


def going_on(turns: Turns, customer_id: str) -> str | None:
    """The conversation that a customer is still in."""
    since = datetime.datetime.now(datetime.UTC) - GOES_ON
    return turns.latest_conversation(customer_id, since.strftime("%Y-%m-%dT%H:%M:%SZ"))


def show_former(turns: Turns, customer_id: str, opening: Callable[[Conversation], None]) -> None:
    """The last conversations with a customer, to go on with."""
    if former := [item for item in turns.conversations() if item.customer_id == customer_id][:FORMER]:
        st.caption("Or go on with a former conversation:")
    for item in former:
        _show(item, "", opening)


def _show(item: Conversation, whose: str, opening: Callable[[Conversation], None]) -> None:
    key = f"open-{item.conversation}-{item.customer_id}"
    st.button(render.label(item.questions[0]), key=key, type="tertiary", on_click=opening, args=(item,))
    st.html(render.conversation_html(item, whose))
