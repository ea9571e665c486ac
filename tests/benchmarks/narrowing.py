"""Fit what narrows passages on the development questions: ``python -m tests.benchmarks.narrowing [--write]``.

A unit is a positive where it stands in an article that answers and holds a required fact; an article where it answers; a
customer's fact where the reply needs it.
Prints what narrowing gives with models that have not seen the question's articles, at the limits in use and at others; the
held-out questions are not read here. To fit on a help center whose articles name no questions as well gained nothing there.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from assistant.base_model import load_tokenizer
from assistant.settings import Settings
from knowledge_base import evidence, fact_ranking
from knowledge_base.evidence_signals import ARTICLE, MODELS, UNIT, Model, article_signals, models, unit_signals
from knowledge_base.fact_ranking import FACT
from knowledge_base.found import Search
from knowledge_base.retrieval import KnowledgeBase
from knowledge_base.settings import KnowledgeSettings
from knowledge_base.stored import StoredFact
from tests.benchmarks import questions
from tests.benchmarks.evidence import Case, facts, recall, share

FOLDS = 8
FACT_STRENGTH, OWN_STRENGTH = 0.03, 0.1
"""Inverse of the regularisation of the models over account facts, of which few are needed."""
WEIGHTS = {"plain": 0.5, "two_article": 0.33}
"""What a question counts in a fit, where it is not 1: plain questions are easier than customers' own, and the development half
has three times as many that need two articles as customers and the held-out half have."""
TRIED = {
    "article": (-2.0, -1.5, -1.0, -0.5, 0.0),
    "sentences": (7, 8, 9, 10, 12),
    "within_best": (2.0, 3.0, 4.0, 6.0),
    "within_other": (1.0, 2.0, 3.0),
    "of_other": (1, 2, 3, 5),
    "steps_within": (0.5, 1.0, 1.5),
}


@dataclass(frozen=True)
class Asked:
    """An answerable question and what was found for it."""

    row: questions.Question
    search: Search

    @property
    def weight(self) -> float:
        """What the question counts in a fit."""
        return WEIGHTS.get(self.row["kind"], 1.0)

    @property
    def group(self) -> str:
        """The article that answers: what is learnt of it must not be tried on it."""
        return str(self.row["gold_articles"][0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write knowledge_base/narrowing.json")
    arguments = parser.parse_args()
    knowledge_base = KnowledgeBase(KnowledgeSettings())
    asked = read(knowledge_base)
    unseen = crossed(asked)
    print("development questions but the plain ones, each narrowed by models that have not seen its articles")
    tokenizer = load_tokenizer(Settings().base_model)
    counts: dict[str, int] = {}

    def count(text: str) -> int:
        if text not in counts:
            counts[text] = len(tokenizer(text, add_special_tokens=False)["input_ids"])
        return counts[text]

    chosen = evidence.NARROWING
    print(f"  as it is: {measured(asked, unseen, count)}")
    for field, values in TRIED.items():
        for value in values:
            evidence.NARROWING = replace(chosen, **{field: value})
            print(f"  {field} {value}: {measured(asked, unseen, count)}")
    evidence.NARROWING = chosen
    print("account facts, each weighed by a model that has not seen the question's article")
    needed = read_facts(knowledge_base)
    tell_facts(needed)
    fitted = fit(asked) | fact_models(needed)
    print(json.dumps(fitted, indent=1))
    if arguments.write:
        MODELS.write_text(json.dumps(fitted, indent=1) + "\n", "utf-8")


def read(knowledge_base: KnowledgeBase) -> list[Asked]:
    found = []
    for row in questions.read("dev"):
        if row["action"] == "answer":
            search = knowledge_base.search(row["question"], row.get("customer_id"), questions.history(row))
            found.append(Asked(row, search))
    return found


def fit(asked: Sequence[Asked]) -> dict[str, Model]:
    """Logistic models over units and over articles, each question of one weight."""
    units: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    articles: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for item in asked:
        if not item.search.passages:
            continue
        gold = set(item.row["gold_articles"])
        rows = np.vstack(unit_signals(item.search))
        holds = [
            p.article_id in gold and any(questions.holds(f, u.text) for f in item.row["facts"])
            for p in item.search.passages
            for u in p.units
        ]
        units.append((rows, np.array(holds), np.full(len(rows), item.weight / len(rows))))
        of = article_signals(item.search)
        articles.append((np.array(list(of.values())), np.array([name in gold for name in of]), np.full(len(of), item.weight)))
    return {"unit": logistic(units, UNIT), "article": logistic(articles, ARTICLE)}


@dataclass(frozen=True)
class Account:
    """A question of a customer, the signals of the customer's facts, and which of them the reply needs."""

    row: questions.Question
    facts: list[StoredFact]
    signals: np.ndarray
    needed: np.ndarray

    @property
    def own(self) -> bool:
        """Whether the account alone answers it."""
        return bool(self.row["kind"] == "account")


def read_facts(knowledge_base: KnowledgeBase) -> list[Account]:
    found = []
    for row in questions.read("dev") + questions.short("dev"):
        if customer := row["customer_id"]:
            search = knowledge_base.search(row["question"], customer, questions.history(row))
            facts, signals = knowledge_base.account_signals(search.question, search.query, customer, search.passages)
            gold = bool(row.get("account_fact"))
            held = np.array([gold and questions.account_fact(row, fact.text) for fact in facts])
            found.append(Account(row, facts, signals, held))
    return found


def fact_models(needed: Sequence[Account]) -> dict[str, Model]:
    """Which fact is asked for, of all questions; and which one a reply out of articles needs, of the others."""
    asked_for = [(item.signals, item.needed & item.own, np.ones(len(item.needed))) for item in needed]
    beside = [(item.signals, item.needed, np.ones(len(item.needed))) for item in needed if not item.own]
    return {"own": logistic(asked_for, FACT, OWN_STRENGTH), "fact": logistic(beside, FACT, FACT_STRENGTH)}


def tell_facts(needed: Sequence[Account]) -> None:
    """At several limits: how many of the questions that need a fact get it, and how many facts the others are told."""
    groups = np.array(
        [str((item.row["gold_articles"] or [item.row["account_fact"] if item.own else item.row["question"]])[0]) for item in needed]
    )
    ranked: list[dict[str, float]] = [{}] * len(needed)
    for train, test in GroupKFold(FOLDS).split(groups, groups=groups):
        unseen = models() | fact_models([needed[at] for at in train])
        for at in test:
            ranked[at] = {fact.text: score for fact, score in fact_ranking.rank_facts(needed[at].facts, needed[at].signals, unseen)}
    for limit in (0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1):
        said = [
            (item, [text for text in list(scores)[: evidence.NARROWING.facts] if scores[text] >= limit])
            for item, scores in zip(needed, ranked, strict=True)
            if item.row["action"] == "answer"
        ]
        got = {
            own: [
                any(questions.account_fact(item.row, text) for text in texts)
                for item, texts in said
                if item.needed.any() and item.own == own
            ]
            for own in (True, False)
        }
        others = [len(texts) for item, texts in said if not item.row.get("account_fact")]
        print(
            f"  from {limit}: {share(got[True]):.3f} of those asked for are said, {share(got[False]):.3f} of those needed, "
            f"{share(others):.2f} to a question that needs none"
        )


def logistic(parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]], names: tuple[str, ...], strength: float = 1.0) -> Model:
    x, y, weights = (np.concatenate(column) for column in zip(*parts, strict=True))
    mean, spread = x.mean(0), x.std(0) + 1e-9
    model = LogisticRegression(C=strength, max_iter=2000).fit((x - mean) / spread, y, sample_weight=weights / weights.mean())
    scaled = model.coef_[0] / spread
    bias = round(float(model.intercept_[0] - (scaled * mean).sum()), 4)
    return {"bias": bias, **{name: round(float(weight), 4) for name, weight in zip(names, scaled, strict=True)}}


def crossed(asked: Sequence[Asked]) -> dict[str, dict[str, Model]]:
    """For each question's group the models fitted without it."""
    groups = np.array([item.group for item in asked])
    found = {}
    for train, test in GroupKFold(FOLDS).split(groups, groups=groups):
        found |= dict.fromkeys(groups[test], fit([asked[at] for at in train]))
    return found


def measured(asked: Sequence[Asked], unseen: dict[str, dict[str, Model]], count: Callable[[str], int]) -> str:
    cases = []
    for item in asked:
        if item.row["kind"] != "plain":
            said = evidence.narrow(item.search, Settings().evidence_tokens, count, unseen[item.group])
            cases.append(Case(item.row, item.search, said, "answer"))
    cited = [article in case.row["gold_articles"] for case in cases for article in case.citations]
    return (
        f"required facts {share([facts(case) for case in cases]):.3f}, citation precision {share(cited):.3f} and recall "
        f"{share([recall(case) for case in cases]):.3f}, {share([len(case.evidence.pieces) for case in cases]):.1f} statements"
    )


if __name__ == "__main__":
    main()
