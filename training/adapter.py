"""The LoRA adapter: put on a model, filled from a folder, written to one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.errors import UserError
from assistant.voices import ADAPTER

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from training.finetune import Recipe

TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj", "qkv_proj", "gate_up_proj"]
"""Projections of attention and feed-forward blocks by their usual names; the last two are Phi-3's."""


def adapted(model: "PreTrainedModel", recipe: "Recipe") -> Any:
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


def load_adapter(peft_model: Any, folder: Path) -> None:
    """Fill a model's adapter with the weights of another of the same shape.

    Raises:
        UserError: the shapes differ.
    """
    from peft import get_peft_model_state_dict, set_peft_model_state_dict
    from safetensors.torch import load_file

    weights = load_file(folder / ADAPTER)
    own = get_peft_model_state_dict(peft_model)
    if {name: weight.shape for name, weight in weights.items()} != {name: weight.shape for name, weight in own.items()}:
        raise UserError(f"The voice in {folder} has another shape than the recipe's: retrain with `--start base`.")
    set_peft_model_state_dict(peft_model, {name: weight.to(own[name].dtype) for name, weight in weights.items()})


def save_adapter(peft_model: Any, folder: Path, base_model: str = "") -> None:
    """Write the adapter in half precision as a PEFT folder: ``adapter_model.safetensors`` and ``adapter_config.json``.

    The config names ``base_model`` and not the path that the model was read from on this machine.
    """
    import torch
    from safetensors.torch import load_file, save_file

    peft_model.peft_config["default"].base_model_name_or_path = base_model
    weights = folder / ADAPTER
    with as_os_error():
        # Without the last argument PEFT asks the hub for the base model's vocabulary.
        peft_model.save_pretrained(folder, safe_serialization=True, save_embedding_layers=False)
        halves = {name: tensor.to(torch.float16) for name, tensor in load_file(weights).items()}
        save_file(halves, weights, metadata={"format": "pt"})
    (folder / "README.md").unlink(missing_ok=True)


@contextmanager
def as_os_error() -> Iterator[None]:
    """What safetensors raises where it cannot write, as the OSError that it is."""
    from safetensors import SafetensorError

    try:
        yield
    except SafetensorError as error:
        raise OSError(str(error)) from error
