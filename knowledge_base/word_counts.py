"""How common words are in the passages of one state of the store, and which of them are worth looking up."""

import itertools
from collections.abc import Sequence

from knowledge_base import confidence
from knowledge_base.catalog import Catalog
from knowledge_base.words import content_words

MOST_COMMON = 0.02
"""Words in a larger share of the passages are not looked up in the lexical index, unless all are so common."""
MOST_ROWS = 10_000
"""Of such words the rarest are looked up, as many as occur in so many passages together: each of those is scored."""


class WordCounts:
    """In how many passages words occur, counted once each; of no use after a refresh."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._total = catalog.counts()[0]
        self._known: dict[str, int] = {}

    def frequency(self, term: str) -> int:
        """In how many passages a term occurs."""
        if term not in self._known:
            self._known[term] = self._catalog.document_frequency(term)
        return self._known[term]

    def telling(self, terms: Sequence[str]) -> list[str]:
        """The terms that tell passages apart: a word of many passages costs much to look up and says little."""
        most = max(MOST_COMMON * self._total, 200)
        if rare := [term for term in terms if self.frequency(term) <= most]:
            return rare
        common = sorted(terms, key=self.frequency)
        rows = itertools.accumulate(map(self.frequency, common))
        return [term for term, so_far in zip(common, rows, strict=True) if so_far <= MOST_ROWS] or common[:1]

    def signals(self, question: str, article_id: str) -> dict[str, float]:
        """What the confidence is told of a question's words, held against the best article's."""
        counts = {term: self.frequency(term) for term in sorted(set(content_words(question)))}
        return confidence.word_signals(counts, self._total, self._catalog.article_words(article_id))
