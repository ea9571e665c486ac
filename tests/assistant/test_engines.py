"""The fast engine against the reference engine, on the shipped voice."""

import random

import pytest

from assistant.base_model import embedded_gguf
from assistant.engines import greedy, load_engine, messages
from assistant.errors import UserError
from assistant.fast_engine import OpenVINOChat
from assistant.prompt import render
from assistant.reference_engine import TransformersChat
from assistant.reply import grammar, parse, to_text, violations
from assistant.settings import Settings
from assistant.voices import SHIPPED, active_voice, canary_verdict, read_voice
from training.dataset import split, voiced
from training.lessons import read_lessons
from training.profile import load_profile

pytestmark = pytest.mark.slow
REPLIES = 20
LEAST_AGREEMENT = 0.96


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return tmp_path_factory.mktemp("engines")


@pytest.fixture(scope="module")
def fast(store):
    settings = Settings(store=store, voice="shipped")
    return load_engine(settings, active_voice(settings))


@pytest.fixture(scope="module")
def reference():
    return TransformersChat(model="embedded", adapter=SHIPPED)


@pytest.fixture(scope="module")
def card():
    return read_voice(SHIPPED, Settings()).card


def held_out():
    return split(read_lessons())[1]


def test_both_engines_make_the_same_prompt_tokens(fast, reference):
    for lesson in held_out()[:10]:
        prompt = messages(render(lesson.brief()))
        assert fast.prompt_text(prompt) == reference.prompt_text(prompt)
        assert fast.token_ids(fast.prompt_text(prompt)) == reference.token_ids(reference.prompt_text(prompt))


def test_the_fast_engine_agrees_with_the_reference_on_the_next_token(fast, reference):
    """Teacher-forced over 20 whole replies, every sixth token; the fast engine gives text, so tokens are compared by theirs."""
    rng = random.Random(0)
    same = total = 0
    profile = load_profile("warm")
    for lesson in rng.sample([lesson for lesson in held_out() if lesson.action == "answer"], REPLIES):
        brief, reply = voiced(lesson, profile, rng)
        prompt = reference.prompt_text(messages(render(brief)))
        pairs = reference.most_likely(prompt, to_text(reply))
        ids = [token for token, _ in pairs]
        for place in range(0, len(pairs), 6):
            same += fast.next_token(prompt + reference.decode(ids[:place])) == reference.decode([pairs[place][1]])
            total += 1
    assert total > 300
    assert same / total >= LEAST_AGREEMENT, f"{same} of {total}"


def test_the_canary_sees_the_voice_and_the_base_apart(fast, card):
    base = OpenVINOChat(model=embedded_gguf())
    assert canary_verdict(card, greedy(fast, card), greedy(base, card)) is None
    assert canary_verdict(card, greedy(base, card), None) == "the adapter does not change what the model says"


def test_the_reference_engine_passes_its_own_canary(reference, card):
    assert greedy(reference, card) == card.canary.with_voice


@pytest.mark.parametrize("which", ["fast", "reference"])
def test_a_reply_under_the_grammar_is_sound(which, request):
    engine = request.getfixturevalue(which)
    lessons = [lesson for lesson in held_out() if lesson.action == "answer"][: 6 if which == "fast" else 2]
    for lesson in lessons:
        brief = lesson.brief()
        text = str(engine.invoke(messages(render(brief)), grammar=grammar(brief), max_tokens=400).content)
        reply = parse(text, brief.action)
        assert [statement.sources[0] for statement in reply.answer] == [item.source for item in brief.evidence]
        assert not [found for found in violations(reply, brief) if "source" in found]


def test_select_writes_the_evidence_word_for_word(fast):
    brief = next(lesson for lesson in held_out() if lesson.action == "answer" and not lesson.account).brief()
    text = str(fast.invoke(messages(render(brief)), grammar=grammar(brief, select=True), max_tokens=400).content)
    assert [statement.text for statement in parse(text, "answer").answer] == [item.text for item in brief.evidence]


def test_prompts_side_by_side_get_each_its_own_reply(fast):
    named = {lesson.customer: lesson for lesson in held_out() if lesson.customer and lesson.action == "answer"}
    lessons = list(named.values())[:5]
    replies = [str(reply.content) for reply in fast.batch([messages(render(lesson.brief())) for lesson in lessons], max_tokens=400)]
    for lesson, reply in zip(lessons, replies, strict=True):
        assert str(lesson.customer) in reply.split("\n")[0]
        assert parse(reply, "answer").answer
    assert fast.batch([], max_tokens=24) == []


def test_prompts_side_by_side_keep_each_to_the_grammar(fast):
    brief = next(lesson for lesson in held_out() if lesson.action == "answer").brief()
    replies = fast.batch([messages(render(brief))] * 2, grammar=grammar(brief), max_tokens=400)
    for reply in replies:
        said = parse(str(reply.content), "answer").answer
        assert [statement.sources[0] for statement in said] == [item.source for item in brief.evidence]


@pytest.mark.parametrize("which", ["fast", "reference"])
def test_a_reply_that_was_interrupted_goes_on_behind_what_stands(which, request):
    engine = request.getfixturevalue(which)
    brief = next(lesson for lesson in held_out() if lesson.action == "answer" and len(lesson.brief().evidence) > 2).brief()
    prompt, text = messages(render(brief)), ""
    for chunk in engine.stream(prompt, grammar=grammar(brief), max_tokens=400):
        text += str(chunk.content)
        if text.count("\n") > 1:
            break
    begun = "".join(f"{line}\n" for line in text.split("\n")[:2])
    rest = str(engine.invoke(prompt, grammar=grammar(brief, after=2), begun=begun, max_tokens=400).content)
    reply = parse(begun + rest, "answer")
    assert [statement.sources[0] for statement in reply.answer] == [item.source for item in brief.evidence]
    whole = str(engine.invoke(prompt, grammar=grammar(brief), max_tokens=400).content)
    assert (begun + rest).split("\n")[:3] == whole.split("\n")[:3]


def test_a_stream_can_be_left_and_the_engine_goes_on(fast, card):
    prompt = messages(render(held_out()[0].brief()))
    for _ in fast.stream(prompt):
        break
    assert canary_verdict(card, greedy(fast, card), None) is None


def test_a_file_that_is_no_model_gets_one_sentence(tmp_path):
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(UserError, match="DESK_ENGINE=transformers"):
        OpenVINOChat(model=broken)


def test_a_missing_base_model_names_the_setting():
    with pytest.raises(UserError, match="DESK_BASE_MODEL"):
        TransformersChat(model="no/such-model")
    with pytest.raises(UserError, match="DESK_ENGINE=transformers"):
        load_engine(Settings(base_model="no/such-model", voice="none"), None)
