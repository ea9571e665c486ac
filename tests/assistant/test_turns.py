"""The store of turns."""

import sqlite3
import threading
from contextlib import closing

import pytest

from assistant.errors import UserError
from assistant.reply import Statement
from assistant.turns import FILE, Approval, Turns
from tests.assistant.kept import HIT, turn


def test_a_turn_is_given_back_as_it_was_stored(tmp_path):
    turns = Turns(tmp_path)
    turns.add(turn("t1"))
    assert turns.get("t1") == turn("t1")


def test_an_unknown_turn_says_where_to_find_the_id(tmp_path):
    with pytest.raises(UserError, match="no turn 'nothing'"):
        Turns(tmp_path).get("nothing")


def test_a_conversation_holds_its_turns_oldest_first(tmp_path):
    turns = Turns(tmp_path)
    for name in ("z", "a", "m"):
        turns.add(turn(name))
    turns.add(turn("other", conversation="other talk"))
    assert [item.turn for item in turns.conversation("talk", "ACME-1")] == ["z", "a", "m"]


def test_a_conversation_never_shows_another_customers_turns(tmp_path):
    turns = Turns(tmp_path)
    turns.add(turn("a", customer="ACME-1"))
    turns.add(turn("b", customer="BOLT-2"))
    turns.add(turn("n", customer=None))
    assert [item.turn for item in turns.conversation("talk", "ACME-1")] == ["a"]
    assert [item.turn for item in turns.conversation("talk", "BOLT-2")] == ["b"]
    assert [item.turn for item in turns.conversation("talk", None)] == ["n"]
    assert turns.conversation("talk", "acme-1") == []
    assert turns.conversation("talk", "%") == []


def test_the_latest_conversation_is_the_customers_own(tmp_path):
    turns = Turns(tmp_path)
    assert turns.latest_conversation("ACME-1") is None
    turns.add(turn("a", "first", "ACME-1"))
    turns.add(turn("b", "second", "ACME-1"))
    turns.add(turn("c", "third", "BOLT-2"))
    assert turns.latest_conversation("ACME-1") == "second"
    assert turns.latest_conversation("BOLT-2") == "third"
    assert turns.latest_conversation(None) is None
    assert turns.latest_conversation("ACME-1", "2026-11-22T10:00:00Z") == "second"
    assert turns.latest_conversation("ACME-1", "2026-11-22T10:00:01Z") is None


def test_turns_survive_reopening_and_are_seen_by_another_reader(tmp_path):
    turns, other = Turns(tmp_path), Turns(tmp_path)
    turns.add(turn("a"))
    assert other.get("a") == turn("a")
    del turns, other
    assert [item.turn for item in Turns(tmp_path).conversation("talk", "ACME-1")] == ["a"]


def test_a_turn_cannot_be_stored_twice(tmp_path):
    turns = Turns(tmp_path)
    turns.add(turn("a"))
    with pytest.raises(sqlite3.IntegrityError):
        turns.add(turn("a", customer="BOLT-2"))
    assert turns.get("a").customer_id == "ACME-1"


@pytest.mark.parametrize("content", [b"this is no database, whatever its name says" * 50, b"SQLite format 3\x00" + b"\xff" * 4096])
def test_a_damaged_file_says_to_move_it_aside(tmp_path, content):
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(UserError, match="move it aside"):
        Turns(tmp_path)


def test_a_store_that_is_no_folder_says_so(tmp_path):
    (tmp_path / FILE).mkdir()
    with pytest.raises(UserError, match="cannot be read"):
        Turns(tmp_path)


def erase(folder, *sources):
    """What the knowledge base does when it erases."""
    with closing(sqlite3.connect(folder / FILE)) as db, db:
        db.executemany("INSERT INTO erasures (source) VALUES (?)", [(source,) for source in sources])


def hit(article_id, version=1, source="1"):
    return HIT.model_copy(update={"article_id": article_id, "version": version, "source": source})


def sources_of(folder):
    with closing(sqlite3.connect(folder / FILE)) as db:
        return {row[0] for row in db.execute("SELECT source FROM turn_sources")}


def test_an_erased_article_takes_the_turns_that_drew_on_it_and_leaves_the_others(tmp_path):
    turns = Turns(tmp_path)
    turns.add(turn("drew", "one", retrieved=[hit("gone", 2), hit("stays", 1, "2")], cited=[hit("stays", 1, "2")]))
    turns.add(turn("noted", "two", retrieved=[], cited=[], noted=[hit("gone", 1)]))
    turns.add(turn("other", "three", retrieved=[hit("gone-too")], cited=[]))
    erase(tmp_path, "article:gone")
    for name in ("drew", "noted"):
        with pytest.raises(UserError, match=f"{name} was purged"):
            turns.get(name)
    assert turns.get("other").retrieved == [hit("gone-too")]
    assert sources_of(tmp_path) == {"article:gone-too", "version:gone-too@1", "customer:ACME-1"}


def test_a_later_turn_of_the_conversation_is_erased_with_the_turn_whose_words_it_was_given(tmp_path):
    turns = Turns(tmp_path)
    turns.add(turn("before", retrieved=[hit("other")], cited=[]))
    turns.add(turn("drew", retrieved=[hit("gone")], cited=[]))
    turns.add(turn("after", retrieved=[hit("other")], cited=[]))
    turns.add(turn("elsewhere", "another", retrieved=[hit("other")], cited=[]))
    erase(tmp_path, "article:gone")
    assert [item.turn for item in turns.conversation("talk", "ACME-1")] == ["before"]
    assert turns.get("elsewhere").turn == "elsewhere"
    with pytest.raises(UserError, match="purged"):
        turns.get("after")
    turns.add(turn("afresh", retrieved=[hit("other")], cited=[]))
    assert not [source for source in sources_of(tmp_path) if "gone" in source]


def test_an_erased_version_takes_only_the_turns_that_saw_it(tmp_path):
    turns = Turns(tmp_path)
    turns.add(turn("old", "one", retrieved=[hit("a", 1)], cited=[]))
    turns.add(turn("new", "two", retrieved=[hit("a", 2)], cited=[]))
    turns.add(turn("odd", "three", retrieved=[hit("a@1", 1)], cited=[]))
    erase(tmp_path, "version:a@1")
    with pytest.raises(UserError, match="purged"):
        turns.get("old")
    assert [turns.get(name).turn for name in ("new", "odd")] == ["new", "odd"]
    erase(tmp_path, "article:a@1")
    assert turns.get("new").turn == "new"


def test_an_erased_customer_is_named_nowhere_even_in_turns_that_were_erased_before(tmp_path):
    turns = Turns(tmp_path)
    turns.add(turn("one", "first", "GONE-9", retrieved=[hit("a"), hit("customer:GONE-9", 1, "c1")], cited=[]))
    turns.add(turn("two", "second", "GONE-9", retrieved=[hit("b")], cited=[]))
    turns.add(turn("three", "third", "GONE-99", retrieved=[hit("b")], cited=[]))
    erase(tmp_path, "article:a")
    erase(tmp_path, "customer:GONE-9")
    assert turns.latest_conversation("GONE-9") is None
    assert turns.latest_conversation("GONE-99") == "third"
    del turns
    with closing(sqlite3.connect(tmp_path / FILE)) as db:
        assert "GONE-9'" not in "".join(db.iterdump())


def test_an_erased_turn_is_nobodys_latest_conversation(tmp_path):
    turns = Turns(tmp_path)
    turns.add(turn("a", "first", None, retrieved=[hit("stays")]))
    turns.add(turn("b", "second", "ACME-1", retrieved=[hit("stays")]))
    erase(tmp_path, "customer:ACME-1")
    assert turns.latest_conversation(None) == "first"
    assert turns.latest_conversation("ACME-1") is None


def test_an_article_whose_id_looks_like_a_customers_is_erased_as_an_article(tmp_path):
    turns = Turns(tmp_path)
    turns.add(turn("a", customer=None, retrieved=[hit("customer:X")]))
    erase(tmp_path, "article:customer:X")
    with pytest.raises(UserError, match="purged"):
        turns.get("a")


def test_turns_stored_before_their_sources_were_noted_are_erased_too(tmp_path):
    turns = Turns(tmp_path)
    turns.add(turn("a", retrieved=[hit("gone")]))
    del turns
    with closing(sqlite3.connect(tmp_path / FILE)) as db, db:
        db.executescript("DROP VIEW erasures; DROP TABLE turn_sources;")
    turns = Turns(tmp_path)
    erase(tmp_path, "article:gone")
    with pytest.raises(UserError, match="purged"):
        turns.get("a")


def approval(name, **changes):
    return Approval(
        **({"turn": name, "at": "2026-11-23T09:00:00Z", "greeting": "Hi Ada.", "answer": ["A fact."], "next_step": "Ask."} | changes)
    )


def test_an_approval_is_given_back_with_its_turn_and_a_later_one_replaces_it(tmp_path):
    turns = Turns(tmp_path)
    turns.add(turn("a"))
    assert turns.approval("a", "ACME-1") is None
    turns.approve(approval("a"), "ACME-1")
    turns.approve(approval("a", greeting="Hello Ada."), "ACME-1")
    assert turns.approval("a", "ACME-1") == approval("a", greeting="Hello Ada.")
    assert Turns(tmp_path).approved() == [(turn("a"), approval("a", greeting="Hello Ada."))]


def test_an_approval_is_neither_shown_nor_written_under_another_customer(tmp_path):
    turns = Turns(tmp_path)
    turns.add(turn("a"))
    turns.approve(approval("a"), "ACME-1")
    for other in ("BOLT-2", None, "%", "acme-1"):
        assert turns.approval("a", other) is None
        with pytest.raises(UserError, match="another customer"):
            turns.approve(approval("a", greeting="Theirs."), other)
    assert turns.approval("a", "ACME-1") == approval("a")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"turn": "none"}, "no turn 'none'"),
        ({"answer": []}, "has 1 statements, the approval 0"),
        ({"answer": [""]}, "at least one statement"),
        ({"greeting": ""}, "needs a greeting"),
        ({"next_step": ""}, "a next step"),
    ],
)
def test_an_approval_that_is_not_whole_is_refused(tmp_path, changes, message):
    turns = Turns(tmp_path)
    turns.add(turn("a"))
    with pytest.raises(UserError, match=message):
        turns.approve(approval("a", **changes), "ACME-1")
    assert turns.approved() == []


def test_an_approved_reply_has_the_agents_words_and_counts_its_steps_anew():
    said = [
        Statement(text=text, sources=["1"], step=step, how="quoted")
        for text, step in [("Fact.", None), ("One.", 1), ("Two.", 2), ("Three.", 3)]
    ]
    reply = turn("a").reply.model_copy(update={"answer": said})
    applied = approval("a", answer=["Fact!", "One.", "", "Drei."]).applied(reply)
    assert [(item.text, item.step, item.how) for item in applied.answer] == [
        ("Fact!", None, "written"),
        ("One.", 1, "quoted"),
        ("Drei.", 2, "written"),
    ]
    assert (applied.greeting, applied.next_step) == ("Hi Ada.", "Ask.")
    assert [item.step for item in said] == [None, 1, 2, 3]


@pytest.mark.parametrize("source", ["customer:ACME-1", "article:add-seats", "version:add-seats@3"])
def test_an_erased_turn_takes_its_approval_along_and_leaves_no_trace_of_it(tmp_path, source):
    turns = Turns(tmp_path)
    turns.add(turn("a"))
    turns.add(turn("b", "another", "BOLT-2", retrieved=[hit("other")], cited=[]))
    turns.approve(approval("a", greeting="Hi Adalgisa."), "ACME-1")
    turns.approve(approval("b"), "BOLT-2")
    erase(tmp_path, source)
    assert turns.approval("a", "ACME-1") is None
    assert [item.turn for _, item in turns.approved()] == ["b"]
    with pytest.raises(UserError, match="purged"):
        turns.approve(approval("a"), "ACME-1")
    del turns
    with closing(sqlite3.connect(tmp_path / FILE)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert all(b"Adalgisa" not in path.read_bytes() for path in tmp_path.iterdir())


def test_a_store_of_before_there_were_approvals_takes_and_erases_them(tmp_path):
    turns = Turns(tmp_path)
    turns.add(turn("a"))
    del turns
    with closing(sqlite3.connect(tmp_path / FILE)) as db, db:
        db.executescript("DROP TRIGGER erase_approval; DROP TABLE approvals;")
    turns = Turns(tmp_path)
    turns.approve(approval("a"), "ACME-1")
    erase(tmp_path, "customer:ACME-1")
    assert turns.approved() == []


def test_turns_of_two_customers_stored_at_once_are_all_kept_and_each_is_tied_to_its_own(tmp_path):
    turns, together, failed = Turns(tmp_path), threading.Barrier(2), []

    def store(customer):
        for number in range(80):
            together.wait()
            try:
                turns.add(turn(f"{customer}-{number}", conversation=customer, customer=customer))
                turns.conversation(customer, customer)
            except Exception as error:
                failed.append(error)

    threads = [threading.Thread(target=store, args=(customer,)) for customer in ("ACME-1", "BOLT-2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    with closing(sqlite3.connect(tmp_path / FILE)) as db:
        tied = db.execute("SELECT turn, source FROM turn_sources JOIN turns USING (number) WHERE source LIKE 'customer:%'").fetchall()
    assert len(tied) == 160
    assert [row for row in tied if not row[0].startswith(row[1].removeprefix("customer:"))] == []


def test_a_turn_can_be_purged_and_is_counted(tmp_path):
    turns = Turns(tmp_path)
    turns.add(turn("a"))
    turns.add(turn("b"))
    assert turns.purged("talk") == 0
    turns.purge("a")
    assert turns.purged("talk") == 1
    assert [item.turn for item in turns.conversation("talk", "ACME-1")] == ["b"]
    with pytest.raises(UserError, match="was purged"):
        turns.get("a")


def test_conversations_are_listed_newest_first_with_how_they_began_and_where_they_stand(tmp_path):
    turns = Turns(tmp_path)
    handed = turn("x").reply.model_copy(update={"action": "hand_off", "answer": []})
    turns.add(turn("a", "first", "ACME-1", question="Seats?", at="2026-01-01T08:00:00Z"))
    turns.add(turn("b", "second", None, question="Nul \x00 “quotes”?"))
    turns.add(turn("c", "first", "ACME-1", question="And prices?", at="2026-01-02T08:00:00Z", reply=handed))
    first, second = turns.conversations()
    assert (first.conversation, first.customer_id, first.at, first.action) == ("first", "ACME-1", "2026-01-02T08:00:00Z", "hand_off")
    assert first.questions == ["Seats?", "And prices?"]
    assert (second.conversation, second.customer_id, second.action) == ("second", None, "answer")
    assert second.questions == ["Nul \x00 “quotes”?"]


def test_conversations_are_found_by_their_questions_their_customer_and_what_came_of_them(tmp_path):
    turns = Turns(tmp_path)
    handed = turn("x").reply.model_copy(update={"action": "hand_off", "answer": []})
    turns.add(turn("a", "one", "ACME-1", question="Straße 100%?"))
    turns.add(turn("b", "two", "BOLT-2", question="Seats?", reply=handed))
    turns.add(turn("c", "three", None, question="Prices?"))
    names = {"ACME-1": "Acme Foundry, Ada Smith"}

    def found(*filters):
        return [item.conversation for item in turns.conversations(*filters, names=names)]

    assert found() == ["three", "two", "one"]
    assert found("STRASSE") == found("0%") == found(" ada ") == found("acme-1") == ["one"]
    assert found("", "hand_off") == found("seats", "hand_off") == ["two"]
    assert found("prices", "hand_off") == found("%x") == []


def test_a_conversation_of_two_customers_is_listed_for_each_with_their_own_questions(tmp_path):
    turns = Turns(tmp_path)
    turns.add(turn("a", "shared", "ACME-1", question="Mine?"))
    turns.add(turn("b", "shared", "BOLT-2", question="Theirs?"))
    assert [(item.customer_id, item.questions) for item in turns.conversations()] == [("BOLT-2", ["Theirs?"]), ("ACME-1", ["Mine?"])]
    assert turns.conversations("mine")[0].customer_id == "ACME-1" and len(turns.conversations("mine")) == 1
    assert turns.customers("shared") == {"ACME-1", "BOLT-2"} and turns.customers("none") == set()


def test_what_was_purged_is_in_no_list_of_conversations(tmp_path):
    turns = Turns(tmp_path)
    turns.add(turn("a", "one", "ACME-1", question="Secret?", retrieved=[hit("gone")], cited=[]))
    turns.add(turn("b", "two", "BOLT-2", question="Gone?", retrieved=[hit("b")], cited=[]))
    turns.add(turn("c", "two", "BOLT-2", question="Left?", retrieved=[hit("b")], cited=[]))
    erase(tmp_path, "article:gone")
    turns.purge("b")
    assert [(item.conversation, item.questions) for item in turns.conversations()] == [("two", ["Left?"])]
    assert turns.conversations("secret") == turns.conversations("gone?") == []


def test_a_conversation_that_ends_in_thanks_stands_where_its_last_question_stood(tmp_path):
    turns = Turns(tmp_path)
    thanks = {"wish": "thanks", "reply": turn("x").reply.model_copy(update={"action": "ask", "answer": []})}
    turns.add(turn("t1", "one"))
    turns.add(turn("t2", "one", **thanks))
    turns.add(turn("t3", "two", **thanks))
    assert [(item.conversation, item.action) for item in turns.conversations()] == [("two", None), ("one", "answer")]
    assert [item.conversation for item in turns.conversations(action="ask")] == []
    assert turns.get("t3").courtesy and not turns.get("t1").courtesy
