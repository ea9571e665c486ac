"""Sentences that say different things of one subject, and sentences that only seem to."""

import json
import random
from pathlib import Path

import pytest

from assistant.claims import figures
from assistant.contradictions import disagreement
from assistant.quantities import quantities
from knowledge_base.listings import live_articles
from knowledge_base.settings import KnowledgeSettings
from tests.assistant.test_grounding_rates import PAIRS, other_figure

LABELLED = [json.loads(line) for line in (Path(__file__).parent / "contradictions.jsonl").read_text("utf-8").splitlines()]
"""Pairs of sentences about invented products; the rules were written with the development half alone."""


@pytest.mark.parametrize(("split", "at_least"), [("dev", 1.0), ("held_out", 0.95)])
def test_contradictions_are_found_and_nothing_else(split, at_least):
    pairs = [pair for pair in LABELLED if pair["split"] == split]
    contrary, sound = ([pair for pair in pairs if pair["conflict"] is conflict] for conflict in (True, False))
    missed = [pair for pair in contrary if disagreement(pair["one"], pair["other"]) is None]
    assert len(contrary) > 30 and len(sound) > 30
    assert 1 - len(missed) / len(contrary) >= at_least, missed
    assert [pair for pair in sound if disagreement(pair["one"], pair["other"]) or disagreement(pair["other"], pair["one"])] == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("24 hours", "one day", True), ("90 days", "3 months", True), ("1.5 hours", "90 minutes", True), ("1,000", "1000", True),
        ("half an hour", "30 minutes", True), ("2 GB", "2048 MB", True), ("$9", "9 USD", True), ("3 business days", "3 days", True),
        ("30 days", "31 days", False), ("11 months", "12 months", False), ("2 GB", "500 MB", False), ("5 business days", "2 weeks", False),
        ("$9", "9 EUR", False),
    ],
)  # fmt: skip
def test_quantities_are_compared_whatever_their_unit(one, other, same):
    (here,), (there,) = (quantities(f"It is {text}.")[0] for text in (one, other))
    assert (here.kind == there.kind and here.like(there)) is same


@pytest.mark.parametrize(
    ("one", "other", "difference"),
    [
        ("Refunds are paid within 14 days.", "Refunds are paid within 30 days.", "14 days against 30 days"),
        ("A refund is paid within 14 days.", "Refunds are paid within 30 days.", "14 days against 30 days"),
        ("Each token may send 100 requests per minute.", "Each token may send 60 requests per minute.", "100 against 60"),
        ("Exports are kept for 24 hours.", "An export is kept for 3 days.", "24 hours against 3 days"),
        ("Reports are kept for 5 business days.", "Reports are kept for 2 weeks.", "5 business days against 2 weeks"),
        ("The add-on costs $20 per month.", "The add-on costs $20 a year.", "per month against per year"),
        (
            "Points expire 18 months after they were earned.",
            "Points expire 24 months after they were earned, unless you hold Gold or Platinum: then they don't expire.",
            "18 months against 24 months",
        ),
        ("Only Owners can delete a project.", "Admins and Owners can delete a project.", "only Owners against Admins and Owners"),
        ("Drafts are available on Business.", "Drafts are available on every plan.", "Business against every plan"),
        (
            "Drafts are available on Solo and up.",
            "Drafts are available on Team and Business plans.",
            "Solo and up against Team and Business plans",
        ),
        ("The API is not available on Free.", "The Free plan includes the API.", "Free against Free plan"),
        (
            "To change your card, open Settings > Billing.",
            "To change your card, go to Account > Billing.",
            "Settings > Billing against Account > Billing",
        ),
        ("A yearly plan can be refunded.", "A yearly plan cannot be refunded.", "one says that it is so, the other that it is not"),
    ],
)
def test_two_sentences_on_one_subject_disagree_and_it_is_told_in_what(one, other, difference):
    assert disagreement(one, other) == difference


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Refunds are paid within 14 days.", "Refunds are paid within 14 days."),
        ("Refunds are paid within 14 days.", "Exports are deleted within 30 days."),
        ("Refunds are paid within 14 days.", "Refunds on the Business plan are paid within 30 days."),
        ("Refunds are paid within 14 days.", "Refunds are paid within 14 days, except for gift cards, where it takes 30."),
        ("Refunds are paid within 14 days.", "Refunds by bank transfer are paid within 30 days, unless the bank is closed."),
        ("Refunds are paid within 14 days.", "If the card has expired, refunds are paid within 30 days."),
        ("The limit is 100 requests per minute.", "The limit is 5 GB per workspace."),
        ("Refunds are paid within 24 hours.", "Refunds are paid within a day."),
        ("Passwords need at least 8 characters.", "Passwords have at most 64 characters."),
        ("The add-on costs $20 per month.", "The add-on costs $200 per year."),
        ("You can delete a project.", "Only Owners can delete a project."),
        ("Only workspace Owners can delete a project.", "Only Owners can delete a project."),
        ("Drafts need the Team plan.", "Drafts are available on Team and Business."),
        ("Drafts are available on Team and up.", "Drafts are available on Team and Business."),
        ("To change your card, open Settings > Billing.", "To change your card, open Settings > Billing > Card."),
        ("On the phone, change your card in Menu > Card.", "In the browser, change your card in Account > Card."),
        ("Write to port 1 of the IDE 2 board.", "Write to port 1 of the IDE 3 board."),
        ("Clients: Free: 3; Team: 200.", "Invoices: Free: 3; Team: 20."),
    ],
)
def test_sentences_on_other_subjects_do_not_disagree(one, other):
    assert disagreement(one, other) is None


def test_titles_that_name_other_things_set_sentences_apart():
    one, other = "Sync now can be used once per 5 minutes.", "Sync now can be used once per 15 minutes."
    assert disagreement(one, other, "Sync with QuickBooks", "Sync with Xero") is None
    assert disagreement(one, other, "Sync with Xero", "About sync with Xero")
    assert disagreement(one, other, "Terms 2024", "Terms 2026")


def test_steps_that_say_nothing_but_a_path_are_about_what_their_titles_say():
    one, other = "Open Settings > Billing.", "Open Account > Plan."
    assert disagreement(one, other, "Cancel a subscription", "Cancel your subscription")
    assert disagreement(one, other, "Cancel a subscription", "Change a password") is None


def test_the_live_help_center_does_not_contradict_itself():
    units = [
        (article.article_id, f"{article.title} {passage.heading}", unit.text)
        for article in live_articles(KnowledgeSettings().articles)
        if article.audience == "public"
        for passage in article.passages
        for unit in passage.units
    ]
    assert len(units) > 1500
    found = [
        (mine, theirs)
        for at, mine in enumerate(units)
        for theirs in units[at + 1 :]
        if mine[0] != theirs[0]
        and len(set(mine[2].split()) & set(theirs[2].split())) > 3
        and disagreement(mine[2], theirs[2], mine[1], theirs[1])
    ]
    assert found == []


def test_a_changed_figure_is_found_in_most_reworded_sentences_and_never_where_nothing_changed():
    rng = random.Random(3)
    changed = [(evidence.text, other_figure(text, rng), text) for _, evidence, text, _ in PAIRS]
    changed = [(source, other, text) for source, other, text in changed if figures(other) != figures(text)]
    assert len(changed) > 200
    assert sum(disagreement(source, other) is not None for source, other, _ in changed) / len(changed) > 0.8
    assert [text for _, evidence, text, _ in PAIRS if disagreement(evidence.text, text)] == []
