"""Voices: folders of an adapter and its card, the pointer to the active one, and the canary that proves it works."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from assistant.base_model import base_digest, file_digest
from assistant.errors import UserError
from assistant.settings import Settings

SHIPPED = Path(__file__).parent / "shipped_voice"
POINTER = "active.json"


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


def active_voice(settings: Settings) -> Voice | None:
    """The voice that the settings ask for; None for the bare base model.

    Raises:
        UserError: it does not exist, is damaged, or was trained on another base model.
    """
    wanted = settings.voice
    if wanted == "none":
        return None
    if wanted == "active":
        pointer = settings.voices / POINTER
        return read_voice(_pointed(pointer) if pointer.is_file() else SHIPPED, settings)
    folder = Path(wanted) if os.sep in wanted else settings.voices / wanted
    if wanted == "shipped":
        folder = SHIPPED
    return read_voice(folder, settings)


def read_voice(folder: Path, settings: Settings) -> Voice:
    """Read a voice and check that it is whole and fits the base model.

    Raises:
        UserError: one sentence on what is wrong.
    """
    try:
        card = Card.model_validate_json((folder / "card.json").read_text("utf-8"))
        digest = file_digest(folder / "adapter_model.safetensors")
    except FileNotFoundError as error:
        raise UserError(f"There is no voice in {folder}: run `make retrain`, or use --voice none for answers without one.") from error
    except (OSError, ValidationError, UnicodeDecodeError) as error:
        raise UserError(f"The voice in {folder} has a damaged card: install it again, or use --voice none.") from error
    if digest != card.adapter_digest:
        raise UserError(f"The voice in {folder} is damaged (its digest differs from its card's): install it again, or use --voice none.")
    if card.base_digest != base_digest(settings.base_model):
        raise UserError(
            f"The voice {card.name} was trained on {card.base_model}, the setting is {settings.base_model}: "
            "retrain it, or use --voice none."
        )
    return Voice(folder=folder, card=card)


def install(folder: Path, settings: Settings) -> Voice:
    """Copy a voice into the store and make it the active one, in one step for every reader."""
    voice = read_voice(folder, settings)
    target = settings.voices / voice.label
    settings.voices.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(folder, partial)
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)
    pointer = settings.voices / POINTER
    fresh = pointer.with_suffix(".new")
    fresh.write_text(json.dumps({"folder": target.name}), "utf-8")
    fresh.replace(pointer)
    return read_voice(target, settings)


def _pointed(pointer: Path) -> Path:
    try:
        return pointer.parent / str(json.loads(pointer.read_text("utf-8"))["folder"])
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{pointer} is damaged: delete it to use the shipped voice.") from error


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
