"""The shipped lessons and hand-written replies, and what the reader refuses."""

import json
import re
from collections import Counter

import pytest

from assistant.claims import figures, paths
from assistant.errors import UserError
from assistant.grounding import check
from assistant.reply import Evidence
from training.lessons import LESSONS as LESSONS_FOLDER
from training.lessons import Lesson, read_lessons, read_replies
from training.lint import lint_replies
from training.profile import SITUATIONS, VOICES, load_profile

LESSONS = read_lessons()
BY_ID = {lesson.id: lesson for lesson in LESSONS}
REPLIES = {path.name.split(".")[0]: read_replies(path) for path in VOICES.glob("*.replies.jsonl")}
LESSON = {
    "id": "kiln-01", "product": "Kiln", "domain": "pottery", "situation": "how_to", "question": "how", "customer": None,
    "passages": [{"title": "Firing", "sentences": ["Wait 5 minutes.", "Click Start."]}], "account": ["The account is new."],
    "action": "answer",
    "statements": [{"text": "Your account is new.", "evidence": "c1"}, {"text": "Click Start.", "evidence": "1.2", "step": 1}],
}  # fmt: skip


def written(folder, *lessons):
    (folder / "lessons-x.jsonl").write_text("\n".join(json.dumps(lesson) for lesson in lessons) + "\n\n", "utf-8")
    return folder


def test_there_are_enough_lessons_over_enough_products():
    assert len(LESSONS) >= 600
    assert len({lesson.product for lesson in LESSONS}) >= 38
    assert len({lesson.domain for lesson in LESSONS}) >= 38


def test_no_two_lessons_share_an_id():
    assert [name for name, count in Counter(lesson.id for lesson in LESSONS).items() if count > 1] == []


def test_no_product_borrows_a_sentence_to_say_from_another():
    said: dict[str, set[str]] = {}
    for lesson in LESSONS:
        for statement in lesson.statements:
            said.setdefault(lesson.evidence_text(statement.evidence), set()).add(lesson.product)
    assert [text for text, products in said.items() if len(products) > 1 and len(text.split()) > 4] == []


def test_no_lesson_or_reply_names_the_live_product():
    texts = [lesson.model_dump_json() for lesson in LESSONS] + [reply.model_dump_json() for rows in REPLIES.values() for reply in rows]
    assert [text[:80] for text in texts if "tallybird" in text.casefold()] == []


def test_most_lessons_answer_and_a_tenth_or_so_ask_or_hand_off():
    share = {action: count / len(LESSONS) for action, count in Counter(lesson.action for lesson in LESSONS).items()}
    assert 0.6 <= share["answer"] <= 0.85
    assert 0.08 <= share["ask"] <= 0.2
    assert 0.08 <= share["hand_off"] <= 0.2


def test_every_situation_is_taught():
    found = Counter(lesson.situation for lesson in LESSONS)
    assert {situation for situation in SITUATIONS if found[situation] < 10} == set()


def test_steps_are_counted_from_one_and_stand_after_the_other_statements():
    for lesson in LESSONS:
        steps = [statement.step for statement in lesson.statements]
        numbers = [step for step in steps if step]
        assert numbers == list(range(1, len(numbers) + 1)), lesson.id
        assert steps == [None] * (len(steps) - len(numbers)) + numbers, lesson.id


def test_some_lessons_have_a_history_a_name_account_facts_and_steps():
    for what in ("history", "customer", "account"):
        assert sum(bool(getattr(lesson, what)) for lesson in LESSONS) >= 40, what
    assert sum(any(statement.step for statement in lesson.statements) for lesson in LESSONS) >= 80


def test_every_lessons_statements_keep_the_figures_of_their_evidence():
    wrong = [
        (lesson.id, statement.text)
        for lesson in LESSONS
        for statement in lesson.statements
        if sorted(figures(statement.text)) != sorted(figures(lesson.evidence_text(statement.evidence)))
    ]
    assert wrong == []


def test_every_lessons_statements_are_supported_by_their_evidence():
    wrong = [
        (lesson.id, statement.text, reason)
        for lesson in LESSONS
        for statement in lesson.statements
        if (reason := check(statement.text, Evidence("1", lesson.evidence_text(statement.evidence)), lesson.customer))
    ]
    assert wrong == []


def test_many_statements_are_as_hard_as_those_of_service():
    said = [statement.text for lesson in LESSONS for statement in lesson.statements]
    assert sum(len(text.split()) >= 25 for text in said) >= 200
    assert sum(not text[0].isupper() for text in said) >= 30
    assert sum(any(path.count(" > ") >= 3 for path in paths(text)) for text in said) >= 25
    assert sum(len(text.split()) <= 4 for text in said) >= 15
    assert sum(len(lesson.account) >= 2 for lesson in LESSONS) >= 20
    assert sum(sum(bool(statement.step) for statement in lesson.statements) >= 5 for lesson in LESSONS) >= 10


def test_the_guides_worked_example_is_one_of_the_lessons():
    guide = (LESSONS_FOLDER / "README.md").read_text("utf-8")
    (block,) = re.findall(r"^```json\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)
    example = Lesson.model_validate(json.loads(block))
    assert example == BY_ID[example.id]


def test_there_are_at_least_150_hand_written_replies_each_to_a_lesson_of_its_own():
    assert len(REPLIES["warm"]) >= 150
    for rows in REPLIES.values():
        names = [reply.lesson for reply in rows]
        assert len(set(names)) == len(names)
        assert [name for name in names if name not in BY_ID] == []


@pytest.mark.parametrize("voice", sorted(REPLIES))
def test_a_hand_written_reply_keeps_every_rule_of_its_voice_and_stands_up_to_its_evidence(voice):
    assert [str(finding) for finding in lint_replies(load_profile(voice), LESSONS, REPLIES[voice])] == []


@pytest.mark.parametrize("voice", sorted(REPLIES))
def test_a_hand_written_reply_keeps_every_figure_of_its_lesson(voice):
    wrong = []
    for reply in REPLIES[voice]:
        lesson = BY_ID[reply.lesson]
        assert len(reply.answer) == len(lesson.statements), reply.lesson
        for said, statement in zip(reply.answer, lesson.statements, strict=True):
            if sorted(figures(said)) != sorted(figures(statement.text)):
                wrong.append((reply.lesson, said))
    assert wrong == []


@pytest.mark.parametrize("voice", sorted(REPLIES))
def test_no_hand_written_reply_changes_a_menu_path_address_or_code_of_its_evidence(voice):
    wrong, profile = [], load_profile(voice)
    for reply in REPLIES[voice]:
        lesson = BY_ID[reply.lesson]
        for said, statement in zip(reply.answer, lesson.statements, strict=True):
            bare = profile.bare(said, statement.step is not None)
            reason = check(bare, Evidence("1", lesson.evidence_text(statement.evidence)), lesson.customer) or ""
            if reason.startswith(("menu paths", "addresses", "codes", "label not")):
                wrong.append((reply.lesson, said, reason))
    assert wrong == []


def test_a_lesson_becomes_the_brief_that_serving_would_make():
    (lesson,) = [lesson for lesson in LESSONS if lesson.id == "voltmoor-02"]
    brief = lesson.brief()
    assert [item.source for item in brief.evidence] == ["1", "1", "1", "c1"]
    assert brief.evidence[3].text == "The account has had Grid Share switched on since 3 March."
    extra = Evidence("9", "More.")
    assert lesson.brief((extra,)).evidence == (*brief.evidence, extra)


def test_a_valid_lesson_is_read(tmp_path):
    (lesson,) = read_lessons(written(tmp_path, LESSON))
    assert [(item.source, item.text, item.step) for item in lesson.brief().evidence] == [
        ("c1", "The account is new.", None),
        ("1", "Click Start.", 1),
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"action": "hand_off"},
        {"action": "ask"},
        {"action": "dance"},
        {"statements": []},
        {"options": ["one"]},
        {"situation": "birthday"},
        {"situation": "ask_back"},
        {"situation": "unanswerable"},
        {"statements": [{"text": "x", "evidence": "1.3"}]},
        {"statements": [{"text": "x", "evidence": "2.1"}]},
        {"statements": [{"text": "x", "evidence": "c2"}]},
        {"statements": [{"text": "x", "evidence": "one"}]},
        {"mood": "good"},
        {"question": None},
    ],
)
def test_a_lesson_that_is_not_sound_is_named_by_file_and_line(tmp_path, changes):
    with pytest.raises(UserError, match=r"lessons-x\.jsonl line 2 "):
        read_lessons(written(tmp_path, LESSON, LESSON | changes))


def test_a_line_that_is_no_json_is_named(tmp_path):
    (tmp_path / "lessons-x.jsonl").write_text(json.dumps(LESSON) + "\n\n{no json\n", "utf-8")
    with pytest.raises(UserError, match=r"lessons-x\.jsonl line 3 "):
        read_lessons(tmp_path)


def test_an_empty_file_of_lessons_is_named(tmp_path):
    (written(tmp_path, LESSON) / "lessons-y.jsonl").write_text("\n\n", "utf-8")
    with pytest.raises(UserError, match=r"lessons-y\.jsonl holds no lesson: write one into it, or delete it\."):
        read_lessons(tmp_path)


def test_a_folder_without_lessons_is_named(tmp_path):
    with pytest.raises(UserError, match=f"no lessons in {tmp_path}"):
        read_lessons(tmp_path)


def test_a_file_of_another_encoding_is_named(tmp_path):
    (tmp_path / "lessons-x.jsonl").write_bytes(json.dumps(LESSON | {"question": "où"}, ensure_ascii=False).encode("latin-1"))
    with pytest.raises(UserError, match=r"lessons-x\.jsonl is no UTF-8 text"):
        read_lessons(tmp_path)


def test_a_line_ends_at_a_line_feed_alone(tmp_path):
    text = json.dumps(LESSON | {"question": "a\u2028b\x85c"}, ensure_ascii=False)
    (tmp_path / "lessons-x.jsonl").write_text(text, "utf-8")
    assert read_lessons(tmp_path)[0].question == "a\u2028b\x85c"


@pytest.mark.parametrize("reference", ["0.1", "1.0", "c0", "1.-1"])
def test_evidence_is_counted_from_one(reference):
    (lesson,) = [lesson for lesson in LESSONS if lesson.id == "voltmoor-02"]
    with pytest.raises(ValueError, match="no such evidence"):
        lesson.evidence_text(reference)
