"""all-MiniLM-L6-v2 on OpenVINO: the network is written out here and reads the original weights, so PyTorch is not loaded.

Texts of the same number of tokens go through the network together. Nothing is padded: no arithmetic is spent on padding,
no mask is needed, and a text gets the same vector whatever other texts it comes with.
"""

from pathlib import Path

import numpy as np
import openvino as ov
from openvino import opset13 as op
from safetensors.numpy import load_file
from threadpoolctl import threadpool_limits
from tokenizers import Tokenizer

DIMENSION = 384
LAYERS = 6
HEADS = 12
MOST_TOKENS = 256
"""Tokens of a text that are read; the model was trained on no longer ones."""
BATCH_TOKENS = 512
"""Tokens that go through the network at once: enough to keep two cores busy, few enough to stay in their caches."""

Weights = dict[str, np.ndarray]


class MiniLM:
    """The model, ready to embed; safe to share between threads."""

    def __init__(self, folder: Path, threads: int) -> None:
        """Read the model.

        Args:
            folder: of ``model.safetensors`` and ``tokenizer.json``.
            threads: CPU threads.

        Raises:
            Exception: of the library that cannot read its file.
        """
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(MOST_TOKENS)
        self._tokenizer.no_padding()
        # Numpy's threads go on spinning after a product and take the network's cores, which then needs twice as long for a question.
        threadpool_limits(1, user_api="blas")
        # Float32 everywhere: left to itself OpenVINO takes bfloat16 where the CPU has it, and the store's vectors would differ.
        # Threads bound to a core wait there when another process is on it.
        self._network = ov.Core().compile_model(
            network(load_file(folder / "model.safetensors")),
            "CPU",
            {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "ENABLE_CPU_PINNING": False},
        )

    def vectors(self, texts: list[str]) -> np.ndarray:
        """Unit vectors of the texts, float32 of shape (len(texts), 384)."""
        tokens = [self._tokenizer.encode(text).ids for text in texts]
        rows_of: dict[int, list[int]] = {}
        for row, ids in enumerate(tokens):
            rows_of.setdefault(len(ids), []).append(row)
        found = np.empty((len(texts), DIMENSION), dtype=np.float32)
        request = self._network.create_infer_request()  # one per call: calls of several threads take turns, batch by batch
        for length, rows in rows_of.items():
            size = max(1, BATCH_TOKENS // length)
            for start in range(0, len(rows), size):
                batch = rows[start : start + size]
                found[batch] = request.infer([np.array([tokens[row] for row in batch], dtype=np.int32)])[0]
        return found


def network(weights: Weights) -> ov.Model:
    """The network: token ids of shape (texts, tokens) to unit vectors of shape (texts, 384).

    Args:
        weights: the tensors of the original ``model.safetensors``.

    Raises:
        KeyError: a tensor is missing.
    """

    def tensor(name: str) -> ov.Node:
        return op.constant(weights[name])  # handed over as an array it would take a second and half a gigabyte

    def linear(value: ov.Node, name: str) -> ov.Node:
        return op.add(op.matmul(value, tensor(f"{name}.weight"), transpose_a=False, transpose_b=True), tensor(f"{name}.bias"))

    def normed(value: ov.Node, name: str) -> ov.Node:
        standard = op.mvn(value, np.array([-1]), normalize_variance=True, eps=1e-12, eps_mode="inside_sqrt")
        return op.add(op.multiply(standard, tensor(f"{name}.weight")), tensor(f"{name}.bias"))

    def heads(value: ov.Node) -> ov.Node:
        apart = op.reshape(value, np.array([0, 0, HEADS, DIMENSION // HEADS]), special_zero=True)
        return op.transpose(apart, np.array([0, 2, 1, 3]))

    ids = op.parameter([-1, -1], np.int32)
    length = op.gather(op.shape_of(ids), np.array([1]), np.array(0))
    places = weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
    place = op.slice(op.constant(places), np.array([0]), length, np.array([1]), np.array([0]))
    word = op.gather(tensor("embeddings.word_embeddings.weight"), ids, np.array(0))
    value = normed(op.add(word, place), "embeddings.LayerNorm")
    for layer in range(LAYERS):
        at = f"encoder.layer.{layer}"
        query, key, content = (heads(linear(value, f"{at}.attention.self.{part}")) for part in ("query", "key", "value"))
        seen = op.transpose(op.scaled_dot_product_attention(query, key, content), np.array([0, 2, 1, 3]))
        joined = op.reshape(seen, np.array([0, 0, DIMENSION]), special_zero=True)
        value = normed(op.add(value, linear(joined, f"{at}.attention.output.dense")), f"{at}.attention.output.LayerNorm")
        wide = op.gelu(linear(value, f"{at}.intermediate.dense"), "erf")
        value = normed(op.add(value, linear(wide, f"{at}.output.dense")), f"{at}.output.LayerNorm")
    mean = op.reduce_mean(value, np.array([1]))
    return ov.Model([op.normalize_l2(mean, np.array([1]), 1e-12, "max")], [ids], "all-MiniLM-L6-v2")
