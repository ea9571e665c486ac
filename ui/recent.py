"""The conversations of late, of all customers: found by what was asked, by whom and what came of it, and opened again."""

from collections.abc import Callable, Mapping

import streamlit as st

from assistant.turns import Conversation, Turns
from ui import render

AT_ONCE = 30


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
        key = f"open-{item.conversation}-{item.customer_id}"
        st.button(render.label(item.questions[0]), key=key, type="tertiary", on_click=opening, args=(item,))
        whose = names.get(item.customer_id, item.customer_id) if item.customer_id else "No customer"
        st.html(render.conversation_html(item, whose))
    if len(found) > most and st.button("Show more"):
        st.session_state["listed"] = most + AT_ONCE
        st.rerun()
