"""Whether a question leaves the conversation's topic: ``python -m tests.benchmarks.topic [--write]``.

Follow-ups are the labelled ones; a change of topic is a question without a history, put after the history of a follow-up about
other articles. Fitted on development questions, reported on held-out ones: how often the first article is a right one, of the
questions that articles answer, with the history always used and where the model decides.
"""

import argparse
import json
import random
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict

from knowledge_base import topic
from knowledge_base.found import Clock
from knowledge_base.retrieval import KnowledgeBase
from knowledge_base.settings import KnowledgeSettings
from knowledge_base.stored import PUBLIC
from tests.benchmarks import questions


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write knowledge_base/topic.json")
    options = parser.parse_args()
    knowledge_base = KnowledgeBase(KnowledgeSettings())
    knowledge_base.search("What is this?")  # opens the index
    dev, held_out = (read(knowledge_base, split, seed) for split, seed in (("dev", 3), ("held_out", 5)))
    weights, crossed = fit(dev)
    report("development, each judged by a model that has not seen it", dev, crossed)
    if options.write:
        topic.MODEL.write_text(json.dumps(weights, indent=1) + "\n", "utf-8")
        topic.model.cache_clear()
    report("held-out, the model in the package", held_out, np.array([topic.likelihood(row["signals"]) for row in held_out]))


def read(knowledge_base: KnowledgeBase, split: str, seed: int) -> list[dict[str, Any]]:
    """Follow-ups and as many changes of topic, with the signals and whether the first article is right either way."""
    rng = random.Random(seed)
    rows = [row for row in questions.read(split) if row["action"] == "answer"]
    follow_ups = [row for row in rows if row.get("history")]
    others = rng.sample([row for row in rows if not row.get("history")], 2 * len(follow_ups))
    found = []
    for row, changes in [(row, False) for row in follow_ups] + [(row, True) for row in others]:
        gold = set(row["gold_articles"])
        history = questions.history(rng.choice([item for item in follow_ups if not gold & set(item["gold_articles"])]) if changes else row)
        ways = [knowledge_base._ranked(row["question"], said, PUBLIC, Clock())[0] for said in ((), history)]
        found.append({
            "changes": changes, "right": [way[0].passage.article_id in gold for way in ways],
            "signals": topic.signals(row["question"], history, *ways, knowledge_base.embeddings),
        })  # fmt: skip
    return found


def fit(rows: list[dict[str, Any]]) -> tuple[dict[str, float], np.ndarray]:
    """The weights over the signals as they are, and the probabilities that each row gets from a model that has not seen it."""
    values = np.array([[row["signals"][name] for name in topic.SIGNALS] for row in rows])
    changes = np.array([row["changes"] for row in rows])
    mean, spread = values.mean(0), values.std(0)
    model = LogisticRegression(class_weight="balanced", max_iter=2000)
    crossed = cross_val_predict(model, (values - mean) / spread, changes, cv=8, method="predict_proba")[:, 1]
    weights = model.fit((values - mean) / spread, changes).coef_[0] / spread
    named = {name: round(float(weight), 5) for name, weight in zip(topic.SIGNALS, weights, strict=True)}
    return named | {"bias": round(float(model.intercept_[0] - weights @ mean), 5)}, crossed


def report(what: str, rows: list[dict[str, Any]], likely: np.ndarray) -> None:
    changes = np.array([row["changes"] for row in rows])
    alone, after = np.array([row["right"] for row in rows]).T
    decided = np.where(likely >= topic.LEAST, alone, after)
    print(f"{what}: AUC {roc_auc_score(changes, likely):.3f}")
    for name, part in (("follow-ups", ~changes), ("changes of topic", changes)):
        print(
            f"  {part.sum()} {name}: first article right {after[part].mean():.3f} with the history, {alone[part].mean():.3f} without, "
            f"{decided[part].mean():.3f} as decided; {(likely[part] >= topic.LEAST).mean():.3f} taken for a change"
        )


if __name__ == "__main__":
    main()
