"""Questions that a teacher drafts for a help center of one's own: asked for over HTTP, checked, kept, and found by a search afterwards."""

import json
import re

import httpx
import pytest
from typer.testing import CliRunner

from assistant.cli import app
from assistant.draft_questions import AT_ONCE, PATIENCE, answered_since, draft, lacking, sections, undrafted_first
from assistant.errors import UserError
from assistant.question_task import MANNER, Proposals, opening, read
from assistant.settings import Settings
from assistant.teacher import ATTEMPTS, Teacher
from knowledge_base.asked_as import read_asked_as
from knowledge_base.refresh import refresh
from knowledge_base.retrieval import KnowledgeBase
from tests.assistant.teacher_server import KEY, teaching
from tests.conftest import write_articles

PARROT = """# Polly

A bird of the house.

## Meals

Yes. Seeds are given at noon. Seeds are given twice in winter. Fruit is for feast days.
"""
MEALS = {
    "Seeds are given twice": ["what does my feathered friend get when it is cold", "does it eat more in January"],
    "Fruit is for feast days": ["may it have an apple", "it begs for my banana, shall I"],
}
NEAR = ["which brand of seeds is best", "may the bird drink milk"]


@pytest.fixture
def desk(refreshed, tmp_path, monkeypatch):
    """A refreshed store with an article that names no question, a file for drafts, and a teacher."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TEACHER_KEY", KEY)
    write_articles(refreshed.articles, {"parrots": PARROT})
    refresh(refreshed.settings)
    refreshed.file = tmp_path / "questions.yaml"
    with teaching() as refreshed.server:
        refreshed.server.says = drafts(MEALS, NEAR)
        given = refreshed.settings.model_dump(exclude={"articles", "customers"})
        refreshed.settings = Settings(
            **given, articles=refreshed.settings.articles, customers=refreshed.settings.customers,
            teacher_url=refreshed.server.url, teacher_model="big",
        )  # fmt: skip
        refreshed.draft = lambda *articles, more=False: drafted(refreshed, articles, more)
        yield refreshed


def drafts(answered, near=()):
    """A teacher that writes these questions for the sentences that begin so."""

    def says(task):
        lines = dict(re.findall(r"(?m)^Sentence (\d+)(?: \(step \d+\))?: (.*)$", task))
        groups = [
            {"sentence": int(number), "questions": questions}
            for number, text in lines.items()
            for start, questions in answered.items()
            if text.startswith(start)
        ]
        return json.dumps({"answered": groups, "not_answered": list(near) if groups else []})

    return says


def drafted(desk, articles=(), more=False):
    """What comes of having questions drafted."""
    done, found = [], sections(desk.settings, articles, desk.file)
    teacher = Teacher(desk.settings, httpx.Timeout(5.0), lambda seconds: None)
    draft(teacher, KnowledgeBase(desk.settings), found if more else lacking(found, desk.file), desk.file, done.append)
    return done


def held(desk):
    """(article, heading) -> question -> the sentences that answer it, and the gaps."""
    return {
        (name, head): ({question: set(of) for question, of in asked.questions.items()}, asked.gaps)
        for name, found in read_asked_as(desk.file).articles.items()
        for head, asked in found.headings.items()
    }


def left_out(done):
    return {text: why for item in done for text, why in item.left_out}


def test_a_drafted_question_finds_its_article_first_and_surer_than_before(desk):
    question = "What will my feathered friend get when it's cold?"
    before = KnowledgeBase(desk.settings).search(question)
    desk.draft("parrots.md")
    assert held(desk) == {
        ("parrots.md", "meals"): (
            {
                question: {start}
                for start, of in (("Seeds are given twice", "Seeds are given twice"), ("Fruit is for", "Fruit is for feast days"))
                for question in MEALS[of]
            },
            tuple(NEAR),
        )
    }
    settings = desk.settings.model_copy(update={"asked_as": desk.file})
    report = refresh(settings)
    assert (report.changed, report.quarantined) == (1, [])
    found = KnowledgeBase(settings).search(question)
    assert (found.hits[0].article_id, found.hits[0].heading) == ("parrots.md", "Meals")
    assert found.confidence > max(0.5, before.confidence)
    assert KnowledgeBase(settings).search("may the bird drink some milk").known_gap.text == "may the bird drink milk"


def test_a_section_is_asked_about_once_with_its_sentences_numbered_and_the_article_around_it(desk):
    desk.draft("parrots.md")
    first, second = desk.server.requests
    assert first["response_format"] == {"type": "json_object"}
    assert [message["role"] for message in second["messages"]] == ["system", "user"]
    assert second["messages"][0]["content"] == MANNER
    task = second["messages"][1]["content"]
    assert "Article: Polly" in task and "The part: Meals" in task and "A bird of the house." in task
    assert "Sentence 1: Yes. Seeds are given at noon.\nSentence 2: Seeds are given twice in winter.\nSentence 3: Fruit" in task
    assert "Known questions" not in task


def test_only_sections_of_public_articles_that_name_few_questions_are_drafted_for(desk):
    write_articles(desk.articles, {"secret": "---\naudience: internal\n---\nThe vault opens at noon.\n"})
    refresh(desk.settings)
    desk.server.says = '{"answered": [], "not_answered": []}'
    wanted = {(item.article.article_id, item.heading) for item in lacking(sections(desk.settings, (), desk.file), desk.file)}
    assert ("cancel-plan", "Refunds") in wanted  # one question for two sentences
    assert not [name for name, _ in wanted if "secret" in name]
    desk.file.write_text("cancel-plan:\n  Refunds: {gaps: [may I have it in gold]}\nparrots.md:\n  Polly: [who is it]\n")
    fewer = {(item.article.article_id, item.heading) for item in lacking(sections(desk.settings, (), desk.file), desk.file)}
    assert wanted - fewer == {("cancel-plan", "Refunds"), ("parrots.md", "Polly")}
    with pytest.raises(UserError, match=r"There is no article 'secret\.md' that customers may read: check the id"):
        sections(desk.settings, ["secret.md"], desk.file)


def test_what_was_drafted_is_not_asked_for_again_unless_more_is_wanted(desk):
    desk.draft("parrots.md")
    before, asked = desk.file.read_text(), len(desk.server.requests)
    desk.draft("parrots.md")
    assert len(desk.server.requests) == asked + 1  # the part for which nothing was drafted
    desk.server.says = drafts({"Fruit": ["may it have an apple", "is a mango allowed on Sundays"]})
    (_, done) = desk.draft("parrots.md", more=True)
    assert left_out([done]) == {"may it have an apple": "named already, in these words or nearly"}
    assert [entry.question for entry in done.entries] == ["is a mango allowed on Sundays"]
    assert "Known questions:\n" in desk.server.requests[-1]["messages"][1]["content"]
    assert "may it have an apple" in desk.server.requests[-1]["messages"][1]["content"]
    assert set(before.splitlines()) < set(desk.file.read_text().splitlines())


def test_drafts_of_more_begin_where_none_were_drafted(desk):
    found = sections(desk.settings, ["parrots.md"], desk.file)
    assert [item.heading for item in undrafted_first(found, desk.file)] == ["Polly", "Meals"]
    desk.file.write_text("parrots.md:\n  Polly: [who is it]\n")
    assert [item.heading for item in undrafted_first(found, desk.file)] == ["Meals", "Polly"]


def test_what_is_not_worth_having_is_left_out_with_the_reason(desk):
    fruit = [
        "Fruit is for feast-days!", "may it", "when " * 41, "my card is 4111 1111 1111 1111, may it have fruit", "may it have an apple",
        "May it have an  APPLE?", "may it have the apple", "is fruit okay \ud800",
    ]  # fmt: skip
    near = ["may it have an apple now", "will I get all my money back", "May it have an apple", "is there a parrot for sale"]
    desk.server.says = drafts({"Fruit": fruit}, near)
    done = desk.draft("parrots.md")
    assert left_out(done) == {
        "Fruit is for feast-days!": "a sentence of the article",
        "may it": "not of 3 to 40 words",
        ("when " * 41).strip(): "not of 3 to 40 words",
        "my card is 4111 1111 1111 1111, may it have fruit": "with a secret in it",
        "May it have an APPLE?": "named already, in these words or nearly",
        "may it have the apple": "named already, in these words or nearly",
        "May it have an apple": "named already, in these words or nearly",
        "may it have an apple now": "answered by its article, as a gap",
        "will I get all my money back": "answered by another article, as a gap",
    }
    assert [entry.question for entry in done[1].entries] == ["may it have an apple", "is fruit okay ?", "is there a parrot for sale"]


@pytest.mark.parametrize(
    ("fields", "unread"),
    [
        ({}, ["not of the form that was asked for"]),
        ({"answered": "none"}, ["not of the form that was asked for"]),
        ({"answered": [["why"], {"sentence": True, "questions": ["why"]}, {"sentence": "1"}]}, ["not of the form that was asked for"] * 3),
        (
            {"answered": [{"sentence": 0, "questions": ["a"]}, {"sentence": 4, "questions": ["a"]}]},
            ["for a sentence that there is not"] * 2,
        ),
        ({"answered": [{"sentence": 1}], "not_answered": [1, None]}, ["not of the form that was asked for"] * 3),
        ({"answered": [], "not_answered": {"a": 1}}, ["not of the form that was asked for"]),
    ],
)
def test_what_is_malformed_is_left_out_and_the_rest_is_read(fields, unread):
    found = Proposals()
    read(fields, range(7, 10), found)
    assert ([why for _, why in found.unread], found.answered, found.near) == (unread, {}, [])
    good = {"sentence": 3, "questions": [5, "how  so"]}
    read({**fields, "answered": [*list(fields.get("answered", [])), good, {"sentence": 1, "questions": ["how so"]}]}, range(7, 10), found)
    assert found.answered == {"how so": [9, 7]}


def test_a_teacher_that_writes_no_json_leaves_the_section_and_the_next_one_is_drafted(desk):
    desk.server.faults = {1: (200, {}, {"choices": [{"message": {"content": "I'd rather not."}}]})}
    first, second = desk.draft("parrots.md")
    assert (first.entries, first.left_out) == ([], [('"I\'d rather not."', "the answer is no JSON object")])
    assert second.entries


def test_a_teacher_that_drafts_nothing_to_be_used_is_not_asked_on_and_on(desk):
    desk.server.says = "As a language model I cannot do that."
    with pytest.raises(
        UserError, match=rf"can be read for {PATIENCE} sections in a row \(the last: the answer is no JSON object\): try another"
    ):
        desk.draft()
    assert len(desk.server.requests) == PATIENCE
    assert not desk.file.exists()


def test_a_teacher_that_drafts_only_what_is_named_by_now_is_asked_on(desk):
    write_articles(
        desk.articles, {"long": "".join(f"# Part {number}\n\nFruit {number} is red. So it is.\n\n" for number in range(PATIENCE + 2))}
    )
    refresh(desk.settings)
    desk.server.says = drafts({"Fruit": ["which colour has the fruit"]})
    done = desk.draft("long.md")
    assert [len(item.entries) for item in done] == [1] + [0] * (PATIENCE + 1)


def test_a_gap_that_is_answered_by_what_was_drafted_after_it_is_told(desk):
    write_articles(desk.articles, {"zoo": "# The zoo\n\nParrots are sold on Mondays."})
    refresh(desk.settings)
    desk.server.says = drafts(MEALS, ["where is a parrot for sale", "may the bird drink milk"])
    done = desk.draft("parrots.md")
    assert answered_since(KnowledgeBase(desk.settings), done) == []
    desk.server.says = drafts({"Parrots are sold": ["where is a parrot for sale?"]})
    done += desk.draft("zoo.md")
    ((gap, asked),) = answered_since(KnowledgeBase(desk.settings), done)
    assert (gap.article_id, gap.question) == ("parrots.md", "where is a parrot for sale")
    assert (asked.article_id, asked.question) == ("zoo.md", "where is a parrot for sale?")


def test_what_was_drafted_before_a_fault_is_kept_and_the_next_run_goes_on(desk):
    desk.server.says = drafts({"A bird": ["which animal is this"], **MEALS})
    desk.server.faults = dict.fromkeys(range(2, 2 + ATTEMPTS), (429, {}, {"error": {}}))
    with pytest.raises(UserError, match=r"limits the rate of requests \(4 tries\): try again later; the drafts so far are kept"):
        desk.draft("parrots.md")
    assert list(held(desk)) == [("parrots.md", "polly")]
    desk.server.faults = {}
    (done,) = desk.draft("parrots.md")
    assert (done.section.heading, len(done.entries)) == ("Meals", 4)


def test_a_long_section_takes_several_requests(desk):
    lines = [f"Cage {number} has a door." for number in range(1, AT_ONCE + 4)]
    write_articles(desk.articles, {"cages": "# Cages\n\n" + " ".join(lines)})
    refresh(desk.settings)
    desk.server.says = drafts({f"Cage {AT_ONCE + 2} ": ["can one leave the penultimate one"]})
    (done,) = desk.draft("cages.md")
    assert len(desk.server.requests) == 2
    assert [(entry.opening, entry.kind) for entry in done.entries] == [(f"Cage {AT_ONCE + 2} has", "asked_as")]


def test_the_beginning_of_a_sentence_tells_it_from_the_others():
    texts = [
        "The fee is 5 euros.",
        "The fee is 50 euros in winter.",
        "Yes. The fee is 5 euros a day.",
        "Never.",
        "One two three.",
        "One two three.",
    ]
    assert [opening(texts, place) for place in range(len(texts))] == [
        "The fee is 5 euros.", "The fee is 50", "The fee is 5 euros a", "Never.", "One two three.", "One two three.",
    ]  # fmt: skip


def test_the_command_drafts_reports_and_says_what_to_do_next(desk, monkeypatch):
    for name, value in (("STORE", desk.store), ("ARTICLES", desk.articles), ("CUSTOMERS", desk.customers), ("WORDING", desk.wording)):
        monkeypatch.setenv(f"DESK_{name}", str(value))

    def run(*arguments):
        return CliRunner().invoke(app, ["questions", "draft", *arguments])

    none = run("parrots.md")
    assert (none.exit_code, none.stdout) == (1, "")
    assert none.stderr == "There is no teacher: set teacher_url and teacher_model to an OpenAI-compatible server and its model.\n"
    monkeypatch.setenv("DESK_TEACHER_URL", desk.server.url)
    monkeypatch.setenv("DESK_TEACHER_MODEL", "big")
    assert run("--out", "nowhere/q.yaml").stderr == "There is no folder nowhere: make it, or name another file with --out.\n"
    assert run("nobody").stderr.startswith("There is no article 'nobody' that customers may read")
    desk.server.says = drafts({**MEALS, "A bird": ["refund of data and API limits on the phone", "may it"]}, NEAR)
    said = run("parrots.md", "--limit", "1").stdout.splitlines()
    assert said == [
        "1 sections: 1 questions and 2 gaps drafted into questions.yaml; 1 sections wait.",
        "left out     1  not of 3 to 40 words: may it",
        "1 questions do not find their article among the first five passages yet; they help most, so read them first:",
        "  parrots.md: refund of data and API limits on the phone",
        "Read questions.yaml and take out what its article does not answer in full and gaps that one does; "
        'set asked_as = "questions.yaml", then run `python -m knowledge_base refresh`.',
    ]
    monkeypatch.setenv("DESK_ASKED_AS", "questions.yaml")
    said = run("parrots.md").stdout.splitlines()
    assert said[0] == "1 sections: 4 questions and 0 gaps drafted into questions.yaml; 0 sections wait."
    assert said[-1].endswith("gaps that one does; then run `python -m knowledge_base refresh`.")
    assert run("parrots.md").stdout == (
        "Every section names as many questions as it has sentences, or has been drafted for: --more drafts others.\n"
    )
    desk.server.faults = {"all": (401, {}, {"error": {}})}
    failed = run("parrots.md", "--more")
    assert (failed.exit_code, failed.stdout) == (1, "")
    assert "does not accept the key: check the environment variable TEACHER_KEY; the drafts so far are kept." in failed.stderr
