"""What a retraining would train on, and how long it would take on this machine."""

import statistics
import time

from assistant.base_model import load_model, load_tokenizer
from assistant.settings import Settings
from training import dataset
from training.finetune import Recipe, Run, encode, finetune
from training.lessons import approved_lessons, read_lessons
from training.lint import lint_training_set
from training.probes import general
from training.retrain import Order

TIMED = 16
"""Examples that are trained on to measure the pace; the result is thrown away."""
TRIAL_MINUTES = 5.0
"""What the trial and the gate take on a machine of two cores."""


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
    timed = sorted(range(len(examples)), key=lengths.__getitem__)[len(examples) // 2 :][:TIMED]
    began = time.monotonic()
    model = load_model(settings.base_model, quantize=order.recipe.quantize)
    loaded = time.monotonic()
    pace = Recipe(**(vars(order.recipe) | {"epochs": 1.0}))
    _, progress = finetune(model, tokenizer, [examples[at] for at in timed], pace, run=Run())
    rate = progress.tokens / progress.seconds
    minutes = (sum(lengths) * order.recipe.epochs / rate + loaded - began) / 60
    return (
        f"{len(examples)} examples over {len({lesson.product for lesson in train})} products ({len(order.replies)} replies by hand), "
        f"{len(general('train'))} general prompts, {len(held_out)} lessons held out. "
        f"A median of {statistics.median(lengths):.0f} tokens, "
        f"{sum(lengths):,} in all, {order.recipe.epochs:g} times over at {rate:.0f} tokens a second: "
        f"about {minutes:.0f} minutes of training "
        f"and about {TRIAL_MINUTES:.0f} for the trial."
    )
