"""Languages: whether a question is written in another one than the articles that were found for it.

The embedded model knows English alone, so that such a question finds articles at random; an agent is told why.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from knowledge_base.stored import StoredPassage

NAMES = {
    "ar": "Arabic", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek", "en": "English", "es": "Spanish", "fi": "Finnish",
    "fr": "French", "he": "Hebrew", "hi": "Hindi", "hu": "Hungarian", "id": "Indonesian", "it": "Italian", "ja": "Japanese",
    "ko": "Korean", "nl": "Dutch", "no": "Norwegian", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian",
    "sv": "Swedish", "th": "Thai", "tr": "Turkish", "uk": "Ukrainian", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip
"""The languages that are told apart: few, for among all that there are a short question is seldom told with certainty."""
SURE = 0.9
"""Least likelihood of a question's language; of 34,000 English ones, named and labelled, none is foreign from here on."""


def language_of(text: str, least: float = SURE) -> str:
    """The code of the language that a text is written in; "" where none is as likely as ``least``."""
    code, likelihood = _identifier().classify(text)
    return str(code) if likelihood >= least else ""


def foreign(question: str, passages: Sequence[StoredPassage]) -> tuple[str, str]:
    """The question's language and the articles', by name, where no article found is written in the question's; else two empty texts.

    An article that does not say its language is read.
    """
    asked = language_of(question)
    found = {passage.language[:2].lower() or language_of(passage.text, 0.0) for passage in passages}
    if not asked or not found or asked in found:
        return "", ""
    return NAMES[asked], " and ".join(sorted(NAMES.get(code, code) for code in found))


@lru_cache(maxsize=1)
def _identifier() -> Any:
    """The model, read once and not before a question is not answered."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(NAMES))
    return identifier
