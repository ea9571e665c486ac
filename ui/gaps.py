"""What the help center lacks, as the questions tell that it left open."""

import streamlit as st

from assistant.content_gaps import content_gaps
from assistant.pipeline import Assistant
from knowledge_base.catalog import Catalog
from ui import render

AT_MOST = 50
AT_ONCE = 3
QUESTIONS = 20
"""Questions of a gap that are shown at once, and with a click."""
LENGTH = 240
"""Most characters of a question that are shown: a long mail would hide the others."""


def show_gaps(assistant: Assistant) -> None:
    """The gaps, those that left most questions open first, each with its questions and the article to edit."""
    gaps = content_gaps(assistant.turns)
    if not gaps:
        st.write("No question was handed off or asked back about.")
        return
    with Catalog(assistant.knowledge_base.settings.store) as catalog:
        articles = catalog.known_articles()
    st.caption("Questions that were handed off or asked back about, by the article that they come nearest to; the most frequent first.")
    for gap in gaps[:AT_MOST]:
        questions = [render.beginning(text, LENGTH) for text in (*gap.handed_off, *gap.asked_back)]
        more = questions[AT_ONCE:]
        with st.container(border=True, gap="xsmall"):
            st.html(render.gap_html(gap, gap.mend(articles), questions[:AT_ONCE]))
            if more:
                with st.expander(f"{len(more)} more", key=f"gap-{gap.article_id}-{gap.named}", type="compact"):
                    st.html(render.facts_html(more[:QUESTIONS], len(more) - QUESTIONS))
