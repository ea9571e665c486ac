"""What the help center lacks, told by stored turns."""

from assistant.content_gaps import content_gaps
from assistant.open_questions import Verdict, settle
from assistant.turns import Turns
from knowledge_base.catalog import Catalog
from knowledge_base.hits import NearQuestion
from tests.assistant.kept import HIT, turn

GAP = NearQuestion(article_id="export-data", title="Export your data", text="can I export as JSON")


def left_open(name, action, question, **changes):
    reply = turn("x").reply.model_copy(update={"action": action, "answer": []})
    return turn(name, name, reply=reply, question=question, **({"cited": [], "vagueness": 0.7} | changes))


def said(gap, action):
    return [question.text for question in gap.open if question.asked[0].action == action]


def test_questions_are_grouped_by_the_known_gap_or_the_article_that_they_come_nearest_to(tmp_path):
    turns = Turns(tmp_path)
    turns.add(turn("answered"))
    turns.add(left_open("a", "hand_off", "Seats for robots?"))
    turns.add(left_open("b", "hand_off", "As JSON?", known_gap=GAP))
    turns.add(left_open("c", "hand_off", "JSON \x00 export?", known_gap=GAP, customer="BOLT-2"))
    turns.add(left_open("d", "ask", "Export?", ambiguous=GAP.model_copy(update={"text": "export"})))
    turns.add(left_open("e", "ask", "Which seats?"))
    turns.add(left_open("f", "hand_off", "Weather?", retrieved=[]))
    turns.add(left_open("g", "ask", "My invoice?", vagueness=0.0))
    found = content_gaps(turns)
    assert [(gap.article_id, gap.named, said(gap, "hand_off"), said(gap, "ask")) for gap in found] == [
        ("add-seats", "", ["Seats for robots?"], ["Which seats?"]),
        ("export-data", "can I export as JSON", ["JSON \x00 export?", "As JSON?"], []),
        ("", "", ["Weather?"], []),
        ("export-data", "export", [], ["Export?"]),
    ]
    assert [gap.count() for gap in found] == [2, 2, 1, 1]


def test_a_question_that_was_asked_again_stands_once_and_a_settled_gap_counts_no_more(tmp_path):
    turns = Turns(tmp_path)
    for name, question, customer in (("a", "Robots?", "ACME-1"), ("b", "  robots?", "BOLT-2"), ("c", "Cats?", None)):
        turns.add(left_open(name, "hand_off", question, customer=customer, history=[]))
    turns.add(left_open("d", "hand_off", "As JSON?", known_gap=GAP))
    first, second = content_gaps(turns)
    assert [(item.text, len(item.asked)) for item in first.open] == [("Cats?", 1), ("robots?", 2)] and first.count("hand_off") == 3
    settle(turns, "b", Verdict(kind="gap", at="2026-01-01T00:00:00Z", article_id="add-seats"))
    settle(turns, "c", Verdict(kind="dismissed", at="2026-01-02T00:00:00Z"))
    second, first = content_gaps(turns)
    assert (second.article_id, second.count()) == ("export-data", 1)
    assert (first.open, first.count(), len(first.settled), [item.text for item in first.kept]) == ([], 0, 2, ["robots?"])


def test_what_no_article_could_answer_is_no_gap(tmp_path):
    turns = Turns(tmp_path)
    turns.add(left_open("a", "hand_off", "A person, please", wish="person", retrieved=[]))
    turns.add(left_open("b", "ask", "Thanks!", wish="thanks", retrieved=[]))
    turns.add(left_open("c", "hand_off", "Wie kündige ich?", language="German"))
    turns.add(left_open("d", "hand_off", "Where is invoice INV-9?", not_held=("INV-9",)))
    assert content_gaps(turns) == []


def test_an_account_fact_is_no_article_and_what_was_purged_tells_nothing(tmp_path):
    turns = Turns(tmp_path)
    turns.add(left_open("a", "hand_off", "Secret?"))
    turns.add(left_open("b", "hand_off", "Mine?", retrieved=[HIT.model_copy(update={"source": "c1", "article_id": "customer:ACME-1"})]))
    turns.purge("a")
    (gap,) = content_gaps(turns)
    assert (gap.article_id, gap.title, said(gap, "hand_off")) == ("", "", ["Mine?"])


def test_a_gap_names_the_file_to_edit(small_store, tmp_path):
    turns = Turns(tmp_path)
    turns.add(left_open("a", "hand_off", "As JSON?", known_gap=GAP))
    turns.add(left_open("b", "hand_off", "Weather?", retrieved=[]))
    turns.add(left_open("c", "ask", "Limits?", retrieved=[HIT.model_copy(update={"article_id": "api-limits"})]))
    with Catalog(small_store.store) as catalog:
        told = {gap.article_id: gap.mend(catalog.known_articles()) for gap in content_gaps(turns)}
    assert "export-data.md" in told["export-data"] and "`gaps`" in told["export-data"]
    assert "api-limits.md" in told["api-limits"] and "`asked_as`" in told["api-limits"]
    assert told[""].startswith("write an article")
