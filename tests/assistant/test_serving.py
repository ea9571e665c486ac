"""The voice that answers, changed under a running desk; with tiny models that the reference engine serves."""

import gc
import time
import weakref

import pytest

from assistant.errors import UserError
from assistant.promotion import promote, rollback
from assistant.serving import Serving
from assistant.settings import Settings
from assistant.voices import POINTER, install
from tests import tiny
from tests.assistant.cards import damage, with_card

A, B = "warm@20260101-0000", "warm@20260202-0000"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A base model and two voices on it."""
    folder = tmp_path_factory.mktemp("serving")
    base = str(tiny.save(folder / "base"))
    for name, seed, version in (("a", 1, "20260101-0000"), ("b", 2, "20260202-0000")):
        tiny.adapter(folder / name, tiny.model(), seed=seed)
        with_card(folder / name, base, version=version)
    return folder


@pytest.fixture
def settings(made, tmp_path) -> Settings:
    settings = Settings(store=tmp_path / "store", engine="transformers", base_model=str(made / "base"))
    install(made / "b", settings)
    install(made / "a", settings)
    return settings


def settled(serving: Serving) -> Serving:
    """Look, and wait until what was promoted is loaded or refused."""
    serving.look()
    for _ in range(600):
        if not serving._loading:
            return serving
        time.sleep(0.05)
    raise AssertionError("still loading")


def test_a_promoted_voice_answers_without_a_restart(settings):
    serving = Serving(settings)
    assert (serving.look().label, serving.trouble) == (A, None)
    promote(B, settings)
    assert settled(serving).look().label == B
    rollback(settings)
    assert settled(serving).look().label == A
    assert serving.trouble is None


def test_while_the_next_voice_is_loaded_the_former_one_answers(settings):
    serving = Serving(settings)
    promote(B, settings)
    assert serving.look().label == A
    assert settled(serving).now.label == B


def test_an_answer_under_way_keeps_its_voice_and_engine_which_are_freed_when_it_ends(settings):
    serving = Serving(settings)
    speaker = serving.look()
    engine = weakref.ref(speaker.engine)
    promote(B, settings)
    settled(serving)
    assert serving.now.label == B
    assert speaker.label == A
    assert speaker.engine.invoke("When is tea served?", max_tokens=3).content
    del speaker
    gc.collect()
    assert engine() is None


def test_a_look_that_finds_nothing_new_loads_nothing(settings):
    serving = Serving(settings)
    before = serving.now
    promote(A, settings)
    assert settled(serving).look() is before


def test_a_voice_damaged_after_its_promotion_leaves_the_former_one_answering_and_says_so(settings):
    serving = Serving(settings)
    promote(B, settings)
    damage(settings, B)
    assert settled(serving).look().label == A
    assert "digest differs" in serving.trouble
    assert serving.trouble.endswith(f"Until then the voice {A} goes on answering.")


def test_a_mended_voice_is_picked_up(settings, made):
    serving = Serving(settings)
    promote(B, settings)
    damage(settings, B)
    settled(serving)
    install(made / "b", settings)
    assert settled(serving).look().label == B
    assert serving.trouble is None


def test_a_voice_that_its_canary_shows_to_be_without_effect_is_refused(settings, made, tmp_path):
    silent = tiny.adapter(tmp_path / "silent", tiny.model())
    for name, weight in silent.named_parameters():
        if "lora_B" in name:
            weight.data.zero_()
    silent.save_pretrained(tmp_path / "silent")
    canary = Serving(settings).now.voice.card.canary
    with_card(tmp_path / "silent", str(made / "base"), version="20260303-0000", canary=canary)
    serving = Serving(settings)
    install(tmp_path / "silent", settings)
    assert settled(serving).look().label == A
    assert "not in effect" in serving.trouble


def test_a_pointer_that_is_damaged_or_gone_is_no_end_to_answers(settings):
    serving = Serving(settings)
    (settings.voices / POINTER).write_text("{", "utf-8")
    assert settled(serving).look().label == A
    assert "is damaged" in serving.trouble
    (settings.voices / POINTER).unlink()
    assert settled(serving).look().label == A
    assert "was trained on embedded" in serving.trouble
    promote(B, settings)
    assert settled(serving).look().label == B
    assert serving.trouble is None


def test_at_the_start_the_former_voice_takes_the_place_of_a_damaged_one(settings):
    damage(settings, A)
    serving = Serving(settings)
    assert serving.now.label == B
    assert serving.trouble.endswith(f"Until then the voice {B} answers.")
    rollback(settings)
    assert settled(serving).look().label == B
    assert serving.trouble is None


def test_without_any_whole_voice_the_base_model_answers_until_one_is_promoted(settings, made):
    damage(settings, A)
    damage(settings, B)
    serving = Serving(settings)
    assert serving.now.voice is None
    assert serving.trouble.endswith("Until then the base model without a voice answers.")
    install(made / "b", settings)
    assert settled(serving).look().label == B


def test_a_voice_that_the_settings_name_outright_is_kept_or_refused(settings):
    named = settings.model_copy(update={"voice": B})
    serving = Serving(named)
    rollback(settings)
    assert settled(serving).look().label == B
    damage(settings, B)
    with pytest.raises(UserError, match="digest differs"):
        Serving(named)


def test_of_many_promotions_during_a_load_the_last_one_answers(settings):
    serving = Serving(settings)
    for name in (B, A, B, A, B):
        promote(name, settings)
        serving.look()
    for _ in range(600):
        if settled(serving).look().label == B and not serving._loading:
            break
    assert serving.now.label == B
    assert (settings.voices / POINTER).stat().st_mtime_ns == serving._seen[1]


def test_an_unexpected_failure_is_logged_and_told_in_one_sentence(settings, monkeypatch, caplog):
    from assistant import serving as module

    serving = Serving(settings)
    promote(B, settings)

    def broken(settings, voice):
        raise MemoryError("out of memory")

    monkeypatch.setattr(module, "load_engine", broken)
    assert settled(serving).look().label == A
    assert serving.trouble == f"The promoted voice could not be loaded (the server's log says why): the voice {A} goes on answering."
    assert "out of memory" in caplog.text
