"""Embeddings: the embedded model says what sentence-transformers says, faster and the same every time."""

import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from knowledge_base import embeddings
from knowledge_base.embeddings import SentenceEmbeddings, embedded_model_path, load_embeddings
from knowledge_base.errors import UserError
from knowledge_base.minilm import MOST_TOKENS, MiniLM
from tests import tiny
from tests.conftest import ARTICLES

ODD = (
    "",
    "   \n\t",
    "[CLS] [SEP] [MASK] [PAD] [UNK]",
    "Überweisung für das Büro, 請求書を支払う方法, Счёт не оплачен, كيف ألغي الاشتراك",
    "🙂🙃 \x00\x07 e\u0301 \u200b zero\u200dwidth ﬁ",
    "x" * 20_000,
    "https://app.example.com/v2/time_entries?page=3&per_page=200#top",
    "word " * 5_000,
)
LONGEST = "refund " * (MOST_TOKENS - 2)


@pytest.fixture(scope="module")
def texts():
    """Sentences, passages and whole articles, odd ones, and some at the limit of what is read; all different."""
    articles = list(ARTICLES.values())
    lines = [line for article in articles for line in article.splitlines() if line.strip()]
    limits = [LONGEST.removesuffix("refund "), LONGEST, LONGEST + "invoice", LONGEST + "seat seat"]
    found = list(dict.fromkeys([*articles, *lines, *(" ".join(lines[:end]) for end in range(2, 40, 5)), *limits, *ODD]))
    np.random.default_rng(0).shuffle(found)
    return found


@pytest.fixture(scope="module")
def here():
    return load_embeddings("embedded")


@pytest.fixture(scope="module")
def together(here, texts):
    return here.vectors(texts)


@pytest.fixture(scope="module")
def reference():
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(embedded_model_path()), device="cpu")


def copy_of_the_package(folder, monkeypatch, without=()):
    """A package like the embedded model's, free to be damaged, found in its place; returns the model's folder in it."""
    model = folder / "copied_minilm" / "model"
    model.mkdir(parents=True)
    (model.parent / "__init__.py").touch()
    for name in {"model.safetensors", "tokenizer.json"} - set(without):
        (model / name).write_bytes((embedded_model_path() / name).read_bytes())
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr(embeddings, "EMBEDDED_PACKAGE", "copied_minilm")
    return model


def test_every_vector_is_the_one_of_sentence_transformers(reference, texts, together):
    cosines = (together * reference.encode(texts, normalize_embeddings=True)).sum(axis=1)
    assert {text[:60]: float(cosine) for text, cosine in zip(texts, cosines, strict=True) if cosine < 0.99999} == {}


def test_vectors_are_float32_unit_rows_in_the_order_of_the_texts(here, texts, together):
    assert together.dtype == np.float32
    assert together.shape == (len(texts), here.dimension) == (len(texts), 384)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-6)
    assert here.vectors([]).shape == (0, 384)


def test_a_text_gets_the_same_vector_alone_among_others_and_in_another_order(here, texts, together):
    alone = np.concatenate([here.vectors([text]) for text in texts])
    assert np.array_equal(alone, together)
    order = np.random.default_rng(1).permutation(len(texts))
    assert np.array_equal(here.vectors([texts[place] for place in order]), together[order])


def test_more_equally_long_texts_than_fit_into_one_batch_keep_their_rows(here):
    numbered = [f"invoice {number}" for number in range(100, 400)]
    rows = here.vectors(numbered)
    for place in (0, 1, 127, 128, 150, 299):
        assert np.array_equal(rows[place], here.vectors([numbered[place]])[0])


def test_nothing_beyond_the_first_256_tokens_is_read(here):
    longest, longer, much_longer, shorter = here.vectors(
        [LONGEST, LONGEST + "invoice", LONGEST + "cat " * 999, "invoice " + LONGEST.removesuffix("refund ")]
    )
    assert np.array_equal(longest, longer)
    assert np.array_equal(longest, much_longer)
    assert longest @ shorter < 0.9999


def test_threads_that_embed_at_the_same_time_get_what_they_would_get_alone(here, texts, together):
    def work(seed):
        order = np.random.default_rng(seed).permutation(len(texts))[:15]
        return np.array_equal(here.vectors([texts[place] for place in order]), together[order])

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(16)))


def test_the_number_of_threads_is_obeyed_and_changes_no_vector(texts, together):
    one = MiniLM(embedded_model_path(), threads=1)
    assert one._network.get_property("INFERENCE_NUM_THREADS") == 1
    assert np.array_equal(one.vectors(texts[:20]), together[:20])


def test_the_arithmetic_is_float32_whatever_the_cpu_would_rather_use(here):
    kind = load_embeddings("embedded")._encode.__self__._network.get_property("INFERENCE_PRECISION_HINT")
    assert kind.to_dtype() == np.float32


def test_langchain_gets_lists_and_a_setting_is_loaded_once(here):
    assert load_embeddings("embedded") is here
    query, (document, other) = here.embed_query("a cat"), here.embed_documents(["a cat", "an unpaid invoice"])
    assert isinstance(query, list)
    assert isinstance(query[0], float)
    assert query == pytest.approx(document, abs=1e-6)
    assert np.dot(query, other) < 0.5


def test_the_embedded_model_needs_no_pytorch():
    code = (
        "import sys\nfrom knowledge_base.embeddings import load_embeddings\nload_embeddings('embedded').embed_query('hello')\n"
        "print(sorted({'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)))"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, env=os.environ, check=False)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_any_other_model_is_run_by_sentence_transformers(tmp_path):
    from sentence_transformers import SentenceTransformer

    tiny.save(tmp_path / "tiny")
    loaded = SentenceEmbeddings(str(tmp_path / "tiny"), threads=1)
    said = ["one text", "a somewhat longer text than the other", "ünïcode"]
    rows = loaded.vectors(said)
    assert rows.dtype == np.float32
    assert rows.shape == (3, loaded.dimension) == (3, 64)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    own = SentenceTransformer(str(tmp_path / "tiny"), device="cpu").encode(said)
    assert np.allclose(rows, own / np.linalg.norm(own, axis=1, keepdims=True), atol=1e-5)
    assert loaded.vectors([]).shape == (0, 64)
    assert loaded.embed_query("one text") == pytest.approx(list(rows[0]), abs=1e-5)


@pytest.mark.parametrize("model", ["no-such-owner/no-such-model", "{folder}/missing", "{folder}"])
def test_a_model_that_cannot_be_loaded_is_told_in_one_sentence(model, tmp_path):
    (tmp_path / "config.json").write_text("{}", "utf-8")
    with pytest.raises(UserError, match="set DESK_EMBEDDING_MODEL to 'embedded'") as told:
        SentenceEmbeddings(model.format(folder=tmp_path))
    assert "\n" not in str(told.value)


def test_a_missing_package_is_told_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setattr(embeddings, "EMBEDDED_PACKAGE", "no_such_package_of_a_model")
    with pytest.raises(UserError, match="not installed: run `make models`"):
        SentenceEmbeddings()


def test_one_changed_byte_in_the_weights_is_found_before_they_are_used(tmp_path, monkeypatch):
    weights = copy_of_the_package(tmp_path, monkeypatch) / "model.safetensors"
    assert SentenceEmbeddings(threads=1).dimension == 384
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(UserError, match="damaged or not the original: run `make models`"):
        SentenceEmbeddings()


def test_a_missing_tokenizer_is_told_in_one_sentence(tmp_path, monkeypatch):
    copy_of_the_package(tmp_path, monkeypatch, without=["tokenizer.json"])
    with pytest.raises(UserError, match=r"cannot be loaded \(\w+\): run `make models`"):
        SentenceEmbeddings()


def test_weights_without_a_layer_are_told_in_one_sentence(tmp_path, monkeypatch):
    weights = copy_of_the_package(tmp_path, monkeypatch) / "model.safetensors"
    save_file({name: tensor for name, tensor in load_file(weights).items() if "layer.5" not in name}, weights)
    monkeypatch.setattr(embeddings, "EMBEDDED_SHA256", hashlib.sha256(weights.read_bytes()).hexdigest())
    with pytest.raises(UserError, match=r"cannot be loaded \(KeyError\): run `make models`"):
        SentenceEmbeddings()
