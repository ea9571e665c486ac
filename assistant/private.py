"""Whether a question says anything of the customer who asks it, so that others must not come to read it.

In doubt it does: a question that is kept back is a small loss. A name in small letters that no record
has is told only where somebody introduces themselves by it.
"""

import calendar
import re
from collections.abc import Iterator
from typing import Any

from assistant.account_names import account_names, left_over
from assistant.claims import NUMBER_WORDS
from assistant.spelling import Spellings
from knowledge_base.accounts import Record
from knowledge_base.catalog import Catalog
from knowledge_base.dates import iso_day
from knowledge_base.secret_text import MASK, masked
from knowledge_base.stored import PUBLIC
from knowledge_base.words import STOP_WORDS, identifiers

IDENTIFIES = "with a secret, an id or an address in it"
ACCOUNT = "with something of the customer's account in it"
UNKNOWN = "with a name or figure in it that no article says"
_REACHED = re.compile(r"(?i)\S@\S|\bhttps?:|\bwww\.|\+\d[\d ()/-]{6,}")
_FIGURE = re.compile(r"\d+(?:[.,]\d+)*")
_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_MONTHS = {name[:3].casefold(): number for number, name in enumerate(calendar.month_name) if name}
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_INTRODUCED = re.compile(
    r"(?i)\bname(?:['’]?s| is) ([^\W\d_]+)|^\W*([^\W\d_]+) here\b"
    r"|\b(?:this is|it['’]?s|i['’]?m|i am) ([^\W\d_]+) (?:here|from|at|of|speaking)\b"
)
"""Where somebody says who they are, a name in small letters too."""
_PLAIN = re.compile(r"[^\W_]+")
_SHORTEST = 3
"""Letters of a text of a record, at least, by which a question is held to repeat it."""


class Private:
    """Finds what is a customer's own, or may be: what their record says, and what no public article does.

    Args:
        catalog: whose public articles say what is everybody's.
        patterns: of further secrets.
    """

    def __init__(self, catalog: Catalog, patterns: tuple[re.Pattern[str], ...] = ()) -> None:
        self._catalog, self._patterns = catalog, patterns
        self._ordinary: set[str] = set()
        self._words: set[str] = set(STOP_WORDS)
        for (text,) in catalog.db.execute(
            "SELECT a.title || ' ' || p.heading || ' ' || p.text || ' ' || p.asked FROM passages p JOIN articles a USING (article_id)"
            " WHERE a.audience = ?",
            (PUBLIC.audience,),
        ):
            self._ordinary.update(word for word in _WORD.findall(text) if word.islower())
            self._words.update(word.casefold() for word in _PLAIN.findall(text))

    def against(self, question: str, customer_id: str | None, record: Record | None) -> str:
        """Why a question must not be shown to others; "" where nothing speaks against it.

        Args:
            question: as it would be shown.
            customer_id: who asked it.
            record: their account.
        """
        ids = [item for item in identifiers(question) if not (_FIGURE.fullmatch(item) or self._public(item))]
        if MASK in question or masked(question, self._patterns) != question or _REACHED.search(question) or ids:
            return IDENTIFIES
        if customer_id and record is not None and self._of_account(question, customer_id, record):
            return ACCOUNT
        figures = [item for item in _FIGURE.findall(question) if not self._public(item)]
        names = [word for word in _WORD.findall(question) if not word.islower()]
        names += [word for found in _INTRODUCED.findall(question) for word in found if word]
        return UNKNOWN if figures or any(map(self._strange, names)) else ""

    def _public(self, phrase: str) -> bool:
        """Whether a public article says a phrase."""
        words = " ".join(_PLAIN.findall(phrase))
        found = self._catalog.db.execute(
            "SELECT EXISTS (SELECT 1 FROM lexical JOIN passages p ON p.number = lexical.rowid JOIN articles a USING (article_id)"
            " WHERE lexical MATCH ? AND a.audience = ?)",
            (f'"{words}"', PUBLIC.audience),
        )
        return not words or bool(found.fetchone()[0])

    def _strange(self, word: str) -> bool:
        """Whether a word with a capital, or after "my name is", may be a name: it stands in no article, and is none of the commonest."""
        parts = {word, re.sub(r"(?i)n['’]t$", "", word), re.split("['’]", word)[0]}
        return len(word) > 1 and not any(part.casefold().replace("’", "'") in self._words for part in parts)

    def _of_account(self, question: str, customer_id: str, record: Record) -> bool:
        if left_over(account_names(customer_id, record, self._ordinary), [question], self._ordinary):
            return True
        leaves = list(_leaves(record))
        texts = {leaf for leaf in leaves if isinstance(leaf, str) and len(leaf) >= _SHORTEST and not self._public(leaf)}
        words = {word for text in texts for word in _PLAIN.findall(text) if len(word) >= _SHORTEST and word.casefold() not in self._words}
        return any(Spellings(texts | words).find(question)) or _same_figure(question, leaves)


def _same_figure(question: str, leaves: list[Any]) -> bool:
    """Whether a question says a number of the record, in figures or in a word, or a day of it."""
    said = {_number(item) for item in _FIGURE.findall(question)}
    said |= {float(NUMBER_WORDS[word]) for word in _WORD.findall(question.casefold()) if NUMBER_WORDS.get(word, "").isdigit()}
    months = {_MONTHS[word[:3]] for word in _WORD.findall(question.casefold()) if word[:3] in _MONTHS}
    for leaf in leaves:
        day = _DAY.match(iso_day(leaf)) if isinstance(leaf, str) else None
        if day:
            if int(day[2]) in months and float(day[3]) in said:
                return True
        elif not isinstance(leaf, bool) and said & {_number(item) for item in _FIGURE.findall(str(leaf))}:
            return True
    return False


def _number(figure: str) -> float:
    """A figure as a number; one of several groups by its digits alone."""
    plain = figure.replace(",", "") if re.fullmatch(r"\d{1,3}(?:,\d{3})*(?:\.\d+)?", figure) else figure.replace(",", ".")
    return float(plain) if plain.count(".") < 2 else float(re.sub(r"\D", "", figure))


def _leaves(value: Any) -> Iterator[Any]:
    """The values of a record, and the keys of an object of objects, which may be names: {"kofi": {...}, "abena": {...}}."""
    if isinstance(value, dict) and all(isinstance(inner, dict) for inner in value.values()):
        yield from value
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _leaves(inner)
    elif value is not None:
        yield value
