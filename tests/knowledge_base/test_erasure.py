"""Erasing: after a purge, or when retention ends, no file of the store holds a trace."""

import errno
import json
import sqlite3
import threading
import traceback
from contextlib import closing
from pathlib import Path

import pytest

from assistant.errors import UserError as AssistantError
from assistant.turns import FILE, Approval, Turns
from knowledge_base import erasure
from knowledge_base.catalog import Catalog
from knowledge_base.change import change
from knowledge_base.erasure import purge_article, purge_customer
from knowledge_base.errors import UserError
from knowledge_base.refresh import refresh
from knowledge_base.retrieval import KnowledgeBase
from knowledge_base.versions import history
from tests.assistant.kept import turn
from tests.conftest import ARTICLES, CUSTOMERS, write_articles, write_customers, write_help_center
from tests.proofs.crash import files_with

GONE = (
    "---\nid: odd-creatures\ntitle: Wolpertinger\nsection: Cryptids\nasked_as:\n  '': [feed my jackalope]\n---\n"
    "Zanzibarquokka pays 987654 doubloons.\n"
)
WORDS = ("zanzibarquokka", "987654", "wolpertinger", "jackalop", "cryptid", "odd-creatures", "bunyip")
CUSTOMER = {"customer_id": "GONE-9", "company": "Chupacabra Ltd", "contact": {"name": "Yeti Smythe"}, "likes": "55512 figs"}
CUSTOMER_WORDS = ("GONE-9", "chupacabra", "yeti smythe", "55512")


@pytest.fixture
def store(tmp_path):
    """A store with an article of two versions and a customer that can be told by their words, turns about both and lessons of them."""
    place = write_help_center(tmp_path, articles={**ARTICLES, "odd": GONE.replace("987654", "the bunyip 987654")})
    write_customers(place.customers, [*CUSTOMERS, CUSTOMER])
    refresh(place.settings)
    kb = KnowledgeBase(place.settings)
    turns = Turns(place.store)
    lessons = place.store / "lessons"
    lessons.mkdir()

    def ask(name, conversation, question, customer=None):
        found = kb.search(question, customer, most=1)
        turns.add(
            turn(name, conversation, customer, question=question, retrieved=found.hits, cited=found.hits[:1],
                 prompt="\n".join(hit.text for hit in found.hits), written=found.hits[0].text)
        )  # fmt: skip
        turns.approve(Approval(turn=name, at="2026-11-22T11:00:00Z", greeting="Hi.", answer=["So."], next_step="Bye."), customer)
        said = f"{found.hits[0].text} {CUSTOMER if customer == 'GONE-9' else ''}"
        with (lessons / "approved.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({"id": f"approved-{name}", "question": said}) + "\n")
        with (lessons / "warm.replies.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({"lesson": f"approved-{name}", "answer": [said]}) + "\n")
        return found.hits[0]

    assert "bunyip" in ask("former", "one", "Does the wolpertinger pay doubloons?").text
    write_articles(place.articles, {"odd": GONE})
    refresh(place.settings)
    assert "bunyip" not in ask("drew", "two", "Does the wolpertinger pay doubloons?", "ACME-1").text
    ask("later", "two", "When are refunds paid?", "ACME-1")
    ask("theirs", "three", "How do I cancel?", "GONE-9")
    ask("other", "four", "How do I cancel?", "ACME-1")
    place.kb, place.turns = kb, turns
    return place


ALL = ("former", "drew", "later", "theirs", "other")


def purged(store):
    """The turns that are purged; the lessons are those of the others."""
    found = set()
    for name in ALL:
        try:
            store.turns.get(name)
        except AssistantError as error:
            assert "was purged" in str(error)
            found.add(name)
    lessons = [json.loads(line) for line in (store.store / "lessons" / "approved.jsonl").open(encoding="utf-8")]
    replies = [json.loads(line) for line in (store.store / "lessons" / "warm.replies.jsonl").open(encoding="utf-8")]
    assert [row["id"] for row in lessons] == [row["lesson"] for row in replies] == [f"approved-{name}" for name in ALL if name not in found]
    return found


def test_the_words_to_be_erased_stand_in_the_files_before(store):
    found = files_with(store.store, *WORDS, *CUSTOMER_WORDS)
    assert {line.partition(": ")[2] for line in found} == {*WORDS, *CUSTOMER_WORDS}
    assert {line.partition(":")[0].partition("-")[0] for line in found} >= {
        "catalog.sqlite3",
        "conversations.sqlite3",
        "approved.jsonl",
        "warm.replies.jsonl",
    }


def test_a_purged_article_leaves_no_trace_and_takes_the_turns_that_drew_on_it(store):
    (store.articles / "odd.md").unlink()
    assert purge_article(store.settings, "odd-creatures") == 2
    assert files_with(store.store, *WORDS) == []
    assert purged(store) == {"former", "drew", "later"}
    assert [item.turn for item in store.turns.conversation("two", "ACME-1")] == []
    assert all(hit.article_id != "odd-creatures" for hit in store.kb.search("Does the wolpertinger pay doubloons?").hits)
    with pytest.raises(UserError, match="no article"):
        history(store.settings, "odd-creatures")
    with pytest.raises(UserError, match="no article"):
        purge_article(store.settings, "odd-creatures")
    report = refresh(store.settings)
    assert (report.removed, report.unchanged) == (0, 6)
    assert files_with(store.store, *WORDS) == []


@pytest.mark.parametrize("moved", [None, "before", "after"])
@pytest.mark.parametrize("flaw", ["audience: zanzibarquokka agents", "status: zanzibarquokka", "odd: *zanzibarquokka"])
def test_what_the_history_quoted_of_a_purged_article_is_gone_wherever_its_file_lay(store, flaw, moved):
    path = store.articles / "odd.md"
    path.write_text(GONE.replace("section:", f"{flaw}\nsection:"), "utf-8")
    assert refresh(store.settings).quarantined[0].path == "odd.md"
    assert files_with(store.store, "zanzibarquokka")
    path.write_text(GONE, "utf-8")
    if moved:
        path = path.rename(store.articles / "moved.md")
    refresh(store.settings)
    if moved == "after":
        write_articles(store.articles, {"odd": "---\nid: new\ntitle: New\n---\nOther text."})
        refresh(store.settings)
    path.unlink()
    if moved:
        refresh(store.settings)
    purge_article(store.settings, "odd-creatures")
    assert files_with(store.store, *WORDS) == []
    refresh(store.settings)
    assert files_with(store.store, *WORDS) == []


def test_what_a_database_quoted_of_a_purged_customer_is_gone(store):
    with Catalog(store.store) as catalog, change(catalog) as flip:
        item = {"path": "customers:sql:CRM_URL", "reason": "invalid input: chupacabra"}
        flip.record("refresh", unreached=[item, {"path": "folder:more", "reason": "is gone"}])
    write_customers(store.customers, CUSTOMERS)
    purge_customer(store.settings, "GONE-9")
    assert files_with(store.store, *CUSTOMER_WORDS) == []
    assert files_with(store.store, "folder:more")


def test_a_purged_article_that_its_source_still_holds_comes_back_as_a_new_one(store):
    purge_article(store.settings, "odd-creatures")
    assert files_with(store.store, *WORDS) == []
    assert refresh(store.settings).added == 1
    assert [item.version for item in history(store.settings, "odd-creatures")] == [1]


def test_what_is_purged_is_no_longer_held_and_what_was_only_edited_or_removed_is(store):
    def holds(*versions):
        return store.kb.holds([("odd-creatures", version) for version in versions], None)

    assert holds(1, 2) and not holds(3)
    (store.articles / "odd.md").unlink()
    assert refresh(store.settings.model_copy(update={"versions_kept": 0})).removed == 1
    assert [(item.first, item.version, item.kept) for item in history(store.settings, "odd-creatures")] == [(1, 2, 0)]
    assert holds(1, 2)
    purge_article(store.settings, "odd-creatures")
    assert not holds(1) and not holds(2) and holds()
    assert store.kb.holds([("api-limits", 1)], "GONE-9")
    assert not store.kb.holds([("api-limits", 1), ("odd-creatures", 2)], "GONE-9")
    purge_customer(store.settings, "GONE-9")
    assert store.kb.holds([("api-limits", 1)], None)
    assert not store.kb.holds([("api-limits", 1)], "GONE-9")


def test_an_article_whose_former_version_ended_its_retention_is_held_but_for_that(store):
    refresh(store.settings.model_copy(update={"retention_days": 0}))
    assert store.kb.holds([("odd-creatures", 2)], None)
    assert not store.kb.holds([("odd-creatures", 1)], None)


def test_an_article_removed_before_is_purged_with_its_versions(store):
    (store.articles / "odd.md").unlink()
    refresh(store.settings)
    assert purge_article(store.settings, "odd-creatures") == 2
    assert files_with(store.store, *WORDS) == []


def test_a_purged_customer_leaves_no_trace_and_takes_the_turns_about_them(store):
    with store.customers.open("a") as file:
        file.write('{"customer_id": "GONE-9", "company": \n')  # a flaw whose report names the customer
    refresh(store.settings)
    write_customers(store.customers, CUSTOMERS)
    purge_customer(store.settings, "GONE-9")
    assert files_with(store.store, *CUSTOMER_WORDS) == []
    assert purged(store) == {"theirs"}
    assert store.turns.latest_conversation("GONE-9") is None
    with pytest.raises(UserError, match="no customer"):
        store.kb.search("Which plan?", "GONE-9")
    assert store.kb.search("How many seats do I use?", "ACME-1").facts


@pytest.mark.parametrize("customer_id", ["1", "added", "quarantined", "2026", "a.b"])
def test_the_reports_of_refreshes_survive_the_purge_of_a_customer_with_an_id_like_their_words(refreshed, customer_id):
    with refreshed.customers.open("a") as file:
        file.write(f'{{"customer_id": "{customer_id}", "company": "X"}}\n{{"customer_id": "{customer_id}", "company": "Y"}}\n')
    report = refresh(refreshed.settings)
    assert customer_id in report.quarantined[0].reason
    purge_customer(refreshed.settings, customer_id)
    with Catalog(refreshed.store) as catalog:
        reports = [report for _, report in catalog.refreshes() if report["event"] == "refresh"]
    assert [(report["added"], report["customers_changed"]) for report in reports] == [(0, 1), (6, 3)]
    assert reports[0]["quarantined"][0]["reason"] == "repeats customer_id (purged)"


@pytest.mark.parametrize("customer_id", ["", "*", "NOBODY%", "ACМE-1", "A" * 65])
def test_an_id_that_is_none_cannot_be_purged(small_store, customer_id):
    with pytest.raises(UserError, match="no customer id"):
        purge_customer(small_store.settings, customer_id)


def test_a_customer_who_is_not_on_record_can_be_purged_for_the_turns_that_may_be_left(store):
    write_customers(store.customers, CUSTOMERS)
    refresh(store.settings, force=True)
    assert not purge_customer(store.settings, "GONE-9")
    assert files_with(store.store, *CUSTOMER_WORDS) == []
    assert purged(store) == {"theirs"}


def test_at_the_end_of_retention_the_former_text_is_gone_with_the_turns_that_saw_it(store):
    refresh(store.settings)
    assert files_with(store.store, "bunyip")
    assert files_with(store.store, "odd-creatures@1#0")
    refresh(store.settings.model_copy(update={"retention_days": 0}))
    assert files_with(store.store, "bunyip", "odd-creatures@1#0") == []
    assert purged(store) == {"former"}
    assert [(item.version, item.retired) for item in history(store.settings, "odd-creatures")] == [(2, "")]
    assert store.kb.search("Does the wolpertinger pay doubloons?").hits[0].version == 2


@pytest.mark.parametrize("trouble", ["not there", "too much to remove"])
def test_retention_ends_although_the_sources_cannot_be_read_or_are_refused(store, trouble):
    refresh(store.settings)
    assert files_with(store.store, "bunyip")
    for path in sorted(store.articles.iterdir())[: 5 if trouble == "too much to remove" else None]:
        path.unlink()
    if trouble == "not there":
        store.articles.rmdir()
    with pytest.raises(UserError):
        refresh(store.settings.model_copy(update={"retention_days": 0}))
    assert files_with(store.store, "bunyip", "odd-creatures@1#0") == []
    assert purged(store) == {"former"}
    assert store.kb.search("Does the wolpertinger pay doubloons?").hits[0].version == 2


def test_at_the_end_of_retention_a_removed_article_leaves_no_trace(store):
    (store.articles / "odd.md").unlink()
    refresh(store.settings)
    assert files_with(store.store, *WORDS)
    refresh(store.settings.model_copy(update={"retention_days": 0}))
    assert files_with(store.store, *WORDS) == []
    assert purged(store) == {"former", "drew", "later"}


def test_the_turns_of_versions_that_share_a_line_are_erased_with_it(store):
    for number in (5, 6, 7):
        write_articles(store.articles, {"odd": GONE.replace("987654", f"{number} or")})
        refresh(store.settings.model_copy(update={"versions_kept": 1}))
    assert [(item.first, item.version, item.kept) for item in history(store.settings, "odd-creatures")] == [(5, 5, 1), (4, 4, 1), (1, 3, 0)]
    assert purged(store) == set()
    refresh(store.settings.model_copy(update={"retention_days": 0}))
    assert purged(store) == {"former", "drew", "later"}
    assert files_with(store.store, "bunyip", "987654") == []


def test_former_versions_outlive_a_change_of_layout(store):
    refresh(store.settings)
    with closing(sqlite3.connect(store.store / "catalog.sqlite3")) as db, db:
        db.execute("DROP TABLE versions")
        db.execute("CREATE TABLE versions (article_id, version, title, updated, indexed, retired, body)")
        db.execute("INSERT INTO versions VALUES ('odd-creatures', 1, 'T', '', '', '2020-01-01T00:00:00Z', '[]')")
        db.execute("PRAGMA user_version = 7")
    refresh(store.settings.model_copy(update={"retention_days": 36500}))
    kept = [(item.first, item.version, item.kept) for item in history(store.settings, "odd-creatures")]
    assert kept == [(3, 3, 1), (2, 2, 0), (1, 1, 1)]
    refresh(store.settings.model_copy(update={"retention_days": 0}))
    assert purged(store) >= {"former", "drew", "later"}


def test_what_was_retired_lately_is_kept(store):
    refresh(store.settings.model_copy(update={"retention_days": 0.01}))
    assert purged(store) == set()
    assert len(history(store.settings, "odd-creatures")) == 2


def test_a_purge_ends_although_readers_search_all_the_while(store):
    stop, trouble = threading.Event(), []

    def search(kb):
        try:
            while not stop.is_set():
                assert kb.search("How do I cancel?", "ACME-1").hits[0].article_id == "cancel-plan"
        except BaseException:
            trouble.append(traceback.format_exc())

    threads = [threading.Thread(target=search, args=(kb,)) for kb in (store.kb, KnowledgeBase(store.settings))]
    for thread in threads:
        thread.start()
    try:
        purge_article(store.settings, "odd-creatures")
        left = files_with(store.store, *WORDS)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        assert trouble == []
    assert left == []


@pytest.mark.parametrize("held", ["catalog.sqlite3", FILE])
def test_a_purge_that_another_program_holds_up_says_so_and_is_completed_by_the_next(store, held, monkeypatch):
    monkeypatch.setattr(erasure, "PATIENCE", 0.1)
    monkeypatch.setattr("knowledge_base.change.PATIENCE", 0.1)
    (store.articles / "odd.md").unlink()
    with closing(sqlite3.connect(store.store / held, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM sqlite_master").fetchone()
        with pytest.raises(UserError, match=f"{held} is being read by another program") as caught:
            purge_article(store.settings, "odd-creatures")
        assert "\n" not in str(caught.value)
        assert all(hit.article_id != "odd-creatures" for hit in store.kb.search("Does the wolpertinger pay doubloons?").hits)
        assert held in refresh(store.settings).erasing
    assert files_with(store.store, *WORDS)
    purge_article(store.settings, "odd-creatures")
    assert files_with(store.store, *WORDS) == []
    assert purged(store) == {"former", "drew", "later"}


def test_a_purge_cut_short_is_completed_by_the_next_refresh(store, monkeypatch):
    (store.articles / "odd.md").unlink()

    def cut(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(erasure, "finish_erasure", cut)
        with pytest.raises(KeyboardInterrupt):
            purge_article(store.settings, "odd-creatures")
    assert purged(store) == set()
    assert refresh(store.settings).erasing == ""
    assert purged(store) == {"former", "drew", "later"}
    assert files_with(store.store, *WORDS) == []


def test_a_purge_held_up_is_completed_although_the_layout_changes_meanwhile(store, monkeypatch):
    (store.articles / "odd.md").unlink()
    with monkeypatch.context() as patched:
        patched.setattr(erasure, "finish_erasure", lambda *_: None)
        purge_article(store.settings, "odd-creatures")
    with closing(sqlite3.connect(store.store / "catalog.sqlite3")) as db, db:
        db.execute("PRAGMA user_version = 1")
    refresh(store.settings)
    assert purged(store) == {"former", "drew", "later"}
    assert files_with(store.store, *WORDS) == []


def test_a_damaged_file_of_turns_is_one_sentence_and_the_purge_waits_for_it(store):
    (store.store / "other.sqlite3").write_bytes(b"this is no database" * 100)
    with pytest.raises(UserError, match=r"other\.sqlite3 could not be erased from") as caught:
        purge_article(store.settings, "odd-creatures")
    assert "\n" not in str(caught.value)
    (store.store / "other.sqlite3").unlink()
    purge_article(store.settings, "odd-creatures")
    assert files_with(store.store, *WORDS) == []


def test_what_a_killed_run_left_and_what_cannot_be_read_goes_from_the_lessons_too(store):
    (store.articles / "odd.md").unlink()
    (store.store / "lessons" / ".approved.jsonl.new").write_text("the wolpertinger", "utf-8")
    with (store.store / "lessons" / "approved.jsonl").open("ab") as file:
        file.write(b'{"id": "approved-later", "wolpertinger\n["wolpertinger"]\n\xff\n')
    purge_article(store.settings, "odd-creatures")
    assert files_with(store.store, *WORDS) == []
    assert purged(store) == {"former", "drew", "later"}


def test_lessons_that_cannot_be_written_are_one_sentence_and_the_purge_waits_for_them(store, monkeypatch):
    (store.articles / "odd.md").unlink()

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        with pytest.raises(UserError, match=r"lessons could not be erased from \(no space left on device\)"):
            purge_article(store.settings, "odd-creatures")
    assert files_with(store.store / "lessons", "zanzibarquokka")
    refresh(store.settings)
    assert files_with(store.store, *WORDS) == []


def test_an_unknown_article_or_store_is_one_sentence(small_store, tmp_path):
    with pytest.raises(UserError, match="no article 'nothing'"):
        purge_article(small_store.settings, "nothing")
    missing = small_store.settings.model_copy(update={"store": tmp_path / "none"})
    for purge in (lambda: purge_article(missing, "cancel-plan"), lambda: purge_customer(missing, "ACME-1")):
        with pytest.raises(UserError, match="no knowledge base"):
            purge()
