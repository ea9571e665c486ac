"""A base model in GGUF and a PEFT adapter become one GGUF file, which OpenVINO GenAI and llama.cpp both read.

Weights that the adapter touches are written with 8 bits (Q8_0), all others are copied as they stand.
"""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from assistant.errors import UserError
from assistant.voices import ADAPTER, CONFIG

GGUF_NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
_NOT_PLAIN = ("use_dora", "rank_pattern", "alpha_pattern", "modules_to_save", "fan_in_fan_out", "trainable_token_indices", "lora_bias")
ARCHITECTURES = {"llama": GGUF_NAMES}
"""What the fast engine serves: GGUF architecture -> where each adapted module's weight stands in the file.

Any other architecture is served by the reference engine (``DESK_ENGINE=transformers``).
"""


def merge(base: Path, adapter: Path, target: Path, fields: Mapping[str, str | int] = MappingProxyType({})) -> None:
    """Write the base model with the adapter merged into it.

    Args:
        base: GGUF file of the base model.
        adapter: PEFT folder.
        target: file to write; it appears whole or not at all.
        fields: what the file is to say otherwise than the base model's, by key.

    Raises:
        UserError: the architecture is not served, or the adapter does not fit the base.
    """
    from gguf import GGMLQuantizationType, GGUFReader, GGUFValueType, GGUFWriter
    from gguf.quants import dequantize, quantize

    reader = GGUFReader(base)
    architecture = _field(reader, "general.architecture")
    names = ARCHITECTURES.get(architecture)
    if names is None:
        raise UserError(f"The fast engine serves {', '.join(ARCHITECTURES)} models, not {architecture}: set DESK_ENGINE=transformers.")
    heads = int(_field(reader, f"{architecture}.attention.head_count"))
    kv_heads = int(_field(reader, f"{architecture}.attention.head_count_kv"))
    deltas = lora_deltas(adapter, names, heads, kv_heads)
    partial = target.with_suffix(f".{os.getpid()}.partial")
    writer = GGUFWriter(str(partial), architecture)
    for key, field in reader.fields.items():
        if not key.startswith("GGUF.") and key != "general.architecture" and key not in fields:
            sub_type = field.types[1] if len(field.types) > 1 else None
            writer.add_key_value(key, field.contents(), field.types[0], sub_type=sub_type)
    for key, value in fields.items():
        writer.add_key_value(key, value, GGUFValueType.STRING if isinstance(value, str) else GGUFValueType.UINT32)
    for tensor in reader.tensors:
        delta = deltas.pop(tensor.name, None)
        if delta is None:
            writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
            continue
        weight = dequantize(tensor.data, tensor.tensor_type)
        if weight.shape != delta.shape:
            raise UserError(f"The voice in {adapter} was trained on another base model: retrain it or set DESK_BASE_MODEL back.")
        merged = quantize((weight + delta).astype(np.float32), GGMLQuantizationType.Q8_0)
        writer.add_tensor(tensor.name, merged, raw_dtype=GGMLQuantizationType.Q8_0)
    if deltas:
        raise UserError(f"The voice in {adapter} adapts weights that the base model has not: retrain it on this base model.")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    partial.replace(target)


def lora_deltas(adapter: Path, names: dict[str, str], heads: int, kv_heads: int) -> dict[str, np.ndarray]:
    """The weight change of each adapted module by its tensor name in GGUF, in GGUF's row order.

    Raises:
        UserError: the adapter cannot be read, or is of a kind that only PEFT can apply.
    """
    from safetensors.numpy import load_file

    try:
        config = json.loads((adapter / CONFIG).read_text("utf-8"))
        weights = load_file(adapter / ADAPTER)
        scale = config["lora_alpha"] / (config["r"] ** 0.5 if config.get("use_rslora") else config["r"])
    except Exception as error:
        raise UserError(f"The voice in {adapter} is damaged ({type(error).__name__}): install it again or choose another.") from error
    if any(config.get(more) for more in _NOT_PLAIN):
        raise UserError(f"The voice in {adapter} is no plain LoRA adapter: set DESK_ENGINE=transformers.")
    deltas = {}
    for key, a in weights.items():
        if not key.endswith(".lora_A.weight"):
            continue
        b = weights[key.replace(".lora_A.", ".lora_B.")]
        match = re.fullmatch(r".*\.layers\.(\d+)\.(.+)\.lora_A\.weight", key)
        if match is None or match[2] not in names:
            raise UserError(f"The voice in {adapter} adapts {key}, which the fast engine does not: set DESK_ENGINE=transformers.")
        layer, module = match.groups()
        delta = scale * (b.astype(np.float32) @ a.astype(np.float32))
        if module.endswith("q_proj"):
            delta = _permute(delta, heads)
        elif module.endswith("k_proj"):
            delta = _permute(delta, kv_heads)
        deltas[f"blk.{layer}.{names[module]}.weight"] = delta
    return deltas


def _permute(rows: np.ndarray, heads: int) -> np.ndarray:
    """From the rotary layout of transformers (halves) to that of GGUF (pairs)."""
    return rows.reshape(heads, 2, rows.shape[0] // heads // 2, -1).swapaxes(1, 2).reshape(rows.shape)


def _field(reader: Any, key: str) -> Any:
    field = reader.get_field(key)
    if field is None:
        raise UserError(f"The model file says nothing of {key}: use another GGUF file or DESK_ENGINE=transformers.")
    return field.contents()
