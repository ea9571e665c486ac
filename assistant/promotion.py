"""Which voices are installed, and which of them is active: list, promote, roll back."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assistant.errors import UserError
from assistant.settings import Settings
from assistant.voices import (
    SHIPPED,
    SHIPPED_NAME,
    Voice,
    activate,
    install,
    read_pointer,
    read_voice,
    voice_folder,
    voices_lock,
)


@dataclass(frozen=True)
class Installed:
    """A voice that can be promoted, or what is wrong with it."""

    name: str
    """What ``promote`` takes."""
    state: Literal["active", "former", ""]
    voice: Voice | None
    trouble: str = ""


def installed(settings: Settings) -> list[Installed]:
    """Every installed voice by version, oldest first, the shipped one among them.

    Raises:
        UserError: the pointer is damaged.
    """
    pointer = read_pointer(settings)
    states: dict[str | None, Literal["active", "former", ""]] = {pointer.former: "former", pointer.folder: "active"}
    found = []
    for name, folder in _folders(settings).items():
        try:
            found.append(Installed(name, states.get(name, ""), read_voice(folder, settings)))
        except UserError as error:
            found.append(Installed(name, states.get(name, ""), None, str(error)))
    return sorted(found, key=lambda item: (item.voice.card.version if item.voice else "", item.name))


def find(wanted: str, settings: Settings) -> Voice:
    """An installed voice, or one in a folder.

    Raises:
        UserError: there is no such voice (says which there are), or it is damaged.
    """
    folder = voice_folder(wanted, settings)
    if not folder.is_dir() or folder == settings.voices / "":
        names = ", ".join(_folders(settings))
        raise UserError(f"There is no voice {wanted!r}: name one of {names}, or a voice's folder.")
    return read_voice(folder, settings)


def promote(wanted: str, settings: Settings) -> Voice:
    """Make a voice the active one; a voice in a folder outside the store is installed first.

    Raises:
        UserError: there is no such voice, or it is damaged; the active voice goes on.
    """
    voice = find(wanted, settings)
    if voice.folder not in _folders(settings).values():
        return install(voice.folder, settings)
    with voices_lock(settings):
        voice = find(wanted, settings)
        activate(SHIPPED_NAME if voice.folder == SHIPPED else voice.folder.name, settings)
    return voice


def rollback(settings: Settings) -> Voice:
    """Make the former voice the active one again; once more takes that back.

    Raises:
        UserError: there is no former voice, or it is damaged; the active voice goes on.
    """
    with voices_lock(settings):
        former = read_pointer(settings).former
        if former is None:
            raise UserError("There is no former voice: none was promoted since the one that is active.")
        voice = find(former, settings)
        activate(former, settings)
    return voice


def _folders(settings: Settings) -> dict[str, Path]:
    """Name -> folder of every installed voice; the shipped one by ``shipped``."""
    inside = sorted(path for path in settings.voices.glob("*@*") if path.is_dir() and not path.name.startswith("."))
    return {SHIPPED_NAME: SHIPPED} | {path.name: path for path in inside}
