"""What the catalog hands out: passages and account facts that are true now."""

from dataclasses import dataclass

import numpy as np

from knowledge_base.articles import Unit


@dataclass(frozen=True)
class PassageVectors:
    """What the catalog keeps of a passage's vectors: its units' (units, dimension), its title's (dimension,) and
    those of the questions it answers (asked, dimension).
    """

    units: np.ndarray
    title: np.ndarray
    asked: np.ndarray


@dataclass(frozen=True)
class StoredPassage:
    """A passage that the catalog holds as true, with its article's particulars and its units' vectors."""

    passage_id: str
    article_id: str
    version: int
    title: str
    heading: str
    section: str
    audience: str
    text: str
    units: tuple[Unit, ...]
    unit_vectors: np.ndarray
    title_vector: np.ndarray
    asked_vectors: np.ndarray
    ordinal: int
    updated: str
    indexed: str


@dataclass(frozen=True)
class StoredFact:
    """An account fact that the catalog holds as true."""

    fact_id: str
    customer_id: str
    version: int
    path: str
    title: str
    text: str
    indexed: str
