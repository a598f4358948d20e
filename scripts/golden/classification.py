"""Precision, recall, F1 and their averages as scikit-learn computes them: what src/training/classify/report.ts must equal.

Writes test/fixtures/golden/classification.json.
"""

import json
import random

from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support
from sklearn.preprocessing import MultiLabelBinarizer

from golden_file import FOLDER


def scores(truth, predicted, labels, average) -> dict:
    figures = precision_recall_fscore_support(truth, predicted, labels=labels, average=average, zero_division=0)
    return dict(zip(("precision", "recall", "f1"), map(float, figures)))


def report(labels: list[int], truth: list[list[int]], predicted: list[list[int]], several: bool) -> dict:
    if several:
        binarizer = MultiLabelBinarizer(classes=labels)
        y, z = binarizer.fit_transform(truth), binarizer.transform(predicted)
    else:
        y, z = [row[0] for row in truth], [row[0] for row in predicted]
    columns = precision_recall_fscore_support(y, z, labels=labels, average=None, zero_division=0)
    rows = [dict(zip(("precision", "recall", "f1", "support"), map(float, row))) for row in zip(*columns)]
    averages = {average: scores(y, z, labels, average) for average in ("micro", "macro", "weighted")}
    confusion = {} if several else {"confusion": confusion_matrix(y, z, labels=labels).tolist()}
    return {"labels": rows, "accuracy": float(accuracy_score(y, z)), **averages, **confusion}


def case(rng: random.Random, size: int, texts: int, several: bool, right: float) -> dict:
    labels = list(range(size))
    # The last label is never true and the one before it never predicted, where there are enough.
    true, said = labels[: max(2, size - 1)], [each for each in labels if size < 4 or each != size - 2]
    draw = lambda some: sorted(rng.sample(some, rng.randint(0, len(some)))) if several else [rng.choice(some)]
    truth = [draw(true) for _ in range(texts)]
    predicted = [row if rng.random() < right and all(each in said for each in row) else draw(said) for row in truth]
    expected = report(labels, truth, predicted, several)
    return {"size": size, "several": several, "truth": truth, "predicted": predicted, "expected": expected}


def main() -> None:
    rng = random.Random(7)
    shapes = [(2, 1, 1.0), (2, 30, 0.8), (3, 50, 0.6), (7, 200, 0.7), (12, 40, 0.0), (5, 25, 1.0)]
    cases = [case(rng, size, texts, several, right) for several in (False, True) for size, texts, right in shapes]
    # Nothing true and nothing predicted.
    cases.append({"size": 2, "several": True, "truth": [[], []], "predicted": [[], []]})
    cases[-1]["expected"] = report([0, 1], [[], []], [[], []], True)
    path = FOLDER / "classification.json"
    path.write_text(json.dumps(cases) + "\n")
    print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
