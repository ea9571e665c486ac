"""Retrieval on the labelled questions and, where the data is there, on TechQA.

``python -m tests.benchmarks.retrieval [--split dev held_out] [--techqa FOLDER]``
"""

import argparse
import json
import statistics
import tempfile
from collections.abc import Iterable
from pathlib import Path

from knowledge_base import ranking
from knowledge_base.retrieval import KnowledgeBase
from knowledge_base.settings import KnowledgeSettings
from tests.benchmarks import questions, techqa


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--split", nargs="*", choices=("dev", "held_out"), default=["dev", "held_out"])
    parser.add_argument("--techqa", type=Path, help="folder for TechQA's store; kept, so that the next run need not embed again")
    arguments = parser.parse_args()
    for split in arguments.split:
        knowledge_base = KnowledgeBase(KnowledgeSettings())
        rows = questions.read(split)
        print(split, json.dumps(own(knowledge_base, rows)))
        print(split, "follow-ups", json.dumps(follow_ups(knowledge_base, rows)))
        print(split, "account facts", json.dumps(account_facts(knowledge_base, rows)), flush=True)
    if techqa.QUESTIONS.is_file():
        with tempfile.TemporaryDirectory() as passing:
            print("techqa", json.dumps(public(arguments.techqa or Path(passing))))
    else:
        print(techqa.MISSING)


def own(knowledge_base: KnowledgeBase, rows: list[questions.Question]) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for row in rows:
        if row["action"] != "answer":
            continue
        result = knowledge_base.search(row["question"], row.get("customer_id"), questions.history(row))
        articles = [passage.article_id for passage in result.passages[:5]]
        ranks = [place for place, article in enumerate(articles) if article in row["gold_articles"]]
        for kind in ("all", row["kind"]):
            found.setdefault(f"{kind} R@5", []).append(bool(ranks))
            found.setdefault(f"{kind} MRR@5", []).append(1 / (1 + ranks[0]) if ranks else 0.0)
        if row["kind"] == "two_article":
            found.setdefault("both R@5", []).append(set(row["gold_articles"]) <= set(articles))
        found.setdefault("seconds", []).append(result.seconds)
    seconds = found.pop("seconds")
    return means(found) | {"median_ms": round(1000 * statistics.median(seconds), 1)}


def follow_ups(knowledge_base: KnowledgeBase, rows: list[questions.Question]) -> dict[str, dict[str, float]]:
    """What the history is worth: the shares in use, and each of the three readings of a follow-up alone."""
    ways = {"shares in use": ranking.HISTORY_SHARES, "question alone": (1, 0, 0), "after the customer": (0, 1, 0), "after both": (0, 0, 1)}
    chosen = [row for row in rows if row["history"]]
    results = {}
    for name, shares in ways.items():
        before, ranking.HISTORY_SHARES = ranking.HISTORY_SHARES, shares
        try:
            results[name] = {key: value for key, value in own(knowledge_base, chosen).items() if key.startswith("all ")}
        finally:
            ranking.HISTORY_SHARES = before
    return results


def account_facts(knowledge_base: KnowledgeBase, rows: list[questions.Question]) -> dict[str, float]:
    """How often the fact that an answer needs is among the first so many, and how many come where none is needed."""
    found: dict[str, list[float]] = {}
    for row in rows:
        if row["action"] != "answer" or not row["customer_id"]:
            continue
        result = knowledge_base.search(row["question"], row["customer_id"], questions.history(row))
        if row["account_fact"]:
            right = [questions.holds(row["account_value"], fact.text) for fact in result.facts]
            for most in (1, 2, 3, 6):
                found.setdefault(f"needed in {most}", []).append(any(right[:most]))
        else:
            found.setdefault("returned where none is needed", []).append(len(result.facts))
    return means(found)


def public(folder: Path) -> dict[str, float]:
    rows = techqa.read()
    knowledge_base = techqa.opened(rows, folder)
    ranks = []
    for row in rows:
        if not row["is_impossible"]:
            articles = [passage.article_id for passage in knowledge_base.search(row["question"]).passages[:5]]
            ranks.append(next((place for place, article in enumerate(articles) if article in row["gold"]), 99))
    return {"questions": len(ranks)} | means(
        {
            "R@5": [rank < 5 for rank in ranks],
            "hit@3": [rank < 3 for rank in ranks],
            "MRR@3": [1 / (1 + rank) if rank < 3 else 0.0 for rank in ranks],
        }
    )


def means(found: dict[str, Iterable[float]] | dict[str, list[float]]) -> dict[str, float]:
    return {name: round(statistics.mean(values), 3) for name, values in found.items()}


if __name__ == "__main__":
    main()
