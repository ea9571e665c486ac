"""The whole path on tiny random models of five families: trained, tried, refused or installed, and serving."""

import dataclasses
import json
import shutil
from types import SimpleNamespace

import pytest
import yaml

from assistant.engines import load_engine
from assistant.errors import UserError
from assistant.pipeline import Assistant
from assistant.settings import Settings
from assistant.voices import POINTER, SHIPPED, active_voice, read_pointer, read_voice
from tests import tiny
from tests.training import small
from training import finetune as finetune_module
from training import probes
from training.estimate import estimate
from training.evaluation import MEASURES
from training.finetune import Progress, Recipe
from training.profile import VoiceProfile, load_profile
from training.retrain import Order, Outcome, retrain

pytestmark = pytest.mark.slow
RECIPE = Recipe(
    rank=16, alpha=32, layers=1.0, learning_rate=1e-2, lora_plus=1.0, batch=8, epochs=200.0, micro_tokens=4000, precision="float32"
)
BRIEFLY = dataclasses.replace(RECIPE, epochs=3.0)


def one_phrase_each(profile: VoiceProfile) -> VoiceProfile:
    """The profile with a single phrase per situation, so that few lessons teach all that there is to say."""
    first = {field: {kind: phrases[:1] for kind, phrases in getattr(profile, field).items()} for field in ("greetings", "next_steps")}
    return profile.model_copy(update=first | {"hand_offs": profile.hand_offs[:1], "asks": profile.asks[:1]})


@pytest.fixture(scope="module")
def bases(tmp_path_factory):
    """A folder of tiny base models, and of what was taught to one."""
    return tmp_path_factory.mktemp("bases")


@pytest.fixture
def shop(refreshed, bases, tmp_path, monkeypatch):
    """A help center of five articles, a handful of lessons, settings for a base model of a family, and an order of training."""
    lessons = small.write_lessons(tmp_path / "lessons")
    (tmp_path / "general.yaml").write_text(yaml.safe_dump(small.GENERAL), "utf-8")
    monkeypatch.setattr(probes, "GENERAL", tmp_path / "general.yaml")
    monkeypatch.setattr(probes, "ANSWER_TOKENS", 16)
    monkeypatch.setattr("training.retrain.MOST_ROUNDS", 1)  # a tiny model learns one way of saying a lesson sooner than four
    monkeypatch.setattr(probes, "CLOSED_BOOK", 2)
    monkeypatch.setattr(probes, "CLOSED_BOOK_TOKENS", 40)

    def settings(family: str) -> Settings:
        base = bases / family
        if not base.is_dir():
            tiny.save(base, family, tiny.FAMILIES[family])
        return Settings(**(refreshed.settings.model_dump() | {"base_model": str(base), "engine": "transformers", "threads": 1}))

    def order(recipe: Recipe = RECIPE, **changes) -> Order:
        return dataclasses.replace(Order(one_phrase_each(load_profile("warm")), [], recipe, lessons=lessons), **changes)

    return SimpleNamespace(settings=settings, order=order, folder=tmp_path, lessons=lessons, kb=refreshed)


@pytest.fixture
def taught(shop, bases):
    """Settings for the family of Llama with a voice that was trained and installed, which is done once for all tests."""
    settings = shop.settings("llama")
    if not (bases / "voices").is_dir():
        assert retrain(shop.order(), settings).refused == []
        shutil.copytree(settings.voices, bases / "voices")
    else:
        shutil.copytree(bases / "voices", settings.voices)
    return settings


def pointer(settings: Settings) -> bytes | None:
    path = settings.voices / POINTER
    return path.read_bytes() if path.exists() else None


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_a_voice_for_any_base_model_is_trained_tried_installed_and_served(shop, family):
    settings = shop.settings(family)
    seen: list[Progress] = []
    told: list[str] = []
    outcome = retrain(shop.order(), settings, seen.append, lambda what, done, of: told.append(what))
    assert outcome.refused == []
    scores = dict(outcome.voice.card.scores)
    counts = {name: scores.pop(name) for name in list(scores) if name.startswith(("closed_book", "forgetting"))}
    assert (counts["closed_book_asked"], counts["forgetting_asked"]) == (2, 2)
    assert counts["closed_book"] <= counts["closed_book_base"] and len(counts) == 6
    assert scores == {
        "valid": 1.0, "sources": 1.0, "supported": 1.0, "forced": 1.0, "rules": 1.0, "voiced": 1.0, "reworded": 1.0,
        "recognised": 1.0,
    }  # fmt: skip
    assert [progress.step for progress in seen][-1] == outcome.progress.step == len(outcome.progress.losses)
    assert list(dict.fromkeys(told)) == [
        "linting", "asking the base model", "writing the card", "trying held-out lessons", "recognising the voice",
        "looking for forgetting", "looking for live facts",
    ]  # fmt: skip
    active = active_voice(settings)
    assert active == outcome.voice
    assert active.card.base_digest == f"name:{settings.base_model}"
    assert outcome.report.parent == active.folder and outcome.report.is_file()
    assert not any((settings.store / "training").iterdir())
    assistant = Assistant(settings)
    assert assistant.serving.trouble is None
    assert assistant.serving.now.label == active.label
    turn = assistant.ask("Can a subscription be cancelled?")
    assert turn.voice == active.label
    assert turn.reply.next_step


def test_a_model_that_learned_nothing_is_refused_and_the_voice_before_goes_on(shop, taught):
    settings, first = taught, active_voice(taught)
    before = pointer(settings)
    refused = retrain(shop.order(BRIEFLY), settings)
    assert pointer(settings) == before
    assert active_voice(settings) == first
    assert {"valid", "rules"} <= {finding.measure for finding in refused.refused}
    assert all(finding.samples for finding in refused.refused if finding.measure in MEASURES)
    assert "below the active voice" in str(refused.refused[0])
    assert "Refused." in refused.report.read_text("utf-8")
    assert first.label in [path.name for path in settings.voices.iterdir()]
    assert len([path for path in settings.voices.iterdir() if path.is_dir()]) == 1


def test_what_the_active_voice_wrote_is_judged_by_the_rules_of_today(shop, taught):
    kept = active_voice(taught).folder / "samples.json"
    samples = json.loads(kept.read_text("utf-8"))
    kept.write_text(json.dumps([sample | {"outcomes": {"valid": [False]}} for sample in samples]), "utf-8")
    told: list[str] = []
    refused = retrain(shop.order(BRIEFLY), taught, tell=lambda what, done, of: told.append(what)).refused
    assert "trying the active voice" not in told
    assert "below the active voice" in str(refused[0])


def test_a_voice_can_be_written_to_a_folder_whatever_the_gate_says(shop):
    settings = shop.settings("qwen3")
    outcome = retrain(shop.order(BRIEFLY), settings, out=shop.folder / "out")
    assert outcome.refused
    assert outcome.voice == read_voice(shop.folder / "out", settings)
    assert pointer(settings) is None
    samples = json.loads((shop.folder / "out" / "samples.json").read_text("utf-8"))
    assert [sample["lesson"] for sample in samples] == ["loom-01", "loom-02", "loom-03"]
    files = {"adapter_config.json", "adapter_model.safetensors", "card.json", "report.html", "samples.json", "training_set.json"}
    assert {path.name for path in (shop.folder / "out").iterdir()} == files


def test_an_order_that_was_interrupted_goes_on_from_its_checkpoint(shop, monkeypatch):
    monkeypatch.setattr(finetune_module, "SAVE_EVERY", -1.0)
    settings = shop.settings("llama")
    steps: list[int] = []

    def stop(progress: Progress) -> None:
        steps.append(progress.step)
        if len(steps) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        retrain(shop.order(BRIEFLY), settings, stop)
    assert pointer(settings) is None
    assert not settings.voices.exists()
    outcome: Outcome = retrain(shop.order(BRIEFLY), settings, stop, out=shop.folder / "out")
    assert steps == [1, 2, 3, 3, *range(4, outcome.progress.steps + 1)]


def test_another_order_does_not_go_on_from_a_checkpoint_of_this_one(shop, monkeypatch):
    monkeypatch.setattr(finetune_module, "SAVE_EVERY", -1.0)
    settings = shop.settings("llama")

    def stop(progress: Progress) -> None:
        raise KeyboardInterrupt

    for recipe in (BRIEFLY, dataclasses.replace(BRIEFLY, rank=8)):
        with pytest.raises(KeyboardInterrupt):
            retrain(shop.order(recipe), settings, stop)
    assert len(list((settings.store / "training").iterdir())) == 2


def test_a_voice_goes_on_from_the_active_one(shop, taught):
    anew = retrain(shop.order(BRIEFLY), taught, out=shop.folder / "anew")
    again = retrain(shop.order(BRIEFLY, start="active"), taught, out=shop.folder / "again")
    assert again.progress.losses[0] < 0.3 * anew.progress.losses[0]


def test_the_shipped_voice_cannot_be_gone_on_from_on_another_base_model(shop):
    with pytest.raises(UserError, match="was trained on embedded"):
        retrain(shop.order(start="shipped"), shop.settings("llama"))


def test_a_store_that_cannot_be_written_is_one_sentence(shop):
    settings = shop.settings("llama")
    (settings.store / "training").write_text("a file", "utf-8")
    with pytest.raises(UserError, match=r"training.* cannot be written .*: the active voice is unchanged"):
        retrain(shop.order(BRIEFLY), settings)


def test_a_folder_that_holds_something_else_is_not_overwritten(shop):
    (shop.folder / "out").mkdir()
    (shop.folder / "out" / "thesis.txt").write_text("mine", "utf-8")
    with pytest.raises(UserError, match="exists and holds no voice"):
        retrain(shop.order(BRIEFLY), shop.settings("llama"), out=shop.folder / "out")
    assert (shop.folder / "out" / "thesis.txt").read_text("utf-8") == "mine"


def test_the_fast_engine_says_what_it_serves_before_anything_is_trained(shop):
    settings = shop.settings("gemma3").model_copy(update={"engine": "openvino"})
    with pytest.raises(UserError, match=r"serves GGUF files of llama models, not '.*gemma3': set DESK_ENGINE=transformers\."):
        retrain(shop.order(), settings)
    with pytest.raises(UserError, match="DESK_ENGINE=transformers"):
        load_engine(settings, None)


def test_an_estimate_says_what_would_be_trained_on_and_changes_nothing(shop):
    settings = shop.settings("phi3")
    before = sorted(path for path in settings.store.rglob("*"))
    said = estimate(shop.order(), settings)
    assert said.startswith("3 examples over 1 products (0 replies by hand), 3 general prompts, 3 lessons held out. A median of ")
    assert f"{RECIPE.epochs:g} times over at " in said
    assert sorted(path for path in settings.store.rglob("*")) == before


def test_the_shipped_voice_is_what_answers_until_another_is_installed(tmp_path):
    assert read_pointer(Settings(store=tmp_path)).folder == "shipped"
    assert active_voice(Settings(store=tmp_path)).folder == SHIPPED
