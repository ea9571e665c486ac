"""What example replies a voice lacks, and drafts by a teacher over HTTP: in the documented form, with every fault as one sentence."""

import json
import shutil

import httpx
import pytest
from typer.testing import CliRunner

from assistant.errors import UserError
from assistant.settings import Settings
from assistant.teacher import ATTEMPTS, LONGEST_WAIT, NoDraftError, Teacher
from tests.assistant.teacher_server import KEY, teaching
from training.cli import app
from training.dataset import split
from training.examples import coverage, draft, drafted_before, to_draft
from training.lessons import read_lessons, read_replies
from training.profile import EXAMPLES, SITUATIONS, VOICES, load_profile
from training.teacher import drafted, manner

PROFILE = load_profile("warm")
LESSONS = split(read_lessons())[0]
BY_ID = {lesson.id: lesson for lesson in LESSONS}
REPLIES = [reply for reply in read_replies(VOICES / "warm.replies.jsonl") if reply.lesson in BY_ID]
PAIRS = [(BY_ID[reply.lesson], reply) for reply in REPLIES]
LESSON = next(lesson for lesson in LESSONS if len(lesson.statements) > 2)


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("TEACHER_KEY", KEY)
    with teaching() as teacher:
        yield teacher


def teacher_at(url, waits=None, timeout=5.0, **settings):
    sleep = waits.append if waits is not None else (lambda seconds: None)
    return Teacher(Settings(teacher_url=url, teacher_model="big", **settings), httpx.Timeout(timeout), sleep)


def test_a_voice_without_replies_lacks_them_in_every_situation_and_in_all_at_least_as_many_as_a_voice_needs():
    found = coverage(PROFILE, LESSONS, [])
    assert [item.situation for item in found] == list(SITUATIONS)
    assert sum(item.missing for item in found) >= EXAMPLES
    assert all(len(item.candidates) >= item.missing > 0 for item in found)


def test_candidates_have_no_reply_and_come_from_many_products():
    written = {reply.lesson for reply in REPLIES}
    for item in coverage(PROFILE, LESSONS, REPLIES):
        assert item.have == sum(BY_ID[reply.lesson].situation == item.situation for reply in REPLIES)
        assert not {lesson.id for lesson in item.candidates} & written
        assert all(lesson.situation == item.situation for lesson in item.candidates)
    first = coverage(PROFILE, LESSONS, [])[0].candidates[:20]
    assert len({lesson.product for lesson in first}) == 20


def test_drafts_are_asked_for_where_most_is_missing_and_never_twice():
    found = coverage(PROFILE, LESSONS, [])
    wanted = to_draft(found, 30, set())
    assert len({lesson.id for lesson in wanted}) == 30
    again = to_draft(found, 30, {lesson.id for lesson in wanted})
    assert not {lesson.id for lesson in again} & {lesson.id for lesson in wanted}
    assert to_draft(coverage(PROFILE, LESSONS, REPLIES), 30, set()) == [] or sum(c.missing for c in coverage(PROFILE, LESSONS, REPLIES))
    assert to_draft(found, 0, set()) == []


def test_a_draft_is_asked_for_in_the_documented_form_with_the_voice_and_examples(server):
    reply = drafted(teacher_at(server.url), PROFILE, PAIRS, LESSON)
    assert (reply.lesson, reply.answer) == (LESSON.id, [item.text for item in LESSON.statements])
    (body,) = server.requests
    assert body["model"] == "big"
    assert [message["role"] for message in body["messages"]] == ["system", *["user", "assistant"] * 4, "user"]
    assert body["messages"][0]["content"] == manner(PROFILE)
    assert "click -> tap" in manner(PROFILE) and "dear" in manner(PROFILE)
    assert json.loads(body["messages"][2]["content"])["greeting"] == REPLIES[0].greeting


def test_drafts_are_kept_with_what_the_lint_finds_and_none_goes_into_the_replies(server, tmp_path):
    path, told = tmp_path / "warm.drafts.jsonl", []
    draft(teacher_at(server.url), PROFILE, LESSONS[:3], PAIRS, path, told.append)
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert [row["lesson"] for row in rows] == [lesson.id for lesson in LESSONS[:3]]
    assert [row["findings"] for row in rows] == [item.findings for item in told]
    assert any("unvoiced" in finding or "words" in finding for row in rows for finding in row["findings"])
    assert drafted_before(path) == {lesson.id for lesson in LESSONS[:3]}


@pytest.mark.parametrize(
    "content", ["I'd rather not.", "{}", '{"greeting": "Hi.", "answer": "no list", "next_step": "x"}', "[1]", '{"greeting": ']
)
def test_an_answer_that_is_no_reply_is_told_and_the_next_lesson_is_drafted(server, tmp_path, content):
    server.says = content
    with pytest.raises(NoDraftError, match=r"the answer is no (reply|JSON object)"):
        drafted(teacher_at(server.url), PROFILE, [], LESSON)
    told = []
    draft(teacher_at(server.url), PROFILE, LESSONS[:2], [], tmp_path / "d.jsonl", told.append)
    assert [item.lesson for item in told] == [lesson.id for lesson in LESSONS[:2]]
    assert not (tmp_path / "d.jsonl").exists()


@pytest.mark.parametrize(
    ("fault", "message", "tries"),
    [
        ((401, {}, {"error": {}}), "does not accept the key: check the environment variable TEACHER_KEY", 1),
        ((403, {}, {"error": {}}), "does not accept the key", 1),
        ((404, {}, {"error": {}}), r"knows no such address or model: check teacher_url and teacher_model \(big\)", 1),
        ((400, {}, {"error": {}}), "refuses the request with status 400", 2),
        ((429, {}, {"error": {}}), "limits the rate of requests", ATTEMPTS),
        ((429, {"Retry-After": "900"}, {"error": {}}), "wants to be left alone for 900 seconds", 1),
        ((503, {}, b"busy"), "answers with status 503", ATTEMPTS),
        ((200, {}, b'{"choices": ['), "something else than JSON", 1),
        ((200, {}, b"<html>"), "something else than JSON", 1),
        ((200, {}, {"choices": []}), r"without choices\[0\]\.message\.content", 1),
        ((200, {}, [1]), r"without choices\[0\]\.message\.content", 1),
        ((200, {}, {"choices": [{"message": {"content": None}}]}), r"without choices\[0\]\.message\.content", 1),
    ],
)
def test_a_fault_of_the_server_is_one_sentence_and_the_drafts_before_it_are_kept(server, tmp_path, fault, message, tries):
    server.faults = dict.fromkeys(range(2, 2 + ATTEMPTS), fault)
    path = tmp_path / "d.jsonl"
    with pytest.raises(UserError, match=message) as raised:
        draft(teacher_at(server.url), PROFILE, LESSONS[:2], [], path, lambda item: None)
    assert str(raised.value).endswith("the drafts so far are kept.")
    assert KEY not in str(raised.value)
    assert len(path.read_text("utf-8").splitlines()) == 1
    assert len(server.requests) == 1 + tries


def test_a_server_that_takes_no_response_format_is_asked_without_it_from_then_on(server):
    server.faults = {1: (400, {}, {"error": {"message": "response_format is not supported"}})}
    teacher = teacher_at(server.url)
    drafted(teacher, PROFILE, [], LESSON)
    drafted(teacher, PROFILE, [], LESSON)
    assert ["response_format" in body for body in server.requests] == [True, False, False]
    assert server.requests[0]["response_format"] == {"type": "json_object"}


def test_what_a_model_thinks_aloud_is_no_part_of_its_answer(server):
    server.says = f"<think>The form is {{...}}.</think>\n{server.draft('Statement 1: It is so.')}"
    assert drafted(teacher_at(server.url), PROFILE, [], LESSON).answer == ["It is so."]


def test_a_teacher_that_refuses_is_told(server):
    message = {"role": "assistant", "content": None, "refusal": "I can't help with that."}
    server.faults = {"all": (200, {}, {"choices": [{"message": message}]})}
    with pytest.raises(NoDraftError, match="the teacher refuses: \"I can't help with that"):
        drafted(teacher_at(server.url), PROFILE, [], LESSON)


def test_a_server_that_asks_for_patience_gets_it(server):
    waits = []
    server.faults = {1: (429, {"Retry-After": "7"}, {"error": {}}), 2: (503, {}, b"")}
    drafted(teacher_at(server.url, waits), PROFILE, [], LESSON)
    assert waits[0] == 7 and 0 < waits[1] <= LONGEST_WAIT


def test_a_server_that_does_not_answer_in_time_is_one_sentence(server):
    server.faults = {"all": "slow"}
    with pytest.raises(UserError, match=r"127\.0\.0\.1 does not answer within 0\.3 seconds"):
        drafted(teacher_at(server.url, timeout=0.3), PROFILE, [], LESSON)


def test_a_server_that_is_not_there_is_one_sentence(server, monkeypatch):
    with pytest.raises(UserError, match=r"cannot be reached \(ConnectError\) \(4 tries\): check teacher_url, or try again later"):
        drafted(teacher_at("http://127.0.0.1:9/v1"), PROFILE, [], LESSON)
    monkeypatch.delenv("TEACHER_KEY")
    with pytest.raises(UserError, match="asks for a key: set the environment variable TEACHER_KEY"):
        drafted(teacher_at(server.url), PROFILE, [], LESSON)


def test_the_address_may_be_that_of_the_requests_themselves(server):
    assert drafted(teacher_at(f"{server.url}/chat/completions/"), PROFILE, [], LESSON)


@pytest.mark.parametrize(
    ("url", "message"),
    [("", "There is no teacher"), ("ftp://x/v1", "set it to an address"), ("http://example.com/v1", "unencrypted to example.com")],
)
def test_a_teacher_that_cannot_be_asked_is_told_before_anything_is_sent(monkeypatch, url, message):
    monkeypatch.setenv("TEACHER_KEY", KEY)
    with pytest.raises(UserError, match=message):
        teacher_at(url)


def test_the_command_lists_and_drafts_beside_the_profile(server, tmp_path, monkeypatch):
    shutil.copy(VOICES / "warm.yaml", tmp_path / "mine.yaml")
    listed = CliRunner().invoke(app, ["examples", str(tmp_path / "mine.yaml")]).output.splitlines()
    assert listed[0].startswith("how_to          0 of ")
    assert listed[-1] == "To have some drafted, set teacher_url and teacher_model to an OpenAI-compatible server."
    monkeypatch.setenv("DESK_TEACHER_URL", server.url)
    monkeypatch.setenv("DESK_TEACHER_MODEL", "big")
    said = CliRunner().invoke(app, ["examples", str(tmp_path / "mine.yaml"), "--drafts", "2"]).output
    assert len((tmp_path / "mine.drafts.jsonl").read_text("utf-8").splitlines()) == 2
    assert said.endswith("move good ones without their findings to mine.replies.jsonl.\n")
    assert not (tmp_path / "mine.replies.jsonl").exists()
    (tmp_path / "mine.drafts.jsonl").write_text("nonsense\n", "utf-8")
    broken = CliRunner().invoke(app, ["examples", str(tmp_path / "mine.yaml")])
    assert broken.exit_code == 1
    assert "mine.drafts.jsonl line 1 is no draft" in broken.output
