"""What a replay says has changed, without a model: stored turns held against changed ones."""

import pytest

from assistant.replay import differences, replay
from tests.assistant.kept import HIT, turn

MADE = {"base": "b" * 64, "adapter": "a" * 64, "machine": "Linux x86_64", "openvino-genai": "2026.1", "hybrid-support-assistant": "0.1.0"}
SETTINGS = {"threads": 2, "evidence_tokens": 360, "store": "data", "voice": "active", "base_model": "embedded"}
BEFORE = turn("t", made_with=MADE, settings=SETTINGS)


def after(**changes):
    return BEFORE.model_copy(update=changes)


def test_nothing_that_is_alike_is_named():
    assert differences(BEFORE, after()) == {}


@pytest.mark.parametrize(
    ("changes", "part", "said"),
    [
        ({"retrieved": [HIT.model_copy(update={"version": 4, "text": "other"})]}, "passages", "version 3, now 4"),
        ({"retrieved": []}, "passages", "no longer found"),
        ({"retrieved": [HIT, HIT.model_copy(update={"article_id": "new", "title": "New"})]}, "passages", "“New” is found now"),
        ({"voice": "calm@2"}, "voice", "warm@1, now calm@2"),
        ({"made_with": MADE | {"adapter": "c" * 64}}, "voice", "warm@1, now warm@1"),
        ({"made_with": MADE | {"base": "d" * 64}}, "model", "now embedded dddddddddddd"),
        ({"settings": SETTINGS | {"evidence_tokens": 100}}, "settings", "evidence_tokens: 360, now 100"),
        ({"settings": SETTINGS | {"threads": 4}}, "numerics", "threads 2, now 4"),
        ({"made_with": MADE | {"openvino-genai": "2026.2"}}, "numerics", "openvino-genai 2026.1, now 2026.2"),
        ({"made_with": MADE | {"hybrid-support-assistant": "0.2.0"}}, "program", "version 0.1.0, now 0.2.0"),
    ],
)
def test_what_changed_is_named_under_its_part_alone(changes, part, said):
    found = differences(BEFORE, after(**changes))
    assert list(found) == [part]
    assert said in " ".join(found[part])


def test_the_place_of_the_store_is_no_difference():
    assert differences(BEFORE, after(settings=SETTINGS | {"store": "/elsewhere"})) == {}


def test_two_passages_that_changed_places_are_named():
    other = HIT.model_copy(update={"article_id": "other", "source": "2"})
    found = differences(turn("t", made_with=MADE, settings=SETTINGS, retrieved=[HIT, other]), after(retrieved=[other, HIT]))
    assert found == {"passages": ["the sources stand in another order"]}


def test_a_long_section_s_second_passage_does_not_hide_what_changed_in_its_first():
    second = HIT.model_copy(update={"source": "2", "text": "And more."})
    changed = HIT.model_copy(update={"text": "Other words.", "version": 4})
    found = differences(turn("t", made_with=MADE, settings=SETTINGS, retrieved=[HIT, second]), after(retrieved=[changed, second]))
    assert found == {"passages": ["“Add seats” has another text, version 3, now 4"]}


def test_where_the_prompt_is_another_one_the_numbers_are_not_to_blame():
    class Now:
        def ask(self, *_, **__):
            return after(
                prompt="Question: how\nName: John", written="Hi John.", reply=BEFORE.reply.model_copy(update={"greeting": "Hi John."})
            )

    again = replay(Now(), BEFORE)
    assert not again.same
    assert again.changed == {"passages": ["the prompt says “Name: John” now"]}
