"""How well the confidence tells what is answered here from what is not: ``python -m tests.benchmarks.confidence``.

Prints, for the held-out questions and for TechQA where the data is there, the shares handed off at each threshold and the
refusal of the unanswerable where one answerable question in ten is handed off.
"""

import argparse
import random
import tempfile
from pathlib import Path
from typing import get_args

import numpy as np
from sklearn.metrics import brier_score_loss, roc_auc_score

from assistant.decision import decide
from assistant.reply import Action
from assistant.settings import Settings
from knowledge_base.found import Search
from knowledge_base.retrieval import KnowledgeBase
from knowledge_base.settings import KnowledgeSettings
from tests.benchmarks import questions, techqa, variants

FALSE_REFUSAL = 0.10
CONVERSATIONS = 3
"""After how many an off-topic message is put."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--split", choices=("dev", "held_out"), default="held_out")
    parser.add_argument("--techqa", type=Path, help="folder for TechQA's store; kept, so that the next run need not embed again")
    arguments = parser.parse_args()
    knowledge_base = KnowledgeBase(KnowledgeSettings())
    rows = questions.read(arguments.split)
    found = [knowledge_base.search(row["question"], None, questions.history(row)) for row in rows]
    by_action = {
        action: [result for row, result in zip(rows, found, strict=True) if row["action"] == action]
        for action in ("answer", "ask", "hand_off")
    }
    confidences = {action: np.array([result.confidence for result in results]) for action, results in by_action.items()}
    table(arguments.split, confidences["answer"], confidences["hand_off"])
    truth("confidence", confidences["answer"], confidences["hand_off"])
    vague = np.array([result.vagueness for result in by_action["ask"]])
    clear = np.array([result.vagueness for action in ("answer", "hand_off") for result in by_action[action]])
    print(f"{arguments.split}: vague against the others, AUC {auc(vague, clear):.3f} over {len(vague)} and {len(clear)}")
    truth("vagueness", vague, clear)
    after_conversations(knowledge_base, rows, found)
    off_topic(knowledge_base, arguments.split)
    if not techqa.QUESTIONS.is_file():
        print(techqa.MISSING)
        return
    with tempfile.TemporaryDirectory() as passing:
        every = techqa.read()
        public = techqa.opened(every, arguments.techqa or Path(passing))
        kinds: dict[bool, list[float]] = {True: [], False: []}
        for row in every:
            kinds[row["is_impossible"]].append(public.search(row["question"]).confidence)
    table("techqa", np.array(kinds[False]), np.array(kinds[True]))


def after_conversations(knowledge_base: KnowledgeBase, rows: list[questions.Question], found: list[Search]) -> None:
    """What is handed off of questions put after something else was answered, of the article that they come nearest to or of another."""
    talks, dice = variants.conversations(), random.Random(7)
    low: dict[str, list[bool]] = {"answer": [], "hand_off": []}
    for row, alone in zip(rows, found, strict=True):
        if row["action"] in low and not row["history"] and row["kind"] != "account":
            first = alone.passages[0].article_id if alone.passages else ""
            put = variants.in_conversation(row, first, talks, dice)
            confidence = knowledge_base.search(put["question"], None, questions.history(put)).confidence
            low[row["action"]].append(confidence < Settings().hand_off_below)
    for action, said in low.items():
        print(f"  put after a conversation: {np.mean(said):.3f} of the {len(said)} to {action.replace('_', ' ')} are handed off")


def off_topic(knowledge_base: KnowledgeBase, split: questions.Split) -> None:
    """What is done with messages about nothing that the help center treats, alone and after three conversations each."""
    talks, dice, settings = variants.conversations(), random.Random(11), Settings()
    done: dict[str, list[str]] = {"alone": [], "after a conversation": []}
    for row in questions.off_topic(split):
        alone = knowledge_base.search(row["question"])
        done["alone"].append(decide(alone, True, settings))
        for _ in range(CONVERSATIONS):
            put = variants.in_conversation(row, alone.passages[0].article_id, talks, dice)
            after = knowledge_base.search(put["question"], None, questions.history(put))
            done["after a conversation"].append(decide(after, True, settings))
    for when, actions in done.items():
        shares = ", ".join(f"{action} {actions.count(action) / len(actions):.3f}" for action in get_args(Action))
        print(f"  off-topic messages {when} ({len(actions)}): {shares}")


def off(said: np.ndarray, true: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Expected calibration error over ten equal ranges: how far what is said lies from the share that is true, on average."""
    weights = np.ones(len(said)) if weights is None else weights
    ranges = np.minimum((said * 10).astype(int), 9)
    parts = [(weights[ranges == at], said[ranges == at], true[ranges == at]) for at in np.unique(ranges)]
    return float(sum(w.sum() * abs(np.average(s, weights=w) - np.average(t, weights=w)) for w, s, t in parts) / weights.sum())


def truth(name: str, positive: np.ndarray, negative: np.ndarray) -> None:
    said, true = np.concatenate([positive, negative]), np.array([True] * len(positive) + [False] * len(negative))
    score, alone = brier_score_loss(true, said), true.mean() * (1 - true.mean())
    print(f"  {name} as a probability: Brier {score:.3f} (by the share alone {alone:.3f}), calibration error {off(said, true):.3f}")


def table(name: str, answerable: np.ndarray, unanswerable: np.ndarray) -> None:
    print(f"{name}: {len(answerable)} answerable, {len(unanswerable)} unanswerable, AUC {auc(answerable, unanswerable):.3f}")
    print("  threshold  answerable handed off  unanswerable handed off")
    chosen = Settings().hand_off_below
    for threshold in sorted({*np.arange(0.1, 0.95, 0.1).round(2), chosen}):
        mark = "  <- hand_off_below" if threshold == chosen else ""
        print(f"  {threshold:9.2f}  {(answerable < threshold).mean():21.3f}  {(unanswerable < threshold).mean():23.3f}{mark}")
    at = float(np.quantile(answerable, FALSE_REFUSAL))
    print(
        f"  {(answerable < at).mean():.3f} of the answerable lie below {at:.2f}, and {(unanswerable < at).mean():.3f} of the unanswerable"
    )


def auc(positive: np.ndarray, negative: np.ndarray) -> float:
    return float(roc_auc_score([1] * len(positive) + [0] * len(negative), [*positive, *negative]))


if __name__ == "__main__":
    main()
