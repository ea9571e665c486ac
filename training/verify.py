"""An exported voice run by the engines that are at hand, and held against the reference."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.engines import greedy, messages
from assistant.errors import UserError
from assistant.fast_engine import OpenVINOChat
from assistant.prompt import Prompt, render
from assistant.reference_engine import TransformersChat
from assistant.settings import Settings
from assistant.voices import Voice, canary_verdict
from training.dataset import split
from training.export import Format
from training.lessons import read_lessons

PROMPTS = 8
"""Held-out lessons that llama.cpp and the fast engine are both given."""
MOST_TOKENS = 400
CONTEXT = 4096


@dataclass(frozen=True)
class Comparison:
    """What llama.cpp said to some prompts, beside the fast engine, both greedily and from the same file."""

    prompts: int
    ended: int
    """Replies that came to their end by the end-of-turn token, within ``MOST_TOKENS``."""
    same: int
    """Replies that are the fast engine's to the last letter."""


def verify(voice: Voice, kind: Format, path: Path, settings: Settings) -> list[str]:
    """Run what was exported, as far as this machine can.

    Returns:
        a sentence on each engine: what was run and what it showed, or that it was not run.

    Raises:
        UserError: an engine does not say what the reference said, or does not end its turn.
    """
    if kind == "safetensors":
        _prove(voice, TransformersChat(model=str(path), threads=settings.threads), "transformers")
        return ["transformers loads it and says what the reference said.", "vLLM was not run."]
    if kind == "peft":
        _prove(voice, TransformersChat(model=settings.base_model, adapter=path, threads=settings.threads), "PEFT")
        return ["PEFT loads it and says what the reference said.", "vLLM was not run."]
    fast = OpenVINOChat(model=path, threads=settings.threads)
    _prove(voice, fast, "OpenVINO")
    done = ["OpenVINO loads it and says what the reference said."]
    if importlib.util.find_spec("xllamacpp") is None:
        return [*done, "llama.cpp was not run: `pip install xllamacpp` and export again with --verify."]
    found = compare(path, voice, fast, settings.threads)
    if found.ended < found.prompts:
        raise UserError(f"In llama.cpp {found.prompts - found.ended} of {found.prompts} replies did not end their turn: do not use {path}.")
    return [*done, f"llama.cpp ended its turn in {found.ended} of {found.prompts} replies, {found.same} of them OpenVINO's to the letter."]


def compare(path: Path, voice: Voice, fast: OpenVINOChat, threads: int) -> Comparison:
    """Give llama.cpp and the fast engine the canary prompt and some lessons; each applies the file's own chat template.

    Raises:
        UserError: llama.cpp cannot load the file, or does not answer the canary as the reference did.
    """
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_ctx, params.n_parallel, params.cpuparams.n_threads = CONTEXT, 1, threads
    params.verbosity, params.warmup = 0, False
    try:
        server: Any = xllamacpp.Server(params)
    except RuntimeError as error:
        raise UserError(f"llama.cpp cannot load {path}: do not use it.") from error
    lessons = split(read_lessons())[1][:PROMPTS]
    prompts = [Prompt(voice.card.canary.system, voice.card.canary.user), *(render(lesson.brief()) for lesson in lessons)]
    ended = same = 0
    for number, prompt in enumerate(prompts):
        asked = {"messages": prompt.messages(), "temperature": 0.0, "max_tokens": MOST_TOKENS}
        answer = server.handle_chat_completions(asked)["choices"][0]
        text = str(answer["message"]["content"])
        if number == 0 and (wrong := canary_verdict(voice.card, text, None)):
            raise UserError(f"llama.cpp does not speak in the voice of {path} ({wrong}): do not use it.")
        ended += answer["finish_reason"] == "stop"
        same += text == str(fast.invoke(messages(prompt), max_tokens=MOST_TOKENS).content)
    return Comparison(len(prompts), ended, same)


def _prove(voice: Voice, engine: Any, name: str) -> None:
    if wrong := canary_verdict(voice.card, greedy(engine, voice.card), None):
        raise UserError(f"{name} does not say what the reference said ({wrong}): do not use what was exported.")
