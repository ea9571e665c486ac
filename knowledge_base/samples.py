"""What the records of some customers tell about all: which values a field takes, and how the ids of things look."""

from functools import cached_property

from knowledge_base.catalog import Catalog
from knowledge_base.fact_ranking import value_words
from knowledge_base.not_held import Shapes, id_shapes
from knowledge_base.words import stems

SAMPLED = 200
"""Customers whose records are looked at."""


class Samples:
    """Looked at once for each state of the store; of no use after a refresh."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    @cached_property
    def values(self) -> dict[str, list[frozenset[str]]]:
        """The few values that a field of the records takes, as the stems that tell them apart.

        Not of a field that only says for which product a customer's articles are: which those are, the articles' labels say, and
        that a text names its product does not make an answer depend on it.
        """
        products = [stems(part) for row in self._catalog.db.execute("SELECT DISTINCT product FROM articles") for part in row[0].split(",")]
        found = value_words(self._catalog.fact_sample(SAMPLED))
        return {field: values for field, values in found.items() if not all(value in products for value in values)}

    @cached_property
    def shapes(self) -> Shapes:
        """How the ids of things look."""
        return id_shapes(self._catalog.customer(item) or {} for item in self._catalog.customer_ids()[:SAMPLED])
