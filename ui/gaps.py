"""What the help center lacks, as the questions tell that it left open; each is settled with a click."""

from collections.abc import Mapping, Sequence

import streamlit as st

from assistant.content_gaps import ContentGap, OpenQuestion, content_gaps
from assistant.open_questions import Verdict, choices, headings, settle
from assistant.pipeline import Assistant
from knowledge_base.catalog import Catalog, now
from ui import render

AT_MOST = 30
AT_ONCE = 3
QUESTIONS = 20
"""Questions of a gap that are shown at once, and with a click."""
LENGTH = 240
"""Most characters of a question that are shown: a long mail would hide the others."""
NEAREST, ANSWERED, DISMISSED = "No article answers this", "Answered by …", "Not for the help center"
"""What an agent may say of a question."""
LEARNS = "What you say of a question is taken over by `python -m assistant questions collect`, and helps to find the right article."


def show_gaps(assistant: Assistant) -> None:
    """The gaps, those that left most questions open first, each with its questions and the article to edit."""
    gaps = content_gaps(assistant.turns)
    if not gaps:
        st.write("No question was handed off or asked back about.")
        return
    settled = [gap for gap in gaps if gap.settled]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            "Questions that were handed off or asked back about, by the article that they come nearest to; the most frequent first.",
            help=LEARNS,
        )
        # Where nothing is settled any more, the field that was on is gone.
        done = bool(settled) and st.toggle(f"Show settled ({sum(len(gap.settled) for gap in settled)})", key="settled", width="content")
    shown = sorted(settled, key=_last_settled, reverse=True) if done else [gap for gap in gaps if gap.open]
    if not shown:
        st.write("All questions are settled.")
    with Catalog(assistant.knowledge_base.settings.store) as catalog:
        articles = catalog.known_articles()
        titles = {item.article_id: item.title for item in choices(catalog)}
    for gap in shown[:AT_MOST]:
        with st.container(border=True, gap="xsmall"):
            st.html(render.gap_html(gap))
            _show_questions(gap.settled if done else [*gap.open, *gap.kept], gap, assistant, titles)
            if not done:
                st.html(render.mend_html(gap.mend(articles)))
    if len(shown) > AT_MOST:
        st.caption(f"and {len(shown) - AT_MOST:,} more")


def _last_settled(gap: ContentGap) -> str:
    return max(question.verdict.at for question in gap.settled if question.verdict)


def _show_questions(questions: Sequence[OpenQuestion], gap: ContentGap, assistant: Assistant, titles: Mapping[str, str]) -> None:
    """Some questions of a gap, and more behind a fold, which costs nothing until it is opened."""
    _list(questions[:AT_ONCE], gap, assistant, titles)
    if more := questions[AT_ONCE:]:
        fold = st.expander(f"{len(more)} more", key=f"gap-{gap.article_id}-{gap.named}", type="compact", on_change="rerun")
        if fold.open:
            with fold:
                _list(more[:QUESTIONS], gap, assistant, titles)
                if len(more) > QUESTIONS:
                    st.caption(f"and {len(more) - QUESTIONS:,} more")


def _list(questions: Sequence[OpenQuestion], gap: ContentGap, assistant: Assistant, titles: Mapping[str, str]) -> None:
    for question in questions:
        turn = question.asked[0].turn
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"open-question-{turn}"):
            st.html(render.question_html(render.beginning(question.text, LENGTH), len(question.asked), _said(question.verdict, titles)))
            if question.verdict:
                st.button("Take back", key=f"back-{turn}", type="tertiary", on_click=settle, args=(assistant.turns, turn, None))
                continue
            said = st.menu_button("Settle", [NEAREST, ANSWERED, DISMISSED], key=f"settle-{turn}", type="tertiary")
        if said == ANSWERED:
            choose(question, gap, assistant)
        elif said:
            nearest = Verdict(kind="gap", at=now(), article_id=gap.article_id)
            settle(assistant.turns, turn, nearest if said == NEAREST else Verdict(kind="dismissed", at=now()))
            st.rerun()


def _said(verdict: Verdict | None, titles: Mapping[str, str]) -> str:
    """A verdict in words."""
    if verdict is None:
        return ""
    article = f"“{titles[verdict.article_id]}”" if verdict.article_id in titles else "an article that is gone"
    if verdict.kind == "answered":
        return f"Answered by {article}{' › ' * bool(verdict.heading)}{verdict.heading}"
    return DISMISSED if verdict.kind == "dismissed" else f"{NEAREST}{f'; nearest is {article}' * bool(verdict.article_id)}"


@st.dialog("Which article answers it?")
def choose(question: OpenQuestion, gap: ContentGap, assistant: Assistant) -> None:
    """Choose the article, then the section of it, that answers a question."""
    st.html(render.question_html(render.beginning(question.text, LENGTH), len(question.asked), ""))
    with Catalog(assistant.knowledge_base.settings.store) as catalog:
        found = {item.article_id: item for item in choices(catalog, first=gap.article_id)}
        if not found:
            st.write("No article is served that customers may read: write one, then refresh.")
            return
        titles = [item.title for item in found.values()]

        def named(article_id: str) -> str:
            title = found[article_id].title
            return title if titles.count(title) == 1 else f"{title} ({article_id})"

        turn, nearest = question.asked[0].turn, question.asked[0].nearest
        article = st.selectbox("Article", list(found), format_func=named, key=f"article-{turn}")
        parts = headings(catalog, article)
    likely = nearest.heading if nearest and nearest.article_id == article else ""
    heading = st.selectbox(
        "Section",
        parts,
        index=parts.index(likely) if likely in parts else 0,
        format_func=lambda part: part or "Before the first heading",
        key=f"section-{turn}-{article}",
    )
    if st.button("Save", type="primary", key=f"save-{turn}"):
        verdict = Verdict(kind="answered", at=now(), article_id=article, version=found[article].version, heading=heading)
        settle(assistant.turns, turn, verdict)
        st.rerun()
