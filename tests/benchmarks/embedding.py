"""The embedded model here and in sentence-transformers, on the same texts: ``python -m tests.benchmarks.embedding``.

Two sets of texts, all distinct, from the bundled help center, each embedded as one list by both in turn:

- ``refresh``: what a refresh embeds for every sixth article, in its proportions (to each passage a title, about four sentences
  or steps and four questions);
- ``passages``: passages of 120 words and more, made of neighbouring ones.

Beside them stands the arithmetic limit, taken in the same rounds: float32 matrix products of the model's shapes on two threads, by the
faster of the two libraries. Other work on the cores slows PyTorch more than OpenVINO, so only a quiet machine gives a fair ratio.
"""

import argparse
import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial

import numpy as np

from knowledge_base.articles import Article, article_from_markdown
from knowledge_base.embeddings import SentenceEmbeddings, embedded_model_path
from knowledge_base.minilm import DIMENSION, LAYERS, MOST_TOKENS
from knowledge_base.settings import HERE

THREADS = 2
ROUNDS = 5
QUERIES = 60
BLOCKS = 3
PAUSE_S = 0.3
"""Before each measurement: PyTorch's threads keep a core busy for 0.2 s after their work, which would be counted to the other."""
STARTS = 3
SHAPES = ((512, DIMENSION, DIMENSION), (512, DIMENSION, 4 * DIMENSION), (512, 4 * DIMENSION, DIMENSION))
"""Rows, inner and outer size of the products that make up nearly all of the work."""
COLD = """
import re, time
began = time.perf_counter()
{load}
encode(["How do I get my money back?"])
seconds = time.perf_counter() - began
print(seconds, int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024)
"""
LOADS = {
    "here": "from knowledge_base.embeddings import SentenceEmbeddings\nencode = SentenceEmbeddings().vectors",
    "sentence-transformers": "from knowledge_base.embeddings import embedded_model_path\n"
    "from sentence_transformers import SentenceTransformer\n"
    "encode = SentenceTransformer(str(embedded_model_path()), device='cpu').encode",
}
Encode = Callable[[list[str]], np.ndarray]


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(THREADS)
    reference = SentenceTransformer(str(embedded_model_path()), device="cpu")
    encoders: dict[str, Encode] = {
        "here": SentenceEmbeddings(threads=THREADS).vectors,
        "sentence-transformers": lambda texts: reference.encode(texts, normalize_embeddings=True, show_progress_bar=False),
    }
    folder = HERE / "help_center"
    articles = [article_from_markdown(path.read_bytes(), path.name) for path in sorted(folder.rglob("*.md"))]
    refreshed, questions = as_refreshed(articles[::6])
    for name, texts in (("refresh", refreshed), ("passages", long_passages(articles)[::3])):
        print(name, json.dumps(throughput(encoders, texts)), flush=True)
    print("one query", json.dumps(latency(encoders, random.Random(0).sample(questions, QUERIES))), flush=True)
    print("cold start to the first vector", json.dumps(cold_starts()), flush=True)


def as_refreshed(articles: list[Article]) -> tuple[list[str], list[str]]:
    """The distinct texts that a refresh embeds for these articles, shuffled, and the questions among them."""
    texts, questions = [], []
    for article in articles:
        for passage in article.passages:
            title = f"{article.title}. {passage.heading}".strip(". ")
            texts += [title, f"{title}\n{passage.text}", *(unit.text for unit in passage.units), *passage.asked]
            questions += passage.asked
    distinct = list(dict.fromkeys(texts))
    random.Random(0).shuffle(distinct)
    return distinct, list(dict.fromkeys(questions))


def long_passages(articles: list[Article]) -> list[str]:
    """Neighbouring passages of an article, joined to 120 words and more; what is left at an article's end is left out."""
    texts, words = [], list[str]()
    for article in articles:
        words.clear()
        for passage in article.passages:
            words += passage.text.split()
            if len(words) >= 120:
                texts.append(" ".join(words))
                words.clear()
    return texts


def throughput(encoders: dict[str, Encode], texts: list[str]) -> dict[str, object]:
    """Both in turn, with the arithmetic limit taken between them; medians."""
    lengths = token_counts(texts)
    work = sum(work_of(length) for length in lengths)
    made = {name: encode(texts) for name, encode in encoders.items()}
    seconds: dict[str, list[float]] = {name: [] for name in encoders}
    limits = []
    for _ in range(ROUNDS):
        for name, encode in encoders.items():
            time.sleep(PAUSE_S)
            began = time.perf_counter()
            encode(texts)
            seconds[name].append(time.perf_counter() - began)
        limits.append(arithmetic_limit())
    limit = max(limits)
    rows = {}
    for name, taken in seconds.items():
        median = statistics.median(taken)
        rows[name] = {
            "median_s": round(median, 2),
            "best_s": round(min(taken), 2),
            "texts_per_s": round(len(texts) / median),
            "tokens_per_s": round(sum(lengths) / median),
            "gflop_per_s": round(work / median / 1e9),
            "best_share_of_limit": round(work / min(taken) / limit, 2),
        }
    here, other = seconds["here"], seconds["sentence-transformers"]
    return {
        "texts": len(texts),
        "tokens": sum(lengths),
        "tokens_per_text": [min(lengths), statistics.median(lengths), max(lengths)],
        "gflop_per_text": round(work / len(texts) / 1e9, 3),
        **rows,
        "limit_gflop_per_s": {"best": round(limit / 1e9), "median": round(statistics.median(limits) / 1e9)},
        "times_as_fast": round(statistics.median(other) / statistics.median(here), 2),
        "times_as_fast_best_runs": round(min(other) / min(here), 2),
        "times_as_fast_lowest_pair": round(min(b / a for a, b in zip(here, other, strict=True)), 2),
        "least_cosine": round(float((made["here"] * made["sentence-transformers"]).sum(axis=1).min()), 7),
        "largest_difference_alone": difference_alone(encoders["here"], texts[:100], made["here"]),
    }


def token_counts(texts: list[str]) -> list[int]:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(embedded_model_path() / "tokenizer.json"))
    tokenizer.enable_truncation(MOST_TOKENS)
    tokenizer.no_padding()
    return [len(tokenizer.encode(text).ids) for text in texts]


def work_of(tokens: int) -> int:
    """Floating-point operations of the matrix products for a text: projections and feed-forward, and attention."""
    return LAYERS * (2 * tokens * 12 * DIMENSION**2 + 4 * tokens**2 * DIMENSION)


def arithmetic_limit() -> float:
    """Operations a second of float32 products of the model's shapes on two threads, the faster of PyTorch and OpenVINO."""
    import torch

    best = 0.0
    for rows, inner, outer in SHAPES:
        value = np.ones((rows, inner), dtype=np.float32)
        with_torch = partial(torch.mm, torch.from_numpy(value), torch.ones(inner, outer))
        with_openvino = partial(product(inner, outer).infer, [value], share_inputs=True, share_outputs=True)
        for multiply in (with_torch, with_openvino):
            time.sleep(PAUSE_S)
            for _ in range(5):
                began = time.perf_counter()
                for _ in range(10):
                    multiply()
                best = max(best, 10 * 2 * rows * inner * outer / (time.perf_counter() - began))
    return best


def product(inner: int, outer: int):
    """A request for OpenVINO's product with a fixed matrix."""
    import openvino as ov
    from openvino import opset13 as op

    value = op.parameter([-1, inner], np.float32)
    result = op.matmul(value, op.constant(np.ones((inner, outer), dtype=np.float32)), transpose_a=False, transpose_b=False)
    exact = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": THREADS, "NUM_STREAMS": 1}
    return ov.Core().compile_model(ov.Model([result], [value], "product"), "CPU", exact).create_infer_request()


def difference_alone(encode: Encode, texts: list[str], together: np.ndarray) -> float:
    """Largest difference of a component between a text embedded alone and among others."""
    return max(float(np.abs(encode([text])[0] - row).max()) for text, row in zip(texts, together, strict=False))


def latency(encoders: dict[str, Encode], queries: list[str]) -> dict[str, dict[str, float]]:
    """Milliseconds of single questions, in blocks by turns; the first of a block is not counted."""
    taken: dict[str, list[float]] = {name: [] for name in encoders}
    for block in range(BLOCKS):
        for name, encode in encoders.items():
            time.sleep(PAUSE_S)
            encode([queries[0]])
            for query in queries[block::BLOCKS]:
                began = time.perf_counter()
                encode([query])
                taken[name].append(1000 * (time.perf_counter() - began))
    return {
        name: {"p50_ms": round(statistics.median(times), 1), "p95_ms": round(statistics.quantiles(times, n=20)[-1], 1)}
        for name, times in taken.items()
    }


def cold_starts() -> dict[str, dict[str, float]]:
    """Medians of fresh processes, imports included: seconds to the first vector and memory at most."""
    runs: dict[str, list[list[float]]] = {name: [] for name in LOADS}
    for _ in range(STARTS):
        for name, load in LOADS.items():
            code = COLD.format(load=load)
            said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
            runs[name].append([float(value) for value in said.split()])
    return {
        name: {
            "seconds": round(statistics.median(run[0] for run in found), 2),
            "peak_mb": round(statistics.median(run[1] for run in found)),
        }
        for name, found in runs.items()
    }


if __name__ == "__main__":
    main()
