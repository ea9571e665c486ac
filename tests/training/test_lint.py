"""The fact lint: live facts in the training set are found, all else passes."""

import pytest

from assistant.errors import UserError
from assistant.settings import Settings
from knowledge_base.plan import live_articles
from knowledge_base.sources import FolderSource
from training import retrain
from training.lint import lint
from training.profile import load_profile
from training.retrain import PRODUCT_NAMES, lint_training_set

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


@pytest.fixture
def articles(tmp_path):
    folder = tmp_path / "help" / "billing"
    folder.mkdir(parents=True)
    (folder / "plans.md").write_text(ARTICLE, "utf-8")
    return tmp_path / "help"


def findings(tmp_path, articles, line: str):
    path = tmp_path / "lessons-x.jsonl"
    path.write_text(f"{CLEAN}\n\n{line}\n{CLEAN}\n", "utf-8")
    return lint([path], live_articles([FolderSource(path=articles)]), ("Talliver",))


@pytest.mark.parametrize(
    ("line", "kind", "text", "article"),
    [
        ('{"text": "It costs $12.50 now."}', "price", "$12.50", "plans"),
        ('{"text": "Open Settings > Billing > Plan, then wait."}', "menu path", "settings > billing > plan", "plans"),
        ('{"text": "You see TB-3005."}', "error code", "tb-3005", "plans"),
        ('{"text": "It ends on 2027-03-31."}', "date", "2027-03-31", "plans"),
        ('{"text": "Write to help@talliver.example."}', "address", "help@talliver.example", "plans"),
        ('{"text": "talliVER does it."}', "product name", "Talliver", "(all)"),
    ],
)
def test_a_planted_live_fact_is_found_with_file_line_and_article(tmp_path, articles, line, kind, text, article):
    found = [item for item in findings(tmp_path, articles, line) if item.kind == kind]
    assert [(item.file, item.line, item.text, item.article) for item in found] == [("lessons-x.jsonl", 3, text, article)]
    assert str(found[0]).startswith("lessons-x.jsonl:3: ")
    assert text in str(found[0])


def test_a_training_file_without_live_facts_has_no_findings(tmp_path, articles):
    assert findings(tmp_path, articles, CLEAN) == []


def test_a_fact_that_stands_in_no_live_article_is_no_finding(tmp_path, articles):
    line = '{"text": "It costs $12.51, see TB-3006, Settings > Billing > Members, 2027-04-01 and help@other.example."}'
    assert findings(tmp_path, articles, line) == []


def test_every_planted_fact_of_a_line_is_found(tmp_path, articles):
    found = findings(tmp_path, articles, '{"text": "Talliver: $12.50, TB-3005, 2027-03-31."}')
    assert sorted(item.kind for item in found) == ["date", "error code", "price", "product name"]


def test_the_shipped_training_set_is_clean():
    lint_training_set(load_profile("warm"), Settings())
    assert PRODUCT_NAMES == ("Tallybird",)


def test_a_training_set_with_a_live_fact_is_refused_with_the_first_finding(tmp_path, articles, monkeypatch):
    lessons = tmp_path / "lessons"
    lessons.mkdir()
    (lessons / "lessons-x.jsonl").write_text(CLEAN + '\n{"text": "It costs $12.50, or TB-3005."}\n', "utf-8")
    monkeypatch.setattr(retrain, "LESSONS", lessons)
    with pytest.raises(UserError, match=r"live fact: lessons-x\.jsonl:2: .* and 1 more; reword"):
        lint_training_set(load_profile("warm").model_copy(update={"name": "nobody"}), Settings(articles=articles))
