"""A voice handed to other servers: merged safetensors, a GGUF file, or a PEFT folder for vLLM."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from assistant.base_model import embedded_gguf, load_model, load_tokenizer
from assistant.chat_template import end_of_turn
from assistant.errors import UserError
from assistant.merge import merge
from assistant.settings import Settings
from assistant.voices import ADAPTER, CONFIG, Voice
from training.adapter import as_os_error

Format = Literal["safetensors", "gguf", "peft"]
VLLM_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
"""What vLLM takes as ``--max-lora-rank``."""
VLLM_IGNORES = ("rank_pattern", "alpha_pattern", "modules_to_save", "use_dora", "lora_bias", "trainable_token_indices")


def export(voice: Voice, kind: Format, out: Path, settings: Settings) -> Path:
    """Write a voice to a folder in a form that other servers load.

    Args:
        voice: an installed voice.
        kind: ``safetensors``, a model folder with the voice merged in, as transformers loads it; ``gguf``, one file for
            llama.cpp, with the base model's chat template and the token that ends a turn; ``peft``, the adapter in the
            form that vLLM documents for ``--lora-modules``.
        out: a folder that is new or empty; it appears filled, or not at all.
        settings: name the base model.

    Returns:
        what a server is given: the folder, or the GGUF file in it.

    Raises:
        UserError: the folder holds something, or the voice cannot be written in this form.
    """
    with _filled(out) as draft:
        if kind == "safetensors":
            _safetensors(voice, draft, settings)
        elif kind == "gguf":
            _gguf(voice, draft / f"{voice.label}.gguf", settings)
        else:
            _peft(voice, draft)
    return out / f"{voice.label}.gguf" if kind == "gguf" else out


def served_by(voice: Voice, kind: Format, path: Path) -> str:
    """The command that serves an exported voice."""
    if kind == "gguf":
        return f"llama-server --model {path} --jinja"
    if kind == "safetensors":
        return f"vllm serve {path} --served-model-name {voice.card.name}"
    config = json.loads((path / CONFIG).read_text("utf-8"))
    rank = next(rank for rank in VLLM_RANKS if rank >= config["r"])
    modules = f"--lora-modules {voice.card.name}={path}"
    return f"vllm serve {config['base_model_name_or_path']} --enable-lora --max-lora-rank {rank} {modules}"


def _safetensors(voice: Voice, folder: Path, settings: Settings) -> None:
    from peft import PeftModel
    from transformers import AutoConfig, GenerationConfig

    tokenizer = load_tokenizer(settings.base_model)
    try:
        model = PeftModel.from_pretrained(load_model(settings.base_model), str(voice.folder)).merge_and_unload()
    except (RuntimeError, ValueError) as error:
        raise UserError(f"The voice {voice.label} does not fit {settings.base_model}: retrain it on this base model.") from error
    ends = [token for token in dict.fromkeys([end_of_turn(tokenizer), tokenizer.eos_token_id]) if token is not None]
    model.generation_config = GenerationConfig(
        bos_token_id=tokenizer.bos_token_id, eos_token_id=ends, pad_token_id=tokenizer.pad_token_id, do_sample=False
    )
    if settings.base_model.endswith(("embedded", ".gguf")):
        # The weights are plain float32 by now, yet transformers refuses to save what a quantiser once read.
        model.hf_quantizer = None
    else:
        model = model.to(AutoConfig.from_pretrained(settings.base_model).dtype)
    with as_os_error():
        model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _gguf(voice: Voice, target: Path, settings: Settings) -> None:
    base = embedded_gguf() if settings.base_model == "embedded" else Path(settings.base_model)
    if base.suffix != ".gguf":
        raise UserError(
            f"GGUF is written from a GGUF base model, not from {settings.base_model}: export safetensors "
            "and convert them with llama.cpp's convert_hf_to_gguf.py."
        )
    tokenizer = load_tokenizer(settings.base_model)
    end = end_of_turn(tokenizer)
    fields: dict[str, str | int] = {
        "general.name": voice.label,
        "tokenizer.chat_template": str(tokenizer.chat_template),
        "tokenizer.ggml.eos_token_id": end,
        "tokenizer.ggml.eot_token_id": end,
    }
    merge(base, voice.folder, target, fields)


def _peft(voice: Voice, folder: Path) -> None:
    config: dict[str, Any] = json.loads((voice.folder / CONFIG).read_text("utf-8"))
    if odd := [field for field in VLLM_IGNORES if config.get(field)]:
        raise UserError(f"vLLM serves plain LoRA adapters, and {voice.label} has {', '.join(odd)}: export safetensors instead.")
    if config.get("bias", "none") != "none" or config["r"] > VLLM_RANKS[-1]:
        raise UserError(f"vLLM serves adapters without a bias and of rank {VLLM_RANKS[-1]} at most: export safetensors instead.")
    if isinstance(config["target_modules"], list):
        config["target_modules"].sort()
    (folder / CONFIG).write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", "utf-8")
    shutil.copyfile(voice.folder / ADAPTER, folder / ADAPTER)


@contextmanager
def _filled(out: Path) -> Iterator[Path]:
    """A folder to write to, which takes the place of ``out`` when all is written."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out} is there already: name a new or an empty folder with --out.")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.", ignore_cleanup_errors=True) as work:
            draft = Path(work) / "draft"
            draft.mkdir()
            yield draft
            draft.replace(out)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UserError(
            f"{error.filename or out} cannot be written ({reason}): nothing was exported; check the path and the disk."
        ) from error
