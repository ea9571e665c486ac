"""A small classifier that tells from one statement which voice said it, or that it is no voice at all but its source."""

import random
import re
from collections.abc import Sequence
from typing import Any

from training.lessons import Lesson, VoicedReply
from training.profile import VoiceProfile

_SIGNS = re.compile(r"[\w'’]+|[^\w\s]")
SOURCE = "source"
"""The class of statements left as their source has them."""
Voices = Sequence[tuple[VoiceProfile, Sequence[VoicedReply]]]


class VoiceClassifier:
    """Logistic regression over words, word pairs and letter groups; trained on lessons said in each voice."""

    def __init__(self, voices: Voices, lessons: Sequence[Lesson]) -> None:
        """Train it.

        Args:
            voices: every voice to tell apart, with its example replies.
            lessons: those trained on; what is to be judged must come from others.
        """
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline, make_union

        texts, labels = _examples(voices, lessons, random.Random(0))
        words = TfidfVectorizer(
            ngram_range=(1, 2), tokenizer=_SIGNS.findall, token_pattern=None, lowercase=True, sublinear_tf=True, min_df=2
        )
        letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True, min_df=3)
        model = LogisticRegression(C=20.0, class_weight="balanced", max_iter=300)
        self._model: Any = make_pipeline(make_union(words, letters), model).fit(texts, labels)

    def says(self, statements: Sequence[str]) -> list[str]:
        """The voice of each statement by its name, or ``source``."""
        return [str(label) for label in self._model.predict(list(statements))] if statements else []

    def accuracy(self, statements: Sequence[str], voice: str) -> float | None:
        """The share of statements that are told to be of this voice; None without statements."""
        found = self.says(statements)
        return sum(label == voice for label in found) / len(found) if found else None


def _examples(voices: Voices, lessons: Sequence[Lesson], rng: random.Random) -> tuple[list[str], list[str]]:
    by_id = {lesson.id: lesson for lesson in lessons}
    texts: list[str] = []
    labels: list[str] = []
    for lesson in lessons:
        for statement in lesson.statements:
            texts.append(statement.text)
            labels.append(SOURCE)
            for profile, _ in voices:
                texts.append(profile.say(statement.text, statement.step is not None, rng.randrange(12)))
                labels.append(profile.name)
    for profile, replies in voices:
        for reply in replies:
            if reply.lesson in by_id:
                texts += reply.answer
                labels += [profile.name] * len(reply.answer)
    return texts, labels
