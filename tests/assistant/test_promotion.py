"""Promotion and rollback: one pointer, moved in one step, that always names a whole voice."""

import itertools
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant import voices
from assistant.errors import UserError
from assistant.promotion import find, installed, promote, rollback
from assistant.settings import Settings
from assistant.voices import SHIPPED, SHIPPED_NAME, active_voice, install, read_pointer, voices_lock
from tests.assistant.cards import damage, write_voice

A, B = "warm@20260101-0000", "warm@20260202-0000"


@pytest.fixture
def settings(tmp_path) -> Settings:
    made = Settings(store=tmp_path / "store")
    install(write_voice(tmp_path / "a"), made)
    install(write_voice(tmp_path / "b", 2.0, version="20260202-0000"), made)
    return made


def states(settings: Settings) -> dict[str, str]:
    return {item.name: item.state for item in installed(settings)}


def test_the_list_holds_the_shipped_voice_and_says_which_is_active_and_which_was(settings):
    assert states(settings) == {A: "former", B: "active", SHIPPED_NAME: ""}
    assert states(Settings(store=settings.store / "new")) == {SHIPPED_NAME: "active"}


def test_the_list_says_what_is_wrong_with_a_damaged_voice(settings):
    damage(settings, A)
    found = {item.name: item for item in installed(settings)}
    assert found[A].voice is None
    assert "digest differs" in found[A].trouble
    assert found[B].voice and not found[B].trouble


def test_a_promoted_voice_is_active_and_the_one_before_it_is_the_former(settings):
    assert promote(A, settings).label == A
    assert active_voice(settings).label == A
    assert states(settings) == {A: "active", B: "former", SHIPPED_NAME: ""}


@pytest.mark.parametrize("name", ["shipped", "the label"])
def test_the_shipped_voice_is_promoted_by_either_name(settings, name):
    label = find(SHIPPED_NAME, settings).label
    assert promote(label if name == "the label" else name, settings).folder == SHIPPED
    assert read_pointer(settings).model_dump() == {"folder": SHIPPED_NAME, "former": B}


def test_promoting_the_active_voice_again_keeps_the_former_one(settings):
    promote(B, settings)
    assert read_pointer(settings).model_dump() == {"folder": B, "former": A}


def test_a_rollback_goes_to_the_former_voice_and_another_takes_it_back(settings):
    assert [rollback(settings).label for _ in range(3)] == [A, B, A]
    assert active_voice(settings).label == A


def test_the_first_rollback_after_the_first_install_goes_to_the_shipped_voice(tmp_path):
    settings = Settings(store=tmp_path / "store")
    install(write_voice(tmp_path / "a"), settings)
    assert rollback(settings).folder == SHIPPED
    assert rollback(settings).label == A


def test_without_a_former_voice_a_rollback_says_so(tmp_path):
    with pytest.raises(UserError, match="no former voice"):
        rollback(Settings(store=tmp_path / "store"))


@pytest.mark.parametrize("change", [lambda settings: promote(A, settings), rollback])
def test_a_damaged_voice_is_refused_and_the_active_one_stays(settings, change):
    damage(settings, A)
    with pytest.raises(UserError, match="digest differs"):
        change(settings)
    assert active_voice(settings).label == B


@pytest.mark.parametrize("change", [lambda settings: promote(A, settings), rollback])
def test_a_voice_with_a_damaged_configuration_is_listed_as_such_and_not_promoted(settings, change):
    (settings.voices / A / "adapter_config.json").write_text("{", "utf-8")
    assert "adapter_config.json" in {item.name: item.trouble for item in installed(settings)}[A]
    with pytest.raises(UserError, match="damaged"):
        change(settings)
    assert active_voice(settings).label == B


def test_a_damaged_active_voice_can_be_left(settings):
    damage(settings, B)
    assert rollback(settings).label == A
    assert active_voice(settings).label == A


def test_a_damaged_pointer_is_mended_by_a_promotion(settings):
    (settings.voices / voices.POINTER).write_text("{", "utf-8")
    for refused in (rollback, installed):
        with pytest.raises(UserError, match="is damaged"):
            refused(settings)
    promote(A, settings)
    assert read_pointer(settings).model_dump() == {"folder": A, "former": None}


@pytest.mark.parametrize("name", ["whisper", "warm", "", ".", "warm@20260303-0000"])
def test_an_unknown_voice_is_answered_with_those_that_there_are(settings, name):
    with pytest.raises(UserError, match=f"name one of shipped, {A}, {B}, or a voice's folder"):
        promote(name, settings)
    assert active_voice(settings).label == B


def test_a_voice_in_a_folder_is_installed_first(settings, tmp_path):
    folder = write_voice(tmp_path / "c", 3.0, version="20260303-0000")
    installed_voice = promote(str(folder), settings)
    assert installed_voice.folder == settings.voices / "warm@20260303-0000"
    assert read_pointer(settings).model_dump() == {"folder": "warm@20260303-0000", "former": B}


def test_promotions_at_once_wait_for_each_other(settings):
    outcomes = []

    def change(name: str) -> None:
        for _ in range(10):
            outcomes.append(promote(name, settings).label)

    threads = [threading.Thread(target=change, args=(name,)) for name in (A, B, SHIPPED_NAME)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pointer = read_pointer(settings)
    assert len(outcomes) == 30
    assert pointer.folder != pointer.former
    assert {pointer.folder, pointer.former} < {A, B, SHIPPED_NAME}


def test_a_change_that_waits_too_long_says_so(settings, monkeypatch):
    monkeypatch.setattr(voices, "LOCK_WAIT", 0.1)
    seen = []

    def change() -> None:
        try:
            promote(A, settings)
        except UserError as error:
            seen.append(str(error))

    with voices_lock(settings):
        thread = threading.Thread(target=change)
        thread.start()
        thread.join()
    assert len(seen) == 1
    assert "Another command is changing the voices" in seen[0]
    assert active_voice(settings).label == B


STEPS = ("os.fsync", "os.rename", "os.replace", "os.mkdir", "shutil.copyfile", "shutil.rmtree", "os.unlink")
"""The calls between which a command can be killed with a different outcome."""


def fatal_at(step: int, calls: Iterator[int], module: Any, function: str) -> None:
    """Have a function count its calls, together with those of the others, and kill the process at the nth."""
    real = getattr(module, function)

    def counted(*arguments, **more):
        if next(calls) == step:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **more)

    setattr(module, function, counted)


def killed_at(step: int, change) -> bool:
    """Run a change in a process that kills itself before its nth write to the disk; whether it came so far."""
    child = os.fork()
    if child == 0:
        calls = itertools.count()
        for name in STEPS:
            module, function = name.split(".")
            fatal_at(step, calls, {"os": os, "shutil": shutil}[module], function)
        try:
            change()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


@pytest.mark.parametrize("what", ["promote", "rollback", "install", "install again", "mend"])
def test_killed_before_any_step_the_pointer_names_a_whole_voice_and_the_next_command_ends_the_work(settings, tmp_path, what):
    third = write_voice(tmp_path / "c", 3.0, version="20260303-0000")
    changes = {
        "promote": lambda: promote(A, settings),
        "rollback": lambda: rollback(settings),
        "install": lambda: install(third, settings),
        "install again": lambda: install(tmp_path / "a", settings),
        "mend": lambda: install(tmp_path / "a", settings),
    }
    start = tmp_path / "start"
    if what == "mend":
        damage(settings, A)
    shutil.copytree(settings.voices, start)
    steps = 0
    while True:
        shutil.rmtree(settings.voices)
        shutil.copytree(start, settings.voices)
        if not killed_at(steps, changes[what]):
            break
        steps += 1
        assert active_voice(settings).label in (B, A if what != "install" else "warm@20260303-0000")
        bad = [item.name for item in installed(settings) if item.voice is None]
        assert bad == ([A] if what == "mend" and bad else [])
        if what.startswith("install"):
            label = changes[what]().label
            assert active_voice(settings).label == label
            assert not list(Path(settings.voices).glob(".*"))
    assert steps >= 3
