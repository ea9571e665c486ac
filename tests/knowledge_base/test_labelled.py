"""The labelled questions: what they name is there, and what is fitted on them never saw the held-out half."""

import json

import pytest
import yaml

from knowledge_base.articles import article_from_markdown, front_matter
from knowledge_base.settings import HERE
from tests.benchmarks import questions

SHEET = yaml.safe_load((HERE / "fact_sheet.yaml").read_text("utf-8"))
SPLIT = {article["id"]: article["split"] for article in SHEET["articles"]}


@pytest.fixture(scope="module")
def sentences():
    articles = [article_from_markdown(path.read_bytes(), path.name) for path in (HERE / "help_center").rglob("*.md")]
    return {article.article_id: {unit.text for passage in article.passages for unit in passage.units} for article in articles}


def labelled():
    return [json.loads(line) for path in (questions.FOLDER / "labelled").glob("*.jsonl") for line in path.read_text("utf-8").splitlines()]


def test_what_a_question_is_answered_with_stands_in_its_article(sentences):
    for row in labelled():
        for article in row["articles"]:
            assert SPLIT[article] == "dev", row["id"]
        assert set(row["sentences"]) <= sentences[row["articles"][0]], row["id"]


def test_every_question_has_one_id_and_one_wording():
    for name in ("id", "question"):
        short = (*questions.short("dev"), *questions.short("held_out"))
        said = [row[name] for row in (*questions.read("dev"), *questions.read("held_out"), *labelled(), *short)]
        assert len(said) == len(set(said))


def test_a_held_out_question_needs_a_held_out_article():
    for row in questions.read("held_out"):
        assert not row["gold_articles"] or "held_out" in {SPLIT[article] for article in row["gold_articles"]}, row["id"]


def test_a_short_question_is_of_its_half_and_its_answer_is_there(sentences):
    customers = [json.loads(line)["customer_id"] for line in (HERE / "customers.jsonl").read_text("utf-8").splitlines()]
    halves = {}
    for split in ("dev", "held_out"):
        for row in questions.short(split):
            if row["kind"] == "account":
                assert row["customer_id"] in customers, row["id"]
                halves.setdefault(split, set()).add(row["customer_id"])
            else:
                assert SPLIT[row["gold_articles"][0]] == split, row["id"]
                every = "\n".join(text for texts in sentences.values() for text in texts)
                assert row["facts"], row["id"]
                assert questions.all_facts(row, every), row["id"]
    assert not halves["dev"] & halves["held_out"]


def test_a_sentence_that_answers_named_questions_is_the_only_one_of_its_part_that_begins_so():
    for path in (HERE / "help_center").rglob("*.md"):
        article, (meta, _) = article_from_markdown(path.read_bytes(), path.name), front_matter(path.read_text("utf-8"))
        for heading, groups in meta["asked_as"].items():
            texts = [unit.text for passage in article.passages if passage.heading == heading for unit in passage.units]
            for opening in filter(None, groups):
                assert sum(text.startswith(opening) for text in texts) == 1, (article.article_id, heading, opening)


def test_no_ambiguous_question_of_an_article_is_a_question_of_the_tests():
    asked = {
        questions.normal(row["question"]) for split in ("dev", "held_out") for row in (*questions.read(split), *questions.short(split))
    }
    named = {
        questions.normal(line)
        for path in (HERE / "help_center").rglob("*.md")
        for p in article_from_markdown(path.read_bytes(), path.name).passages
        for line in p.ambiguous
    }
    assert named and not asked & named
