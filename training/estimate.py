"""What a retraining would train on, and how long it would take on this machine."""

import statistics
import time
from collections.abc import Sequence
from typing import Any

from assistant.base_model import load_model, load_tokenizer
from assistant.engines import load_engine, messages
from assistant.prompt import render
from assistant.settings import Settings
from training import dataset, probes
from training.active import tried_anew
from training.evaluation import SIDE_BY_SIDE
from training.finetune import Recipe, Run, encode, finetune
from training.lessons import Lesson, approved_lessons, read_lessons
from training.lint import lint_training_set
from training.retrain import Order

TIMED = 16
"""Examples that are trained on to measure the pace; the result is thrown away."""
CARD_LOADS = 2
"""How often the base model is loaded for the card's canary, beside the load that is measured."""


def estimate(order: Order, settings: Settings) -> str:
    """A sentence or two for a person.

    Raises:
        UserError: the training set is not sound, or the base model cannot be loaded.
    """
    approved = approved_lessons(settings.store)
    lint_training_set(order.profile, order.replies, settings, order.lessons, approved)
    train, held_out = dataset.split([*read_lessons(order.lessons), *approved], order.lessons)
    examples = dataset.build(order.profile, train, list(order.replies))
    tokenizer = load_tokenizer(settings.base_model)
    lengths = [len(prompt) + len(reply) for prompt, reply in (encode(tokenizer, example) for example in examples)]
    general = [dataset.Example("general", prompt, "") for prompt in probes.general("train")]
    # What the base model will say to them is not known yet, only how long it may be.
    rehearsed = sum(len(encode(tokenizer, example)[0]) + probes.ANSWER_TOKENS for example in general)
    said = [len(encode(tokenizer, example)[1]) for example in dataset.build(order.profile, held_out, [])]
    timed = sorted(range(len(examples)), key=lengths.__getitem__)[len(examples) // 2 :][:TIMED]
    began = time.monotonic()
    model = load_model(settings.base_model, quantize=order.recipe.quantize)
    loading = time.monotonic() - began
    pace = Recipe(**(vars(order.recipe) | {"epochs": 1.0}))
    _, progress = finetune(model, tokenizer, [examples[at] for at in timed], pace, run=Run())
    rate = progress.tokens / progress.seconds
    tokens = sum(lengths) + rehearsed
    trial = _trial_seconds(settings, held_out, said) + CARD_LOADS * loading
    return (
        f"{len(examples)} examples over {len({lesson.product for lesson in train})} products ({len(order.replies)} replies by hand), "
        f"{len(general)} general prompts, {len(held_out)} lessons held out. "
        f"A median of {statistics.median(lengths):.0f} tokens, "
        f"{tokens:,} in all with the general prompts, {order.recipe.epochs:g} times over at {rate:.0f} tokens a second: "
        f"{_training(tokens * order.recipe.epochs / rate + loading, order.hours)} "
        f"and {_minutes(trial)} for asking the base model and for the trial."
    )


def _training(seconds: float, hours: float | None) -> str:
    if hours is None or seconds <= 3600 * hours:
        return f"{_minutes(seconds)} of training"
    return f"{60 * hours:.2g} of {_minutes(seconds)} of training, for --hours ends it there,"


def _minutes(seconds: float) -> str:
    return f"about {seconds / 60:.0f} minutes" if seconds >= 90 else "about a minute"


def _trial_seconds(settings: Settings, held_out: Sequence[Lesson], said: Sequence[int]) -> float:
    """How long it takes to ask the base model and to try the voice, by the pace of a few replies of the base model.

    Args:
        settings: name the engine and the base model.
        held_out: the lessons that the voice is tried on.
        said: how many tokens the reply to each of them has.
    """
    engine: Any = load_engine(settings, None)
    asked = [messages(render(lesson.brief())) for lesson in held_out[:SIDE_BY_SIDE]]
    began = time.monotonic()
    replies = engine.batch(asked, max_tokens=max(1, round(statistics.mean(said))))
    taken = time.monotonic() - began
    written = max(1, sum(int(engine.get_num_tokens(str(reply.content))) for reply in replies))
    voices = 2 if tried_anew(settings, held_out) else 1
    answers = len(probes.general("train")) + 2 * len(probes.general("probe"))
    tokens = voices * sum(said) + answers * probes.ANSWER_TOKENS + 2 * probes.CLOSED_BOOK * probes.CLOSED_BOOK_TOKENS
    return taken * tokens / written
