"""Retrieval on the labelled questions and, where the data is there, on TechQA: ``python -m tests.benchmarks.retrieval``."""

import json
import os
import statistics
import tempfile
from pathlib import Path

from knowledge_base.refresh import refresh
from knowledge_base.retrieval import KnowledgeBase
from knowledge_base.settings import KnowledgeSettings
from tests.benchmarks import questions

DATA = Path(os.environ.get("BENCHMARK_DATA", "../shared/data"))


def main() -> None:
    for split in ("dev", "held_out"):
        print(split, json.dumps(own(KnowledgeBase(KnowledgeSettings()), split)))
    techqa = DATA / "techqa" / "questions.jsonl"
    if techqa.is_file():
        print("techqa", json.dumps(public(techqa)))
    else:
        print(f"techqa: left out, there is no {techqa} (set BENCHMARK_DATA)")


def own(knowledge_base: KnowledgeBase, split: questions.Split) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for row in questions.read(split):
        if row["action"] != "answer":
            continue
        result = knowledge_base.search(row["question"], row.get("customer_id"), questions.history(row))
        articles = [hit.article_id for hit in result.hits if not hit.source.startswith("c")][:5]
        ranks = [place for place, article in enumerate(articles) if article in row["gold_articles"]]
        for kind in ("all", row["kind"]):
            found.setdefault(f"{kind} R@5", []).append(bool(ranks))
            found.setdefault(f"{kind} MRR@5", []).append(1 / (1 + ranks[0]) if ranks else 0.0)
        if row["kind"] == "two_article":
            found.setdefault("both R@5", []).append(set(row["gold_articles"]) <= set(articles))
        found.setdefault("seconds", []).append(result.seconds)
    seconds = found.pop("seconds")
    return {name: round(statistics.mean(values), 3) for name, values in found.items()} | {
        "median_ms": round(1000 * statistics.median(seconds), 1)
    }


def public(path: Path) -> dict[str, float]:
    """TechQA: the contexts of all questions as a help center of plain files, one per document."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        names = {}
        for row in rows:
            for context in row["contexts"]:
                name = names.setdefault(context["filename"], f"doc{len(names):04d}.md")
                target = folder / "articles" / name
                target.parent.mkdir(exist_ok=True)
                target.write_text(context["text"], "utf-8")
        (folder / "customers.jsonl").write_text("", "utf-8")
        settings = KnowledgeSettings(store=folder / "store", articles=folder / "articles", customers=folder / "customers.jsonl")
        refresh(settings)
        knowledge_base = KnowledgeBase(settings)
        hits = []
        for row in rows:
            if row["is_impossible"]:
                continue
            gold = {names[context["filename"]] for context in row["contexts"]}
            found = [hit.article_id for hit in knowledge_base.search(row["question"][:5000]).hits[:5]]
            hits.append(next((place for place, article in enumerate(found) if article in gold), 99))
    return {
        "questions": len(hits),
        "R@5": round(statistics.mean(rank < 5 for rank in hits), 3),
        "hit@3": round(statistics.mean(rank < 3 for rank in hits), 3),
        "MRR@3": round(statistics.mean(1 / (1 + rank) if rank < 3 else 0.0 for rank in hits), 3),
    }


if __name__ == "__main__":
    main()
