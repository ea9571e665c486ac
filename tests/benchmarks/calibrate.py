"""Fit the confidence and the vagueness on the development questions: ``python -m tests.benchmarks.calibrate [--write]``.

Prints cross-validated curves on the development questions; the held-out questions are not read here.
"""

import argparse
import json

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from knowledge_base.confidence import CALIBRATION, FEATURES
from knowledge_base.retrieval import KnowledgeBase
from knowledge_base.settings import KnowledgeSettings
from tests.benchmarks import questions


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write knowledge_base/calibration.json")
    knowledge_base = KnowledgeBase(KnowledgeSettings())
    rows = questions.read("dev")
    found = [knowledge_base.search(row["question"], None, questions.history(row)).features for row in rows]
    values = np.array([[item[name] for name in FEATURES] for item in found])
    kinds = np.array([row["action"] for row in rows])
    calibration = {}
    for name, positive, among in (
        ("answerable", ("answer",), ("answer", "hand_off")),
        ("vague", ("ask",), ("answer", "ask", "hand_off")),
    ):
        chosen = np.isin(kinds, among)
        x, y = values[chosen], np.isin(kinds[chosen], positive)
        mean, spread = x.mean(0), x.std(0)
        model = LogisticRegression(C=0.2, class_weight="balanced", max_iter=1000)
        folds = StratifiedKFold(5, shuffle=True, random_state=0)
        predicted = cross_val_predict(model, (x - mean) / spread, y, cv=folds, method="predict_proba")[:, 1]
        print(f"{name}: cross-validated AUC {roc_auc_score(y, predicted):.3f}, {y.sum()} of {len(y)} positive")
        for threshold in np.arange(0.2, 0.85, 0.05):
            low = predicted < threshold
            print(f"  below {threshold:.2f}: {low[~y].mean():.3f} of the negative, {low[y].mean():.3f} of the positive")
        model.fit((x - mean) / spread, y)
        weights = model.coef_[0] / spread
        fitted = {feature: round(float(weight), 4) for feature, weight in zip(FEATURES, weights, strict=True)}
        calibration[name] = {"bias": round(float(model.intercept_[0] - (weights * mean).sum()), 4), **fitted}
    print(json.dumps(calibration, indent=1))
    if parser.parse_args().write:
        CALIBRATION.write_text(json.dumps(calibration, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
