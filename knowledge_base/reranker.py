"""Reranking: a cross-encoder reads the question together with each of the best passages and puts them in its own order."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from knowledge_base.errors import UserError
from knowledge_base.ranking import Scored

MOST = 20
"""Best passages that are read again; each costs a pass through the model."""


class Reranker:
    """A sentence-transformers cross-encoder with one output, in a folder or on a hub."""

    def __init__(self, model: str, threads: int = 2) -> None:
        """Load the model.

        Args:
            model: a hub id or a folder.
            threads: CPU threads.

        Raises:
            UserError: the model cannot be loaded, or is no reranker.
        """
        import torch
        from sentence_transformers import CrossEncoder

        torch.set_num_threads(threads)
        try:
            self._model = CrossEncoder(model, device="cpu")
        except Exception as error:
            raise UserError(
                f"The reranker {model!r} cannot be loaded ({type(error).__name__}): set DESK_RERANKER to the folder of a "
                "cross-encoder or to a hub id that this machine can reach, or leave it empty."
            ) from error
        if self._model.num_labels != 1:
            raise UserError(
                f"The model {model!r} gives {self._model.num_labels} numbers per passage where a reranker gives one: "
                "set DESK_RERANKER to a cross-encoder for ranking, or leave it empty."
            )

    def rerank(self, question: str, scored: Sequence[Scored]) -> list[Scored]:
        """The passages with the best of them in the cross-encoder's order.

        The scores stay those of the first ranking, handed out in the new order, so that what is set on their scale goes
        on holding; what the cross-encoder gave stands among the parts as ``reranked``.

        Args:
            question: with what it leans on, where it is a follow-up.
            scored: passages, best first.
        """
        best, rest = list(scored[:MOST]), list(scored[MOST:])
        if not best:
            return []
        pairs = [(question, f"{item.passage.title}. {item.passage.heading}\n{item.passage.text}") for item in best]
        given = [float(value) for value in self._model.predict(pairs, show_progress_bar=False)]
        order = sorted(range(len(best)), key=lambda place: (-given[place], place))
        return [
            replace(best[place], score=best[rank].score, parts={**best[place].parts, "reranked": round(given[place], 4)})
            for rank, place in enumerate(order)
        ] + rest


@lru_cache(maxsize=2)
def load_reranker(model: str, threads: int = 2) -> Reranker:
    """The reranker for a setting; loaded once per process."""
    return Reranker(model, threads)
