"""Grounding: each statement is held against the evidence it cites before it is shown.

Figures with their units, dates, amounts, menu paths, codes, labels, names, negations, limits and conditions must be
those of the evidence; the remaining words must come from it for the most part. A statement that fails is replaced by
its evidence word for word.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import pairwise
from types import MappingProxyType

from assistant.claims import (
    Vocabulary,
    addresses,
    bounds,
    codes,
    commands,
    figures,
    flipped,
    labels,
    marks,
    names,
    negations,
    opposites,
    paths,
    periods,
    plain_word,
    replaced,
    stem,
    words,
)
from assistant.deeds import other_deed, said_again
from assistant.force import ROLES, lost_condition, lost_limit, lost_part, other_order, other_time, scrambled
from assistant.lead_ins import swallows_order
from assistant.persons import READERS, wrong_person
from assistant.prompt import plain, plain_code
from assistant.reply import Evidence, Statement
from knowledge_base.words import STOP_WORDS

# Set on the hand-written replies to the lessons, of which they refuse 3 in 100 (tests/assistant/test_grounding_rates.py).
LEAST_SUPPORT = 0.7
"""Share of a statement's content words that must stand in its evidence."""
LEAST_KEPT = 0.7
"""Share of the evidence's content words that the statement must keep, so that nothing is lost; of three, one may go."""
MOST_INVENTED = 1
"""How many content words in a row may be missing in the evidence; more are a claim of their own."""


_EXACT: tuple[tuple[str, Callable[[str], Iterable[str]]], ...] = (
    ("figures", figures),
    ("menu paths", paths),
    ("addresses", addresses),
    ("codes", codes),
    ("commands", commands),
    ("negation", negations),
    ("limits", bounds),
    ("spans of time", periods),
)
"""What a statement must have exactly as its evidence has it."""

_OF_YOU = {"is": "are", "has": "have", "uses": "use", "does not use": "do not use", "was": "were"}
_CUSTOMER = re.compile(rf"^(By the account: |)The customer ({'|'.join(_OF_YOU)})\b")
_BY = re.compile(r"(?i)\bby\b")
"""What a passive that a voice makes active turns round, and rightly."""
_GARBLED = re.compile(r"\b(?:[Aa]n (?=[bcdfgjklmnpqrtvwz][a-z])|[Aa] (?=(?!(?i:one|once|eu|ew))[aeioAEIO][a-z]))[A-Za-z]+")
_DOUBLED = re.compile(
    r"(?i)\b(my|our|your|their)((?! (?:instead|out|all|both|each|any|some|none|most|many|half|one|two|inside|outside|ahead|because)\b)"
    r" [a-z'’-]+){1,2} of \1\b"
)
"""A voice that says "your" for "the" says it twice: "your data of your workspace"."""
_CAN = r"(?:can|may|must|will|should|cannot|can['’]t|won['’]t)"
_TWO_VERBS = re.compile(
    rf"(?i)(?:^|: )you {_CAN}\b(?:(?!\b(?:and|or|but|if|when|whenever|wh\w+|that|how|so|as|than|because|until|unless|before|after|once"
    rf"|\w+thing|\w+one|\w+body|you|it|they|we|i|he|she|this|there|people|one)\b)[^,;:.!?])*?\b{_CAN}\b"
)
"""A voice that puts "you can" before a sentence that has a verb of its own: "You can bookings can only be cancelled"."""
_HANDED = re.compile(r"Here(?:['’]s| is| are)\b")
_EITHER = re.compile(r"(?i)\b(?!whether|charge)([a-z]{4,}) or (?!when|where|from|with|after|before)([a-z]{4,})\b")
_ACCOUNT = re.compile(r"(?i)\baccounts?\b")
_EACH = re.compile(r"(?i)\b(?:each|every|all)\b")
_OPENING = re.compile(r"^(?:To|In|If|Where|When|For|After|Once|As|During|On|At)\b[^,]{0,60}, ")
_SINGLE = re.compile(r"(?i)\b(?:the|your) (?:one|only) \w+")
_PER = re.compile(r"(?i)\bper (\w+)")
_DETERMINERS = dict.fromkeys(("a", "an", "your", "our", "its", "their"), "the")
_LONG = re.compile(r"(?i)\bin order (?=to\b)|(?<=\bfree) of charge\b")
"""What a shorter word says as well."""
_UNSAID = STOP_WORDS | {*READERS, *ROLES.split("|"), "account", "workspace", "must"}
"""What "you", "your" or an order says as well."""
_BEGINNINGS = frozenset(map(stem, (*READERS, *ROLES.split("|"), "workspace", "check")))
"""What a statement may begin without: "you", an order or "make sure" stand for it."""


def check(text: str, evidence: Evidence, name: str | None = None, voice: Vocabulary = MappingProxyType({})) -> str | None:
    """Why a statement is not supported by its evidence, or None where it is.

    Args:
        text: the statement.
        evidence: what it cites.
        name: the customer's first name, which a statement may use.
        voice: words that the voice says for others by its profile.
    """
    source = plain(evidence.text)
    for what, found in _EXACT:
        if difference := _differs(found(text), found(source)):
            return f"{what} differ: {difference}"
    return (
        _wrong_label(text, source)
        or _wrong_name(text, source, name)
        or wrong_person(text, source, name, voice)
        or ("an order turned into what it is good for" if swallows_order(text) else None)
        or _wrong_force(text, source, evidence.source.startswith("c"))
        or _wrong_words(text, evidence, name, voice)
        or _cut_out(text, source)
    )


def quote(evidence: Evidence) -> Statement:
    """The evidence itself as a statement; an account fact, which speaks of the customer, speaks to the customer."""
    text = plain_code(evidence.text) if evidence.code else plain(evidence.text)
    if evidence.source.startswith("c"):
        text = _CUSTOMER.sub(lambda match: f"{match[1]}{'you' if match[1] else 'You'} {_OF_YOU[match[2]]}", text)
        text = re.sub(r"\bis waiting for the customer\.$", "is waiting for you.", text)
    return Statement(text=text, sources=[evidence.source], how="quoted", step=evidence.step, code=evidence.code)


def _wrong_label(text: str, source: str) -> str | None:
    if invented := [label for label in labels(text) if label.lower() not in source.lower()]:
        return f"label not in the source: {invented[0]}"
    if lost := [label for label in labels(source) if label.lower() not in text.lower()]:
        return f"label lost: {lost[0]}"
    return None


def _wrong_name(text: str, source: str, name: str | None) -> str | None:
    known = {word.lower() for word in re.findall(r"[\w'’-]+", source)} | {(name or "").lower()}
    if invented := [word for word in names(text) if word not in known]:
        return f"name not in the source: {', '.join(sorted(invented))}"
    if lost := [word for word in names(source) if word not in {part.lower() for part in re.findall(r"[\w'’-]+", text)}]:
        return f"name lost: {', '.join(sorted(lost))}"
    order = [word for word in marks(text) if word in marks(source)]
    apart = len(figures(text)) > 1 or negations(source) or ":" in source
    if order != [word for word in marks(source) if word in order] and apart:
        return f"figures and names in another order: {', '.join(order)}"
    return None


def _wrong_force(text: str, source: str, exact: bool) -> str | None:
    if _ACCOUNT.search(text) and not _ACCOUNT.search(source) and (lost := _fewer(text, source)):
        return f"account in place of {lost}"
    if _HANDED.match(text) and not _HANDED.match(source):
        return "it hands over what the source only speaks of"
    if other := other_time(text, source, exact):
        return other
    if lost := lost_limit(text, source):
        return f"its “{lost}” is lost"
    if lost := lost_part(text, source):
        return f"its “{lost}” is lost"
    if lost := lost_condition(text, source):
        return f"its condition “{lost}” is lost"
    if turned := other_order(text, source):
        return f"{turned} in another order"
    if again := said_again(text, source):
        return f"“{again}” is said twice"
    if (single := _SINGLE.search(source)) and not re.search(r"(?i)\b(?:the|your|only) one\b|\bonly\b", text):
        return f"“{single[0]}” is no longer the only one"
    if (each := _PER.search(source)) and re.search(rf"(?i)\b(?:in|for|across) (?:every|all) {re.escape(each[1])}", text):
        return f"its “{each[0]}” is said of all together"
    awkward = (found[0] for form in (_GARBLED, _DOUBLED, _TWO_VERBS) if (found := form.search(text)) and not form.search(source))
    return next((f"“{said}” is no English" for said in awkward), None)


def _fewer(text: str, source: str) -> str | None:
    """A word that the statement says fewer times than its source: a voice may say account for workspace, but not for one of two."""
    said = Counter(words(text))
    return next((word for word, count in Counter(words(source)).items() if count > said[word] > 0), None)


def _wrong_words(text: str, evidence: Evidence, name: str | None, voice: Vocabulary) -> str | None:
    source = plain(evidence.text)
    given, own = set(words(source)), set(words(name or ""))
    plain_words = [plain_word(word, given, voice) for word in words(text)]
    in_order = [word for word in plain_words if word in given or word not in own]
    said = set(in_order)
    if swapped := opposites(said, given):
        return f"{swapped[0]} where the source has {swapped[1]}"
    if (lost := _EACH.search(source)) and not _EACH.search(text):
        return f"its “{lost[0]}” is lost"
    if turned := flipped(text, source):
        return f"“{turned[1]}” where the source has “{turned[0]}”"
    if others := replaced([word for word in in_order if word not in own - given], words(source)):
        return f"{others[0][1]} in place of {others[0][0]}"
    invented = [word not in given for word in in_order]
    if any(all(invented[at : at + MOST_INVENTED + 1]) for at in range(len(invented) - MOST_INVENTED)):
        return f"words not in the source: {', '.join(word for word in in_order if word not in given)}"
    if half := _halved(source, said):
        return f"its “{half}” is halved"
    if other := other_deed(text, source, [word for word in in_order if word not in given], given - said):
        return other
    if said and len(said & given) / len(said) < LEAST_SUPPORT:
        return f"too few of its words stand in the source ({len(said & given)} of {len(said)})"
    if given - said and evidence.source.startswith("c"):
        return f"of an account fact is missing: {', '.join(sorted(given - said))}"
    if given and len(given - said) > max(len(given) > 2, (1 - LEAST_KEPT) * len(given)):
        return f"too much of the source is missing ({len(said & given)} of {len(given)} words kept)"
    if first := _lost_beginning(source, said):
        return f"its beginning is lost: {first}"
    return _reordered(text, source, plain_words)


def _cut_out(text: str, source: str) -> str | None:
    """What is wrong with a statement that is its source word for word, but for a word inside it that is left out."""
    given, said = (_all_words(part) for part in (_LONG.sub("", source), text))
    cut, at = [], 0
    for before, word in pairwise(["", *given]):
        if at < len(said) and said[at] == word:
            at += 1
        elif 0 < at < len(said) and not {word, word.removesuffix("s")} & _UNSAID and not (before == "be" and word.endswith("ed")):
            cut.append(word)
    return f"its “{cut[0]}” is lost" if cut and at == len(said) else None


def _all_words(text: str) -> list[str]:
    """Every word, one determiner for all, and "not" by itself."""
    spelled = text.lower().replace("’", "'").replace("can't", "cannot").replace("n't", " not")
    return [_DETERMINERS.get(word, word) for word in re.findall(r"[^\W_]+(?:['-][^\W_]+)*", spelled)]


def _reordered(text: str, source: str, plain_words: list[str]) -> str | None:
    """What of a row's name is lost, and words out of their order; a passive made active and what a comma parts may stand otherwise."""
    head, colon, rest = source.partition(": ")
    named = set(words(head)) & set(words(rest)) if colon and len(head.split()) < 7 else set()
    if lost := next((word for word in plain_words if word in named and plain_words.count(word) < words(source).count(word)), None):
        return f"of the row's name is lost: {lost}"
    if "," in text + source or _BY.search(text) or _BY.search(source) or not scrambled(plain_words, words(source)):
        return None
    return "its words stand in another order"


def _halved(source: str, said: set[str]) -> str | None:
    """Two things that the source names with "or", of which the statement has one."""
    for match in _EITHER.finditer(source):
        one, other = (set(words(word)) for word in match.groups())
        if one and other and (one <= said) != (other <= said):
            return match[0]
    return None


def _lost_beginning(source: str, said: set[str]) -> str | None:
    """The word that a sentence begins with, what is to be done or what it is about, where the statement lacks it."""
    first = None if _OPENING.match(source) else next(iter(words(source)), None)
    if first is None or first in said or first in _BEGINNINGS or (first == stem("press") and stem("hold") in said):
        return None
    return first


def _differs(said: Iterable[str], given: Iterable[str]) -> str:
    here, there = Counter(said), Counter(given)
    extra, lost = sorted((here - there).elements()), sorted((there - here).elements())
    parts = ([f"{', '.join(extra)} not in the source"] if extra else []) + ([f"{', '.join(lost)} lost"] if lost else [])
    return "; ".join(parts)
