"""The help center, searched by the agent: what customers may read and what is for agents only."""

import streamlit as st

from assistant.errors import UserError
from assistant.pipeline import Assistant
from knowledge_base.hits import Hit
from knowledge_base.stored import Filters
from ui import render

MOST = {"public": 8, "internal": 3}
"""Most passages by whom they are for."""


def show_look_up(assistant: Assistant) -> None:
    """A field to search in, and the passages found."""
    wanted = st.text_input(
        "Search the help center", placeholder="Words of an article, or a question", key="look_up", label_visibility="collapsed"
    )
    if not wanted.strip():
        st.caption("Finds the passages of all articles, those for agents only as well. Nothing is asked and nothing is stored.")
        return
    try:
        hits = found(assistant, wanted)
    except UserError as error:
        st.error(str(error))
        return
    if not hits:
        st.write("No passage fits: try other words.")
    for number, hit in enumerate(hits, 1):
        st.html(render.source_html(hit.model_copy(update={"source": str(number)}), "found"))


def found(assistant: Assistant, wanted: str) -> list[Hit]:
    """The passages that fit best, best first, whoever they are for.

    Raises:
        UserError: the text is too long.
    """
    hits = [
        hit
        for audience, most in MOST.items()
        for hit in assistant.knowledge_base.search(wanted, filters=Filters(audience=audience), most=most).hits
    ]
    return sorted(hits, key=lambda hit: -hit.score)
