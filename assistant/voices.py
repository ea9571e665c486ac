"""Voices: folders of an adapter and its card, the pointer to the active one, and the canary that proves it works."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from pydantic import BaseModel, Field, ValidationError

from assistant.base_model import base_digest, file_digest
from assistant.errors import UserError
from assistant.settings import Settings

SHIPPED = Path(__file__).parent / "shipped_voice"
SHIPPED_NAME = "shipped"
ADAPTER, CONFIG = "adapter_model.safetensors", "adapter_config.json"
POINTER = "active.json"
LOCK_WAIT = 60.0
"""Seconds that a command waits for another one that changes the installed voices."""


class Canary(BaseModel):
    """What the reference engine says to one prompt, greedily, with the adapter and without it."""

    system: str
    user: str
    with_voice: str
    without_voice: str


class Card(BaseModel):
    """What is known of a voice version."""

    name: str
    version: str
    profile: dict[str, Any]
    base_model: str
    base_digest: str
    adapter_digest: str
    config_digest: str = ""
    """Of ``adapter_config.json``; empty on the cards of older voices."""
    data_digest: str
    recipe: dict[str, Any]
    examples: int
    trained_seconds: float
    losses: list[float]
    scores: dict[str, float]
    canary: Canary


class Voice(BaseModel):
    """A voice ready to be loaded."""

    folder: Path
    card: Card

    @property
    def label(self) -> str:
        """Name and version, as stored with every turn."""
        return f"{self.card.name}@{self.card.version}"


class Pointer(BaseModel):
    """Which voice is active and which was before it, by the names of their folders beside it."""

    folder: str = Field(pattern=r"^\w[^/\\]*$")
    former: str | None = Field(None, pattern=r"^\w[^/\\]*$")


def active_voice(settings: Settings) -> Voice | None:
    """The voice that the settings ask for; None for the bare base model.

    Raises:
        UserError: it does not exist, is damaged, or was trained on another base model.
    """
    if settings.voice == "none":
        return None
    wanted = read_pointer(settings).folder if settings.voice == "active" else settings.voice
    return read_voice(voice_folder(wanted, settings), settings)


def voice_folder(wanted: str, settings: Settings) -> Path:
    """Where a voice stands: an installed ``NAME@VERSION``, ``shipped`` or the shipped voice's label, or a folder."""
    if os.sep in wanted:
        return Path(wanted)
    folder = settings.voices / wanted
    if wanted == SHIPPED_NAME or (not folder.is_dir() and wanted == Voice(folder=SHIPPED, card=read_card(SHIPPED)).label):
        return SHIPPED
    return Path(wanted) if not folder.is_dir() and (Path(wanted) / "card.json").is_file() else folder


def read_voice(folder: Path, settings: Settings) -> Voice:
    """Read a voice and check that it is whole and fits the base model.

    Raises:
        UserError: one sentence on what is wrong.
    """
    card = read_card(folder)
    if damage := _damage(folder, card):
        raise UserError(f"The voice in {folder} is damaged ({damage}): install it again, or use --voice none.")
    if card.base_digest != base_digest(settings.base_model):
        raise UserError(
            f"The voice {card.name} was trained on {card.base_model}, the setting is {settings.base_model}: "
            "retrain it, or use --voice none."
        )
    return Voice(folder=folder, card=card)


def _damage(folder: Path, card: Card) -> str:
    """What of a voice's adapter is not as it was made, in words; empty where it is whole."""
    if file_digest(folder / ADAPTER) != card.adapter_digest:
        return "its digest differs from its card's"
    if card.config_digest:
        return "" if file_digest(folder / CONFIG) == card.config_digest else f"the digest of its {CONFIG} differs from its card's"
    return "" if _configures(folder / CONFIG) else f"its {CONFIG} is none"


def _configures(path: Path) -> bool:
    """Whether a file is a LoRA adapter's configuration, as far as can be told without the digest that an older card lacks."""
    try:
        config = json.loads(path.read_text("utf-8"))
        return isinstance(config, dict) and int(config["r"]) > 0 and float(config["lora_alpha"]) > 0
    except (ValueError, TypeError, KeyError, RecursionError):
        return False


def read_card(folder: Path) -> Card:
    """The card of a voice whose files are all there; its adapter is not read.

    Raises:
        UserError: there is no voice, or its card is damaged.
    """
    try:
        for file in (ADAPTER, CONFIG):
            (folder / file).stat()
        return Card.model_validate_json((folder / "card.json").read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UserError(f"There is no voice in {folder}: choose one that `python -m training voices` lists, or --voice none.") from error
    except (OSError, ValidationError, UnicodeDecodeError) as error:
        raise UserError(f"The voice in {folder} has a damaged card: install it again, or use --voice none.") from error


def install(folder: Path, settings: Settings) -> Voice:
    """Copy a voice into the store and make it the active one.

    Killed at any moment, it leaves the voice installed whole or not at all, and a pointer that names a whole voice.

    Raises:
        UserError: the voice is damaged or does not fit the base model, another one has its label, or the disk is full.
    """
    with voices_lock(settings):
        voice = read_voice(folder, settings)
        _sweep(settings)
        target = settings.voices / voice.label
        if not _stands(voice, target):
            _copy(voice, target)
        activate(target.name, settings)
        return read_voice(target, settings)


@contextmanager
def voices_lock(settings: Settings) -> Iterator[None]:
    """Hold the installed voices for a change; a process that ends, however it ends, lets go of them.

    Raises:
        UserError: another command holds them for longer than ``LOCK_WAIT``; or, within it, a file cannot be read or written.
    """
    try:
        settings.voices.mkdir(parents=True, exist_ok=True)
        with FileLock(settings.store / "voices.lock", timeout=LOCK_WAIT):
            yield
    except Timeout as error:
        raise UserError(f"Another command is changing the voices of {settings.store}: wait for it to end and try again.") from error
    except OSError as error:
        first = error.args[0][0][2] if isinstance(error, shutil.Error) else error
        reason = (getattr(first, "strerror", None) or str(first)).lower()
        raise UserError(
            f"{error.filename or settings.voices} cannot be read or written ({reason}): the active voice is unchanged; "
            "check the path and the disk and try again."
        ) from error


def read_pointer(settings: Settings) -> Pointer:
    """Which voice is active; the shipped one until another was promoted.

    Raises:
        UserError: the pointer is damaged.
    """
    path = settings.voices / POINTER
    try:
        return Pointer.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return Pointer(folder=SHIPPED_NAME)
    except (ValidationError, OSError) as error:
        raise UserError(
            f"{path} is damaged: delete it to use the shipped voice, or name one with `python -m training promote NAME@VERSION`."
        ) from error


def activate(name: str, settings: Settings) -> None:
    """Move the pointer, in one step for every reader; the lock is held, and the voice was found whole.

    It is written anew even where it named this voice before: a running desk then looks at the voice again.
    """
    try:
        before: Pointer | None = read_pointer(settings)
    except UserError:
        before = None
    former = before and (before.former if before.folder == name else before.folder)
    fresh = settings.voices / f".{POINTER}.partial"
    fresh.write_text(Pointer(folder=name, former=former).model_dump_json(), "utf-8")
    _flush(fresh)
    fresh.replace(settings.voices / POINTER)
    _flush(settings.voices)


def _stands(voice: Voice, target: Path) -> bool:
    """Whether this very voice is installed already; what is damaged there counts as absent."""
    try:
        card = read_card(target)
        whole = not _damage(target, card)
    except (UserError, OSError):
        return False
    if whole and card != voice.card:
        raise UserError(f"Another voice is installed as {voice.label}: give this one another version in its card.json.")
    return whole


def _copy(voice: Voice, target: Path) -> None:
    partial, old = (target.with_name(f".{target.name}.{what}") for what in ("partial", "old"))
    try:
        shutil.copytree(voice.folder, partial)
        for path in partial.rglob("*"):
            _flush(path)
    except OSError:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    if read_card(partial) != voice.card or _damage(partial, voice.card):
        raise UserError(f"The voice in {voice.folder} changed while it was copied: try again.")
    if target.exists():
        target.rename(old)
    partial.rename(target)
    _flush(target.parent)
    shutil.rmtree(old, ignore_errors=True)


def _sweep(settings: Settings) -> None:
    """Remove what a killed command left."""
    for pattern in (".*.partial", ".*.old"):
        for path in settings.voices.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _flush(path: Path) -> None:
    """Have the disk hold a file, or a folder's entries."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def canary_verdict(card: Card, with_voice: str, without_voice: str | None) -> str | None:
    """What an engine's answers to the canary prompt prove wrong, or None.

    Engines differ in the last digits, so a text counts as the reference's when it begins like it, and more like it
    than like the other.
    """
    canary = card.canary
    if _common(with_voice, canary.with_voice) <= _common(with_voice, canary.without_voice):
        return "the adapter does not change what the model says"
    if without_voice is not None and _common(without_voice, canary.without_voice) <= _common(without_voice, canary.with_voice):
        return "the model without the adapter is not the base model"
    return None


def _common(a: str, b: str) -> int:
    return len(os.path.commonprefix([a, b]))
