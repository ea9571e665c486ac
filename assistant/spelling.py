"""Names found in a text however they are spelled: in any case, without accents, joined, or with other signs between their words."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

_NOT_TAKEN_APART = str.maketrans({"ı": "i", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "æ": "ae", "œ": "oe", "þ": "th"})
"""Letters that Unicode does not take for a plain letter with an accent."""
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})
_PLURAL_FROM = 4
"""Letters from which on a name may have an s behind it, the apostrophe left out: "priyas account"."""
_JOINED_FROM = 5
"""Letters from which on the words of a name may be written as one."""


class Spellings:
    """Finds names.

    Args:
        names: as they are known; of overlapping ones the longest is found.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names: dict[str, str] = {}
        patterns: dict[str, str] = {}
        for name in names:
            for words in (_words(name), _words(unicodedata.normalize("NFC", name).translate(_UMLAUTS))):
                if words and self._names.setdefault("".join(words), name) == name:
                    patterns["".join(words)] = _pattern(words, caseless(name))
        self._pattern = re.compile("|".join(patterns[key] for key in sorted(patterns, key=len, reverse=True)) or r"(?!)")

    def find(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Where a name stands in a text: its beginning, its end, and the name as it is known."""
        signs = [(plain, at) for at, sign in enumerate(text) for plain in _plain(sign)]
        places = [*(at for _, at in signs), len(text)]
        for match in self._pattern.finditer("".join(plain for plain, _ in signs)):
            yield places[match.start()], places[match.end()], self._names["".join(_words(match[0]))]


def fold(text: str) -> str:
    """A text in small letters without accents."""
    return "".join(map(_plain, text))


def caseless(name: str) -> bool:
    """Whether a name is written in a script without capitals; such scripts may leave out the blanks between words too."""
    return any(sign.isalpha() and sign.lower() == sign.upper() for sign in name)


def ordinary(name: str, known: Iterable[str]) -> bool:
    """Whether a name is an ordinary word as well, so that only a capital tells it from one."""
    return name.lower() in known or fold(name) in known


def _words(name: str) -> list[str]:
    return re.findall(r"[^\W_]+", fold(name))


def _pattern(words: list[str], anywhere: bool) -> str:
    size = len("".join(words))
    joined = (r"[\W_]{0,2}" if anywhere or size >= _JOINED_FROM else r"[\W_]{1,2}").join(words)
    if anywhere:
        return joined
    plural = "s?" if size >= _PLURAL_FROM and not words[-1].endswith("s") else ""
    return rf"(?<![^\W_]){joined}(?={plural}(?![^\W_]))"


@lru_cache(maxsize=4096)
def _plain(sign: str) -> str:
    """A sign without its accent and its capital; nothing of a mark that stands by itself, or of a sign that is not seen."""
    if "가" <= sign <= "힣":  # Unicode would take a Korean syllable apart into its letters
        return sign
    parts = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", sign).casefold())
    kept = (part for part in parts if not unicodedata.category(part).startswith("M") and unicodedata.category(part) != "Cf")
    return "".join(kept).translate(_NOT_TAKEN_APART)
