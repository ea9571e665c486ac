"""LoRA fine-tuning of a causal LM on the training set, loss on the reply only."""

import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.dataset import Example

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


@dataclass(frozen=True)
class Recipe:
    """How to train."""

    rank: int = 12
    """Rank of the LoRA matrices."""
    alpha: int = 24
    """Scale of the LoRA update, over the rank."""
    layers: float = 2 / 3
    """Share of the layers that are adapted, counted from the top; the rest need no backward pass."""
    learning_rate: float = 6e-4
    """Peak, after a linear warm-up and before a cosine decay."""
    batch: int = 8
    """Examples per step, of like length."""
    epochs: float = 2.0
    """Passes over the training set."""
    seed: int = 0
    """Seeds the order of examples and the adapter's start."""


@dataclass
class Progress:
    """What training reports after each step."""

    step: int
    steps: int
    loss: float
    seconds: float
    tokens: int
    losses: list[float] = field(default_factory=list)


def encode(tokenizer: "PreTrainedTokenizerBase", example: Example) -> tuple[list[int], list[int]]:
    """Token ids of the prompt, by the model's own chat template, and of the reply with its end-of-turn token."""
    prompt = tokenizer.apply_chat_template(example.prompt.messages(), add_generation_prompt=True, tokenize=False)
    ids = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    reply = tokenizer(example.reply, add_special_tokens=False)["input_ids"]
    return list(ids), [*reply, end_of_turn(tokenizer)]


def end_of_turn(tokenizer: "PreTrainedTokenizerBase") -> int:
    """The token that ends an assistant's turn: the first special token that the chat template puts after its text."""
    turns = [{"role": "user", "content": "u"}, {"role": "assistant", "content": "END-OF-TURN"}]
    text = str(tokenizer.apply_chat_template(turns, tokenize=False)).split("END-OF-TURN", 1)[1]
    special = set(tokenizer.all_special_ids)
    for token in tokenizer(text, add_special_tokens=False)["input_ids"]:
        if token in special:
            return int(token)
    return int(tokenizer.eos_token_id)


def adapted(model: "PreTrainedModel", recipe: Recipe) -> Any:
    """The model with LoRA matrices on its upper layers."""
    import torch
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(recipe.seed)
    depth = int(model.config.get_text_config().num_hidden_layers)
    names = {name.rsplit(".", 1)[-1] for name, _ in model.named_modules()}
    config = LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        lora_dropout=0.0,
        target_modules=[name for name in TARGETS if name in names] or "all-linear",
        layers_to_transform=list(range(round(depth * (1 - recipe.layers)), depth)),
        task_type="CAUSAL_LM",
    )
    return get_peft_model(model, config)


def finetune(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    examples: list[Example],
    recipe: Recipe,
    report: Callable[[Progress], None] = lambda progress: None,
) -> tuple[Any, Progress]:
    """Train an adapter.

    Returns:
        the PEFT model and the last progress, its ``losses`` one per step.
    """
    import torch

    encoded = [encode(tokenizer, example) for example in examples]
    peft_model = adapted(model, recipe)
    peft_model.train()
    weights = [p for p in peft_model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=recipe.learning_rate, weight_decay=0.0)
    rng = random.Random(recipe.seed)
    batches = _batches(encoded, recipe, rng)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, len(batches)))
    progress = Progress(0, len(batches), math.nan, 0.0, 0)
    began = time.monotonic()
    for batch in batches:
        loss = _loss(peft_model, batch, int(tokenizer.pad_token_id or 0))
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves Tensor.backward untyped
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad(set_to_none=True)
        progress.step += 1
        progress.loss = float(loss.detach())
        progress.losses.append(progress.loss)
        progress.tokens += sum(len(prompt) + len(reply) for prompt, reply in batch)
        progress.seconds = time.monotonic() - began
        report(progress)
    peft_model.eval()
    return peft_model, progress


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


def _rate(step: int, steps: int) -> float:
    warm = max(1, steps // 20)
    if step < warm:
        return (step + 1) / warm
    return 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


def _loss(model: Any, batch: list[Encoded], pad: int) -> "torch.Tensor":
    """Mean cross-entropy over the reply tokens; logits are made for those positions only."""
    import torch

    width = max(len(prompt) + len(reply) for prompt, reply in batch)
    ids = torch.full((len(batch), width), pad)
    mask = torch.zeros((len(batch), width), dtype=torch.long)
    wanted = torch.zeros((len(batch), width), dtype=torch.bool)
    targets: list[int] = []
    for row, (prompt, reply) in enumerate(batch):
        length = len(prompt) + len(reply)
        ids[row, :length] = torch.tensor(prompt + reply)
        mask[row, :length] = 1
        wanted[row, len(prompt) - 1 : length - 1] = True
        targets += reply
    causal = model.get_base_model()
    hidden = causal.base_model(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state
    logits = causal.get_output_embeddings()(hidden[wanted])
    softcap = getattr(causal.config.get_text_config(), "final_logit_softcapping", None)
    if softcap:
        logits = torch.tanh(logits / softcap) * softcap
    return torch.nn.functional.cross_entropy(logits.float(), torch.tensor(targets))


def save_adapter(peft_model: Any, folder: Path, base_model: str = "") -> None:
    """Write the adapter in half precision as a PEFT folder: ``adapter_model.safetensors`` and ``adapter_config.json``.

    The config names ``base_model`` and not the path that the model was read from on this machine.
    """
    import torch
    from safetensors.torch import load_file, save_file

    peft_model.peft_config["default"].base_model_name_or_path = base_model
    peft_model.save_pretrained(folder, safe_serialization=True)
    weights = folder / "adapter_model.safetensors"
    halves = {name: tensor.to(torch.float16) for name, tensor in load_file(weights).items()}
    save_file(halves, weights, metadata={"format": "pt"})
    (folder / "README.md").unlink(missing_ok=True)
