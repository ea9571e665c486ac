"""Fit the confidence and the vagueness on the development questions: ``python -m tests.benchmarks.calibrate [--write]``.

Prints cross-validated curves on the development questions and their variants, folds parted by article; the held-out
questions are not read here.
"""

import argparse
import json
import random
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.model_selection import GroupKFold

from knowledge_base.confidence import ABOUT_SIGNALS, CALIBRATION, DIRECTIONS
from knowledge_base.embeddings import load_embeddings
from knowledge_base.retrieval import KnowledgeBase
from tests.benchmarks.confidence import off
from tests.benchmarks.variants import Example, asked_of, examples, named, on_and_off_topic, store

ANSWERABLE = (
    "top", "asked", "unit", "dense", "title", "margin", "spread", "unknown", "coverage", "missing", "words", "follow_up", "clause",
    "clauses", "fact", "gap", "unanswered", "gain_top", "gain_asked", "gain_coverage", "gain_unknown", "gain_words", "later_words",
)  # fmt: skip
UNPHRASED = (
    "margin", "spread", "lift", "lift_dense", "lift_asked", "agreement", "coverage", "unknown", "words", "follow_up", "fact",
)  # fmt: skip
IN_DOMAIN = (*ABOUT_SIGNALS, "fact")
VAGUE = (
    "top", "unit", "title", "asked", "lexical", "unknown", "coverage", "words", "telling", "length", "pronouns", "points", "asks", "figure",
    "follow_up", "open", "fact", "ambiguous",
)  # fmt: skip
"""The features of each model."""
DIRECTION_STRENGTH = 0.01
"""Inverse of the regularisation of a direction."""
NAMED_WEIGHT = 0.2
"""What a question that articles name counts for a direction."""
NAMED_OTHERS = 6000
"""Of those that lie on its other side so many."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write knowledge_base/calibration.json and directions.json")
    parser.add_argument("--work", type=Path, help="folder for the stores; kept, so that the next run need not embed again")
    parser.add_argument("--only", choices=("vague", "in_domain"), help="fit the vagueness alone, or what is off-topic, in a few minutes")
    arguments = parser.parse_args()
    calibration = dict(json.loads(CALIBRATION.read_text("utf-8")))
    directions = dict(json.loads(DIRECTIONS.read_text("utf-8")))
    with tempfile.TemporaryDirectory() as passing:
        work = arguments.work or Path(passing)
        if arguments.only in (None, "in_domain"):
            rows = [row for named in (True, False) for row in on_and_off_topic(KnowledgeBase(store(work, named)))]
            calibration["in_domain"] = fitted("in_domain", rows, np.array([row.kind != "off_topic" for row in rows]), IN_DOMAIN)
        if not arguments.only:
            phrased, unphrased = (list(examples(work, named)) for named in (True, False))
            phrased = settled(phrased)
            refused = [row.action == "hand_off" for row in phrased]
            phrased, directions["unanswered"] = along("unanswered", phrased, refused, *named_questions(("gaps",), ("asked",)))
            calibration["answerable"] = answerable("answerable", phrased, ANSWERABLE)
            # Where no answered questions are named, there are hardly any known gaps to fit on: they count the same.
            gap = {"gap": calibration["answerable"]["gap"]}
            calibration["answerable_unphrased"] = answerable("answerable_unphrased", unphrased, UNPHRASED) | gap
        if arguments.only in (None, "vague"):
            asked = list(asked_of(KnowledgeBase(store(work, phrased=True))))
            vague_ones = [row.action == "ask" for row in asked]
            asked, directions["open"] = along("open", asked, vague_ones, *named_questions(("ambiguous",), ("asked", "gaps")))
            calibration["vague"] = vague("vague", asked, VAGUE)
            calibration["vague_unnamed"] = vague("vague_unnamed", asked, [name for name in VAGUE if name != "ambiguous"])
    print(json.dumps(calibration, indent=1))
    if arguments.write:
        CALIBRATION.write_text(json.dumps(calibration, indent=1) + "\n", "utf-8")
        rows = ",\n".join(f'"{name}": {json.dumps(row)}' for name, row in sorted(directions.items()))
        DIRECTIONS.write_text(f"{{\n{rows}\n}}\n", "utf-8")


def settled(rows: list[Example]) -> list[Example]:
    """Where the right article was not found, an answer would be a wrong one, so such a question is no example of either kind."""
    return [row for row in rows if row.action == "hand_off" or (row.action == "answer" and row.found)]


def named_questions(kinds: tuple[str, ...], others: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Questions that public articles of the development half name, as vectors, and whether each is of these kinds or of the others."""
    lines, beside = named(*kinds), named(*others)
    random.Random(0).shuffle(beside)
    lines += beside[:NAMED_OTHERS]
    return load_embeddings("embedded", 2).vectors(lines), np.arange(len(lines)) < len(lines) - len(beside[:NAMED_OTHERS])


def along(
    name: str, rows: list[Example], wanted: Sequence[bool], named: np.ndarray, of_kind: np.ndarray
) -> tuple[list[Example], list[float]]:
    """A direction, and the examples with how far along it they lie by one that has not seen their articles.

    Args:
        name: the signal's.
        rows: the labelled questions.
        wanted: which of them lie on its far side.
        named: vectors of further questions, shape (questions, dimension), which articles name.
        of_kind: which of these do.
    """
    vectors = np.vstack([*(row.question for row in rows), named])
    weights = np.array([*(row.weight for row in rows), *[NAMED_WEIGHT] * len(named)])
    y = np.array([*wanted, *of_kind])
    mean, spread = vectors.mean(0), vectors.std(0) + 1e-9
    scaled, further = (vectors - mean) / spread, np.arange(len(rows), len(vectors))
    model = LogisticRegression(C=DIRECTION_STRENGTH, class_weight="balanced", max_iter=3000)
    reach = np.zeros(len(rows))
    for train, test in GroupKFold(6).split(reach, groups=[row.group for row in rows]):
        learnt = np.concatenate([train, further])
        model.fit(scaled[learnt], y[learnt], sample_weight=weights[learnt])
        reach[test] = scaled[test] @ model.coef_[0]
    print(f"{name}: cross-validated AUC {roc_auc_score(y[: len(rows)], reach):.3f}")
    model.fit(scaled, y, sample_weight=weights)
    direction = model.coef_[0] / spread
    changed = [replace(row, features=row.features | {name: float(value)}) for row, value in zip(rows, reach, strict=True)]
    return changed, [round(float(value), 4) for value in (*direction, -(direction @ mean))]


def answerable(name: str, rows: list[Example], features: Sequence[str]) -> dict[str, float]:
    chosen = settled(rows)
    return fitted(name, chosen, np.array([row.action == "answer" for row in chosen]), features)


def vague(name: str, rows: list[Example], features: Sequence[str]) -> dict[str, float]:
    return fitted(name, rows, np.array([row.action == "ask" for row in rows]), features)


def fitted(name: str, rows: list[Example], y: np.ndarray, features: Sequence[str]) -> dict[str, float]:
    """A logistic model's weights; prints what its cross-validation gives."""
    x = np.array([[row.features[feature] for feature in features] for row in rows])
    weights = np.array([row.weight for row in rows])
    _, groups = np.unique([row.group for row in rows], return_inverse=True)
    mean, spread = x.mean(0), x.std(0) + 1e-9
    model = LogisticRegression(C=0.2, class_weight="balanced", max_iter=1000)
    predicted = np.zeros(len(y))
    for train, test in GroupKFold(6).split(x, y, groups):
        model.fit((x[train] - mean) / spread, y[train], sample_weight=weights[train])
        predicted[test] = model.predict_proba((x[test] - mean) / spread)[:, 1]
    print(f"{name}: cross-validated AUC {roc_auc_score(y, predicted):.3f}, {y.sum()} of {len(y)} positive")
    for kind in sorted({row.kind for row in rows}):
        of = np.array([row.kind == kind for row in rows])
        below = [f"{label} {(predicted[of & part] < 0.35).mean():.2f}" for label, part in (("yes", y), ("no", ~y)) if (of & part).any()]
        print(f"  {kind} ({of.sum()}), share below 0.35: {', '.join(below)}")
    whole = weights >= 1.0
    for threshold in np.arange(0.2, 0.96, 0.05):
        parts = [of & part for of in (weights > 0, whole) for part in (~y, y)]
        shares = [(predicted[part] < threshold).mean() if part.any() else float("nan") for part in parts]
        print(
            f"  below {threshold:.2f}: {shares[0]:.3f} of the negative, {shares[1]:.3f} of the positive; "
            f"of the development questions {shares[2]:.3f}, {shares[3]:.3f}"
        )
    slope, shift = platt(predicted, y, weights)
    model.fit((x - mean) / spread, y, sample_weight=weights)
    scaled = slope * model.coef_[0] / spread
    bias = round(float(slope * model.intercept_[0] + shift - (scaled * mean).sum()), 4)
    return {"bias": bias, **{feature: round(float(weight), 4) for feature, weight in zip(features, scaled, strict=True)}}


def platt(predicted: np.ndarray, y: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """Slope and shift of the log odds that make them true on questions not fitted on (Platt 1999); prints how true they are."""
    odds = np.log(predicted / (1 - predicted))
    model = LogisticRegression(C=1e6).fit(odds[:, None], y, sample_weight=weights)
    slope, shift = float(model.coef_[0, 0]), float(model.intercept_[0])
    made = 1 / (1 + np.exp(-(slope * odds + shift)))
    for label, said in (("as fitted", predicted), ("made true", made)):
        print(f"  {label}: Brier {brier_score_loss(y, said, sample_weight=weights):.3f}, calibration error {off(said, y, weights):.3f}")
    for threshold in (0.3, 0.6, 0.87):
        print(f"  {threshold} becomes {1 / (1 + np.exp(-(slope * np.log(threshold / (1 - threshold)) + shift))):.3f}")
    return slope, shift


if __name__ == "__main__":
    main()
