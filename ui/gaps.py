"""What the help center lacks, as the questions tell that it left open."""

import streamlit as st

from assistant.content_gaps import content_gaps
from assistant.pipeline import Assistant
from knowledge_base.catalog import Catalog
from ui import render

AT_MOST = 50
QUESTIONS = 10
"""Most questions that are shown of a gap."""


def show_gaps(assistant: Assistant) -> None:
    """The gaps, those that left most questions open first, each with its questions and the article to edit."""
    gaps = content_gaps(assistant.turns)
    if not gaps:
        st.write("No question was handed off or asked back about.")
        return
    with Catalog(assistant.knowledge_base.settings.store) as catalog:
        articles = catalog.known_articles()
    for gap in gaps[:AT_MOST]:
        st.html(render.gap_html(gap, gap.mend(articles)))
        questions = [*gap.handed_off, *gap.asked_back]
        with st.expander(render.counted(len(questions), "question"), key=f"gap-{gap.article_id}-{gap.named}", type="compact"):
            st.html(render.facts_html(questions[:QUESTIONS], len(questions) - QUESTIONS))
