"""The optional reranker, on a tiny cross-encoder of random weights."""

import pytest

from knowledge_base.errors import UserError
from knowledge_base.found import Clock
from knowledge_base.reranker import MOST, Reranker, load_reranker
from knowledge_base.retrieval import KnowledgeBase
from knowledge_base.stored import PUBLIC
from tests import tiny

QUESTION = "How do I cancel my subscription?"


@pytest.fixture(scope="module")
def cross_encoder(tmp_path_factory):
    return str(tiny.cross_encoder(tmp_path_factory.mktemp("cross-encoder")))


@pytest.fixture
def reranked(small_store, cross_encoder):
    """The small store, read with the tiny cross-encoder."""
    return KnowledgeBase(small_store.settings.model_copy(update={"reranker": cross_encoder}))


def test_without_the_setting_nothing_is_reranked(small_store):
    assert small_store.settings.reranker == ""
    assert all("reranked" not in hit.parts for hit in small_store.kb.search(QUESTION).hits)


def test_passages_come_in_the_cross_encoders_order(reranked):
    given = [hit.parts["reranked"] for hit in reranked.search(QUESTION, most=5).hits[:5]]
    assert len(given) == 5
    assert given == sorted(given, reverse=True)


def test_the_scores_keep_their_scale_and_fall(reranked, small_store):
    scores = [hit.score for hit in reranked.search(QUESTION, most=5).hits[:5]]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == small_store.kb.search(QUESTION).hits[0].score


def test_the_confidence_is_that_of_the_first_ranking(reranked, small_store):
    assert reranked.search(QUESTION).confidence == small_store.kb.search(QUESTION).confidence


def test_the_passages_beyond_the_best_keep_their_places(cross_encoder, small_store):
    scored, _, _, _ = small_store.kb._ranked(QUESTION, (), PUBLIC, Clock())
    many = (scored * MOST)[: MOST + 3]
    again = load_reranker(cross_encoder).rerank(QUESTION, many)
    assert again[MOST:] == many[MOST:]
    assert sorted(item.passage.passage_id for item in again) == sorted(item.passage.passage_id for item in many)


def test_nothing_to_rerank_is_nothing(cross_encoder):
    assert load_reranker(cross_encoder).rerank(QUESTION, []) == []


def test_a_follow_up_is_read_with_its_history(reranked):
    history = [("customer", "I want all my time entries as a CSV file."), ("agent", "Make an export.")]
    alone = {hit.text: hit.parts["reranked"] for hit in reranked.search("and then?").hits}
    after = {hit.text: hit.parts["reranked"] for hit in reranked.search("and then?", history=history).hits}
    both = alone.keys() & after.keys()
    assert both
    assert any(alone[text] != after[text] for text in both)


@pytest.mark.parametrize("name", ["missing", "empty"])
def test_a_model_that_cannot_be_loaded_is_one_sentence(tmp_path, name):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="DESK_RERANKER") as caught:
        Reranker(str(tmp_path / name))
    assert "\n" not in str(caught.value)


def test_a_classifier_of_several_classes_is_refused(tmp_path):
    with pytest.raises(UserError, match="3 numbers"):
        Reranker(str(tiny.cross_encoder(tmp_path / "classifier", outputs=3)))
