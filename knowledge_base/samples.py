"""What the records of some customers tell about all: which values a field takes, and how the ids of things look."""

from functools import cached_property

from knowledge_base.catalog import Catalog
from knowledge_base.fact_ranking import value_words
from knowledge_base.not_held import Shapes, id_shapes

SAMPLED = 200
"""Customers whose records are looked at."""


class Samples:
    """Looked at once for each state of the store; of no use after a refresh."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    @cached_property
    def values(self) -> dict[str, list[frozenset[str]]]:
        """The few values that a field of the records takes, as the stems that tell them apart."""
        return value_words(self._catalog.fact_sample(SAMPLED))

    @cached_property
    def shapes(self) -> Shapes:
        """How the ids of things look."""
        return id_shapes(self._catalog.customer(item) or {} for item in self._catalog.customer_ids()[:SAMPLED])
