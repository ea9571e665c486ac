"""One question with its reply and its sources, finished or while it is written."""

from collections.abc import Callable

import streamlit as st

from assistant.pipeline import Assistant
from assistant.reply import Reply, Statement, customer_text
from assistant.turns import Turn
from assistant.why import diagnose
from knowledge_base.phrasing import capitalized
from ui import jobs, render
from ui.approve import show_approval, show_edit

NEAR = 2
"""Earlier turns with a line of their own; those before them share one."""
AFRESH = "Asks the same in a new conversation, where what was said before is not read into it."


def show_earlier(turns: list[Turn], assistant: Assistant) -> None:
    """The turns before the one that is answered: a line each, folded away, so that the newest stands at the top of the page."""
    older, near = turns[:-NEAR], turns[-NEAR:]
    with st.container(gap="xxsmall"):
        if older:
            label = render.counted(len(older), "earlier question")
            with st.expander(label, key=f"older-{older[0].conversation}", type="compact"), st.container(gap="xxsmall"):
                for turn in older:
                    _folded(turn, assistant)
        for turn in near:
            _folded(turn, assistant)


def _folded(turn: Turn, assistant: Assistant) -> None:
    with st.expander(
        f"{render.label(turn.question)} · {render.outcome(None if turn.courtesy else turn.reply.action)}",
        key=f"earlier-{turn.turn}",
        type="compact",
    ):
        show_turn(turn, assistant, False)


def show_turn(
    turn: Turn,
    assistant: Assistant,
    opened: bool = True,
    choose: Callable[[str], None] | None = None,
    afresh: Callable[[str], None] | None = None,
) -> None:
    """One question with its reply, the sources beside it.

    Args:
        turn: the turn.
        assistant: knows what was approved, and what the knowledge base holds now.
        opened: whether the sources are opened or folded away.
        choose: takes what the customer chooses where the reply asks back.
        afresh: takes the question to ask it without the conversation before it.
    """
    left, right = st.columns([3, 2], gap="large")
    reply = turn.reply
    kept = assistant.turns.approval(turn.turn, turn.customer_id)
    shown = kept.applied(reply) if kept else reply
    with left:
        st.html(render.asked_html(turn.question, turn.at))
        again = {item.said for item in turn.unsupported if item.instead == "regenerated"}
        st.html(render.reply_html(shown.greeting, shown.answer, shown.next_step, turn.turn, again))
        if choose and turn.options:
            _show_options(turn, choose)
        agreed = ("edited" if shown != reply else "approved") if kept else ""
        st.html(render.badges(turn, agreed, kept.at if kept else ""))
        if reply.note:
            st.html(f'<div class="note"><b>For you only:</b> {render.escape(reply.note)}</div>')
        with st.container(horizontal=True, gap="small"):
            # The style shows the button of this alone: the text stands above.
            with st.container(key=f"copy-{turn.turn}", width="content"):
                st.code(customer_text(shown), language=None)
            show_approval(turn, kept, assistant.turns, assistant.settings)
            if afresh and turn.history and not turn.courtesy:
                st.button(
                    "Ask afresh", key=f"afresh-{turn.turn}", icon=":material/refresh:", on_click=afresh, args=(turn.question,), help=AFRESH
                )
        with st.container(gap="xxsmall"):
            show_edit(turn, kept, assistant.turns, assistant.settings)
            if shown != reply:
                with st.expander("Before the edit", type="compact"):
                    st.html(render.reply_html(reply.greeting, reply.answer, reply.next_step, turn.turn))
            with st.expander("Why this answer", type="compact"):
                st.html(render.made_html(turn) + render.findings_html(diagnose(turn, assistant.knowledge_base)))
    with right:
        _show_sources(turn, opened)


def _show_options(turn: Turn, choose: Callable[[str], None]) -> None:
    """A button for each thing that the reply asks the customer to choose from."""
    st.caption("The customer means:")
    with st.container(horizontal=True):
        for number, option in enumerate(turn.options):
            said = capitalized(option)
            st.button(render.label(said), key=f"option-{turn.turn}-{number}", on_click=choose, args=(said,))


def sent(turn: Turn, assistant: Assistant) -> Reply:
    """The reply as the customer got it: as an agent approved it, where one did."""
    kept = assistant.turns.approval(turn.turn, turn.customer_id)
    return kept.applied(turn.reply) if kept else turn.reply


def show_writing(job: jobs.Job) -> None:
    """A question and its reply as far as it is written; what was found is folded away, so that nothing moves the text."""
    left, right = st.columns([3, 2], gap="large")
    pieces, found = job.pieces, job.retrieved
    with left:
        st.html(render.asked_html(job.question, "now"))
        if pieces:
            by_part = {piece.part: piece.text for piece in pieces if piece.statement is None}
            answer = [piece.statement for piece in pieces if piece.statement]
            st.html(render.reply_html(by_part.get("greeting", ""), answer, by_part.get("next_step", ""), "now"))
        st.caption("Looking through the help center …" if found is None else "Writing …")
    if found and found.action == "answer":
        with right, st.expander(f"{len(found.hits)} found", expanded=False, key="found-now"):
            st.html("".join(render.source_html(hit, "now") for hit in found.hits))


def _show_sources(turn: Turn, opened: bool) -> None:
    """The cited sources, and those that were found but not used: folded away where others are cited."""
    used = {hit.source for hit in turn.cited}
    others = [hit for hit in turn.retrieved if hit.source not in used]
    if turn.cited:
        with st.expander(render.counted(len(turn.cited), "cited source"), expanded=opened):
            st.html("".join(render.source_html(hit, turn.turn, _said(turn.reply.answer, hit.source, turn.prompt)) for hit in turn.cited))
    if others:
        # What is not answered is the agent's to answer, who begins with what was found.
        with st.expander(f"{len(others)}{' more' if turn.cited else ''} found, not cited", expanded=opened and not turn.cited):
            st.html("".join(render.source_html(hit, turn.turn) for hit in others))


def _said(answer: list[Statement], source: str, prompt: str) -> list[str]:
    """The evidence lines that stood in the prompt for a source, and the code that is quoted of it, which has lines of its own."""
    marks = (f"[{source}] ",)
    lines = [line.removeprefix(marks[0]) for line in prompt.splitlines() if line.startswith(marks)]
    cited = any(source in statement.sources for statement in answer)
    code = [item.text for item in answer if item.code and source in item.sources]
    return code + [line.split(". ", 1)[1] if line.split(". ", 1)[0].isdigit() else line for line in lines] if cited else []
