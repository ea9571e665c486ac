"""Refusal and asking back on MTRAG's conversations: ``python -m tests.benchmarks.mtragun [--store DIR]``.

The passages of all tasks are the help center, one article each, without titles or named questions. Judged by retrieval and
decision alone, with the thresholds as they are: ANSWERABLE against UNANSWERABLE, whose answers are nowhere in the pool, PARTIAL left
out; and how many of the UNDERSPECIFIED are asked back. For measuring only.
"""

import argparse
import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from assistant.decision import decide
from assistant.settings import Settings
from knowledge_base.refresh import refresh
from knowledge_base.retrieval import KnowledgeBase
from knowledge_base.settings import KnowledgeSettings
from tests.benchmarks.confidence import auc
from tests.benchmarks.techqa import DATA

TASKS = DATA / "mtragun" / "tasks.jsonl"
MISSING = f"mtragun: left out, there is no {TASKS} (set BENCHMARK_DATA)"
FALSE_REFUSAL = 0.12


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=Path, help="folder for the store; kept, so that the next run need not embed again")
    arguments = parser.parse_args()
    if not TASKS.is_file():
        print(MISSING)
        return
    tasks = read()
    with tempfile.TemporaryDirectory() as passing:
        knowledge_base = opened(tasks, arguments.store or Path(passing))
        found = [(task["answerability"][0], knowledge_base.search(question(task), None, history(task))) for task in tasks]
    settings = Settings()
    confidence = {kind: np.array([s.confidence for of, s in found if of == kind]) for kind in ("ANSWERABLE", "UNANSWERABLE")}
    yes, no = confidence["ANSWERABLE"], confidence["UNANSWERABLE"]
    print(f"{len(yes)} answerable, {len(no)} unanswerable, AUC {auc(yes, no):.3f}")
    print("threshold  answerable handed off  unanswerable handed off")
    for threshold in sorted({*np.arange(0.1, 0.95, 0.1).round(2), settings.hand_off_below}):
        mark = "  <- hand_off_below" if threshold == settings.hand_off_below else ""
        print(f"{threshold:9.2f}{(yes < threshold).mean():23.3f}{(no < threshold).mean():25.3f}{mark}")
    at = float(np.quantile(yes, FALSE_REFUSAL))
    print(f"{(no < at).mean():.3f} of the unanswerable are handed off where {(yes < at).mean():.3f} of the answerable are (below {at:.2f})")
    done = Counter((kind, decide(search, bool(search.passages), settings)) for kind, search in found)
    for kind in ("ANSWERABLE", "UNANSWERABLE", "UNDERSPECIFIED"):
        print(kind, ", ".join(f"{action} {done[kind, action]}" for action in ("answer", "ask", "hand_off")))


def read() -> list[dict[str, Any]]:
    """The tasks, PARTIAL ones left out."""
    tasks = [json.loads(line) for line in TASKS.read_text("utf-8").splitlines()]
    return [task for task in tasks if task["answerability"][0] != "PARTIAL"]


def question(task: dict[str, Any]) -> str:
    """The last turn, the user's."""
    return str(task["input"][-1]["text"])


def history(task: dict[str, Any]) -> list[tuple[str, str]]:
    roles = {"user": "customer", "agent": "agent"}
    return [(roles[turn["speaker"]], turn["text"]) for turn in task["input"][:-1]]


def opened(tasks: list[dict[str, Any]], folder: Path) -> KnowledgeBase:
    """All passages that any task names, indexed."""
    articles = folder / "articles"
    articles.mkdir(parents=True, exist_ok=True)
    for task in tasks:
        for number, context in enumerate(task["contexts"]):
            name = "".join(sign if sign.isalnum() or sign == "-" else "-" for sign in context["document_id"])
            if context["text"].strip():
                (articles / f"{name or number}.txt").write_text(context["text"].strip(), "utf-8")
    (folder / "customers.jsonl").write_text("", "utf-8")
    settings = KnowledgeSettings(store=folder / "store", articles=articles, customers=folder / "customers.jsonl")
    refresh(settings)
    return KnowledgeBase(settings)


if __name__ == "__main__":
    main()
