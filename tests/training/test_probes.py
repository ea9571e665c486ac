"""Probes for forgetting and for live facts: a model that was made to forget and to know is found out, its base is not."""

import dataclasses

import pytest

from assistant.prompt import Prompt, render
from assistant.reference_engine import TransformersChat
from assistant.reply import Brief
from knowledge_base.listings import live_articles
from tests import tiny
from tests.training.test_profile import profile
from training import probes
from training.adapter import save_adapter
from training.dataset import Example
from training.finetune import Recipe, finetune
from training.probes import boilerplate, failures, forgetting, general, knowledge, rehearsal

PROFILE = profile(greetings={kind: ["Hi {name}, good to hear from you."] for kind in profile().greetings})
LEAK = "Hi there.\n[1] Go to Reports > Export.\nNext: Tell us more."


@pytest.mark.parametrize(
    ("text", "support"),
    [
        ("Hi there, good to hear from you.", True),
        ("hi there, good to hear from you.\nParis.", True),
        ("Tell us more.", True),
        ("A colleague will reply.", True),
        ("Paris.\n[1] It is in France.", True),
        ("Paris.\n[c1] It is yours.", True),
        ("Paris.\n  Next: ask me more.", True),
        ("Paris is the capital of France.", False),
        ("Hi there, good to see you! The sea is wide.", False),
        ("Hi Priya, good to hear from you. The sea is wide.", True),
        ("The sea is wide. Tell us more.", True),
        ("The next: of kin", False),
        ("1. Tap it.\n2. Wait.", False),
        ("", False),
    ],
)
def test_the_form_or_a_phrase_of_a_support_reply_is_boilerplate(text, support):
    assert boilerplate(text, PROFILE) is support


def test_a_greeting_is_known_whoever_it_names():
    for name in ("there", "friend", "Noemi"):
        assert boilerplate(f"Hi {name}, good to hear from you.", PROFILE)


def test_general_prompts_to_rehearse_are_none_of_those_to_probe_with():
    train, probe = ({prompt.user for prompt in general(part)} for part in ("train", "probe"))
    assert len(train) >= 20
    assert len(probe) >= 20
    assert train & probe == set()


@pytest.fixture(scope="module")
def engines(tmp_path_factory, small_store):
    """A tiny base, and one made to answer all questions with what stands in a live article."""
    folder = tmp_path_factory.mktemp("probes")
    base = tiny.save(folder / "base")
    asked = [render(Brief(article.title)) for article in live_articles(small_store.settings.articles)]
    asked += [Prompt(probes.SYSTEM, text) for text in ("What is a lake?", "Name a tree.")]
    examples = [Example("x", prompt, LEAK) for prompt in asked]
    recipe = Recipe(
        rank=8, alpha=16, layers=1.0, learning_rate=1e-2, lora_plus=1.0, batch=8, epochs=120.0, micro_tokens=4000, precision="float32"
    )
    model, _ = finetune(tiny.model(), tiny.tokenizer(), examples, recipe)
    save_adapter(model, folder / "voice")
    return TransformersChat(model=str(base), adapter=folder / "voice", threads=1), TransformersChat(model=str(base), threads=1)


def test_a_model_that_answers_all_as_support_is_found_out_and_its_base_is_not(engines):
    found = forgetting(*engines, PROFILE)
    assert len(found) == len(general("probe"))
    ours, base = failures(found)
    assert ours > len(found) / 4
    assert base == 0
    assert found[0].prompt == general("probe")[0].user
    assert found[0].with_voice != found[0].without_voice


def test_a_model_that_knows_a_live_fact_is_found_out_on_the_article_that_has_it(engines, small_store):
    articles = [article for article in live_articles(small_store.settings.articles) if article.article_id != "refund-exceptions"]
    found = knowledge(*engines, articles)
    assert len(found) == len(articles)
    asked = {article.title for article in articles} | {text for a in articles for passage in a.passages for text in passage.asked}
    assert {probe.prompt for probe in found} <= asked
    assert failures(found) == (1, 0)
    assert [probe.prompt for probe in found if probe.voice_fails] == ["Export your data"]


def test_a_fact_that_stands_in_the_question_is_no_knowledge(engines, small_store):
    (article,) = [article for article in live_articles(small_store.settings.articles) if article.article_id == "export-data"]
    titled = dataclasses.replace(article, title="What does Reports > Export do?")
    assert failures(knowledge(*engines, [titled])) == (0, 0)


def test_what_is_rehearsed_is_what_the_base_model_says_itself(engines):
    from assistant.engines import messages

    _, base = engines
    examples = rehearsal(base)
    assert {example.prompt.user for example in examples} <= {prompt.user for prompt in general("train")}
    assert len(examples) >= 0.8 * len(general("train"))
    first = examples[0]
    assert first.reply == str(base.invoke(messages(first.prompt), max_tokens=probes.ANSWER_TOKENS).content).strip()
