"""Letters: what a message says without its salutation, its signature and what it quotes."""

import textwrap
import time

import pytest

from knowledge_base.clauses import clauses
from knowledge_base.letters import body
from knowledge_base.retrieval import KnowledgeBase

QUESTION = "I need to void an invoice."
SIGNATURE = "Tom Miller\nAcme Ltd | +49 30 1234567 | www.acme.example"


@pytest.mark.parametrize(
    "form",
    [
        f"Hi team,\n\n{{}}\n\nBest regards,\n{SIGNATURE}",
        "Hello,\n\n{}\n\nThanks,\nAnna",
        "Dear Sir or Madam,\n\nI hope you are well.\n\n{}\n\nKind regards\nDr. Maria Lopez\nHead of Operations\nTel.: +49 89 123456",
        "Dear Ms. Lopez:\r\n\r\n{}\r\n\r\nYours sincerely\r\nJ. P. Brown",
        "Hey\n{}\nCheers\nBen",
        "{}\n\nSent from my iPhone",
        "Good morning,\n\n{}\n\nMany thanks in advance!\n\nJohn Smith",
        "{}\n-- \nJohn Smith\nIT Administrator\nThis email and any attachments are confidential and intended only for the addressee.",
        f"{{}}\n\n{SIGNATURE}",
        "{}\n\nThanks for your help, Chloe",
        "Hi Ana!\n\n{}\n\nLooking forward to hearing from you.\n\nRegards,\nOlga",
    ],
)
def test_the_form_of_a_mail_is_left_out(form):
    assert body(form.format(QUESTION)) == QUESTION


@pytest.mark.parametrize(
    "form",
    [
        "{}\n\nOn Mon, May 4, 2026 at 10:12 AM Help <help@acme.example> wrote:\n> You can export it.\n>\n> Bye",
        "{}\n\nOn Mon, May 4, 2026 at 10:12 AM Help Desk of Acme\n<help@acme.example> wrote:\nYou can export it.",
        "On Mon, May 4, 2026 at 10:12 AM Help <help@acme.example> wrote:\n> You can export it.\n\n{}",
        "> You can export it.\n{}\n> Bye",
        "{}\n\n-----Original Message-----\nFrom: Help\nYou can export it.",
        "{}\n\nFrom: Help <help@acme.example>\nSent: Monday, May 4, 2026 10:12 AM\nTo: Tom\nSubject: RE: export\n\nYou can export it.",
    ],
)
def test_quoted_earlier_mail_is_left_out(form):
    assert body(form.format(QUESTION)) == QUESTION


@pytest.mark.parametrize(
    "text",
    [
        "Thanks to the update I cannot sign in",
        "Hi, how do I void an invoice?",
        "Hi I cannot sign in\nerror 403",
        "Hello, I need help\nThe invoice is wrong",
        "The sync fails.\nThanks to your last update\nnothing works",
        "The export works now.\nThanks, and how do I cancel?",
        "The sync fails:\nTraceback (most recent call last):\n  File 'a.py', line 3\nKeyError: 'a'",
        "The sync fails.\n-----\nTraceback (most recent call last):\n  File 'a.py'\nKeyError: 'a'",
        "The sync fails.\n--\n2026-05-04 10:12:01 ERROR bad row",
        "I get this error:\n> 403 Forbidden\nWhat now?",
        "It says:\n>>> import acme\nModuleNotFoundError",
        "On Tuesday my colleague wrote:\nthe export fails",
        "On 5 May your agent wrote:\nyou can void it but I cannot find the button",
        "We have two plans:\nBest\nGood\nWhich one has single sign-on?",
        "The invoice shows\nKind regards, Acme\nat the bottom. How do I change this text?",
        "Two questions\n--\nHow do I export?\n--\nHow do I cancel?",
        "With regards to invoices,\nhow do I void one?",
        "I need three things:\n- void an invoice\n- change the address",
        "From: my phone I cannot sign in.\nWhat now?",
    ],
)
def test_what_is_said_stays(text):
    assert body(text) == text


SAID = (
    "Last week one of our designers left the company and we took her off the projects that she was on. "
    "How do I lock her out of the workspace, and from what date am I paying for one seat less than before? "
    "We also have a client, Northwind, who wants all invoices of this year again as one file, "
    "with the new VAT number on each of them."
)


@pytest.mark.parametrize("width", [60, 72, 76])
def test_sentences_are_read_across_the_lines_of_a_wrapped_mail(width):
    wrapped = textwrap.fill(SAID, width)
    assert wrapped.count("\n") > 3
    assert body(f"Hello,\n\n{wrapped}\n\nRegards,\nTom") == SAID
    assert body(f"{wrapped}\n\n{wrapped}\n\n- one\n- two") == f"{SAID}\n\n{SAID}\n\n- one\n- two"


def test_a_wrapped_sentence_is_one_clause():
    asked = "I would like to know where I can see the hours that are not yet on any\ninvoice for the client Northwind."
    assert clauses(body(asked)) == []


@pytest.mark.parametrize(
    "text",
    [
        "Where do I find the hours that are not invoiced yet?\nERROR 403: access denied for this workspace and role\nWhat now?",
        "We cannot sign in any more since the update of the app on Monday\nIt says 403",
        "These are our questions for you today and we hope for quick answers\n- how do I export the hours\n- how do I cancel",
        "First question is about invoices\nsecond one is about the hours of a project and who approves them",
        "This first line was never wrapped by any mail program, for it is much longer than eighty characters\nand goes on here",
    ],
)
def test_lines_that_were_not_broken_stay(text):
    assert body(text) == text


def test_what_is_said_below_a_sign_off_stays():
    assert body("It works now.\nThanks!\n\nOne more thing: how do I cancel?") == "It works now.\nOne more thing: how do I cancel?"
    assert body(f"{QUESTION}\n\nRegards,\nTom\n\nP.S. And the audit log").endswith("P.S. And the audit log")
    log = "Traceback (most recent call last):\nKeyError: 'a'"
    assert log in body(f"The sync fails.\n\nThanks,\n\n{log}")


@pytest.mark.parametrize(
    "text", ["Hello,", "Hi team,\n\nBest regards,\nTom", "Thanks!", "> hm", "-- \nTom", "On 5 May 2026 A <a@b.example> wrote:\n> x"]
)
def test_a_message_is_never_emptied(text):
    assert any(sign.isalnum() for sign in body(text))


def test_a_forwarded_mail_without_a_word_of_ones_own_is_what_is_said():
    mail = "-----Original Message-----\nFrom: Ann\nHow do I cancel?"
    assert body(mail) == mail


def test_a_subject_is_kept_without_its_label():
    mail = "Subject: Re: Void an invoice\n\nHi team,\n\nhow does it work?\n\nThanks,\nTom"
    assert body(mail).split() == "Void an invoice how does it work?".split()


def test_a_subject_that_says_nothing_is_left_out():
    assert body(f"Subject: Question about our account\n\nHi team,\n\n{QUESTION}\n\nThanks,\nTom") == QUESTION


def test_a_mail_finds_what_its_question_finds(small_store):
    plain, mail = (
        small_store.kb.search(text, "ACME-1")
        for text in ("Can I get a refund?", f"Hi team,\n\nCan I get a refund?\n\nBest regards,\nExport Limits\n{SIGNATURE}")
    )
    assert mail.question == plain.question == "Can I get a refund?"
    assert mail.confidence == plain.confidence
    assert [hit.text for hit in mail.hits] == [hit.text for hit in plain.hits]


def test_earlier_messages_of_the_customer_are_read_without_the_form_of_a_mail(small_store):
    knowledge_base: KnowledgeBase = small_store.kb
    history = [("customer", "How do I export my data?"), ("agent", "Go to Reports > Export.")]
    mailed = [("customer", f"Hi team,\n\n{history[0][1]}\n\nBest regards,\n{SIGNATURE}"), history[1]]
    one, other = (knowledge_base.search("and as CSV?", None, turns) for turns in (history, mailed))
    assert [hit.score for hit in one.hits] == [hit.score for hit in other.hits]


@pytest.mark.parametrize(
    "text",
    ["\n" * 19_990, "Thanks!\nwhat now?\n" * 1_000, "On 1\nOn 1 aaaaaa" * 1_400, "From: a\n" * 2_400, "hope " * 4_000, "> a\n" * 5_000],
)
def test_a_long_odd_message_is_read_at_once(text):
    began = time.perf_counter()
    assert body(f"What now?\n{text}\nx").startswith("What now?")
    assert time.perf_counter() - began < 1.0
