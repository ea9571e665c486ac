"""What the help center lacks, told by stored turns."""

from assistant.content_gaps import content_gaps
from assistant.turns import Turns
from knowledge_base.catalog import Catalog
from knowledge_base.hits import NearQuestion
from tests.assistant.kept import HIT, turn

GAP = NearQuestion(article_id="export-data", title="Export your data", text="can I export as JSON")


def left_open(name, action, question, **changes):
    reply = turn("x").reply.model_copy(update={"action": action, "answer": []})
    return turn(name, name, reply=reply, question=question, **({"cited": [], "vagueness": 0.7} | changes))


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
    assert [(gap.article_id, gap.named, gap.handed_off, gap.asked_back) for gap in found] == [
        ("add-seats", "", ["Seats for robots?"], ["Which seats?"]),
        ("export-data", "can I export as JSON", ["JSON \x00 export?", "As JSON?"], []),
        ("", "", ["Weather?"], []),
        ("export-data", "export", [], ["Export?"]),
    ]
    assert [gap.count for gap in found] == [2, 2, 1, 1]


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
    assert (gap.article_id, gap.title, gap.handed_off) == ("", "", ["Mine?"])


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
