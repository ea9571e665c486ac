"""The training set: split by product, sound, the same every time."""

import random

import pytest

from assistant.errors import UserError
from assistant.reply import parse, violations
from training import dataset
from training.dataset import Example, build, digest, split, voiced
from training.lessons import LESSONS as FOLDER
from training.lessons import VoicedReply, read_lessons, read_replies
from training.profile import VOICES, VoiceProfile, load_profile

PROFILE = load_profile("warm")
LESSONS = read_lessons()
BY_ID = {lesson.id: lesson for lesson in LESSONS}
REPLIES = read_replies(VOICES / "warm.replies.jsonl")
TRAIN, HELD_OUT = split(LESSONS)
EXAMPLES = build(PROFILE, TRAIN, REPLIES)


def test_lessons_are_held_out_by_whole_products():
    products = {lesson.product for lesson in TRAIN} & {lesson.product for lesson in HELD_OUT}
    assert products == set()
    assert len(TRAIN) + len(HELD_OUT) == len(LESSONS)
    assert 0.1 <= len(HELD_OUT) / len(LESSONS) <= 0.25


def test_every_product_of_the_list_is_one_of_the_lessons_and_named_once():
    named = (FOLDER / dataset.HELD_OUT).read_text("utf-8").splitlines()
    assert sorted(named) == sorted({lesson.product for lesson in HELD_OUT})


def test_a_folder_without_a_list_of_what_is_held_out_is_told_so(tmp_path):
    with pytest.raises(UserError, match=r"has no held_out\.txt: name in it the products"):
        split(LESSONS, tmp_path)


@pytest.mark.parametrize("held_out", [[], ["Nobody's product"], sorted({lesson.product for lesson in LESSONS})])
def test_a_list_that_leaves_nothing_to_train_on_or_to_hold_out_is_refused(tmp_path, held_out):
    (tmp_path / "held_out.txt").write_text("\n".join(held_out), "utf-8")
    with pytest.raises(UserError, match=r"held_out\.txt must name some of the lessons' products and not all of them"):
        split(LESSONS, tmp_path)


def test_a_new_product_moves_no_other():
    new = LESSONS[0].model_copy(update={"id": "new-01", "product": "A new product"})
    train, held_out = split([new, *LESSONS])
    assert held_out == HELD_OUT
    assert train == [new, *TRAIN]


def test_the_split_does_not_depend_on_the_order_of_the_lessons():
    shuffled = random.Random(3).sample(LESSONS, len(LESSONS))
    assert {lesson.id for lesson in split(shuffled)[1]} == {lesson.id for lesson in HELD_OUT}


def test_no_held_out_lesson_and_no_held_out_product_is_trained_on():
    held = {lesson.id for lesson in HELD_OUT}
    assert {example.lesson for example in EXAMPLES} & held == set()
    text = " ".join(example.prompt.user + example.reply for example in EXAMPLES)
    assert [product for product in {lesson.product.split()[0] for lesson in HELD_OUT} if product in text] == []


def test_every_example_is_a_sound_reply_to_its_lesson_in_the_voice():
    for example in EXAMPLES:
        lesson = BY_ID[example.lesson]
        reply = parse(example.reply, lesson.action)
        sources = [line.split("]")[0].lstrip("[") for line in example.prompt.user.split("\n") if line.startswith("[")]
        assert [statement.sources[0] for statement in reply.answer] == (sources if lesson.action == "answer" else []), lesson.id
        assert len(reply.answer) >= len(lesson.statements)
        assert PROFILE.broken_rules(reply.greeting, greeting=True) == []
        assert "{" not in example.reply


def test_each_lesson_is_said_by_the_rules_and_once_more_where_a_person_wrote_it():
    trained = {lesson.id for lesson in TRAIN}
    by_hand = {reply.lesson for reply in REPLIES} & trained
    assert len(EXAMPLES) == len(TRAIN) + len(by_hand)
    assert {example.lesson for example in EXAMPLES} == trained


def test_a_hand_written_reply_is_said_in_its_own_words():
    hand = next(reply for reply in REPLIES if reply.lesson in {lesson.id for lesson in TRAIN} and reply.answer)
    _, reply = voiced(BY_ID[hand.lesson], PROFILE, random.Random(0), hand)
    assert [statement.text for statement in reply.answer][: len(hand.answer)] == hand.answer


def test_a_reply_of_another_length_than_its_lesson_is_named():
    lesson = next(lesson for lesson in TRAIN if len(lesson.statements) > 1)
    hand = VoicedReply(lesson=lesson.id, greeting="Hi.", answer=["One."], next_step="Bye.")
    with pytest.raises(UserError, match=lesson.id):
        build(PROFILE, [lesson], [hand])


def test_an_example_that_breaks_the_contract_is_refused_and_named():
    lesson = next(lesson for lesson in TRAIN if lesson.action == "hand_off")
    profile = PROFILE.model_copy(update={"hand_offs": ["A colleague replies within 24 hours."]})
    with pytest.raises(UserError, match=f"{lesson.id} makes no sound example.*number"):
        build(profile, [lesson], [])


def test_evidence_beyond_the_question_is_said_too_and_comes_from_the_lesson():
    more = 0
    for lesson in [lesson for lesson in TRAIN if lesson.action == "answer"]:
        brief, reply = voiced(lesson, PROFILE, random.Random(lesson.id))
        extra = brief.evidence[len(lesson.statements) :]
        more += bool(extra)
        assert len(reply.answer) == len(brief.evidence)
        assert all(item.text in lesson.passages[int(item.source) - 1].sentences for item in extra)
        assert violations(reply, brief) == []
    assert more >= 30


def test_the_same_seed_gives_the_same_training_set_and_another_seed_another():
    again = build(load_profile("warm"), split(read_lessons())[0], read_replies(VOICES / "warm.replies.jsonl"))
    assert digest(again) == digest(EXAMPLES)
    assert digest(build(PROFILE, TRAIN, REPLIES, seed=1)) != digest(EXAMPLES)


def test_the_digest_covers_prompts_replies_and_their_order():
    first = EXAMPLES[:3]
    assert digest(first) != digest(first[::-1])
    assert digest(first) != digest([Example(first[0].lesson, first[0].prompt, first[0].reply + "!"), *first[1:]])
    assert digest(first) == digest([Example("renamed", example.prompt, example.reply) for example in first])


def test_an_edited_word_rule_changes_the_training_set():
    profile = VoiceProfile.model_validate(PROFILE.model_dump() | {"words": {**PROFILE.words, "click": "hit"}})
    assert digest(build(profile, TRAIN, [])) != digest(build(PROFILE, TRAIN, []))


def test_a_voice_without_hand_written_replies_is_trained_on_the_lessons_alone():
    assert sorted(example.lesson for example in build(PROFILE, TRAIN[:9], [])) == sorted(lesson.id for lesson in TRAIN[:9])


def test_each_round_says_the_lessons_anew():
    lessons = TRAIN[:20]
    once, twice = build(PROFILE, lessons, []), build(PROFILE, lessons, [], rounds=2)
    assert sorted(example.lesson for example in twice) == sorted(2 * [example.lesson for example in once])
    assert len({example.reply for example in twice}) > len({example.reply for example in once})
