"""The lints: live facts in the training set and example replies that are not sound are found, all else passes."""

import dataclasses
import json
import re

import pytest
import yaml

from assistant.errors import UserError
from assistant.settings import Settings
from knowledge_base.listings import live_articles
from knowledge_base.sources import FolderSource
from tests.training.test_profile import fields
from training import probes
from training.dataset import Example
from training.lessons import LESSONS, Lesson, VoicedReply, approved_lessons, read_lessons, read_replies, strings
from training.lint import Finding, lint, lint_rehearsed, lint_replies, lint_training_set, live_facts
from training.lint import findings as training_set
from training.profile import VOICES, load_profile
from training.retrain import approved_replies
from training.taught import Taught, of_general, of_profile, of_row

ARTICLE = """---
id: plans
title: Plans
section: Billing
updated: 2026-01-02
audience: public
---

The Team plan costs $12.50 per seat. Prices hold until 2027-03-31.

## Change the plan

1. Go to **Settings > Billing > Plan**.
2. Click Save. If TB-3005 appears, write to help@talliver.example or see status.talliver.example/today.
"""
CLEAN = '{"text": "Click Save on 12 March, wait 5 minutes and pay $13.50 in Settings > Members."}'

LESSON = Lesson.model_validate(
    {
        "id": "kiln-01", "product": "Kiln", "domain": "pottery", "situation": "how_to", "question": "how", "customer": None,
        "passages": [{"title": "Firing", "sentences": ["Wait 5 minutes.", "Click Start."]}], "account": ["The account is new."],
        "action": "answer",
        "statements": [{"text": "Your account is new.", "evidence": "c1"}, {"text": "Click Start.", "evidence": "1.2", "step": 1}],
    }
)  # fmt: skip
PRICED = LESSON.model_copy(update={"id": "kiln-02", "question": "why does it cost $12.50, and why TB-3005?"})


def reply(**changes) -> VoicedReply:
    fields = {
        "lesson": "kiln-01",
        "greeting": "Hi there, happy to help.",
        "answer": ["Quick note: Your account is new.", "Tap Start."],
        "next_step": "Reply here if it doesn't work.",
    }
    return VoicedReply(**(fields | changes))


@pytest.fixture
def articles(tmp_path):
    folder = tmp_path / "help" / "billing"
    folder.mkdir(parents=True)
    (folder / "plans.md").write_text(ARTICLE, "utf-8")
    return tmp_path / "help"


def live(articles, *names):
    return live_facts(live_articles([FolderSource(path=articles)]), names or ("Talliver",))


def findings(articles, line: str):
    texts = [CLEAN, line, CLEAN]
    taught = [Taught(f"lessons-x.jsonl:{number}", tuple(strings(json.loads(text)))) for number, text in enumerate(texts, 2)]
    return lint(taught, live(articles))


@pytest.mark.parametrize(
    ("line", "kind", "text", "article"),
    [
        ('{"text": "It costs $12.50 now."}', "price", "$12.50", "plans"),
        ('{"text": "Open Settings > Billing > Plan, then wait."}', "menu path", "settings > billing > plan", "plans"),
        ('{"text": "You see TB-3005."}', "error code", "tb-3005", "plans"),
        ('{"text": "It ends on 2027-03-31."}', "date", "2027-03-31", "plans"),
        ('{"text": "Write to help@talliver.example."}', "address", "help@talliver.example", "plans"),
        ('{"text": "talliVER does it."}', "product name", "Talliver", "plans"),
    ],
)
def test_a_planted_live_fact_is_found_with_its_place_and_article(articles, line, kind, text, article):
    found = [item for item in findings(articles, line) if item.kind == kind]
    assert [(item.place, item.text, item.article) for item in found] == [("lessons-x.jsonl:3", text, article)]
    assert str(found[0]).startswith("lessons-x.jsonl:3: ")
    assert text in str(found[0])


def test_a_training_file_without_live_facts_has_no_findings(articles):
    assert findings(articles, CLEAN) == []


def test_a_fact_that_stands_in_no_live_article_is_no_finding(articles):
    line = '{"text": "It costs $12.51, see TB-3006, Settings > Billing > Members, 2027-04-01 and help@other.example."}'
    assert findings(articles, line) == []


def test_every_planted_fact_of_a_line_is_found(articles):
    found = findings(articles, '{"text": "Talliver: $12.50, TB-3005, 2027-03-31."}')
    assert sorted(item.kind for item in found) == ["date", "error code", "price", "product name"]


PRICES = """---
id: prices
title: Prices
---
A {}.
"""


@pytest.mark.parametrize(
    ("live", "line"),
    [
        *(("seat costs 9 USD", said) for said in ("$9", "9 usd", "USD 9", "US$9", "9 US dollars", "9-US-dollar fees", "$ 9.00", "9$")),
        ("seat costs 1,440 USD", "$1440"),
        ("seat costs $1.440,00", "1440 USD"),
        ("seat costs €9,50", "9.5 euros"),
        ("seat costs 9 dollars", "$9"),
        ("seat costs $9", "9 dollars"),
        ("seat costs £5", "5 pounds sterling"),
    ],
)
def test_a_price_is_the_same_in_any_notation(tmp_path, live, line):
    (tmp_path / "prices.md").write_text(PRICES.format(live), "utf-8")
    (found,) = findings(tmp_path, f'{{"text": "Pay {line} today."}}')
    assert (found.kind, found.text in line.lower(), found.article) == ("price", True, "prices")


@pytest.mark.parametrize("line", ["€9", "9 EUR", "$90", "9 seats", "$9.50", "0.009 USD", "$9,000", "9 £20 vouchers"])
def test_another_amount_or_currency_is_another_price(tmp_path, line):
    (tmp_path / "prices.md").write_text(PRICES.format("seat costs 9 USD"), "utf-8")
    assert findings(tmp_path, f'{{"text": "Pay {line} today."}}') == []


def test_a_sign_that_is_written_by_its_number_is_read(tmp_path, articles):
    (articles / "prices.md").write_text(PRICES.format("seat costs €9. Go to Reports > Fees"), "utf-8")
    line = LESSON.model_copy(update={"question": "PAY", "domain": "PATH"}).model_dump_json()
    line = line.replace("PAY", r"Pay \u20ac9 to T\u0061lliver.").replace("PATH", r"Go to Reports \u003e Fees.")
    (tmp_path / "lessons-x.jsonl").write_text(line, "utf-8")
    found = lint(map(of_row, read_lessons(tmp_path)), live(articles))
    assert sorted(item.kind for item in found) == ["menu path", "price", "product name"]


OWN = """---
id: own
title: Own
---
The Team seat costs €9. Go to Settings > Billing. To invite a colleague, go to Settings > Guests.
"""


@pytest.mark.parametrize(
    ("row", "kinds"),
    [
        ({"id": "murmurdock-02", "question": "A jar of honey costs €9 a month. Go to Settings > Billing."}, []),
        ({"lesson": "murmurdock-02", "answer": ["A jar of honey costs €9 a month.", "Go to Settings > Billing."]}, []),
        ({"id": "murmurdock-02", "question": "Does a seat cost €9?"}, ["price"]),
        ({"id": "murmurdock-02", "question": "To invite him, go to Settings > Guests."}, ["menu path"]),
        ({"id": "approved-murmurdock-02", "question": "A jar costs €9. Go to Settings > Billing."}, ["price", "menu path"]),
        ({"lesson": "approved-1", "answer": ["A jar costs €9."]}, ["price"]),
    ],
)
def test_a_bundled_lesson_may_share_a_price_or_a_path_with_a_help_center_about_something_else(tmp_path, row, kinds):
    (tmp_path / "own.md").write_text(OWN, "utf-8")
    changed = LESSON.model_copy(update=row) if "id" in row else reply(**row)
    assert [item.kind for item in lint([of_row(changed)], live(tmp_path))] == kinds


def test_the_bundled_lessons_are_no_finding_with_a_help_center_of_ones_own(tmp_path):
    (tmp_path / "own.md").write_text(OWN, "utf-8")
    assert training_set(load_profile("warm"), [], Settings(articles=tmp_path)) == []


def test_the_name_of_the_live_product_is_a_setting(tmp_path, articles):
    lessons = written(tmp_path / "lessons", LESSON, LESSON.model_copy(update={"id": "kiln-02", "question": "what is Acmetime?"}))
    settings = Settings(articles=articles, product_names=("ACMEtime",))
    place = f"{lessons / 'lessons-x.jsonl'}:2"
    assert [str(item) for item in training_set(load_profile("warm"), [], settings, lessons)] == [
        f"{place}: product name 'ACMEtime' is one of the setting product_names"
    ]
    (articles / "hello.md").write_text("---\nid: hello\ntitle: What acmetime is\n---\nA clock.\n", "utf-8")
    assert [str(item) for item in training_set(load_profile("warm"), [], settings, lessons)] == [
        f"{place}: product name 'ACMEtime' stands in the live article hello"
    ]
    assert training_set(load_profile("warm"), [], Settings(articles=articles), lessons) == []


@pytest.mark.parametrize(
    ("said", "kinds"),
    [
        ("sign_off: Your Talliver team.", ["product name"]),
        ("nameless: talliver user", ["product name"]),
        ("words:\n  click: tap\n  fee: rate of $12.50\n", ["price"]),
        ("lead_ins:\n  facts: ['In short:',\n    'About talliver:']", ["product name"]),
        ("hand_offs:\n  - A colleague will reply.\n  - Write to help@talliver.example.", ["address", "product name"]),
        ("asks: ['Do you mean {options}?', 'In Settings > Billing > Plan, is it {options}?']", ["menu path"]),
        ("greetings:\n  how_to:\n    - Hi {name}, here since 2027-03-31.", ["date"]),
        ("next_steps:\n  billing:\n    - Tell us more.\n\n    - Ask about TB-3005.", ["error code"]),
    ],
)
def test_a_live_fact_in_a_profile_is_found_in_its_file_and_line(tmp_path, articles, said, kinds):
    name = said.partition(":")[0]
    known = fields()
    if isinstance(known.get(name), dict) and name != "words":
        said += "\n" + "\n".join(f"  {kind}: {json.dumps(phrases)}" for kind, phrases in known[name].items() if f"  {kind}:" not in said)
    rest = yaml.safe_dump({key: value for key, value in known.items() if key != name})
    path = tmp_path / "mine.yaml"
    path.write_text(f"# mine\n{said}\n{rest}", "utf-8")
    lessons = written(tmp_path / "lessons", LESSON)
    found = training_set(load_profile(path), [], Settings(articles=articles, product_names=("Talliver",)), lessons)
    line = next(n for n, text in enumerate(path.read_text("utf-8").split("\n"), 1) if re.search("(?i)talliver|12.50|TB-|2027|Plan,", text))
    assert [(item.place, item.kind) for item in found] == [(f"{path}:{line}", kind) for kind in kinds]
    with pytest.raises(UserError, match=rf"would teach a live fact: {path}:{line}: "):
        lint_training_set(load_profile(path), [], Settings(articles=articles, product_names=("Talliver",)), lessons)


@pytest.mark.parametrize("path", sorted(VOICES.glob("*.yaml")), ids=lambda path: path.stem)
def test_no_shipped_profile_and_no_general_prompt_holds_a_live_fact(path):
    texts = [*of_profile(load_profile(path)), *of_general()]
    assert len(texts) > 200
    assert {text.place.rpartition("/")[2].partition(":")[0] for text in texts} == {path.name, "general.yaml"}
    known = live_facts(live_articles(Settings().articles), Settings().product_names)
    assert [str(finding) for finding in lint(texts, known)] == []


def test_a_live_fact_in_a_general_prompt_or_in_the_base_models_answer_is_found_in_the_prompts_line(tmp_path, articles, monkeypatch):
    path = tmp_path / "general.yaml"
    path.write_text("# Prompts.\ntrain:\n  - Name a tree.\n  - What is TB-3005?\nprobe:\n  - What is Talliver?\n", "utf-8")
    monkeypatch.setattr(probes, "GENERAL", path)
    lessons = written(tmp_path / "lessons", LESSON)
    found = training_set(load_profile("warm"), [], Settings(articles=articles, product_names=("Talliver",)), lessons)
    assert [item.place for item in found] == [f"{path}:4"]
    answers = [Example("general", prompt, text) for prompt, text in zip(probes.general("train"), ("An oak.", "Oak."), strict=True)]
    lint_rehearsed(answers, live(articles))
    answers[0] = dataclasses.replace(answers[0], reply="The oak, as in help@talliver.example.")
    with pytest.raises(UserError, match=rf"answer to a general prompt would teach a live fact: {path}:3: address .*; reword the prompt\."):
        lint_rehearsed(answers, live(articles))


def test_no_shipped_lesson_and_no_example_reply_holds_a_live_fact():
    rows = [*read_lessons(LESSONS), *(reply for path in VOICES.glob("*.jsonl") for reply in read_replies(path))]
    assert len({row.place.file for row in rows}) >= 8
    known = live_facts(live_articles(Settings().articles), Settings().product_names)
    assert [str(finding) for finding in lint(map(of_row, rows), known)] == []
    assert known.names["Tallybird"]
    assert Settings().product_names == ("Tallybird",)


def written(folder, *lessons):
    folder.mkdir()
    (folder / "lessons-x.jsonl").write_text("\n".join(lesson.model_dump_json() for lesson in lessons), "utf-8")
    return folder


def test_a_training_set_with_a_live_fact_is_refused_with_the_first_finding(tmp_path, articles):
    lessons = written(tmp_path / "lessons", LESSON, PRICED)
    with pytest.raises(UserError, match=r"live fact: /.*/lessons-x\.jsonl:2: .* and 1 more; `python -m training lint` lists them; reword"):
        lint_training_set(load_profile("warm"), [], Settings(articles=articles), lessons)


@pytest.fixture
def store(tmp_path):
    """A store in which an approved reply stands behind an empty line, and so does its lesson."""
    folder = tmp_path / "store" / "lessons"
    folder.mkdir(parents=True)
    (folder / "approved.jsonl").write_text("\n\n" + LESSON.model_copy(update={"id": "approved-1"}).model_dump_json(), "utf-8")
    said = reply(lesson="approved-1", next_step="Write to help@talliver.example.")
    (folder / "warm.replies.jsonl").write_text("\n" + said.model_dump_json() + "\n", "utf-8")
    return folder.parent


def test_a_live_fact_in_an_example_reply_is_found_in_the_file_that_was_read_and_its_line(tmp_path, articles, store):
    lessons = written(tmp_path / "lessons", LESSON)
    own = reply(answer=["Quick note: Your account is new.", "Pick Start."], next_step="Write to help@talliver.example.")
    (tmp_path / "mine.replies.jsonl").write_text(f"{reply().model_dump_json()}\n\n{own.model_dump_json()}\n", "utf-8")
    replies = [*read_replies(tmp_path / "mine.replies.jsonl"), *approved_replies(load_profile("warm"), store)]
    found = training_set(load_profile("warm"), replies, Settings(articles=articles), lessons, approved_lessons(store))
    assert [item.place for item in found if isinstance(item, Finding)] == [
        f"{tmp_path / 'mine.replies.jsonl'}:3",
        f"{store / 'lessons' / 'warm.replies.jsonl'}:2",
    ]
    with pytest.raises(UserError, match=r"live fact: /.*/mine\.replies\.jsonl:3: address"):
        lint_training_set(load_profile("warm"), replies, Settings(articles=articles), lessons, approved_lessons(store))


def test_a_live_fact_in_an_approved_lesson_is_found_in_the_stores_file_behind_its_empty_lines(tmp_path, articles, store):
    path = store / "lessons" / "approved.jsonl"
    path.write_text("\n\n" + PRICED.model_dump_json() + "\n", "utf-8")
    lessons = written(tmp_path / "lessons", LESSON)
    found = training_set(load_profile("warm"), [], Settings(articles=articles), lessons, approved_lessons(store))
    assert {item.place for item in found} == {f"{path}:3"}


def test_a_place_below_the_working_folder_is_told_from_there(tmp_path, monkeypatch):
    lessons = written(tmp_path / "lessons", LESSON)
    monkeypatch.chdir(tmp_path)
    assert str(read_lessons(lessons)[0].place) == "lessons/lessons-x.jsonl:1"


@pytest.mark.parametrize(
    ("changes", "text", "reason"),
    [
        ({"lesson": "kiln-99"}, "Hi there, happy to help.", "there is no such lesson"),
        ({"answer": ["Your account is new."]}, "Hi there, happy to help.", "it has 1 statements, its lesson 2"),
        ({"answer": ["Your account is new.", "Click Start."]}, "Click Start.", "words: Click"),
        ({"answer": ["Your account is 9 days old.", "Pick Start."]}, "Your account is 9 days old.", "figures"),
        ({"greeting": "Dear you."}, "Dear you.", "never: dear"),
        ({"next_step": "Reply here! 🎉"}, "Reply here! 🎉", "emoji"),
    ],
)
def test_an_example_reply_that_is_not_sound_is_named_with_its_file_and_line(tmp_path, changes, text, reason):
    path = tmp_path / "mine.replies.jsonl"
    path.write_text(f"{reply().model_dump_json()}\n\n{reply(**changes).model_dump_json()}\n", "utf-8")
    found = lint_replies(load_profile("warm"), [LESSON], read_replies(path))
    assert {str(item.place) for item in found} == {f"{path}:3"}
    assert any(item.text == text and item.reason.startswith(reason) for item in found), found
    assert str(found[0]).startswith(f"{path}:3: lesson {found[0].lesson}: ")


def test_an_example_reply_that_stands_in_no_file_is_named_by_its_lesson():
    (found,) = lint_replies(load_profile("warm"), [LESSON], [reply(greeting="Hi 🎉.")])
    assert str(found) == "lesson kiln-01: 'Hi 🎉.' (emoji)"


def test_an_example_reply_that_is_not_sound_stops_the_training(tmp_path, articles):
    lessons = written(tmp_path / "lessons", LESSON)
    with pytest.raises(
        UserError,
        match=r"example reply that is not sound: lesson kiln-01: 'Dear you.' \(never: dear\) and 1 more",
    ):
        lint_training_set(load_profile("warm"), [reply(greeting="Dear you.")], Settings(articles=articles), lessons)
