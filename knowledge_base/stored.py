"""What the catalog hands out: passages and account facts that are true now, and versions that were."""

from dataclasses import dataclass

import numpy as np

from knowledge_base.passages import Unit


@dataclass(frozen=True)
class Filters:
    """What a search may return; an empty field lets everything through.

    An article without a plan, product or language of its own fits every one.
    """

    audience: str = "public"
    """``public`` or ``internal``."""
    plan: str = ""
    product: str = ""
    language: str = ""
    """A language tag; ``en`` lets ``en-gb`` through as well, and ``en-gb`` lets ``en``."""


PUBLIC = Filters()


@dataclass(frozen=True)
class PassageVectors:
    """What the catalog keeps of a passage's vectors: its own (dimension,), its units' (units, dimension), its title's
    (dimension,), those of the questions it answers (asked, dimension), of its known gaps (gaps, dimension) and of those that other
    articles fit as well (ambiguous, dimension).
    """

    whole: np.ndarray
    units: np.ndarray
    title: np.ndarray
    asked: np.ndarray
    gaps: np.ndarray
    ambiguous: np.ndarray


@dataclass(frozen=True)
class StoredPassage:
    """A passage that the catalog holds as true, with its article's particulars and its vectors."""

    passage_id: str
    article_id: str
    version: int
    title: str
    heading: str
    section: str
    audience: str
    text: str
    units: tuple[Unit, ...]
    vector: np.ndarray
    unit_vectors: np.ndarray
    title_vector: np.ndarray
    asked_vectors: np.ndarray
    answered_by: np.ndarray
    """For each question that it answers the numbers of the units that do, -1 where there are fewer, shape (asked, most)."""
    ordinal: int
    updated: str
    indexed: str
    language: str


@dataclass(frozen=True)
class StoredFact:
    """An account fact that the catalog holds as true.

    ``as_of`` is when the record was last true by its own word, "" where it does not say; ``key`` stands for the customer
    in the vector index.
    """

    fact_id: str
    customer_id: str
    version: int
    path: str
    title: str
    text: str
    as_of: str
    indexed: str
    key: str
    audience: str = "public"
    """``internal`` is for the agent's note alone."""


@dataclass(frozen=True)
class StoredVersion:
    """A version of an article: the serving one, whose ``retired`` is "", or a former one."""

    article_id: str
    version: int
    title: str
    updated: str
    indexed: str
    retired: str
    kept: int = 1
    """Whether its text is still there to be restored."""
    first: int = 0
    """The first of the versions that this line stands for, up to ``version``: several where their texts are not kept."""
