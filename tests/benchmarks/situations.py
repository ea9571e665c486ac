"""Fit what tells the situation of a question on those of the lessons: ``python -m tests.benchmarks.situations [--write]``.

Prints how often it is told on products that were not fitted on; the help center's questions are not read here.
"""

import argparse
import json

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict

from assistant.situation import FITS, MODEL
from assistant.wording import NO_ANSWER
from knowledge_base.embeddings import load_embeddings
from knowledge_base.settings import KnowledgeSettings
from training.lessons import read_lessons

FOLDS = 8
STRENGTH = 1.0
"""Inverse of the regularisation."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write assistant/{MODEL.name}")
    arguments = parser.parse_args()
    lessons = [lesson for lesson in read_lessons() if lesson.situation not in NO_ANSWER]
    vectors = np.asarray(load_embeddings(KnowledgeSettings().embedding_model).vectors([lesson.question for lesson in lessons]))
    situations = np.array([lesson.situation for lesson in lessons])
    model = LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=2000)
    products = [lesson.product for lesson in lessons]
    shares = cross_val_predict(model, vectors, situations, cv=GroupKFold(FOLDS), groups=products, method="predict_proba")
    names = np.unique(situations)
    right = shares[np.arange(len(situations)), np.searchsorted(names, situations)]
    print(
        f"{len(lessons)} questions of {len(set(products))} products, each told by what has not seen its product: likeliest "
        f"{(names[shares.argmax(1)] == situations).mean():.3f}, among those that fit {(right >= FITS).mean():.3f}, "
        f"{(shares >= FITS).sum(1).mean():.2f} fit"
    )
    model.fit(vectors, situations)
    weights = np.column_stack([model.coef_, model.intercept_]).round(4)
    rows = {str(name): row.tolist() for name, row in zip(names, weights, strict=True)}
    if arguments.write:
        lines = ",\n".join(f'"{name}": {json.dumps(row)}' for name, row in rows.items())
        MODEL.write_text(f"{{\n{lines}\n}}\n", "utf-8")


if __name__ == "__main__":
    main()
