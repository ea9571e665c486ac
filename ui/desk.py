"""The chat desk: pick a customer, ask, and read the answer beside the sources it came from.

Run with ``make app`` or ``streamlit run ui/desk.py``.
"""

import re
import uuid
from collections.abc import Mapping

import streamlit as st

from assistant.errors import UserError
from assistant.pipeline import Assistant
from assistant.reply import customer_text
from assistant.settings import Settings
from assistant.turns import Conversation
from knowledge_base.accounts import Record
from knowledge_base.found import checked_question
from knowledge_base.terminal import quiet, sentence
from ui import jobs, render
from ui.customer import NOBODY, choose_customer, customer_name, show_account
from ui.gaps import show_gaps
from ui.look_up import show_look_up
from ui.recent import going_on, show_former, show_recent
from ui.turn import sent, show_earlier, show_turn, show_writing

PAGES = ["Ask", "Conversations", "Help center", "Content gaps"]
# Fields that hold what was looked for when their page is left and picked again. (Streamlit would draw a text that stands by itself.)
KEPT = ("search", "action", "look_up")


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
    """The page that is picked."""
    assistant = load_assistant()
    records = assistant.knowledge_base.customers()
    names = {item: customer_name(item, records) for item in records}
    customer_id = show_sidebar(assistant, records, names)
    st.session_state.setdefault("page", PAGES[0])
    for field in KEPT:
        # Streamlit forgets what stands in a field that is not drawn, unless it is set.
        if field in st.session_state:
            st.session_state[field] = st.session_state[field]
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        page = st.segmented_control("Page", PAGES, required=True, key="page", label_visibility="collapsed")
        if page == PAGES[0]:
            whose = names.get(customer_id, customer_id) if customer_id else NOBODY
            st.html(f'<h1 class="whose">{render.escape(whose)}</h1>', width="content")
    if page == "Conversations":
        show_recent(assistant.turns, names, go_on)
    elif page == "Help center":
        show_look_up(assistant)
    elif page == "Content gaps":
        show_gaps(assistant)
    else:
        show_conversation(assistant, customer_id)


def show_conversation(assistant: Assistant, customer_id: str | None) -> None:
    """The conversation that is open, and the field to ask in."""
    conversation = open_conversation(assistant, customer_id)
    # Streamlit scrolls a page to its end whose input it puts to the bottom by itself.
    with st.bottom:
        if refused := st.session_state.pop("refused", ""):
            st.error(refused)
        question = st.chat_input("What does the customer want to know?", key="question", on_submit=put_back_unsound)
        # It runs when it changes, which is with the conversation.
        st.html(render.FOCUS % conversation, unsafe_allow_javascript=True)
    if question:
        ask(assistant, question, customer_id, conversation)
    kept = jobs.of(conversation, customer_id)
    failed = [job for job in kept if job.error]
    under_way = [job for job in kept if not job.error]
    turns = assistant.turns.conversation(conversation, customer_id)
    if not (turns or under_way or failed):
        welcome(customer_id)
        if customer_id:
            show_former(assistant.turns, customer_id, go_on)
    if gone := assistant.turns.purged(conversation):
        st.caption(f"{render.counted(gone, 'question')} of this conversation purged with the sources drawn on.")
    last = [] if under_way else turns[-1:]
    show_earlier(turns[: len(turns) - len(last)], assistant)
    for number, job in enumerate(failed):
        st.html(render.asked_html(job.question))
        st.error(job.error)
        st.button("Ask again", key=f"again-{number}", on_click=ask, args=(assistant, job.question, customer_id, conversation))
    if under_way:
        follow(conversation, customer_id, len(under_way))
    for turn in last:
        show_turn(
            turn,
            assistant,
            choose=lambda option: ask(assistant, option, customer_id, conversation),
            afresh=lambda question: ask_afresh(assistant, question, customer_id),
        )


def put_back_unsound() -> None:
    """Leave a question that cannot be answered, an empty or too long one, where it was typed, with the reason."""
    try:
        checked_question(st.session_state["question"])
    except UserError as error:
        st.session_state["refused"] = str(error)
        # Setting the field again fills it and asks nothing.
        st.session_state["question"] = st.session_state["question"].strip()


def show_sidebar(assistant: Assistant, records: Mapping[str, Record], names: Mapping[str, str]) -> str | None:
    """Whose question it is, a new conversation with them, and what is on record about them."""
    with st.sidebar:
        st.subheader("Customer")
        customer_id = choose_customer(names)
        st.button("New conversation", width="stretch", on_click=open_, args=(customer_id, uuid.uuid4().hex[:12]))
        if customer_id and customer_id in records:
            show_account(records[customer_id], assistant.knowledge_base.facts(customer_id))
        show_voice(assistant)
    return customer_id


@st.fragment(run_every=2)
def show_voice(assistant: Assistant) -> None:
    """The voice that answers; looking at it is what makes the desk pick up another that was promoted."""
    speaker = assistant.serving.look()
    st.caption(f"Voice {speaker.label} · engine {assistant.settings.engine}")
    if assistant.serving.trouble:
        st.warning(assistant.serving.trouble)


def open_conversation(assistant: Assistant, customer_id: str | None) -> str:
    """The conversation of this session with this customer, which the address names; a reload finds it again."""
    begun = "conversations" in st.session_state
    open_ones: dict[str, str] = st.session_state.setdefault("conversations", {})
    key = customer_id or NOBODY
    if key not in open_ones:
        named = "" if begun else st.query_params.get("conversation", "")
        if re.fullmatch(r"[\w-]{1,64}", named) and assistant.turns.customers(named) <= {customer_id}:
            open_ones[key] = named
        else:
            last = going_on(assistant.turns, customer_id) if customer_id else None
            open_ones[key] = last or uuid.uuid4().hex[:12]
    st.query_params["conversation"] = open_ones[key]
    return open_ones[key]


def open_(customer_id: str | None, conversation: str) -> None:
    """Open a conversation, with the customer that it is about."""
    key = customer_id or NOBODY
    st.session_state.setdefault("conversations", {})[key] = conversation
    st.session_state["customer"] = key
    st.session_state["page"] = PAGES[0]


def go_on(item: Conversation) -> None:
    """Open a conversation of a list."""
    open_(item.customer_id, item.conversation)


def ask_afresh(assistant: Assistant, question: str, customer_id: str | None) -> None:
    """Ask in a new conversation, where nothing said before is read into the question."""
    conversation = uuid.uuid4().hex[:12]
    open_(customer_id, conversation)
    ask(assistant, question, customer_id, conversation)


def ask(assistant: Assistant, question: str, customer_id: str | None, conversation: str) -> None:
    """Begin to answer, with the conversation so far as the history; behind the questions that are being answered."""

    def history() -> list[tuple[str, str]]:
        told = []
        for turn in assistant.turns.conversation(conversation, customer_id)[-3:]:
            told += [("customer", turn.question), ("agent", customer_text(sent(turn, assistant)))]
        return told

    jobs.ask(assistant, question, customer_id, history, conversation)


def welcome(customer_id: str | None) -> None:
    """What an empty conversation shows."""
    st.markdown("### Ask what the customer wants to know")
    whose = "this customer's account facts and the help center" if customer_id else "the help center"
    st.write(f"The reply is drawn from {whose}; each statement carries the number of the source it rests on.")
    if not customer_id:
        st.write("Pick a customer in the sidebar to bring their plan, seats, invoices and tickets into the answer.")


@st.fragment(run_every=0.4)
def follow(conversation: str, customer_id: str | None, number: int) -> None:
    """Show an answer while it is written, and the questions that wait for it; drawn anew when one of the so many is done."""
    under_way = [job for job in jobs.of(conversation, customer_id) if not job.error]
    if len(under_way) != number:
        st.rerun()
    for job in under_way[:1]:
        show_writing(job)
    for job in under_way[1:]:
        st.html(render.asked_html(job.question))
        st.caption("Waits for the answer above.")


main()
