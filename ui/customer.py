"""Whose question it is: the customer that is picked, how they are named, and what is on record about them."""

from collections.abc import Mapping, Sequence

import streamlit as st

from knowledge_base.accounts import Record
from knowledge_base.phrasing import capitalized, label, tokens
from knowledge_base.stored import StoredFact
from ui import render

NOBODY = "No customer"
ACCOUNT = "Account"
"""The kind of what stands in a record by itself."""
LISTED = 20
"""Most facts of a kind that are listed."""


def customer_name(customer_id: str, records: Mapping[str, Record]) -> str:
    """How a customer is named: the company and the person that their record tells, and the id."""
    record = records.get(customer_id, {})
    contact = record.get("contact")
    person = contact.get("name") if isinstance(contact, dict) else contact
    parts = [record.get("company"), person, record.get("name")]
    return " · ".join(dict.fromkeys([*(part for part in parts if isinstance(part, str) and part.strip()), customer_id]))


def choose_customer(names: Mapping[str, str]) -> str | None:
    """The field to find a customer in, by company, person or id; the page's address holds who is picked."""
    if "customer" not in st.session_state:
        wanted = st.query_params.get("customer", NOBODY)
        st.session_state["customer"] = wanted if wanted in names else NOBODY
    # A conversation may be about somebody whose record is gone.
    ids = {*names, st.session_state["customer"]} - {NOBODY}
    chosen = st.selectbox(
        "Customer",
        [NOBODY, *sorted(ids, key=lambda item: names.get(item, item))],
        format_func=lambda item: names.get(item, item),
        label_visibility="collapsed",
        key="customer",
    )
    st.query_params["customer"] = chosen
    return None if chosen == NOBODY else chosen


def show_account(record: Record, facts: Sequence[StoredFact]) -> None:
    """What is on record about a customer, as sentences, a fold for each kind of thing."""
    kinds: dict[str, list[str]] = {ACCOUNT: _reached_at(record)}
    for fact in facts:
        top = fact.path.partition(".")[0]
        kind = capitalized(label(tokens(top))) if isinstance(record.get(top), (dict, list)) else ACCOUNT
        kinds.setdefault(kind or ACCOUNT, []).append(fact.text)
    with st.container(gap="xxsmall"):
        for kind, said in kinds.items():
            if said:
                with st.expander(kind if kind == ACCOUNT else f"{kind} ({len(said)})", expanded=kind == ACCOUNT, type="compact"):
                    st.html(render.facts_html(said[:LISTED], len(said) - LISTED))
    if dates := {fact.as_of for fact in facts if fact.as_of}:
        st.caption(f"As of {render.moment(max(dates))}")


def _reached_at(record: Record) -> list[str]:
    """The person who writes and their address, which no sentence tells."""
    contact = record.get("contact")
    fields = [contact.get("name"), contact.get("email")] if isinstance(contact, dict) else []
    told = ", ".join(item for item in fields if isinstance(item, str) and item.strip())
    return [told] if told else []
