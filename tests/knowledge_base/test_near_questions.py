"""Known gaps and ambiguous questions: those near to an article that no article answers lower the confidence, those that several fit
raise the vagueness; both are named to the agent and never said.
"""

import json
import sqlite3
from contextlib import closing

import pytest

from knowledge_base.catalog import Catalog
from knowledge_base.confidence import CALIBRATION, NEAR_QUESTION
from knowledge_base.erasure import purge_article
from knowledge_base.evidence import narrow
from knowledge_base.refresh import refresh
from knowledge_base.retrieval import KnowledgeBase
from knowledge_base.stored import Filters
from knowledge_base.versions import restore
from tests.conftest import ARTICLES, write_articles
from tests.knowledge_base.test_cli import run
from tests.proofs.crash import files_with

GAP = "can a subscription be handed over to another company"
NEAR = "Is it possible to hand our subscription over to another company?"
ANSWERED = "Will I get my money back?"
WITH_GAP = ARTICLES["cancel-plan"].replace("---\nA sub", f'gaps:\n  "": ["{GAP}"]\n---\nA sub')


@pytest.fixture
def gapped(refreshed):
    """A refreshed store whose article about cancelling has a known gap."""
    assert ARTICLES["cancel-plan"] != WITH_GAP
    write_articles(refreshed.articles, {"cancel-plan": WITH_GAP})
    refreshed.report = refresh(refreshed.settings)
    refreshed.kb = KnowledgeBase(refreshed.settings)
    return refreshed


def test_the_gap_is_read_with_the_passage_of_its_heading_and_is_no_part_of_its_text(gapped):
    with Catalog(gapped.store) as catalog:
        passages = catalog.article("cancel-plan").passages
        assert catalog.document_frequency("company") == 0
    assert [passage.gaps for passage in passages] == [(GAP,), (), ()]
    assert gapped.report.embedded == 1
    assert all(GAP not in hit.text for hit in gapped.kb.search(NEAR).hits)


def test_a_question_that_resembles_the_gap_is_less_sure_and_any_other_as_sure_as_before(gapped, small_store):
    before, after = small_store.kb.search(NEAR), gapped.kb.search(NEAR)
    assert (before.features["gap"], before.known_gap) == (0.0, None)
    assert after.features["gap"] > NEAR_QUESTION
    assert (after.known_gap.article_id, after.known_gap.title, after.known_gap.text) == ("cancel-plan", "Cancel a subscription", GAP)
    assert after.confidence < before.confidence - 0.1
    assert [hit.article_id for hit in after.hits] == [hit.article_id for hit in before.hits]
    assert gapped.kb.search(ANSWERED).confidence == small_store.kb.search(ANSWERED).confidence
    assert gapped.kb.search(ANSWERED).known_gap is None


def test_the_gap_counts_where_no_article_names_what_it_answers(gapped):
    bare = WITH_GAP.replace('asked_as:\n  "Refunds": ["will I get my money back"]\n', "")
    assert "asked_as" not in bare
    write_articles(gapped.articles, {"cancel-plan": bare})
    refresh(gapped.settings)
    with_gap = gapped.kb.search(NEAR)
    write_articles(gapped.articles, {"cancel-plan": bare.replace(f'gaps:\n  "": ["{GAP}"]\n', "")})
    refresh(gapped.settings)
    without = gapped.kb.search(NEAR)
    assert with_gap.features["phrased"] == without.features["phrased"] == 0.0
    assert with_gap.confidence < without.confidence - 0.1


def test_a_gap_lowers_the_confidence_in_both_models():
    models = json.loads(CALIBRATION.read_text("utf-8"))
    assert models["answerable"]["gap"] == models["answerable_unphrased"]["gap"] < 0


def test_a_question_that_is_named_as_answered_as_well_is_answered(gapped):
    answered = WITH_GAP.replace('"Refunds": ["will I get my money back"]', f'"Refunds": ["will I get my money back", "{NEAR}"]')
    write_articles(gapped.articles, {"cancel-plan": answered})
    refresh(gapped.settings)
    found = gapped.kb.search(NEAR)
    assert found.features["gap"] < NEAR_QUESTION
    assert found.known_gap is None


def test_a_gap_that_is_closed_is_gone_with_the_next_refresh_and_comes_back_with_its_version(gapped):
    write_articles(gapped.articles, {"cancel-plan": ARTICLES["cancel-plan"].replace("14 days", "15 days")})
    assert refresh(gapped.settings).changed == 1
    assert gapped.kb.search(NEAR).known_gap is None
    restore(gapped.settings, "cancel-plan@2")
    assert gapped.kb.search(NEAR).known_gap.text == GAP


@pytest.mark.parametrize("parts", [3, 4, 5])
def test_a_version_kept_before_there_were_gaps_or_sentences_that_answer_is_restored(gapped, parts):
    write_articles(gapped.articles, {"cancel-plan": WITH_GAP.replace("14 days", "15 days")})
    refresh(gapped.settings)
    with closing(sqlite3.connect(gapped.store / "catalog.sqlite3")) as db, db:
        (body,) = db.execute("SELECT body FROM versions WHERE article_id = 'cancel-plan' AND version = 2").fetchone()
        kept = json.loads(body)
        kept["passages"] = [passage[:parts] for passage in kept["passages"]]
        db.execute("UPDATE versions SET body = ? WHERE article_id = 'cancel-plan' AND version = 2", (json.dumps(kept),))
    restore(gapped.settings, "cancel-plan@2")
    found = gapped.kb.search(NEAR)
    assert "14 days" in "".join(hit.text for hit in found.hits)
    assert (found.known_gap is None) == (parts == 3)
    assert any(len(passage.asked_vectors) == len(passage.answered_by) > 0 for passage in found.passages)
    assert narrow(found, 1000, len).pieces


def test_an_edited_article_embeds_no_gap_again(gapped):
    write_articles(gapped.articles, {"cancel-plan": WITH_GAP.replace("within 14 days", "within 15 days")})
    assert refresh(gapped.settings).embedded == 2  # the sentence and its passage


def test_the_gap_of_an_internal_article_is_not_named_in_a_public_search(gapped):
    gap = "may a lead be overruled by the board"
    internal = ARTICLES["refund-exceptions"].replace("updated:", f'gaps:\n  "": ["{gap}"]\nupdated:')
    write_articles(gapped.articles, {"refund-exceptions": internal})
    refresh(gapped.settings)
    assert gapped.kb.search("May a lead be overruled by the board?").known_gap is None
    assert gapped.kb.search("May a lead be overruled by the board?", filters=Filters("internal")).known_gap.text == gap


def test_a_purge_leaves_nothing_of_a_gap(gapped):
    assert files_with(gapped.store, "handed over")
    (gapped.articles / "cancel-plan.md").unlink()
    purge_article(gapped.settings, "cancel-plan")
    assert files_with(gapped.store, "handed over") == []


def test_search_at_the_terminal_names_it(gapped):
    shown = run("search", NEAR, "--store", gapped.store).stdout.replace("\n", " ")
    assert f"Resembles a known gap of cancel-plan: {GAP}" in shown
    assert "known gap" not in run("search", ANSWERED, "--store", gapped.store).stdout
    (row,) = [json.loads(run("search", question, "--store", gapped.store, "--json").stdout) for question in (NEAR,)]
    assert row["known_gap"] == {"article_id": "cancel-plan", "title": "Cancel a subscription", "text": GAP}


def test_gaps_of_another_shape_are_ignored(gapped):
    write_articles(gapped.articles, {"cancel-plan": WITH_GAP.replace(f'"": ["{GAP}"]', GAP)})
    assert refresh(gapped.settings).quarantined == []
    assert gapped.kb.search(NEAR).known_gap is None


def test_a_search_that_finds_nothing_names_none(gapped):
    found = gapped.kb.search(NEAR, filters=Filters("nobody"))
    assert (found.hits, found.features["gap"], found.known_gap) == ([], 0.0, None)


def test_of_the_gaps_of_several_passages_the_nearest_is_named(gapped):
    other = "can refunds be paid in gold"
    more = WITH_GAP.replace(
        f'gaps:\n  "": ["{GAP}"]', f'gaps:\n  "": ["is there a discount", "{GAP}"]\n  "Refunds": ["{other}", "is tax refunded"]'
    )
    assert more != WITH_GAP
    write_articles(gapped.articles, {"cancel-plan": more})
    refresh(gapped.settings)
    assert gapped.kb.search(NEAR).known_gap.text == GAP
    assert gapped.kb.search("Can a refund be paid out in gold?").known_gap.text == other


AMBIGUOUS = "our finance colleague wants the yearly subscription ended"
LIKE_IT = "Our colleague in finance wants to have the yearly subscription ended."
WITH_AMBIGUOUS = ARTICLES["cancel-plan"].replace("---\nA sub", f'ambiguous:\n  "": ["{AMBIGUOUS}"]\n---\nA sub')


@pytest.fixture
def ambiguous(refreshed):
    """A refreshed store whose article about cancelling names an ambiguous question."""
    write_articles(refreshed.articles, {"cancel-plan": WITH_AMBIGUOUS})
    refreshed.report = refresh(refreshed.settings)
    refreshed.kb = KnowledgeBase(refreshed.settings)
    return refreshed


def test_a_question_that_resembles_the_ambiguous_one_is_vaguer_and_only_that(ambiguous, small_store):
    assert ambiguous.report.embedded == 1
    before, after = small_store.kb.search(LIKE_IT), ambiguous.kb.search(LIKE_IT)
    assert (before.features["ambiguous"], before.features["ambiguous_named"], before.ambiguous) == (0.0, 0.0, None)
    assert after.features["ambiguous"] > NEAR_QUESTION
    assert (after.ambiguous.article_id, after.ambiguous.text) == ("cancel-plan", AMBIGUOUS)
    assert after.vagueness > before.vagueness + 0.1
    assert (after.confidence, after.known_gap) == (before.confidence, None)
    assert [hit.article_id for hit in after.hits] == [hit.article_id for hit in before.hits]
    assert all(AMBIGUOUS not in hit.text for hit in after.hits)
    answered = ambiguous.kb.search(ANSWERED)
    assert (answered.features["ambiguous_named"], answered.features["ambiguous"], answered.ambiguous) == (1.0, 0.0, None)


def test_search_at_the_terminal_names_the_ambiguous_question(ambiguous):
    shown = run("search", LIKE_IT, "--store", ambiguous.store).stdout.replace("\n", " ")
    assert f"Resembles an ambiguous question of cancel-plan: {AMBIGUOUS}" in shown
    row = json.loads(run("search", LIKE_IT, "--store", ambiguous.store, "--json").stdout)
    assert row["ambiguous"] == {"article_id": "cancel-plan", "title": "Cancel a subscription", "text": AMBIGUOUS}


def test_where_ambiguous_questions_are_named_another_model_tells_the_vagueness():
    models = json.loads(CALIBRATION.read_text("utf-8"))
    assert models["vague"]["ambiguous"] > 0
    assert models["vague_unnamed"].keys() == models["vague"].keys() - {"ambiguous"}


def test_a_gap_and_an_ambiguous_question_stand_side_by_side_and_come_back_with_their_version(refreshed):
    both = WITH_GAP.replace("gaps:", f'ambiguous:\n  "Refunds": ["{AMBIGUOUS}"]\ngaps:')
    write_articles(refreshed.articles, {"cancel-plan": both})
    refresh(refreshed.settings)
    write_articles(refreshed.articles, {"cancel-plan": ARTICLES["cancel-plan"].replace("14 days", "15 days")})
    refresh(refreshed.settings)
    assert KnowledgeBase(refreshed.settings).search(LIKE_IT).ambiguous is None
    restore(refreshed.settings, "cancel-plan@2")
    kb = KnowledgeBase(refreshed.settings)
    assert (kb.search(LIKE_IT).ambiguous.text, kb.search(NEAR).known_gap.text) == (AMBIGUOUS, GAP)
