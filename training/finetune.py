"""LoRA fine-tuning of a causal LM on the training set, loss on the reply only."""

import math
import random
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from assistant.chat_template import chat_text, end_of_turn
from training.adapter import adapted, load_adapter
from training.checkpoint import Checkpoint
from training.dataset import Example
from training.machine import faster_in_half, give_back

if TYPE_CHECKING:
    import torch
    from accelerate import Accelerator
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Autocast = Callable[[], AbstractContextManager[Any]]
SAVE_EVERY = 60.0
"""Seconds between checkpoints."""
TRIM_EVERY = 5
"""Steps after which memory that is free goes back to the system."""

SHAPES = 32
"""Rows are padded to a multiple of so many tokens, and twice as many replies' tokens go through the output layer at once: for
each new shape a CPU's matrix library compiles and keeps kernels, 2 GB of them after 400 steps."""


@dataclass(frozen=True)
class Recipe:
    """How to train."""

    rank: int = 12
    """Rank of the LoRA matrices."""
    alpha: int = 24
    """Scale of the LoRA update, over the rank."""
    layers: float = 2 / 3
    """Share of the layers that are adapted, counted from the top; the rest need no backward pass."""
    learning_rate: float = 3e-4
    """Peak, after a linear warm-up and before a cosine decay."""
    lora_plus: float = 8.0
    """How many times faster than the matrices A the matrices B learn (LoRA+, https://arxiv.org/abs/2402.12354)."""
    batch: int = 3
    """Examples per step, of like length."""
    micro_tokens: int = 700
    """Most tokens that go through the model at once; what keeps the memory small. A step adds up its parts."""
    epochs: float = 1.8
    """Passes over the training set."""
    voice_weight: float = 2.0
    """What a reply's token counts that does not follow on the one before it in the prompt too: there the voice shows, where the
    rest is copied from the evidence."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """``auto`` takes bfloat16 where this machine multiplies faster in it."""
    quantize: bool = False
    """Load the base model in 4 bits (QLoRA); needs a CUDA GPU and bitsandbytes, without which the command does not ask for it."""
    patience: int = 3
    """Looks at the held-out loss without a new best after which training ends."""
    seed: int = 0
    """Seeds the order of examples and the adapter's start."""


PRESETS = {
    "laptop": Recipe(),
    "gpu": Recipe(
        rank=16, alpha=32, layers=1.0, learning_rate=2e-4, lora_plus=1.0, batch=16, micro_tokens=16_000, epochs=3.0, quantize=True
    ),
}
LOOKS = 6
"""How often in a run the held-out loss is looked at."""


@dataclass
class Progress:
    """What training reports after each step."""

    step: int
    steps: int
    loss: float
    seconds: float
    tokens: int
    losses: list[float] = field(default_factory=list)
    held_out: list[tuple[int, float]] = field(default_factory=list)
    """(step, loss) of each look at the held-out examples."""

    def count(self, loss: float, tokens: int, seconds: float) -> None:
        """Take in one more step; ``seconds`` are those since the beginning."""
        self.step += 1
        self.loss, self.seconds = loss, seconds
        self.losses.append(loss)
        self.tokens += tokens


@dataclass(frozen=True)
class Run:
    """What else a training run stands on; by default it starts anew, keeps nothing and goes to its end."""

    held_out: Sequence[Example] = ()
    """Examples on which training looks now and then, and whose best adapter is kept."""
    start: Path | None = None
    """Adapter of the same shape to go on from."""
    checkpoints: Path | None = None
    """Folder for the run's checkpoints; an unfinished run in it goes on."""
    hours: float | None = None
    """Most hours to train."""


def encode(tokenizer: "PreTrainedTokenizerBase", example: Example) -> tuple[list[int], list[int]]:
    """Token ids of the prompt, by the model's own chat template, and of the reply with its end-of-turn token."""
    ids = tokenizer(chat_text(tokenizer, example.prompt.messages()), add_special_tokens=False)["input_ids"]
    reply = tokenizer(example.reply, add_special_tokens=False)["input_ids"]
    return list(ids), [*reply, end_of_turn(tokenizer)]


def finetune(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    examples: list[Example],
    recipe: Recipe,
    report: Callable[[Progress], None] = lambda progress: None,
    run: Run = Run(),
) -> tuple[Any, Progress]:
    """Train an adapter.

    Returns:
        the PEFT model and the last progress, its ``losses`` one per step.

    Raises:
        UserError: the adapter to start from has another shape than the recipe's, or the disk is full.
    """
    import torch
    from accelerate import Accelerator
    from peft.optimizers import create_loraplus_optimizer

    half = recipe.precision == "bfloat16" or (recipe.precision == "auto" and faster_in_half())
    # The accelerator's own precision holds for the whole process, in which another run may choose otherwise.
    accelerator = Accelerator(mixed_precision="no")
    autocast = partial(torch.autocast, accelerator.device.type, torch.bfloat16, half)
    encoded = [encode(tokenizer, example) for example in examples]
    probes = [encode(tokenizer, example) for example in run.held_out]
    peft_model = _prepared(model, recipe, accelerator.device, run.start)
    weights = [p for p in peft_model.parameters() if p.requires_grad]
    optimizer = create_loraplus_optimizer(peft_model, torch.optim.AdamW, lr=recipe.learning_rate, loraplus_lr_ratio=recipe.lora_plus)
    batches = _batches(encoded, recipe, random.Random(recipe.seed))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, len(batches)))
    progress = Progress(0, len(batches), math.nan, 0.0, 0)
    state = Checkpoint(run.checkpoints, peft_model, optimizer, schedule, progress) if run.checkpoints else None
    if state:
        state.resume()
    writes = state if accelerator.is_main_process else None
    pad, before = int(tokenizer.pad_token_id or 0), progress.seconds
    began = saved = time.monotonic()
    every = max(1, len(batches) // LOOKS)
    while progress.step < len(batches):
        batch = batches[progress.step][accelerator.process_index :: accelerator.num_processes]
        loss = _step(peft_model, batch, recipe, pad, autocast)
        if accelerator.num_processes > 1:
            _share(weights, accelerator)
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad(set_to_none=True)
        progress.count(loss, sum(len(prompt) + len(reply) for prompt, reply in batch), before + time.monotonic() - began)
        report(progress)
        over = run.hours is not None and _any(progress.seconds > 3600 * run.hours, accelerator)
        if probes and (progress.step % every == 0 or progress.step == len(batches) or over):
            progress.held_out.append((progress.step, _held_out_loss(peft_model, probes, recipe, pad, autocast)))
            if writes and progress.held_out[-1][1] <= min(loss for _, loss in progress.held_out):
                writes.keep_best()
            if _tired(progress, recipe):
                break
        if progress.step % TRIM_EVERY == 0:
            give_back()
        if writes and time.monotonic() - saved > SAVE_EVERY:
            writes.save()
            saved = time.monotonic()
        if over:
            break
    if writes:
        writes.take_best()
    peft_model.eval()
    return peft_model, progress


def main_process() -> bool:
    """Whether this process is the one that writes, tries and installs; of several that accelerate started, the first."""
    from accelerate import Accelerator

    return bool(Accelerator(mixed_precision="no").is_main_process)


def _prepared(model: "PreTrainedModel", recipe: Recipe, device: "torch.device", start: Path | None) -> Any:
    """The model with its adapter, new or gone on from."""
    if device.type == "cpu":
        # On the short rows of this task a CPU multiplies plain matrices faster than it runs the fused kernel.
        model.set_attn_implementation("eager")
    peft_model = adapted(model, recipe).to(device)
    if start:
        load_adapter(peft_model, start)
    return peft_model


def _share(weights: "list[torch.Tensor]", accelerator: "Accelerator") -> None:
    """Average the gradients over the processes; one whose part of the batch was empty counts with zeros."""
    import torch

    for weight in weights:
        weight.grad = accelerator.reduce(torch.zeros_like(weight) if weight.grad is None else weight.grad, "mean")


def _any(here: bool, accelerator: "Accelerator") -> bool:
    """Whether it holds in any of the processes, so that all of them stop at the same step."""
    import torch

    return bool(accelerator.reduce(torch.tensor(float(here), device=accelerator.device), "sum") > 0)


def _tired(progress: Progress, recipe: Recipe) -> bool:
    """Whether the held-out loss has not improved for some looks."""
    losses = [loss for _, loss in progress.held_out]
    return len(losses) > recipe.patience and min(losses[-recipe.patience :]) > min(losses)


def _step(model: Any, batch: "list[Encoded]", recipe: Recipe, pad: int, autocast: Autocast) -> float:
    """Add up the gradients of a batch's parts; returns the batch's weighted mean loss per reply token."""
    model.train()
    count = sum(map(sum, voice_weights(batch, recipe.voice_weight)))  # 0 where there are more processes than examples
    total = 0.0
    for part in micro_batches(batch, recipe.micro_tokens):
        weights = voice_weights(part, recipe.voice_weight)
        with autocast():
            loss = _loss(model, part, pad, weights) * (sum(map(sum, weights)) / count)
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves Tensor.backward untyped
        total += float(loss.detach())
    return total


def _held_out_loss(model: Any, probes: "list[Encoded]", recipe: Recipe, pad: int, autocast: Autocast) -> float:
    """Mean loss per reply token of examples that are not trained on."""
    import torch

    model.eval()
    total = count = 0.0
    with torch.no_grad(), autocast():
        for part in micro_batches(sorted(probes, key=lambda pair: len(pair[0]) + len(pair[1])), recipe.micro_tokens):
            tokens = sum(len(reply) for _, reply in part)
            total += float(_loss(model, part, pad, voice_weights(part, 1.0))) * tokens
            count += tokens
    return total / count


Encoded = tuple[list[int], list[int]]


def _batches(encoded: list[Encoded], recipe: Recipe, rng: random.Random) -> list[list[Encoded]]:
    """Batches of like length for all epochs, shuffled within each epoch."""
    batches: list[list[Encoded]] = []
    whole = math.ceil(recipe.epochs)
    for epoch in range(whole):
        order = sorted(encoded, key=lambda pair: len(pair[0]) + len(pair[1]) + rng.uniform(0, 40))
        cut = [order[start : start + recipe.batch] for start in range(0, len(order), recipe.batch)]
        rng.shuffle(cut)
        share = min(1.0, recipe.epochs - epoch)
        batches += cut[: max(1, round(len(cut) * share))]
    return batches


def micro_batches(batch: list[Encoded], most: int) -> list[list[Encoded]]:
    """A batch in parts that hold, padded, at most so many tokens; a longer example is a part of its own."""
    parts: list[list[Encoded]] = []
    width = 0
    for pair in batch:
        length = len(pair[0]) + len(pair[1])
        if parts and max(width, length) * (len(parts[-1]) + 1) <= most:
            parts[-1].append(pair)
            width = max(width, length)
        else:
            parts.append([pair])
            width = length
    return parts


def _rate(step: int, steps: int) -> float:
    warm = max(1, steps // 20)
    if step < warm:
        return (step + 1) / warm
    return 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


def voice_weights(batch: list[Encoded], voice: float) -> list[list[float]]:
    """For each reply the weights of its tokens: 1 where a token follows on the one before it in the prompt too, else ``voice``."""
    found = []
    for prompt, reply in batch:
        copied = set(pairwise(prompt))
        found.append([1.0 if pair in copied else voice for pair in pairwise([prompt[-1], *reply])])
    return found


def _whole(count: int, of: int) -> int:
    """The next multiple."""
    return -(-count // of) * of


def _loss(model: Any, batch: list[Encoded], pad: int, weights: list[list[float]]) -> "torch.Tensor":
    """Weighted mean cross-entropy over the reply tokens; logits are made for those positions only."""
    import torch

    width = _whole(max(len(prompt) + len(reply) for prompt, reply in batch), SHAPES)
    device = next(model.parameters()).device
    ids = torch.full((len(batch), width), pad, device=device)
    mask = torch.zeros((len(batch), width), dtype=torch.long, device=device)
    wanted = torch.zeros((len(batch), width), dtype=torch.bool, device=device)
    targets: list[int] = []
    for row, (prompt, reply) in enumerate(batch):
        length = len(prompt) + len(reply)
        ids[row, :length] = torch.tensor(prompt + reply, device=device)
        mask[row, :length] = 1
        wanted[row, len(prompt) - 1 : length - 1] = True
        targets += reply
    causal = model.get_base_model()
    hidden = causal.base_model(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state
    rows = torch.nn.functional.pad(hidden[wanted], (0, 0, 0, _whole(len(targets), 2 * SHAPES) - len(targets)))
    logits = causal.get_output_embeddings()(rows)[: len(targets)]
    config = causal.config.get_text_config()
    # What some models do to their logits: Cohere and Granite scale them, Gemma 2 caps them.
    logits = logits * getattr(config, "logit_scale", 1.0) / getattr(config, "logits_scaling", 1.0)
    if softcap := getattr(config, "final_logit_softcapping", None):
        logits = torch.tanh(logits / softcap) * softcap
    losses = torch.nn.functional.cross_entropy(logits.float(), torch.tensor(targets, device=device), reduction="none")
    weighted = torch.tensor([weight for row in weights for weight in row], device=device)
    return (losses * weighted).sum() / weighted.sum()
