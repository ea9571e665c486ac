"""What a profile's rules do to a text: words replaced, lead-ins, and where a text breaks a rule."""

import re
from dataclasses import dataclass

from assistant.claims import codes, figures, names, negations, paths

CONTRACTIONS = {
    "cannot": "can't", "can not": "can't", "do not": "don't", "does not": "doesn't", "did not": "didn't",
    "is not": "isn't", "are not": "aren't", "was not": "wasn't", "were not": "weren't", "will not": "won't",
    "would not": "wouldn't", "should not": "shouldn't", "could not": "couldn't", "has not": "hasn't",
    "have not": "haven't", "it is": "it's", "that is": "that's", "there is": "there's", "you are": "you're",
    "you will": "you'll", "we are": "we're", "we will": "we'll", "they are": "they're", "they will": "they'll",
}  # fmt: skip
EMOJI = re.compile(r"[\u2600-\u27bf\U0001f300-\U0001faff]")
_QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”|`[^`]*`")
_NO_IMPERATIVE = frozenset(
    "in on at under from if when whenever after before to for by with within the a an this that these those your you it there each "
    "every all no optionally once until while as during please not never only then next now and or but prior where upon".split()
)


@dataclass(frozen=True)
class WordRules:
    """What to say for what, and the pattern that finds it."""

    pattern: re.Pattern[str]
    table: dict[str, str]


def word_rules(words: dict[str, str], contracted: bool) -> WordRules:
    """A profile's words and the contractions, or with ``contracted`` false their long forms, as one set of rules."""
    table = {old.lower(): new for old, new in words.items()}
    if contracted:
        table |= CONTRACTIONS
    else:
        table |= {short: long for long, short in CONTRACTIONS.items() if long != "can not"}
    longest_first = sorted(table, key=len, reverse=True)
    starts = "|".join(re.escape(word) for word in longest_first)
    return WordRules(re.compile(rf"(?<![\w'>./@-])(?P<word>{starts})(?![\w'/@-]|\.\w)", re.IGNORECASE), table)


def apply(rules: WordRules, text: str) -> str:
    """The text with every rule applied; quoted labels, code and menu paths are left as they are."""
    kept = labels(text)

    def replace(match: re.Match[str]) -> str:
        word = match["word"]
        if any(start <= match.start() < end for start, end in kept) or not _applies(match, text):
            return word
        new = rules.table.get(word.lower(), word)
        return new[0].upper() + new[1:] if word[0].isupper() else new

    return rules.pattern.sub(replace, text)


def labels(text: str) -> list[tuple[int, int]]:
    """Where quoted labels, code and menu paths stand: (start, end) of each."""
    spans = [match.span() for match in _QUOTED.finditer(text)]
    for path in paths(text):
        start = text.find(path)
        if start >= 0:
            spans.append((start, start + len(path)))
    return spans


def unquoted(text: str) -> str:
    """The text without its quoted labels, code and menu paths."""
    kept = labels(text)
    if not kept:
        return text
    return "".join(sign for at, sign in enumerate(text) if not any(start <= at < end for start, end in kept))


def _applies(match: re.Match[str], text: str) -> bool:
    """A capital inside a sentence marks a label, and "it is." at a clause's end cannot be shortened."""
    word, before, after = match["word"], text[: match.start()].rstrip(), text[match.end() :]
    if word.lower() in CONTRACTIONS and "not" not in word.lower() and not re.match(r"\s+[\w\"]", after):
        return False
    return not word[0].isupper() or not before or before[-1] in ".!?:;\"'"


def broken_words(rules: WordRules, text: str) -> list[str]:
    """The word rules that a text breaks."""
    voiced = apply(rules, text)
    if voiced == text:
        return []
    olds = [a for a, b in zip(text.split(), voiced.split(), strict=False) if a != b]
    return [f"words: {' '.join(olds[:3])}"]


def says(text: str, word: str) -> bool:
    """Whether a text has a word or phrase outside its quoted labels, in whatever case."""
    return re.search(rf"(?<!\w){re.escape(word.lower())}(?!\w)", unquoted(text).lower()) is not None


def longest_sentence(text: str) -> int:
    """Words of the longest sentence."""
    return max((len(sentence.split()) for sentence in re.split(r"(?<=[.!?])\s", text)), default=0)


def imperative(text: str) -> bool:
    """Whether a step begins with its verb, so that "Please" may stand before it."""
    first = text.split(maxsplit=1)[0] if text.split() else ""
    return first.isalpha() and first[0].isupper() and first[1:].islower() and first.lower() not in _NO_IMPERATIVE


def row(text: str) -> bool:
    """Whether a text is a table's row ("Solo: 3 seats"), before which a lead-in would read badly."""
    return ": " in text[:40]


def claims(text: str) -> list[str]:
    """What a text states: figures, paths, codes, names and negations; empty where it states nothing."""
    return [*figures(text), *paths(text), *codes(text), *names(text), *negations(text)]
