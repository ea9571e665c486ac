"""Whether a drafted question is worth having: not there yet, no secret, and of one that is to have no answer that none is named."""

from collections.abc import Sequence

import numpy as np

from knowledge_base.articles import Article
from knowledge_base.blocks import words
from knowledge_base.found import Search
from knowledge_base.redaction import redaction_rules
from knowledge_base.retrieval import KnowledgeBase
from knowledge_base.secret_text import masked

SHORTEST, LONGEST = 3, 40
"""Words of a question."""
SAME = 0.95
"""Cosine from which a question is one that its article names already."""
ANSWERED = 0.9
"""Cosine to a question that is named as answered, from which a near question is answered too."""
FIRST = 5
"""Passages among which a question should find its article."""


class Checks:
    """The checks of the questions drafted for one article; those that are taken count as named from then on.

    Args:
        knowledge_base: finds what is answered by now.
        article: with the questions that are named by now.
    """

    def __init__(self, knowledge_base: KnowledgeBase, article: Article) -> None:
        self.article_id = article.article_id
        self._knowledge_base = knowledge_base
        self._patterns = redaction_rules(patterns=knowledge_base.settings.secret_patterns).patterns
        asked = {question for part in article.passages for question in part.asked}
        near = {question for part in article.passages for question in (*part.gaps, *part.ambiguous)}
        self._asked, self._near = (self._embedded(sorted(texts)) for texts in (asked, near))
        self._said, self._said_near = set(map(_plain, asked)), set(map(_plain, near))

    def against(self, question: str, sentences: Sequence[str]) -> str:
        """Why a question is not to be taken, "" where it is; ``sentences`` are those of its section."""
        if _plain(question) in map(_plain, sentences):
            return "a sentence of the article"
        if not SHORTEST <= words(question) <= LONGEST:
            return f"not of {SHORTEST} to {LONGEST} words"
        if masked(question, self._patterns) != question:
            return "with a secret in it"
        if _plain(question) in self._said or self._nearest(question, self._asked) >= SAME:
            return "named already, in these words or nearly"
        if _plain(question) in self._said_near or self._nearest(question, self._near) >= SAME:
            return "named already among the gaps or ambiguous ones of its article, in these words or nearly"
        return ""

    def against_gap(self, question: str) -> str:
        """Why a question is not to be taken as one that nothing answers: one that asks nearly the same is named as answered, by its
        article or by another that a search finds.
        """
        if self._nearest(question, self._asked) >= ANSWERED:
            return "answered by its article, as a gap"
        if any(self._nearest(question, passage.asked_vectors) >= ANSWERED for passage in self._search(question).passages):
            return "answered by another article, as a gap"
        return ""

    def finds(self, question: str) -> bool:
        """Whether a search for a question has its article among the first passages by now."""
        return self.article_id in [passage.article_id for passage in self._search(question).passages]

    def take(self, question: str, answered: bool) -> None:
        """Count a question as named."""
        (self._said if answered else self._said_near).add(_plain(question))
        row = self._embedded([question])
        if answered:
            self._asked = np.vstack([self._asked, row])
        else:
            self._near = np.vstack([self._near, row])

    def _search(self, question: str) -> Search:
        return self._knowledge_base.search(question, most=FIRST)

    def _nearest(self, question: str, others: np.ndarray) -> float:
        return float((others @ self._embedded([question])[0]).max()) if len(others) else 0.0

    def _embedded(self, texts: list[str]) -> np.ndarray:
        return self._knowledge_base.embeddings.vectors(texts)


def _plain(text: str) -> str:
    """A text's letters and figures, to tell whether two are the same words."""
    return "".join(sign for sign in text.casefold() if sign.isalnum())
