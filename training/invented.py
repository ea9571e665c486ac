"""Invented names: nouns, people and products for lessons, never one that the live help center uses."""

import random
from collections.abc import Set

_NOUNS = (
    "Harbour Lantern Pantry Meadow Quarry Thicket Saddle Barley Cobalt Dune Fjord Gable Hollow Jetty Kettle Lagoon Marble Nettle Paddock "
    "Quiver Ridge Spindle Timber Valley Willow Bramble Canyon Dapple Fennel Granite Heron Juniper Kestrel Larch Mortar Nimbus Pebble "
    "Rafter Sorrel Tundra Vellum Walnut Beacon Clover Drift Flint Garnet Hazel Jasper Linden Magpie Parsley Rowan Sparrow Thistle Vesper "
    "Weir Basalt Cedar Damson Gorse Hemlock Kelp Lichen Myrtle Poplar Reed Sedge Teasel Verbena Wren Bracken Chestnut Delta Fern Glacier "
    "Acorn Alder Amber Anchor Anvil Apricot Arbour Aspen Atoll Auburn Eddy Elder Elm Ember Emerald Estuary Indigo Iris Island Ivy "
    "Oak Oasis Ochre Olive Onyx Opal Orchard Osier Otter Oxbow Umber Urchin"
).split()
_FIRST_NAMES = (
    "Mira Jonas Leila Tobias Nadia Rafael Greta Samir Petra Viktor Dalia Henrik Yara Lukas Selma Marek Bianca Farid Karin Milo Noor Stefan "
    "Tilda Hugo Renata Jovan Linnea Dario Maren Kofi Sunniva Pavel Zainab Gustav Rosalie Bruno Thandi Felix Wanda Cyril"
).split()
_LAST_NAMES = (
    "Holt Varga Lindqvist Moreau Tanaka Bergström Castell Dvorak Falk Grimaldi Haddad Jansky Keller Lowell Mbeki Novak Palmgren Quist "
    "Rosen Sandoval Thorne Ueda Vidal Wexler Zeller Brandt Corvin Delgado Fenwick Halloran"
).split()
_BEGINNINGS = "Bren Cal Dov Fen Gal Hol Jor Kel Lum Mar Nor Pel Quil Ros Sel Tor Vel Wen".split()
_MIDDLES = ("a", "e", "i", "o")
_ENDS = "dra wick moor ling spur mere vane lode tide nest".split()
_VOWELS = frozenset("aeiou")


class Names:
    """Draws invented names for one lesson, each once, in an order that its seed decides.

    Args:
        rng: decides which.
        taken: words, in lower case, that may not be drawn.
    """

    def __init__(self, rng: random.Random, taken: Set[str]) -> None:
        products = (a + b + c for a in _BEGINNINGS for b in _MIDDLES for c in _ENDS)
        pools = {"noun": _NOUNS, "first": _FIRST_NAMES, "last": _LAST_NAMES, "product": products}
        self._pools = {kind: [word for word in words if word.lower() not in taken] for kind, words in pools.items()}
        for pool in self._pools.values():
            rng.shuffle(pool)

    def draw(self, kind: str, like: str = "") -> str:
        """A name of a kind (``noun``, ``first``, ``last``, ``product``); a noun begins with a vowel where ``like`` does.

        Raises:
            IndexError: there is none left.
        """
        pool = self._pools[kind]
        if kind == "noun":
            fit = [word for word in pool if (word[0].lower() in _VOWELS) == (like[:1].lower() in _VOWELS)]
            pool.remove(fit[-1])
            return fit[-1]
        return pool.pop()
