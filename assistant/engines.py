"""Loads the engine that the settings ask for, with the voice applied and proven by its canary."""

from pathlib import Path
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from assistant.base_model import embedded_gguf
from assistant.errors import UserError
from assistant.fast_engine import OpenVINOChat
from assistant.merge import ARCHITECTURES
from assistant.merged import merged_model
from assistant.prompt import Prompt
from assistant.reference_engine import TransformersChat
from assistant.settings import Settings
from assistant.voices import Card, Voice, canary_verdict

CANARY_TOKENS = 24
Engine = OpenVINOChat | TransformersChat


def load_engine(settings: Settings, voice: Voice | None) -> Engine:
    """The engine for a voice, or for the bare base model.

    Raises:
        UserError: a model or voice cannot be loaded, or the canary shows that the adapter is not in effect.
    """
    if settings.engine == "transformers":
        engine: Engine = TransformersChat(model=settings.base_model, adapter=voice.folder if voice else None, threads=settings.threads)
        base = None
    else:
        engine, base = _fast(settings, voice)
    if voice:
        said = greedy(engine, voice.card)
        if wrong := canary_verdict(voice.card, said, greedy(base, voice.card) if base else None):
            raise UserError(f"The voice {voice.label} is not in effect ({wrong}): choose another voice or DESK_ENGINE=transformers.")
    return engine


def _fast(settings: Settings, voice: Voice | None) -> tuple[OpenVINOChat, OpenVINOChat | None]:
    """The fast engine and, where the voice was merged just now, one of the bare base model to compare with."""
    base = _gguf(settings)
    if voice is None:
        return OpenVINOChat(model=base, threads=settings.threads), None
    merged, first = merged_model(base, voice, settings)
    engine = OpenVINOChat(model=merged, threads=settings.threads)
    return engine, OpenVINOChat(model=base, threads=settings.threads) if first else None


def _gguf(settings: Settings) -> Path:
    if settings.base_model == "embedded":
        return embedded_gguf()
    if settings.base_model.endswith(".gguf"):
        path = Path(settings.base_model)
        if path.is_file():
            return path
        raise UserError(f"There is no model file {path}: set DESK_BASE_MODEL to 'embedded' or to a file that exists.")
    served = " or ".join(ARCHITECTURES)
    raise UserError(f"The fast engine serves GGUF files of {served} models, not {settings.base_model!r}: set DESK_ENGINE=transformers.")


def messages(prompt: Prompt) -> list[BaseMessage]:
    """A prompt as LangChain messages."""
    return [SystemMessage(prompt.system), HumanMessage(prompt.user)]


def greedy(engine: Any, card: Card) -> str:
    """What an engine says to the canary prompt."""
    answer = engine.invoke(messages(Prompt(card.canary.system, card.canary.user)), max_tokens=CANARY_TOKENS)
    return str(answer.content)
