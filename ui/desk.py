"""The chat desk: pick a customer, ask, and read the answer beside the sources it came from.

Run with ``make app`` or ``streamlit run ui/desk.py``.
"""

import uuid
from typing import Any

import streamlit as st

from assistant.errors import UserError
from assistant.pipeline import Assistant
from assistant.reply import Reply, Statement, customer_text
from assistant.settings import Settings
from assistant.turns import Turn
from assistant.why import diagnose
from knowledge_base.terminal import quiet, sentence
from ui import jobs, render
from ui.approve import show_approval

NOBODY = "No customer"


@st.cache_resource(show_spinner="Opening the knowledge base and the voice …")
def load_assistant() -> Assistant:
    """One assistant for all sessions of the desk; where the voice that the settings name cannot be used, one without it."""
    quiet()
    settings = Settings()
    try:
        return Assistant(settings)
    except UserError as error:
        if settings.voice == "none":
            raise
        assistant = Assistant(settings.model_copy(update={"voice": "none"}))
        assistant.serving.trouble = f"{error} Until then the desk answers without a voice."
        return assistant


def main() -> None:
    """Draw the page."""
    st.set_page_config(page_title="Support desk", page_icon="💬", layout="wide")
    st.html(render.STYLE)
    try:
        show()
    except Exception as error:
        told = sentence(error)
        if told is None:
            raise
        st.error(told)


def show() -> None:
    """The page of the customer that is picked."""
    assistant = load_assistant()
    customer_id = choose_customer(assistant)
    conversation = open_conversation(assistant, customer_id)
    job: jobs.Job | None = jobs_here().get(conversation)
    if question := st.chat_input("What does the customer want to know?", max_chars=60_000):
        if job and not job.done:
            st.toast("The last question is still being answered; ask again in a moment.")
        else:
            job = ask(assistant, question, customer_id, conversation)
    turns = assistant.turns.conversation(conversation, customer_id)
    if not turns and job is None:
        welcome(customer_id)
    for number, turn in enumerate(turns):
        show_turn(turn, number == len(turns) - 1 and (job is None or job.done), assistant)
    if job and not job.done:
        follow(conversation)
    elif job and job.error:
        st.html(f'<div class="asked">{render.escape(job.question[:400])}</div>')
        st.error(job.error)


def jobs_here() -> dict[str, jobs.Job]:
    """The answers under way or just done in this session, by conversation."""
    kept: dict[str, jobs.Job] = st.session_state.setdefault("jobs", {})
    return kept


def choose_customer(assistant: Assistant) -> str | None:
    """The sidebar: whose question it is, and their account at a glance."""
    with st.sidebar:
        st.subheader("Customer")
        records = assistant.knowledge_base.customers()
        names = {item: f"{record.get('company') or record.get('name') or item} · {item}" for item, record in records.items()}
        order = [NOBODY, *sorted(names, key=names.__getitem__)]
        wanted = st.query_params.get("customer", NOBODY)
        chosen = st.selectbox(
            "Customer",
            order,
            index=order.index(wanted) if wanted in order else 0,
            format_func=lambda item: names.get(item, item),
            label_visibility="collapsed",
            key="customer",
        )
        st.query_params["customer"] = chosen
        if chosen != NOBODY:
            st.html(render.glance_html(records[chosen]))
        if st.button("New conversation", use_container_width=True):
            st.session_state.setdefault("conversations", {})[chosen] = uuid.uuid4().hex[:12]
        show_voice(assistant)
    return None if chosen == NOBODY else chosen


@st.fragment(run_every=2)
def show_voice(assistant: Assistant) -> None:
    """The voice that answers; looking at it is what makes the desk pick up another that was promoted."""
    speaker = assistant.serving.look()
    st.caption(f"Voice {speaker.label} · engine {assistant.settings.engine}")
    if assistant.serving.trouble:
        st.warning(assistant.serving.trouble)


def open_conversation(assistant: Assistant, customer_id: str | None) -> str:
    """The conversation of this session with this customer; a reload finds the last one again."""
    open_ones: dict[str, str] = st.session_state.setdefault("conversations", {})
    key = customer_id or NOBODY
    if key not in open_ones:
        last = assistant.turns.latest_conversation(customer_id) if customer_id else None
        open_ones[key] = last or uuid.uuid4().hex[:12]
    return open_ones[key]


def ask(assistant: Assistant, question: str, customer_id: str | None, conversation: str) -> jobs.Job:
    """Begin to answer, with the conversation so far as the history."""
    history = []
    for turn in assistant.turns.conversation(conversation, customer_id)[-3:]:
        history += [("customer", turn.question), ("agent", customer_text(sent(turn, assistant)))]
    job = jobs.start(assistant, question, customer_id, history, conversation)
    jobs_here()[conversation] = job
    return job


def sent(turn: Turn, assistant: Assistant) -> Reply:
    """The reply as the customer got it: as an agent approved it, where one did."""
    kept = assistant.turns.approval(turn.turn, turn.customer_id)
    return kept.applied(turn.reply) if kept else turn.reply


def welcome(customer_id: str | None) -> None:
    """What an empty conversation shows."""
    st.markdown("### Ask what the customer wants to know")
    whose = "this customer's account facts and the help center" if customer_id else "the help center"
    st.write(f"The reply is drawn from {whose}; each statement carries the number of the source it rests on.")
    if not customer_id:
        st.write("Pick a customer in the sidebar to bring their plan, seats, invoices and tickets into the answer.")


@st.fragment(run_every=0.4)
def follow(conversation: str) -> None:
    """Show an answer while it is written."""
    job = jobs_here().get(conversation)
    if job is None or job.done:
        st.rerun()
        return
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.html(f'<div class="asked">{render.escape(job.question)}</div>')
        pieces = job.pieces
        if pieces:
            by_part: dict[str, Any] = {piece.part: piece.text for piece in pieces if piece.statement is None}
            answer = [piece.statement for piece in pieces if piece.statement]
            st.html(render.reply_html(by_part.get("greeting", ""), answer, by_part.get("next_step", ""), "now"))
        st.caption("Looking through the help center …" if job.retrieved is None else "Writing …")
    with right:
        if job.retrieved and job.retrieved.action == "answer":
            cited = {source for piece in pieces if piece.statement for source in piece.statement.sources}
            hits = sorted(job.retrieved.hits, key=lambda hit: hit.source not in cited)
            st.html("".join(render.source_html(hit, "now", [], hit.source in cited) for hit in hits[:4]))


def show_turn(turn: Turn, last: bool, assistant: Assistant) -> None:
    """One question with its reply, the sources beside it."""
    left, right = st.columns([3, 2], gap="large")
    reply = turn.reply
    kept = assistant.turns.approval(turn.turn, turn.customer_id)
    with left:
        st.html(f'<div class="asked">{render.escape(turn.question)}</div>')
        st.html(render.reply_html(reply.greeting, reply.answer, reply.next_step, turn.turn))
        st.html(render.badges(reply, turn.confidence, turn.total_s, turn.voice))
        if reply.note:
            st.html(f'<div class="note"><b>For you only:</b> {render.escape(reply.note)}</div>')
        with st.expander("Copy the reply", expanded=False):
            st.code(customer_text(sent(turn, assistant)), language=None, wrap_lines=True)
        show_approval(turn, kept, assistant.turns, assistant.settings)
        with st.expander("Why this answer", expanded=False):
            st.html(render.findings_html(diagnose(turn, assistant.knowledge_base)))
    with right:
        show_sources(turn, opened=last)
    st.divider()


def show_sources(turn: Turn, opened: bool) -> None:
    """The cited sources, and folded away those that were found but not used."""
    used = {hit.source for hit in turn.cited}
    others = [hit for hit in turn.retrieved if hit.source not in used]
    cards = "".join(render.source_html(hit, turn.turn, _said(turn.reply.answer, hit.source, turn.prompt), True) for hit in turn.cited)
    if turn.cited:
        with st.expander(f"{len(turn.cited)} cited {'source' if len(turn.cited) == 1 else 'sources'}", expanded=opened):
            st.html(cards)
    if others:
        with st.expander(f"{len(others)}{' more' if turn.cited else ''} found, not cited", expanded=False):
            st.html("".join(render.source_html(hit, turn.turn, [], False) for hit in others))


def _said(answer: list[Statement], source: str, prompt: str) -> list[str]:
    """The evidence lines that stood in the prompt for a source, and the code that is quoted of it, which has lines of its own."""
    marks = (f"[{source}] ",)
    lines = [line.removeprefix(marks[0]) for line in prompt.splitlines() if line.startswith(marks)]
    cited = any(source in statement.sources for statement in answer)
    code = [item.text for item in answer if item.code and source in item.sources]
    return code + [line.split(". ", 1)[1] if line.split(". ", 1)[0].isdigit() else line for line in lines] if cited else []


main()
