"""One step of a training run, its looks at held-out examples, and when it ends before its time."""

import math
import random
import resource
from contextlib import nullcontext

import pytest
import torch

from assistant.errors import UserError
from assistant.prompt import Prompt
from tests import tiny
from training.adapter import adapted, load_adapter, save_adapter
from training.dataset import Example
from training.finetune import LOOKS, Progress, Recipe, Run, _step, _tired, encode, finetune, micro_batches, voice_weights
from training.machine import faster_in_half

RECIPE = Recipe(rank=4, alpha=8, layers=1.0, learning_rate=1e-2, lora_plus=1.0, batch=4, epochs=6.0, precision="float32")


def examples(count: int = 8, reply: str = "Hey hey hey.\nNext: Tap tap.") -> list[Example]:
    return [Example(f"l{n}", Prompt("Be kind.", f"q {n}" + " more" * (n % 3)), reply) for n in range(count)]


def test_a_batch_is_cut_into_parts_that_hold_at_most_so_many_tokens_padded():
    rng = random.Random(0)
    for _ in range(300):
        batch = [([0] * rng.randint(1, 60), [0] * rng.randint(1, 60)) for _ in range(rng.randint(1, 12))]
        parts = micro_batches(batch, 200)
        assert [pair for part in parts for pair in part] == batch
        padded = [len(part) * max(len(prompt) + len(reply) for prompt, reply in part) for part in parts]
        assert all(tokens <= 200 for tokens in padded)


def test_an_example_that_is_longer_than_the_limit_is_a_part_of_its_own():
    short, long = ([0] * 10, [0] * 10), ([0] * 300, [0] * 10)
    assert micro_batches([short, long, short, short], 100) == [[short], [long], [short, short]]


def test_parts_are_no_smaller_than_they_must_be():
    assert [len(part) for part in micro_batches([([0] * 10, [0] * 10)] * 10, 100)] == [5, 5]


@pytest.mark.parametrize("most", [1, 90, 100_000])
def test_the_gradients_of_a_step_in_parts_are_those_of_the_whole_batch(most):
    tokenizer = tiny.tokenizer()
    batch = [encode(tokenizer, example) for example in [*examples(3), *examples(2, "Hi.\nNext: Go.")]]

    def gradients(micro_tokens: int) -> tuple[float, list[torch.Tensor]]:
        model = adapted(tiny.model(), RECIPE)
        for name, weight in model.named_parameters():
            if "lora_B" in name:
                torch.nn.init.constant_(weight, 0.01)
        loss = _step(model, batch, Recipe(micro_tokens=micro_tokens), 256, nullcontext)
        return loss, [weight.grad for weight in model.parameters() if weight.grad is not None]

    whole, expected = gradients(100_000)
    loss, found = gradients(most)
    assert loss == pytest.approx(whole, rel=1e-5)
    assert len(found) == len(expected) == 28
    assert sum(float(gradient.abs().sum()) for gradient in expected) > 0.1
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-5)


def test_the_held_out_loss_is_looked_at_evenly_and_at_the_end():
    held_out = examples(2, "Hey hey hey.\nNext: Other.")
    _, progress = finetune(tiny.model(), tiny.tokenizer(), examples(), RECIPE, run=Run(held_out=held_out))
    assert progress.steps == 12
    steps = [step for step, _ in progress.held_out]
    assert steps == list(range(12 // LOOKS, 13, 12 // LOOKS))
    assert all(math.isfinite(loss) for _, loss in progress.held_out)
    assert progress.held_out[-1][1] < progress.held_out[0][1]


def test_a_look_changes_nothing_of_the_training():
    with_looks = finetune(tiny.model(), tiny.tokenizer(), examples(), RECIPE, run=Run(held_out=examples(2)))[1]
    assert with_looks.losses == finetune(tiny.model(), tiny.tokenizer(), examples(), RECIPE)[1].losses


def test_training_ends_when_the_held_out_loss_has_not_improved_for_some_looks():
    against = examples(2, "qqqqqqqq zzzz\nNext: xxxx.")
    recipe = Recipe(**(vars(RECIPE) | {"epochs": 24.0, "patience": 2, "learning_rate": 3e-2}))
    _, progress = finetune(tiny.model(), tiny.tokenizer(), examples(), recipe, run=Run(held_out=against))
    losses = [loss for _, loss in progress.held_out]
    assert progress.step < progress.steps
    assert min(losses[-2:]) > min(losses)


@pytest.mark.parametrize(
    ("losses", "tired"),
    [([3.0, 2.0, 1.0], False), ([1.0, 2.0, 3.0], False), ([1.0, 2.0, 3.0, 2.0], True), ([1.0, 2.0, 3.0, 0.9], False), ([1.0] * 9, False)],
)
def test_patience_counts_the_looks_since_the_best_one(losses, tired):
    progress = Progress(0, 1, 0.0, 0.0, 0, held_out=list(enumerate(losses)))
    assert _tired(progress, Recipe(patience=3)) is tired


def test_the_best_adapter_seen_is_the_one_that_is_kept(tmp_path):
    against = examples(2, "qqqqqqqq zzzz\nNext: xxxx.")
    recipe = Recipe(**(vars(RECIPE) | {"epochs": 24.0, "patience": 99, "learning_rate": 3e-2}))
    model, progress = finetune(tiny.model(), tiny.tokenizer(), examples(), recipe, run=Run(held_out=against, checkpoints=tmp_path))
    losses = [loss for _, loss in progress.held_out]
    assert losses[-1] > min(losses)
    batch = [encode(tiny.tokenizer(), example) for example in against]
    from training.finetune import _loss

    with torch.no_grad():
        assert float(_loss(model, batch, 256, voice_weights(batch, 1.0))) == pytest.approx(min(losses), rel=1e-4)


def test_a_limit_in_hours_ends_the_training_early():
    recipe = Recipe(**(vars(RECIPE) | {"epochs": 10_000.0}))
    _, progress = finetune(tiny.model(), tiny.tokenizer(), examples(), recipe, run=Run(hours=0.5 / 3600))
    assert 0.5 < progress.seconds < 60
    assert 0 < progress.step < progress.steps
    assert len(progress.losses) == progress.step


def test_an_adapter_that_the_disk_does_not_take_is_the_error_of_a_disk(tmp_path):
    model = adapted(tiny.model(), RECIPE)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            save_adapter(model, tmp_path / "voice")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_where_the_limit_in_hours_strikes_the_held_out_loss_is_looked_at_once_more(tmp_path):
    recipe = Recipe(**(vars(RECIPE) | {"epochs": 10_000.0}))
    run = Run(held_out=examples(2), checkpoints=tmp_path, hours=0.5 / 3600)
    _, progress = finetune(tiny.model(), tiny.tokenizer(), examples(), recipe, run=run)
    assert [step for step, _ in progress.held_out] == [progress.step]
    assert (tmp_path / "best.pt").is_file()


def test_training_goes_on_from_another_adapter_where_it_ended(tmp_path):
    model, first = finetune(tiny.model(), tiny.tokenizer(), examples(), RECIPE)
    save_adapter(model, tmp_path / "voice")
    _, more = finetune(tiny.model(), tiny.tokenizer(), examples(), RECIPE, run=Run(start=tmp_path / "voice"))
    assert more.losses[0] < 0.5 * first.losses[0]
    assert more.losses[0] == pytest.approx(first.losses[-1], abs=0.5)


@pytest.mark.parametrize("other", [{"rank": 8}, {"layers": 0.5}])
def test_an_adapter_of_another_shape_is_refused_in_one_sentence(tmp_path, other):
    save_adapter(adapted(tiny.model(), Recipe(**(vars(RECIPE) | other))), tmp_path)
    with pytest.raises(UserError, match="another shape than the recipe's: retrain with `--start base`"):
        load_adapter(adapted(tiny.model(), RECIPE), tmp_path)


def test_a_saved_adapter_is_loaded_to_half_precision(tmp_path):
    made = adapted(tiny.model(), RECIPE)
    for weight in made.parameters():
        if weight.requires_grad:
            torch.nn.init.normal_(weight, std=0.1)
    save_adapter(made, tmp_path, "some/model")
    other = adapted(tiny.model(), Recipe(**(vars(RECIPE) | {"seed": 9})))
    load_adapter(other, tmp_path)
    assert tiny.read_config(tmp_path)["base_model_name_or_path"] == "some/model"
    for (name, ours), theirs in zip(made.named_parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(theirs, ours, rtol=1e-3, atol=1e-4, msg=name)
        assert theirs.dtype == torch.float32


def test_one_process_trains_in_one_precision_after_the_other():
    for precision in ("float32", "bfloat16", "float32"):
        recipe = Recipe(**(vars(RECIPE) | {"epochs": 1.0, "precision": precision}))
        assert all(math.isfinite(loss) for loss in finetune(tiny.model(), tiny.tokenizer(), examples(4), recipe)[1].losses)


def test_whether_bfloat16_is_faster_here_is_measured():
    assert faster_in_half() in (True, False)
    assert isinstance(faster_in_half(), bool)
