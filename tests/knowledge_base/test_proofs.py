"""A sample of the proofs that ``make prove`` runs at full scale: kills at random moments, growth, readers beside refreshes."""

import time

import pytest

from knowledge_base import index
from tests.proofs import crash, growth, readers


@pytest.mark.slow
def test_killed_at_random_moments_a_store_answers_as_before_or_as_after():
    seed = int(time.time())
    seen = crash.prove(kills=len(crash.SCENARIOS), programs=1, seed=seed, say=lambda line: None)
    assert seen["before"] + seen["after"] == len(crash.SCENARIOS), (seed, seen)


@pytest.mark.slow
def test_a_store_stays_small_over_many_edits(tmp_path, monkeypatch):
    monkeypatch.setattr(index, "DEAD_VECTORS", 200)  # instead of 2,000, so that the index is made anew several times
    sizes = growth.grow(tmp_path, edits=60, every=6, say=lambda line: None)
    growth.check_bounded(sizes)


@pytest.mark.slow
def test_readers_beside_refreshes_see_the_old_or_the_new_version(tmp_path):
    seen = readers.prove(tmp_path, editions=20, processes=2, threads=2)
    assert seen["searches"] > 0
    assert seen["editions"] > 0
