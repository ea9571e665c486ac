"""An agent's approval of a reply: as it stands, or edited."""

import zlib

import streamlit as st

from assistant.errors import UserError
from assistant.settings import Settings
from assistant.turns import Approval, Turn, Turns
from knowledge_base.catalog import now
from knowledge_base.redaction import redaction_rules
from knowledge_base.secret_text import masked

MEANS = "An approved reply becomes an example of the voice, with names and facts made up. Send it as you approved it."

OWN = "Your own answer, in place of the whole reply"
OWN_MEANS = "It is sent as you write it, and becomes no example of the voice."


def show_approval(turn: Turn, kept: Approval | None, turns: Turns, settings: Settings) -> None:
    """The button that approves the reply as it stands, which is off once that is done."""
    reply = turn.reply
    done = kept is not None and kept.applied(reply) == reply
    name = "Approved" if done else "Approve the draft instead" if kept else "Approve"
    if st.button(name, key=f"approve-{turn.turn}", icon=":material/thumb_up:", disabled=done, help=MEANS):
        _store(turn, reply.greeting, [item.text for item in reply.answer], reply.next_step, turns, settings)


def show_edit(turn: Turn, kept: Approval | None, turns: Turns, settings: Settings) -> None:
    """The reply in fields, to be edited and approved; what was approved before stands in them."""
    reply = turn.reply
    # A field keeps what it held until its key changes, so a new approval has new ones.
    name = f"{turn.turn}-{zlib.crc32(kept.model_dump_json().encode())}" if kept else turn.turn
    # So has the fold, which closes: the reply as it was saved is what comes next.
    with st.expander("Edit the reply", key=f"fields-{name}", type="compact"), st.form(f"edit-{name}"):
        greeting = st.text_input("Greeting", kept.greeting if kept else reply.greeting, key=f"greeting-{name}")
        said = kept.answer if kept else [item.text for item in reply.answer]
        answer = [
            st.text_area(_label(number, item.step), text, height="content", key=f"statement-{name}-{number}", placeholder="Dropped")
            for number, (item, text) in enumerate(zip(reply.answer, said, strict=True), 1)
        ]
        next_step = st.text_input("Next step", kept.next_step if kept else reply.next_step, key=f"next-{name}")
        if answer:
            st.caption("A statement that is left empty is dropped.")
        own = ""
        if reply.action != "answer":
            own = st.text_area(OWN, kept.own if kept else "", height="content", key=f"own-{name}", help=OWN_MEANS)
        if st.form_submit_button("Save and approve", type="primary"):
            _store(turn, greeting, answer, next_step, turns, settings, own)


def _label(number: int, step: int | None) -> str:
    return f"Statement {number}, step {step}" if step else f"Statement {number}"


def _store(turn: Turn, greeting: str, answer: list[str], next_step: str, turns: Turns, settings: Settings, own: str = "") -> None:
    """Keep the approval without the secrets that an agent may have typed, and draw the page anew."""
    patterns = redaction_rules(patterns=settings.secret_patterns).patterns
    texts = [text.strip("\n") if item.code else " ".join(text.split()) for item, text in zip(turn.reply.answer, answer, strict=True)]
    parts = (own.strip(), " ".join(greeting.split()), " ".join(next_step.split()), *texts)
    own, greeting, next_step, *said = (masked(text, patterns) for text in parts)
    approval = Approval(turn=turn.turn, at=now(), greeting=greeting, answer=said, next_step=next_step, own=own)
    try:
        turns.approve(approval, turn.customer_id)
    except UserError as error:
        st.error(str(error))
    else:
        st.rerun()
