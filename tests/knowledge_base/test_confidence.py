"""Confidence: a probability that rises with the signals that should raise it, with and without named questions."""

import json

import numpy as np
import pytest

from knowledge_base import confidence
from knowledge_base.confidence import CALIBRATION, FEATURES, HISTORY_SIGNALS, answerable, features, vague
from knowledge_base.refresh import refresh
from knowledge_base.retrieval import KnowledgeBase
from tests.conftest import ARTICLES, write_help_center

WORDS = {"unknown": 0.1, "coverage": 0.8, "missing": 1.0, "telling": 9.0}
QUESTION = "How do I add seats on the Team plan?"


def ranked(best, *others):
    """Passages of one article each, all their parts as their score's share."""
    return [(f"article-{place}", value * 4, dict.fromkeys(confidence.PARTS, value)) for place, value in enumerate((best, *others))]


def values(best=0.6, *others, phrased=True, **words):
    return whole(features(ranked(best, *(others or (0.3, 0.3, 0.2))), WORDS | words, QUESTION, follow_up=False, phrased=phrased))


def whole(found):
    """With what a question finds alone, as of one without a history."""
    return found | confidence.history_signals(found, found, None, follows=False)


@pytest.mark.parametrize("phrased", [True, False])
def test_the_confidence_is_a_probability(phrased):
    for best in (-1.0, 0.0, 0.5, 1.0):
        assert 0 <= answerable(values(best, phrased=phrased)) <= 1
        assert 0 <= vague(values(best, phrased=phrased)) <= 1


@pytest.mark.parametrize("phrased", [True, False])
def test_a_better_best_passage_makes_it_surer(phrased):
    found = [answerable(values(best, phrased=phrased)) for best in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)]
    assert found == sorted(found)
    assert found[-1] - found[0] > 0.1


def test_words_that_are_nowhere_make_it_less_sure():
    """They are not in the best article either."""
    assert answerable(values(unknown=0.0, coverage=0.8)) > answerable(values(unknown=0.6, coverage=0.4))


def test_without_named_questions_only_what_stands_out_counts():
    """The same question in a help center whose passages all lie nearer to everything must not seem better answered."""
    near = whole(features(ranked(0.8, 0.5, 0.5, 0.4), WORDS, QUESTION, follow_up=False))
    far = whole(features(ranked(0.6, 0.3, 0.3, 0.2), WORDS, QUESTION, follow_up=False))
    assert answerable(near) == pytest.approx(answerable(far), abs=0.001)


def test_the_clause_that_lies_farthest_from_all_sentences_counts(small_store):
    alone = small_store.kb.search("How do I cancel my subscription?").features
    both = small_store.kb.search("How do I cancel my subscription and which wine goes with a roast zebra?").features
    assert (alone["clauses"], both["clauses"]) == (1, 2)
    assert both["clause"] < alone["clause"] - 0.2


def test_an_open_question_reaches_farther_along_its_direction(small_store):
    found = [small_store.kb.search(question).features["open"] for question in ("it stopped working again, help", QUESTION)]
    assert found[0] > found[1]


def test_directions_say_nothing_about_vectors_of_another_model():
    assert confidence.DIRECTIONS.is_file()
    assert {len(row) for row in json.loads(confidence.DIRECTIONS.read_text("utf-8")).values()} == {385}
    assert confidence._along("open", np.ones(7)) == 0.0


def test_the_two_models_are_told_apart_by_whether_the_best_passages_name_questions(tmp_path, small_store):
    assert small_store.kb.search("Will I get a refund?").features["phrased"] == 1.0
    bare = {name: text.replace('asked_as:\n  "Refunds": ["will I get my money back"]\n', "") for name, text in ARTICLES.items()}
    assert "asked_as" not in "".join(bare.values())
    place = write_help_center(tmp_path, bare)
    refresh(place.settings)
    kb = KnowledgeBase(place.settings)
    found = kb.search("How do I cancel my subscription?")
    assert found.features["phrased"] == 0.0
    assert found.confidence == answerable(found.features)
    assert found.confidence > kb.search("Which wine goes with zebra?").confidence


def test_every_model_weighs_features_that_exist():
    models = json.loads(CALIBRATION.read_text("utf-8"))
    assert set(models) == {"answerable", "answerable_unphrased", "in_domain", "vague", "vague_unnamed"}
    for model in models.values():
        assert "bias" in model
        assert set(model) - {"bias"} <= set(FEATURES)


def test_the_unphrased_model_weighs_no_cosine_as_such():
    model = json.loads(CALIBRATION.read_text("utf-8"))["answerable_unphrased"]
    assert not {"top", *confidence.PARTS} & set(model)


def test_a_question_that_only_points_at_its_subject_is_vaguer():
    def vagueness(question, telling, follow_up=False):
        return vague(whole(features(ranked(0.5, 0.5, 0.45, 0.4), WORDS | {"telling": telling}, question, follow_up, phrased=True)))

    assert vagueness("how do I delete it", 3.0) > 0.5 > vagueness("How do I delete the time entries of a project in Xero?", 12.0)
    assert vagueness("how do I delete it", 3.0) > vagueness("how do I delete it", 12.0)
    assert features(ranked(0.5), WORDS, "how do I delete it", follow_up=True)["pronouns"] == 0.0


def test_a_history_is_told_apart_from_what_the_question_finds_alone(small_store):
    history = [("customer", "How do I cancel my subscription?"), ("agent", "Open Billing and press Cancel subscription.")]
    question = "And does it end at once?"
    alone, after = small_store.kb.search(question).features, small_store.kb.search(question, history=history).features
    assert {alone[name] for name in HISTORY_SIGNALS} == {0.0}
    assert after["later_words"] == after["words"] > 0
    assert after["gain_top"] > 0
    assert after["gain_top"] == pytest.approx(after["top"] - alone["top"], abs=1e-3)


def test_a_choice_that_was_offered_gains_nothing_by_its_history(small_store):
    history = [("customer", "it does not work"), ("agent", "Do you mean cancel my subscription or the timer on my phone?")]
    found = small_store.kb.search("cancel my subscription", history=history).features
    assert {found[name] for name in HISTORY_SIGNALS} == {0.0}


OFF_TOPIC = (
    "Who was the first emperor of Rome?", "Which shampoo is good for dry hair?", "Are you hungry?", "My bicycle has a puncture.",
    "Whistle a tune for me",
)  # fmt: skip
"""None of the messages that the model is fitted on."""
CONVERSATION = [("customer", "How do I cancel my subscription?"), ("agent", "Open Billing and press Cancel subscription.")]


@pytest.mark.parametrize("history", [(), CONVERSATION])
@pytest.mark.parametrize("question", OFF_TOPIC)
def test_what_no_article_treats_is_neither_answered_nor_asked_back(small_store, question, history):
    found = small_store.kb.search(question, history=history)
    assert confidence.in_domain(found.features) < 0.5
    assert max(found.confidence, found.vagueness) < 0.5


@pytest.mark.parametrize("question", ["And does it end at once?", "what about the money I paid", "can I undo that?"])
def test_a_follow_up_is_about_what_it_leans_on(small_store, question):
    assert confidence.in_domain(small_store.kb.search(question, history=CONVERSATION).features) > 0.5


def test_what_no_article_treats_is_told_where_articles_name_no_questions(tmp_path):
    bare = {name: text.replace('asked_as:\n  "Refunds": ["will I get my money back"]\n', "") for name, text in ARTICLES.items()}
    place = write_help_center(tmp_path, bare)
    refresh(place.settings)
    kb = KnowledgeBase(place.settings)
    likely = {question: confidence.in_domain(kb.search(question).features) for question in (*OFF_TOPIC, "How do I cancel my subscription?")}
    assert max(likely[question] for question in OFF_TOPIC) < 0.5 < likely["How do I cancel my subscription?"]


def test_a_follow_up_to_an_off_topic_message_is_off_topic_too(small_store):
    history = [*CONVERSATION, ("customer", "Whistle a tune for me"), ("agent", "We're passing this to a colleague.")]
    after = {said: small_store.kb.search("And how long does that take?", history=said) for said in (tuple(CONVERSATION), tuple(history))}
    assert after[tuple(CONVERSATION)].confidence > 0.5 > after[tuple(history)].confidence
