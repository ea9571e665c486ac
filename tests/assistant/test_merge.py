"""Merging an adapter into a GGUF file, held against PEFT's own merge."""

import json

import numpy as np
import pytest

from assistant.errors import UserError
from assistant.merge import GGUF_NAMES, lora_deltas, merge
from tests import tiny

HEADS, KV_HEADS, LAYERS = 4, 2, 2


def gguf_rows(rows: np.ndarray, heads: int) -> np.ndarray:
    """Row i and row i + half of a head stand side by side in GGUF; written out, as llama.cpp's converter has it."""
    size = rows.shape[0] // heads
    order = [head * size + part * size // 2 + row for head in range(heads) for row in range(size // 2) for part in (0, 1)]
    return rows[order]


def weights_of(model) -> dict[str, np.ndarray]:
    """The adapted weights of a Llama by their GGUF names, in GGUF's row order."""
    found = {}
    for layer in range(LAYERS):
        for module, name in GGUF_NAMES.items():
            rows = model.get_submodule(f"model.layers.{layer}.{module}").weight.detach().numpy().copy()
            heads = {"attn_q": HEADS, "attn_k": KV_HEADS}.get(name)
            found[f"blk.{layer}.{name}.weight"] = gguf_rows(rows, heads) if heads else rows
    return found


def write_gguf(path, model, architecture: str = "llama") -> None:
    from gguf import GGUFWriter

    writer = GGUFWriter(str(path), architecture)
    writer.add_name("tiny")
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_block_count(LAYERS)
    writer.add_token_list(["a", "b", "ç"])
    writer.add_rope_freq_base(10000.0)
    writer.add_tensor("token_embd.weight", model.get_input_embeddings().weight.detach().numpy())
    for name, rows in weights_of(model).items():
        writer.add_tensor(name, np.ascontiguousarray(rows))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@pytest.fixture(scope="module")
def tiny_voice(tmp_path_factory):
    """A base model in GGUF, an adapter on it, and the weights before and after PEFT's own merge."""
    folder = tmp_path_factory.mktemp("merge")
    model = tiny.model()
    before = weights_of(model)
    write_gguf(folder / "base.gguf", model)
    peft_model = tiny.adapter(folder / "adapter", model)
    return folder, before, weights_of(peft_model.merge_and_unload())


def test_the_deltas_are_the_difference_that_pefts_own_merge_makes(tiny_voice):
    folder, before, after = tiny_voice
    deltas = lora_deltas(folder / "adapter", GGUF_NAMES, HEADS, KV_HEADS)
    assert set(deltas) == set(before)
    for name, delta in deltas.items():
        assert np.abs(delta).max() > 0.01
        assert np.allclose(before[name] + delta, after[name], atol=1e-5), name


def test_the_row_order_keeps_the_attention_scores_under_the_other_rotary_layout():
    rng = np.random.default_rng(0)
    size, width = 16, 64
    q, k, x, y = rng.normal(size=(size, width)), rng.normal(size=(size, width)), rng.normal(size=width), rng.normal(size=width)
    angles = rng.normal(size=size // 2)

    def halves(vector, angle):
        a, b = vector[: size // 2], vector[size // 2 :]
        return np.concatenate([a * np.cos(angle) - b * np.sin(angle), b * np.cos(angle) + a * np.sin(angle)])

    def pairs(vector, angle):
        a, b = vector[0::2], vector[1::2]
        return np.stack([a * np.cos(angle) - b * np.sin(angle), b * np.cos(angle) + a * np.sin(angle)], 1).ravel()

    from assistant.merge import _permute

    expected = halves(q @ x, angles) @ halves(k @ y, 2 * angles)
    assert np.isclose(pairs(_permute(q, 1) @ x, angles) @ pairs(_permute(k, 1) @ y, 2 * angles), expected)
    assert not np.isclose(pairs(q @ x, angles) @ pairs(k @ y, 2 * angles), expected)


def test_a_merged_file_holds_pefts_weights_to_eight_bits_and_all_else_as_it_was(tiny_voice, tmp_path):
    from gguf import GGMLQuantizationType, GGUFReader
    from gguf.quants import dequantize

    folder, _, after = tiny_voice
    target = tmp_path / "merged.gguf"
    merge(folder / "base.gguf", folder / "adapter", target)
    base, merged = GGUFReader(folder / "base.gguf"), GGUFReader(target)
    assert [tensor.name for tensor in merged.tensors] == [tensor.name for tensor in base.tensors]
    for tensor, old in zip(merged.tensors, base.tensors, strict=True):
        if tensor.name in after:
            assert tensor.tensor_type == GGMLQuantizationType.Q8_0
            rows = dequantize(tensor.data, tensor.tensor_type)
            assert np.abs(rows - after[tensor.name]).max() <= np.abs(after[tensor.name]).max() / 127
        else:
            assert tensor.tensor_type == old.tensor_type
            assert np.array_equal(tensor.data, old.data)
    kept = {key: field.contents() for key, field in base.fields.items() if not key.startswith("GGUF.")}
    assert {key: field.contents() for key, field in merged.fields.items() if not key.startswith("GGUF.")} == kept
    assert kept["general.name"] == "tiny"


def test_another_architecture_is_sent_to_the_reference_engine(tiny_voice, tmp_path):
    folder, _, _ = tiny_voice
    write_gguf(tmp_path / "other.gguf", tiny.model(), "qwen2")
    with pytest.raises(UserError, match="llama models, not qwen2: set DESK_ENGINE=transformers"):
        merge(tmp_path / "other.gguf", folder / "adapter", tmp_path / "merged.gguf")
    assert [path.name for path in tmp_path.iterdir()] == ["other.gguf"]


@pytest.mark.parametrize("changes", [{"intermediate_size": 128}, {"hidden_size": 128}, {"num_hidden_layers": 3}])
def test_an_adapter_of_another_base_model_is_refused_and_nothing_is_written(tiny_voice, tmp_path, changes):
    folder, _, _ = tiny_voice
    tiny.adapter(tmp_path / "adapter", tiny.model(**changes))
    with pytest.raises(UserError, match="retrain it"):
        merge(folder / "base.gguf", tmp_path / "adapter", tmp_path / "merged.gguf")
    assert [path.name for path in tmp_path.iterdir()] == ["adapter"]


def test_a_file_without_head_counts_is_refused(tmp_path):
    from gguf import GGUFWriter

    writer = GGUFWriter(str(tmp_path / "base.gguf"), "llama")
    writer.add_tensor("token_embd.weight", np.zeros((4, 4), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with pytest.raises(UserError, match="head_count"):
        merge(tmp_path / "base.gguf", tmp_path, tmp_path / "merged.gguf")


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("adapter_config.json", b"{"),
        ("adapter_config.json", b"{}"),
        ("adapter_model.safetensors", b"no tensors"),
        ("adapter_model.safetensors", None),
    ],
)
def test_a_damaged_adapter_is_named(tmp_path, file, content):
    tiny.adapter(tmp_path / "adapter", tiny.model())
    if content is None:
        (tmp_path / "adapter" / file).unlink()
    else:
        (tmp_path / "adapter" / file).write_bytes(content)
    with pytest.raises(UserError, match="damaged"):
        lora_deltas(tmp_path / "adapter", GGUF_NAMES, HEADS, KV_HEADS)


@pytest.mark.filterwarnings("ignore:Setting `save_embedding_layers`:UserWarning")
@pytest.mark.parametrize("changes", [{"use_dora": True}, {"rank_pattern": {"q_proj": 2}}, {"target_modules": ["lm_head", "q_proj"]}])
def test_an_adapter_of_a_kind_that_cannot_be_merged_here_is_refused(tmp_path, changes):
    tiny.adapter(tmp_path / "adapter", tiny.model(tie_word_embeddings=False), **changes)
    with pytest.raises(UserError, match="DESK_ENGINE=transformers"):
        lora_deltas(tmp_path / "adapter", GGUF_NAMES, HEADS, KV_HEADS)


def test_a_rank_stabilised_adapter_is_scaled_as_peft_scales_it(tmp_path):
    model = tiny.model()
    before = weights_of(model)
    after = weights_of(tiny.adapter(tmp_path / "adapter", model, use_rslora=True).merge_and_unload())
    assert json.loads((tmp_path / "adapter" / "adapter_config.json").read_text("utf-8"))["use_rslora"] is True
    for name, delta in lora_deltas(tmp_path / "adapter", GGUF_NAMES, HEADS, KV_HEADS).items():
        assert np.allclose(before[name] + delta, after[name], atol=1e-5), name
