"""Which facts of a customer's account matter for a question: signals and the model that weighs them.

Two logistic models are fitted on the development questions by ``python -m tests.benchmarks.narrowing --write`` and kept in
``narrowing.json``: is the fact what the question asks for, and does a reply out of articles need it.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from knowledge_base.accounts import NOT_LISTED
from knowledge_base.evidence_signals import Model, models, weigh
from knowledge_base.phrasing import MONTHS
from knowledge_base.stored import StoredFact, StoredPassage
from knowledge_base.words import content_words, has_figure, identifiers, shapes, stem, stems, unknown_shapes

FEW_VALUES = 12
"""Most values of a field for an article to depend on which it is."""
OWN = 0.4
"""Least likelihood of the best fact's being asked for, for a question to count as one about the account itself."""
MAYBE_OWN = 0.05
"""Least likelihood of its being asked for, for the best fact to go first where the question does not count as such."""
WEIGHED = 400
"""Facts of one customer whose signals are worked out; of more, those that a question names and those nearest to it."""
READ = 3
"""Passages, best first, that a fact is held against."""
FACT = ("near", "overlap", "shared", "depends", "unit", "first", "personal", "date", "month", "figure", "gap")
"""A fact's signals: its cosine with the question and its rare words in it; its rare words in the passages; whether the best
article depends on its value; its best cosine with their sentences and with the best passage's; how personal the question is; a
date where a time is asked for, one in a month that is named, a figure where a number is; how far its cosine lies below the
nearest fact's."""
_PERSONAL = re.compile(r"(?i)\b(my|mine|our|ours|us|we|i|me)\b")
_ASKS_FIGURE = re.compile(r"(?i)\b(how (many|much|long|often|far|big|large|soon|fast|late)|limit|price|cost|left|room|maximum|minimum)\b")
_ASKS_TIME = re.compile(r"(?i)\b(when|what day|which day|date|since|until|till|still|already|yet)\b")
_MONTH = {form: f"{number:02}" for number, name in enumerate(MONTHS, 1) for form in (name.lower(), name[:3].lower())}
_DATE = re.compile(rf"\d{{4}}-(\d\d)-\d\d|\b\d{{1,2}} ({'|'.join(MONTHS)}) \d{{4}}\b")


def answering(signals: np.ndarray, fitted: dict[str, Model] | None = None) -> np.ndarray:
    """How likely each fact is what a question about the customer's own account asks for, shape (facts,).

    Args:
        signals: what ``fact_signals`` gives.
        fitted: the models that weigh facts, by default those of the package.
    """
    return np.asarray(1.0 / (1.0 + np.exp(-weigh((fitted or models())["own"], signals, FACT))))


def rank_facts(
    facts: Sequence[StoredFact], signals: np.ndarray, fitted: dict[str, Model] | None = None, own: np.ndarray | None = None
) -> list[tuple[StoredFact, float]]:
    """A customer's facts, the likeliest to matter first, each with that likelihood; of two that say the same, one.

    A question of the account itself is told by a fact that probably answers it. Beside any other, a fact matters that the
    answer depends on, and one that may be asked for comes first.

    Args:
        facts: of the one customer.
        signals: what ``fact_signals`` gives for them.
        fitted: the models that weigh facts, by default those of the package.
        own: what ``answering`` gives, where more is known than the signals tell.
    """
    if not facts:
        return []
    own = answering(signals, fitted) if own is None else own
    likely = 1.0 / (1.0 + np.exp(-weigh((fitted or models())["fact"], signals, FACT)))
    first = int(own.argmax())
    if own[first] >= OWN:
        likely = own
    elif own[first] >= MAYBE_OWN:
        likely[first] = max(likely.max(), own[first])
    scored = sorted(zip(facts, likely, strict=True), key=lambda pair: (-pair[1], pair[0].fact_id))
    once = {fact.text: (fact, round(float(score), 4)) for fact, score in reversed(scored)}
    return list(reversed(once.values()))


def worth_weighing(
    question: str, query: np.ndarray, facts: Sequence[StoredFact], vectors: Mapping[str, np.ndarray], most: int = WEIGHED
) -> list[StoredFact]:
    """Of more than ``most`` facts those that count what is not listed, name what the question names, or lie nearest to it."""
    if len(facts) <= most:
        return list(facts)
    named = {item.lower() for item in identifiers(question)}
    near = np.stack([vectors[fact.fact_id] for fact in facts]) @ query
    first = [(_counts(fact), bool(named) and any(_says(item, fact.text) for item in named)) for fact in facts]
    order = sorted(range(len(facts)), key=lambda at: (not first[at][0], not first[at][1], -near[at]))
    return [facts[at] for at in sorted(order[:most])]


def shortlist(question: str, ranked: Sequence[tuple[StoredFact, float]], most: int) -> list[tuple[StoredFact, float]]:
    """The first of the ranked facts, and the count of what is not listed where they or the question are about such things.

    The count comes second, as likely to matter as the first fact, unless that says the very thing that the question names.
    Of a named thing that no fact says, those of others like it say nothing: they come last and are not likely at all.
    """
    if not ranked:
        return []
    ranked = _without_others(question, ranked)
    first, likely = ranked[0]
    asked = stems(question)
    rest = [fact for fact, _ in ranked if _counts(fact) and (stems(fact.title) & asked or _kind(fact) == _kind(first)) and fact != first]
    others = [pair for pair in ranked if pair[0] not in rest][: max(1, most - len(rest))]
    at = len(others) if any(_says(item.lower(), first.text) for item in identifiers(question)) else 1
    return [*others[:at], *((fact, likely) for fact in rest), *others[at:]][:most]


def _without_others(question: str, ranked: Sequence[tuple[StoredFact, float]]) -> list[tuple[StoredFact, float]]:
    """The ranked facts, those of other things than the one that the question names by its id last and with likelihood 0."""
    unknown = unknown_shapes(question, (fact.text for fact, _ in ranked))
    named = [item.lower() for item in identifiers(question)]
    alike = unknown | shapes(question)
    silent = [fact for fact, _ in ranked if not any(_says(item, fact.text) for item in named)] if named else []
    lists = {_list(fact) for fact, _ in ranked if fact not in silent} - {""} if named else set()
    others = [fact for fact in silent if alike & shapes(fact.text) or _list(fact) in lists]
    return [*(pair for pair in ranked if pair[0] not in others), *((fact, 0.0) for fact in others)]


def _counts(fact: StoredFact) -> bool:
    return fact.text.endswith(NOT_LISTED)


def _kind(fact: StoredFact) -> str:
    return fact.path.partition(".")[0]


def _list(fact: StoredFact) -> str:
    """The list in which the thing stands that a fact is about; empty for a fact about none."""
    found = re.match(r"(.*?)\.\d+(?:\.|$)", fact.path)
    return found[1] if found else ""


def _says(name: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text.lower()) is not None


def fact_signals(
    question: str,
    query: np.ndarray,
    facts: Sequence[StoredFact],
    vectors: Mapping[str, np.ndarray],
    passages: Sequence[StoredPassage],
    values: Mapping[str, list[frozenset[str]]],
    article: str,
) -> np.ndarray:
    """The signals of each fact, shape (facts, len(FACT)).

    Args:
        question: as searched.
        query: its vector, shape (dimension,).
        facts: of the one customer, at least one.
        vectors: fact id -> vector; of every fact.
        passages: the passages found, best first.
        values: what ``value_words`` gives.
        article: all words of the best article.
    """
    said = [stems(f"{fact.title} {fact.text} {fact.path}") for fact in facts]
    counts = Counter(word for words in said for word in words)
    rarity = {word: math.log(1 + len(facts) / count) for word, count in counts.items()}
    texts = [stems(f"{p.title} {p.heading} {p.text}") for p in passages[:READ]]
    named, asked = stems(article), stems(question)
    of_facts = np.stack([vectors[fact.fact_id] for fact in facts])
    cosines = of_facts @ query
    units = [(of_facts @ p.unit_vectors.T).max(axis=1) for p in passages[:READ]] or [np.zeros(len(facts))]
    personal = len(_PERSONAL.findall(question)) / max(1, len(question.split()))
    asks_figure, asks_time = _ASKS_FIGURE.search(question) is not None, _ASKS_TIME.search(question) is not None
    # "may" is a month only with its capital.
    months = {_MONTH.get(word.lower()) for word in re.findall(r"[A-Za-z]+", question) if word != "may"}
    rows = []
    for at, fact in enumerate(facts):
        weight = sum(rarity[word] for word in said[at]) or 1.0
        date = _DATE.search(fact.text) is not None
        own = {
            "near": cosines[at],
            "overlap": sum(rarity[word] for word in said[at] & asked) / weight,
            "shared": max((sum(rarity[word] for word in said[at] & text) / weight for text in texts), default=0.0),
            "depends": min(sum(value <= named for value in values.get(_field(fact.path), ())), 2) / 2,
            "unit": max(unit[at] for unit in units),
            "first": units[0][at],
            "personal": personal,
            "date": asks_time and date,
            "month": any((number or _MONTH[name.lower()]) in months for number, name in _DATE.findall(fact.text)),
            "figure": asks_figure and not date and has_figure(fact.text),
            "gap": cosines.max() - cosines[at],
        }
        rows.append([float(own[name]) for name in FACT])
    return np.array(rows)


def value_words(facts: Iterable[tuple[str, str]]) -> dict[str, list[frozenset[str]]]:
    """The few values that a field of the records takes, each as the stems that tell it from the others.

    A field of which each record has a value of its own, such as a name or a count, has none.

    Args:
        facts: (path, text) of facts of many records.
    """
    texts: dict[str, set[str]] = {}
    for path, text in facts:
        texts.setdefault(_field(path), set()).add(text)
    found = {}
    for field, said in texts.items():
        if not 1 < len(said) <= FEW_VALUES:
            continue
        owns = [frozenset(stem(word) for word in content_words(text) if not has_figure(word)) for text in said]
        common = frozenset.intersection(*owns)
        times = Counter(part for own in owns for part in own)
        # "The subscription" of two values out of three tells neither; a word of two values that have no other tells both.
        telling = (frozenset(part for part in own if times[part] == 1) or own - common for own in owns)
        values = sorted({own for own in telling if 0 < len(own) <= 2}, key=sorted)
        if len(values) > 1:
            found[field] = values
    return found


def _field(path: str) -> str:
    """A fact's path with each number of a list's item left out."""
    return re.sub(r"\b\d+\b", "[]", path)
