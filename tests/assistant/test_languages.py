"""Languages: which a question is written in, and whether the articles found are."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.languages import NAMES, foreign, language_of
from tests.assistant.test_decision import passage
from tests.benchmarks import questions

ENGLISH = replace(passage("Void an invoice"), text="An invoice can be voided by an Owner until it is paid.", language="")
FRENCH = replace(passage("Annuler une facture"), text="Le propriétaire peut annuler une facture tant qu'elle n'est pas payée.", language="")


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Comment puis-je annuler une facture ?", "French"),
        ("Wie storniere ich eine Rechnung?", "German"),
        ("¿Cómo anulo una factura?", "Spanish"),
        ("Как отменить счёт?", "Russian"),
        ("請求書を無効にするにはどうすればいいですか？", "Japanese"),
    ],
)
def test_a_question_in_another_language_than_the_articles_is_told(question, language):
    assert foreign(question, [ENGLISH]) == (language, "English")
    assert foreign(question, [ENGLISH, replace(ENGLISH, language="nl")]) == (language, "Dutch and English")


def test_where_an_article_is_written_in_the_questions_language_nothing_is_foreign():
    question = "Comment puis-je annuler une facture ?"
    assert foreign(question, [ENGLISH, FRENCH]) == ("", "")
    assert foreign(question, [replace(ENGLISH, language="fr-CA")]) == ("", "")
    assert foreign(question, []) == ("", "")
    assert foreign("How do I void an invoice?", [FRENCH]) == ("English", "French")


@pytest.mark.parametrize(
    "text",
    [
        "INV-2031",
        "npm ERR! code ENOENT",
        "SELECT * FROM x WHERE a=1",
        "2FA",
        "?",
        "🙂",
        "csv",
        "Björn Müller of Straßenbau GmbH, how do I export?",
    ],
)
def test_codes_and_names_are_no_foreign_language(text):
    assert language_of(text) in ("", "en")


@pytest.mark.slow
def test_no_development_question_is_taken_for_a_foreign_one():
    rows = [*questions.read("dev"), *questions.short("dev"), *questions.objects("dev"), *questions.labelled()]
    assert [row["question"] for row in rows if language_of(row["question"]) not in ("", "en")] == []


def test_of_short_foreign_questions_most_are_told_and_none_is_taken_for_a_third_language():
    rows = json.loads((Path(__file__).parent / "foreign.json").read_text("utf-8"))
    told = [(language, language_of(question)) for language, asked in rows.items() for question in asked]
    assert [pair for pair in told if pair[1] not in ("", pair[0])] == []
    assert sum(found != "" for _, found in told) >= 0.8 * len(told)


def test_every_language_that_can_be_told_has_a_name():
    assert language_of("How do I void an invoice before it is paid?") in NAMES
