"""Merged models in the store: made once, and not more of them than are needed."""

import threading

import pytest

from assistant import merged
from assistant.base_model import file_digest
from assistant.errors import UserError
from assistant.merged import merged_model
from assistant.promotion import rollback
from assistant.settings import Settings
from assistant.voices import POINTER, Voice, install
from tests import tiny
from tests.assistant.cards import card
from tests.assistant.test_merge import write_gguf


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    path = tmp_path_factory.mktemp("merged") / "base.gguf"
    write_gguf(path, tiny.model())
    return path


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(store=tmp_path / "store")


@pytest.fixture
def voices(tmp_path, settings):
    """Installs the nth voice, which is the active one then."""

    def make(number: int) -> Voice:
        folder = tmp_path / f"v{number}"
        tiny.adapter(folder, tiny.model(), seed=number)
        made = card(version=f"2026010{number}-0000", adapter_digest=file_digest(folder / "adapter_model.safetensors"))
        (folder / "card.json").write_text(made.model_dump_json(), "utf-8")
        return install(folder, settings)

    return make


def kept(settings) -> set:
    return set((settings.store / "merged").glob("*.gguf"))


def test_a_voice_is_merged_once(base, settings, voices):
    first, made = merged_model(base, voices(1), settings)
    before = first.stat()
    assert made
    assert merged_model(base, voices(1), settings) == (first, False)
    assert first.stat() == before


@pytest.mark.parametrize("damage", ["a byte", "cut", "empty", "no digest", "a digest that is none"])
def test_a_damaged_model_is_made_anew(base, settings, voices, damage):
    one = voices(1)
    path, _ = merged_model(base, one, settings)
    whole, digest = path.read_bytes(), path.with_name(f"{path.name}.sha256")
    at = len(whole) // 2
    if damage == "no digest":
        digest.unlink()
    elif damage == "a digest that is none":
        digest.write_bytes(b"\xff")
    else:
        torn = {"a byte": whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :], "cut": whole[:at], "empty": b""}
        path.write_bytes(torn[damage])
    assert merged_model(base, one, settings) == (path, True)
    assert path.read_bytes() == whole
    assert merged_model(base, one, settings) == (path, False)


def test_a_model_that_goes_takes_its_digest_with_it(base, settings, voices):
    for number in (1, 2, 3):
        merged_model(base, voices(number), settings)
    names = {path.name.removesuffix(".sha256") for path in (settings.store / "merged").glob("*.sha256")}
    assert names == {path.name for path in kept(settings)}


def test_only_the_models_of_the_active_and_the_former_voice_are_kept(base, settings, voices):
    files = [merged_model(base, voices(number), settings)[0] for number in range(1, 5)]
    assert kept(settings) == set(files[-2:])
    assert merged_model(base, rollback(settings), settings) == (files[-2], False)


def test_a_voice_that_is_neither_is_served_too_and_costs_neither_its_model(base, settings, voices):
    made = [voices(number) for number in (1, 2, 3)]
    files = {merged_model(base, made[place], settings)[0] for place in (1, 2, 0)}
    assert len(files) == 3
    assert kept(settings) == files


def test_what_a_killed_merge_left_is_swept(base, settings, voices):
    (settings.store / "merged").mkdir(parents=True)
    (settings.store / "merged" / "warm-x.77.partial").write_text("half a model", "utf-8")
    merged_model(base, voices(1), settings)
    assert not list((settings.store / "merged").glob("*.partial"))


def test_a_damaged_pointer_costs_only_models_that_can_be_made_again(base, settings, voices):
    one, two = voices(1), voices(2)
    merged_model(base, one, settings)
    (settings.voices / POINTER).write_text("{", "utf-8")
    last = merged_model(base, two, settings)[0]
    assert kept(settings) == {last}


def test_of_several_that_need_a_model_at_once_one_makes_it(base, settings, voices):
    one, made = voices(1), []
    threads = [threading.Thread(target=lambda: made.append(merged_model(base, one, settings)[1])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [False, False, False, True]


def test_a_full_disk_is_one_sentence(base, settings, voices, monkeypatch):
    def full(base, adapter, target):
        raise OSError(28, "No space left on device", str(target))

    one = voices(1)
    monkeypatch.setattr(merged, "merge", full)
    with pytest.raises(UserError, match="no space left on device"):
        merged_model(base, one, settings)
