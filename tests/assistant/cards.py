"""Voices made of nothing but files, for tests that load no model."""

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from assistant.base_model import EMBEDDED_SHA256, base_digest, file_digest
from assistant.engines import CANARY_TOKENS, messages
from assistant.prompt import Prompt
from assistant.reference_engine import TransformersChat
from assistant.settings import Settings
from assistant.voices import Canary, Card, Voice


def card(**changes) -> Card:
    fields = {
        "name": "warm",
        "version": "20260101-0000",
        "profile": {},
        "base_model": "embedded",
        "base_digest": EMBEDDED_SHA256,
        "adapter_digest": "0" * 64,
        "data_digest": "1" * 64,
        "recipe": {},
        "examples": 3,
        "trained_seconds": 1.0,
        "losses": [2.0, 1.0],
        "scores": {"valid": 1.0},
        "canary": Canary(system="s", user="u", with_voice="Hey there, tap it.", without_voice="Hello. Click it."),
    }
    return Card(**(fields | changes))


def write_voice(folder: Path, content: float = 1.0, **changes) -> Path:
    """A voice folder whose adapter is one small array, its card in order."""
    folder.mkdir(parents=True)
    adapter = folder / "adapter_model.safetensors"
    save_file({"base_model.model.layers.0.x.lora_A.weight": np.full((2, 2), content, dtype=np.float16)}, adapter)
    (folder / "adapter_config.json").write_text('{"r": 2, "lora_alpha": 4}', "utf-8")
    text = card(**({"adapter_digest": file_digest(adapter)} | changes)).model_dump_json()
    (folder / "card.json").write_text(text, "utf-8")
    return folder


def damage(settings: Settings, name: str) -> None:
    """Tear an installed voice's adapter."""
    (settings.voices / name / "adapter_model.safetensors").write_bytes(b"torn")


def speaking(profile: dict) -> Voice:
    return Voice(folder=Path("nowhere"), card=card(profile=profile))


def with_card(folder: Path, base_model: str, **changes) -> Path:
    """An adapter's folder made a voice: its card, with the canary as the reference engine says it."""
    prompt = Prompt("Reply for the support team.", "Question: When is tea served?")

    def say(adapter: Path | None) -> str:
        engine = TransformersChat(model=base_model, adapter=adapter)
        return str(engine.invoke(messages(prompt), max_tokens=CANARY_TOKENS).content)

    fields = {
        "base_model": base_model,
        "base_digest": base_digest(base_model),
        "adapter_digest": file_digest(folder / "adapter_model.safetensors"),
        "canary": Canary(system=prompt.system, user=prompt.user, with_voice=say(folder), without_voice=say(None)),
    }
    (folder / "card.json").write_text(card(**(fields | changes)).model_dump_json(), "utf-8")
    return folder
