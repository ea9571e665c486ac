"""What agents approved and settled becomes named questions and known gaps, or is left out with the reason."""

import pytest
from typer.testing import CliRunner

from assistant.cli import app
from assistant.collect_questions import (
    ANSWERED_BY_NOW,
    GONE,
    LANGUAGE,
    LEANS,
    NO_ARTICLE,
    NOT_ANSWERED,
    NOT_SERVED,
    OF_ACCOUNT,
    OLD,
    RECORD_GONE,
    SEVERAL,
    collect,
)
from assistant.errors import UserError
from assistant.open_questions import Verdict, settle, unanswered
from assistant.pipeline import Assistant
from assistant.private import ACCOUNT, IDENTIFIES, UNKNOWN
from assistant.prompt import render
from assistant.question_checks import Checks
from assistant.question_file import Entry, add
from assistant.reply import Brief, Evidence, Reply, Statement
from assistant.settings import Settings
from assistant.turns import Approval, Turns
from knowledge_base.asked_as import read_asked_as
from knowledge_base.erasure import purge_article, purge_customer
from knowledge_base.refresh import refresh
from tests.assistant.kept import HIT, turn

CANCEL = HIT.model_copy(update={"source": "1", "article_id": "cancel-plan", "title": "Cancel a subscription", "heading": "Refunds"})
INTERNAL = CANCEL.model_copy(update={"article_id": "refund-exceptions"})
ACCOUNT_HIT = HIT.model_copy(update={"source": "c1", "article_id": "customer:ACME-1"})
FACT = Evidence("c1", "The workspace uses 7 of 10 seats.")
PAID, AFTER = Evidence("1", "Refunds are paid within 14 days."), Evidence("1", "Nothing is refunded after 60 days.")
OPEN = Reply(greeting="Hi.", answer=[], next_step="Wait.", action="hand_off")


@pytest.fixture
def desk(refreshed):
    """A store with its settings, its turns, and a file that questions are collected into."""
    given = {name: getattr(refreshed, name) for name in ("store", "articles", "customers", "wording")}
    refreshed.settings = Settings(**given, voice="none")
    refreshed.turns, refreshed.file = Turns(refreshed.store), refreshed.folder / "questions.yaml"
    refreshed.collect = lambda: collect(refreshed.settings, refreshed.file)
    return refreshed


def approved(desk, name, question, evidence=(FACT, PAID, AFTER), hits=(ACCOUNT_HIT, CANCEL), dropped=(), edits=None, **changes):
    """A turn as the pipeline stores it, and its approval."""
    action = changes.pop("action", "answer")
    customer = changes.pop("customer", "ACME-1")
    brief = Brief(question, action, evidence if action == "answer" else ())
    answer = [Statement(text=item.text, sources=[item.source]) for item in brief.evidence]
    reply = Reply(greeting="Hi.", answer=answer, next_step="Write back.", action=action)
    given = {"question": question, "history": changes.pop("history", []), "reply": reply, "retrieved": list(hits), "cited": list(hits)}
    desk.turns.add(turn(name, name, customer, **given, prompt=render(brief).user, **changes))
    said = ["" if number in dropped else (edits or {}).get(number, item.text) for number, item in enumerate(answer)]
    desk.turns.approve(Approval(turn=name, at="2026-11-23T09:00:00Z", greeting="Hi.", answer=said, next_step="Write back."), customer)


def settled(desk, name, question, kind="answered", customer="ACME-1", article="export-data", heading="Make an export", history=()):
    """A turn that was handed off, and what an agent said of it."""
    desk.turns.add(turn(name, name, customer, question=question, history=list(history), reply=OPEN, retrieved=[], cited=[]))
    version = 0 if kind == "gap" else 1
    verdict = Verdict(kind=kind, at="2026-11-23T09:00:00Z", article_id=article, version=version, heading=heading if version else "")
    settle(desk.turns, name, verdict)


def named(desk):
    """What the file names: (article, heading, kind, question) -> how the sentences begin that answer it."""
    found = {}
    for article_id, article in read_asked_as(desk.file).articles.items():
        for heading, asked in article.headings.items():
            found |= {(article_id, heading, "asked_as", question): of for question, of in asked.questions.items()}
            found |= {(article_id, heading, "gaps", question): () for question in asked.gaps}
    return found


def test_an_approved_answer_names_its_question_under_the_sentence_that_it_rests_on_first(desk):
    approved(desk, "t1", "Hello team,\n\nwhen is my money\nback on my card?\n\nBest regards,\nAda Smith")
    approved(desk, "t2", "is it too late for a refund by now", dropped=(1,), edits={2: "Sadly nothing is refunded so late."})
    found = desk.collect()
    assert (found.new, found.left_out) == (2, [])
    assert named(desk) == {
        ("cancel-plan", "refunds", "asked_as", "when is my money back on my card?"): ("Refunds are paid",),
        ("cancel-plan", "refunds", "asked_as", "is it too late for a refund by now"): ("Nothing is refunded",),
    }
    before = desk.file.read_bytes()
    again = desk.collect()
    assert (again.new, len(again.taken), {why for _, why in again.left_out}) == (0, 0, {"named already, in these words or nearly"})
    assert desk.file.read_bytes() == before


def test_how_something_is_done_is_named_under_the_first_step_that_is_said(desk):
    steps = (Evidence("2", "Go to Reports > Export.", 1), Evidence("2", "Choose CSV.", 2))
    about = CANCEL.model_copy(update={"article_id": "export-data", "heading": ""})
    hits = [ACCOUNT_HIT, about, about.model_copy(update={"source": "2", "heading": "Make an export"})]
    evidence = (FACT, Evidence("1", "Data can be exported as a CSV file."), *steps)
    approved(desk, "t1", "how do I take everything with me", evidence, hits)
    approved(desk, "t2", "which kind of table comes out of it", evidence, hits)
    desk.collect()
    assert named(desk) == {
        ("export-data", "make an export", "asked_as", "how do I take everything with me"): ("Go to Reports",),
        ("export-data", "", "asked_as", "which kind of table comes out of it"): ("Data can be",),
    }


def test_what_an_agent_settled_is_named_where_it_was_put_and_a_gap_in_the_nearest_section(desk):
    settled(desk, "t1", "how do I take everything with me")
    settled(desk, "t2", "do you export to tape", kind="gap", heading="")
    settled(desk, "t3", "sing me a song please", kind="dismissed")
    settled(desk, "t4", "is the money sent by cheque", kind="gap", article="cancel-plan")
    found = desk.collect()
    assert (found.new, found.left_out) == (3, [])
    assert {key[:3]: key[3] for key in named(desk)} == {
        ("export-data", "make an export", "asked_as"): "how do I take everything with me",
        ("export-data", "", "gaps"): "do you export to tape",
        ("cancel-plan", "refunds", "gaps"): "is the money sent by cheque",
    }


@pytest.mark.parametrize(
    "question, changes, reason",
    [
        ("and how long does it take", {"history": [("customer", "Can I cancel?"), ("agent", "Yes.")]}, LEANS),
        ("when is the money back on my card, and how do I export my data?", {}, SEVERAL),
        ("for all seven of us, is my money back soon", {}, ACCOUNT),
        ("ada here, is my money back soon", {}, ACCOUNT),
        ("is the money of INV-72 back soon", {}, IDENTIFIES),
        ("my password is [removed], is my money back soon", {}, IDENTIFIES),
        ("is Joaquin paid back soon", {}, UNKNOWN),
        ("is my money back " + "very " * 40 + "soon", {}, "not of 3 to 40 words"),
        ("how many seats are in use", {"dropped": (1, 2)}, OF_ACCOUNT),
        ("how many seats are in use", {"evidence": (FACT,)}, OF_ACCOUNT),
        ("is my money back soon", {"action": "ask"}, NOT_ANSWERED),
        ("is my money back soon", {"evidence": (Evidence("1", "Refunds are paid within 9 days."),)}, NOT_SERVED),
        ("is my money back soon", {"hits": (CANCEL.model_copy(update={"heading": "Gone"}),), "evidence": (PAID,)}, NOT_SERVED),
        ("is my money back soon", {"hits": (CANCEL.model_copy(update={"article_id": "gone"}),), "evidence": (PAID,)}, NOT_SERVED),
        ("is my money back soon", {"hits": (INTERNAL,), "evidence": (PAID,)}, NOT_SERVED),
        ("will I get my money back", {}, "named already, in these words or nearly"),
        ("Will I get my money back?!", {}, "named already, in these words or nearly"),
        ("will I be getting my money back", {}, "named already, in these words or nearly"),
        ("wann bekomme ich mein geld zurück auf mein konto", {}, LANGUAGE),
        ("is my money back soon", {"customer": "GONE-9"}, RECORD_GONE),
    ],
)  # fmt: skip
def test_an_approved_question_is_left_out_whole_with_the_reason(desk, question, changes, reason):
    approved(desk, "t1", question, **changes)
    found = desk.collect()
    assert (found.taken, found.left_out) == ([], [("t1", reason)])
    assert not desk.file.exists()


@pytest.mark.parametrize(
    "question, changes, reason",
    [
        ("do you export to acme foundry", {"kind": "gap"}, ACCOUNT),
        ("does it take my whole workspace", {"history": [("customer", "Can I export?")]}, LEANS),
        ("do you play chess at all", {"kind": "gap", "article": ""}, NO_ARTICLE),
        ("do you export to tape, and how do I cancel my plan?", {"kind": "gap"}, SEVERAL),
        ("how do I take everything with me", {"heading": "Gone"}, NOT_SERVED),
        ("how do I take everything with me", {"article": "refund-exceptions", "heading": ""}, NOT_SERVED),
        ("will I get my money back", {"article": "cancel-plan", "kind": "gap"}, "named already, in these words or nearly"),
    ],
)
def test_a_settled_question_passes_the_same_checks(desk, question, changes, reason):
    settled(desk, "t1", question, **changes)
    found = desk.collect()
    assert (found.taken, found.left_out) == ([], [("t1", reason)])


def test_of_several_who_ask_the_same_the_words_are_checked_against_each_account(desk):
    for name, customer in (("t1", "ACME-1"), ("t2", "BOLT-2")):
        desk.turns.add(turn(name, name, customer, question="why is it overdue", history=[], reply=OPEN, retrieved=[], cited=[]))
    settle(desk.turns, "t1", Verdict(kind="gap", at="2026-11-23T09:00:00Z", article_id="cancel-plan"))
    assert [why for _, why in desk.collect().left_out] == [ACCOUNT]


def test_a_question_that_another_article_names_as_answered_by_now_is_no_gap(desk):
    settled(desk, "t1", "will I get all my money back", kind="gap")
    assert [why for _, why in desk.collect().left_out] == ["answered by another article, as a gap"]


def test_a_gap_that_is_answered_by_now_and_one_that_is_named_among_the_gaps_are_told_apart(desk):
    approved(desk, "t1", "is my money back soon")
    settled(desk, "t2", "Is my money back soon", kind="gap")
    settled(desk, "t3", "how do I take everything with me")
    add(desk.file, [Entry("export-data", "Make an export", "gaps", "", "how do I take everything with me")])
    found = desk.collect()
    assert [(entry.kind, entry.question) for entry in found.taken] == [("asked_as", "is my money back soon")]
    assert dict(found.left_out) == {
        "t2": ANSWERED_BY_NOW,
        "t3": "named already among the gaps or ambiguous ones of its article, in these words or nearly",
    }


@pytest.mark.parametrize("prompt", ["", "Question: how", "Question: how\nEvidence:\nno number"])
def test_a_turn_of_another_version_is_left_out(desk, prompt):
    desk.turns.add(turn("t1", prompt=prompt, history=[]))
    desk.turns.approve(Approval(turn="t1", at="2026-11-23T09:00:00Z", greeting="Hi.", answer=["A fact."], next_step="Go."), "ACME-1")
    assert desk.collect().left_out == [("t1", OLD)]


def test_questions_of_one_run_that_say_nearly_the_same_are_taken_once(desk):
    approved(desk, "t1", "when is the money back on my card")
    approved(desk, "t2", "When is the money back on my card??")
    found = desk.collect()
    assert (found.new, [why for _, why in found.left_out]) == (1, ["named already, in these words or nearly"])


def test_what_is_purged_or_taken_back_while_questions_are_collected_is_not_written(desk, monkeypatch):
    approved(desk, "t1", "is my money back soon", customer="BOLT-2")
    settled(desk, "t2", "how do I take everything with me")
    settled(desk, "t3", "do you export to tape", kind="gap")
    take = Checks.take

    def meanwhile(checks, question, answered):
        monkeypatch.undo()
        purge_customer(desk.settings, "BOLT-2")
        settle(desk.turns, "t2", None)
        take(checks, question, answered)

    monkeypatch.setattr(Checks, "take", meanwhile)
    found = desk.collect()
    assert sorted(name for name, why in found.left_out if why == GONE) == ["t1", "t2"]
    assert [key[3] for key in named(desk)] == ["do you export to tape"]


def test_the_command_reports_what_was_taken_and_what_was_left_out(desk, monkeypatch):
    monkeypatch.chdir(desk.folder)
    for name in ("articles", "customers", "wording"):
        monkeypatch.setenv(f"DESK_{name.upper()}", str(getattr(desk, name)))
    run = ["questions", "collect", "--store", str(desk.store)]
    told = CliRunner().invoke(app, run)
    assert (told.exit_code, told.stdout) == (0, "No reply is approved and no question settled yet: do so on the desk.\n")
    approved(desk, "t1", "is my money back soon")
    approved(desk, "t2", "ada here, is my money back soon")
    approved(desk, "t3", "bo and ada here, is my money back soon")
    settled(desk, "t4", "do you export to tape", kind="gap")
    told = CliRunner().invoke(app, run)
    assert told.exit_code == 0
    assert "1 questions and 1 gaps taken, 2 new in questions.yaml; 2 left out." in told.stdout
    assert f"left out     2  {ACCOUNT}: turn t" in told.stdout and "ada" not in told.stdout
    assert 'set asked_as = "questions.yaml", then run `python -m knowledge_base refresh`' in told.stdout
    desk.file.write_text("- no mapping", "utf-8")
    refused = CliRunner().invoke(app, run)
    assert refused.exit_code == 1 and refused.stderr.startswith("Line 1 of") and refused.stderr.count("\n") == 1


def test_an_empty_store_is_refused_in_one_sentence(tmp_path):
    with pytest.raises(UserError, match="refresh"):
        collect(Settings(store=tmp_path / "none", voice="none"), tmp_path / "q.yaml")


@pytest.mark.slow
def test_what_was_said_of_open_questions_is_found_and_refused_more_surely_after_the_next_refresh(desk):
    answered, gap = "can I get everything out before we leave", "can the export be scheduled every night"
    worded_otherwise = {answered: "may we take everything out before we leave you", gap: "can exports be scheduled nightly"}
    strict = desk.settings.model_copy(update={"hand_off_below": 0.7, "ask_above": 1.0})
    assistant = Assistant(strict)
    first = {question: assistant.ask(question, "ACME-1") for question in worded_otherwise}
    before = {question: assistant.ask(other, "BOLT-2", keep=False) for question, other in worded_otherwise.items()}
    assert {turn.reply.action for turn in (*first.values(), *before.values())} == {"hand_off"}
    assert "export-data" not in (first[answered].retrieved[0].article_id, before[answered].retrieved[0].article_id)
    settle(desk.turns, first[answered].turn, Verdict(kind="answered", at="2026-11-23T09:00:00Z", article_id="export-data", version=1))
    settle(desk.turns, first[gap].turn, Verdict(kind="gap", at="2026-11-23T09:00:00Z", article_id="export-data"))
    assert (desk.collect().new, desk.collect().new) == (2, 0)
    refresh(strict.model_copy(update={"asked_as": desk.file}))
    assistant = Assistant(strict)
    then = {question: assistant.ask(other, "BOLT-2") for question, other in worded_otherwise.items()}
    assert then[answered].retrieved[0].article_id == "export-data" and then[answered].reply.action == "answer"
    assert then[answered].confidence > before[answered].confidence + 0.3
    assert then[gap].confidence < before[gap].confidence - 0.3
    assert then[gap].reply.action == "hand_off" and then[gap].known_gap.text == gap
    purge_customer(desk.settings, "ACME-1")
    assert [item.verdict for item in unanswered(desk.turns) if item.customer_id == "ACME-1"] == []
    with desk.turns.transaction() as db:
        assert [row[0] for row in db.execute("SELECT turn FROM verdicts JOIN turns USING (number)")] == []


@pytest.mark.slow
def test_a_purged_article_takes_what_names_its_section(desk):
    settled(desk, "t1", "how do I take everything with me")
    purge_article(desk.settings, "export-data")
    assert [item.verdict for item in unanswered(desk.turns)] == [None]
    assert b"Make an export" not in (desk.store / "conversations.sqlite3").read_bytes()
