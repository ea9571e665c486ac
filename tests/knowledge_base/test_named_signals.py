"""What named questions tell: which sentence answers, and which article."""

from dataclasses import replace

import numpy as np
import pytest

from knowledge_base.evidence import narrow
from knowledge_base.evidence_signals import ARTICLE, UNIT, article_signals, named_signals, unit_signals
from knowledge_base.passages import Unit
from knowledge_base.refresh import refresh
from knowledge_base.retrieval import KnowledgeBase
from tests.conftest import write_articles
from tests.knowledge_base.test_ranking import EAST, NORTH, passage

TWO = (Unit("Seats cost 5 USD."), Unit("An Owner adds seats."))
NOBODY = -1


def two_units(answered_by, asked=(EAST, NORTH)):
    return passage(
        units=TWO,
        unit_vectors=np.array([EAST, NORTH]),
        asked_vectors=np.array(asked),
        answered_by=np.array(answered_by, dtype=np.int16),
    )


def test_a_named_question_speaks_for_the_sentence_that_answers_it_and_not_for_one_that_resembles_it():
    named, votes = named_signals(two_units([[1, NOBODY, NOBODY], [1, NOBODY, NOBODY]]), EAST[None, :])
    assert named[:, 0] == pytest.approx([0, 1])
    assert votes[:, 0] == pytest.approx([0, 1])


def test_where_that_is_not_told_it_speaks_for_the_nearest():
    named, votes = named_signals(two_units([[NOBODY] * 3, [NOBODY] * 3]), EAST[None, :])
    assert named[0, 0] == 1 > named[1, 0]
    assert votes[0, 0] > 0.99


def test_one_that_two_sentences_answer_speaks_for_both():
    named, votes = named_signals(two_units([[1, 0, NOBODY], [1, NOBODY, NOBODY]]), EAST[None, :])
    assert named[:, 0] == pytest.approx([1, 1])
    assert (votes[:, 0] > 0.99).all()


def test_without_named_questions_the_sentences_speak_for_themselves():
    named, votes = named_signals(passage(units=TWO, unit_vectors=np.array([EAST, NORTH])), np.array([EAST, NORTH]))
    assert named.tolist() == [[1, 0], [0, 1]]
    assert votes.sum(axis=0) == pytest.approx([1, 1])
    assert (np.diag(votes) > 0.99).all()


def test_the_sentence_that_is_told_to_answer_is_said_first_among_its_neighbours(refreshed):
    text = (
        "---\nid: lamp\ntitle: The lamp\nasked_as:\n  '':\n    {}: [may the trainee touch it, is the apprentice let near]\n---\n"
        "The lamp belongs to the harbour. Only a keeper lights the lamp. The lamp burns whale oil."
    )
    scores = {}
    for opening in ("Only a keeper lights", "The lamp burns whale"):
        write_articles(refreshed.articles, {"lamp": text.format(opening)})
        refresh(refreshed.settings)
        found = KnowledgeBase(refreshed.settings).search("may the trainee of the harbour touch the lamp")
        rows = dict(zip((unit.text for unit in found.passages[0].units), unit_signals(found)[0], strict=True))
        scores[opening] = {name: row[UNIT.index("votes")] for name, row in rows.items()}
        assert narrow(found, 1000, len).pieces
    assert max(scores["Only a keeper lights"], key=scores["Only a keeper lights"].get) == "Only a keeper lights the lamp."
    assert max(scores["The lamp burns whale"], key=scores["The lamp burns whale"].get) == "The lamp burns whale oil."


def test_an_article_has_the_votes_of_its_named_questions(small_store):
    found = small_store.kb.search("Will I get my money back?")
    votes = {name: row[ARTICLE.index("votes")] for name, row in article_signals(found).items()}
    assert votes["cancel-plan"] == pytest.approx(1)
    assert sum(votes.values()) == pytest.approx(1)
    none = replace(found, passages=[replace(item, asked_vectors=np.zeros((0, len(found.query)))) for item in found.passages])
    assert sum(row[ARTICLE.index("votes")] for row in article_signals(none).values()) == pytest.approx(1)
