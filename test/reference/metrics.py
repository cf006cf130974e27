"""Scores by scikit-learn 1.2 and numpy, which src/metrics is tested against.

    python3 test/reference/metrics.py > test/reference/metrics.json

Labels are written as strings of digits. The probabilities are multiples of 1/64: exact in every precision.
"""

import json
import warnings

import numpy as np
from scipy.stats import binom
from sklearn import metrics

warnings.filterwarnings("ignore")
EMOTIONS = ["angry", "fear", "happy", "neutral", "sad", "surprise"]


def hard(name, labels, predicted, names):
    y, p, classes = list(map(int, labels)), list(map(int, predicted)), list(range(len(names)))
    common = {"labels": classes, "zero_division": 0}
    columns = metrics.precision_recall_fscore_support(y, p, **common)
    average = lambda how: list(metrics.precision_recall_fscore_support(y, p, average=how, **common)[:3])
    return {
        "name": name,
        "labels": labels,
        "predicted": predicted,
        "names": names,
        "confusion": metrics.confusion_matrix(y, p, labels=classes).tolist(),
        "perClass": [[float(v) for v in row] for row in zip(*columns)],
        "accuracy": metrics.accuracy_score(y, p),
        "balancedAccuracy": metrics.balanced_accuracy_score(y, p),
        # kappa is not defined where labels and answers are all of one class.
        "kappa": None if len(set(y + p)) == 1 else metrics.cohen_kappa_score(y, p),
        "mcc": metrics.matthews_corrcoef(y, p),
        "macro": average("macro"),
        "weighted": average("weighted"),
        "report": metrics.classification_report(y, p, digits=4, target_names=names, **common),
    }


def noisy(rng, count, classes, right):
    y = rng.choice(classes, count, p=rng.dirichlet(np.full(classes, 3)))
    p = np.where(rng.random(count) < right, y, rng.integers(0, classes, count))
    return "".join(map(str, y)), "".join(map(str, p))


def equal_mass_error(probabilities, y, bins):
    confidence, right = probabilities.max(1), probabilities.argmax(1) == y
    order = np.argsort(confidence)
    confidence, right = confidence[order], right[order]
    ends = [np.searchsorted(confidence, confidence[i * len(y) // bins - 1], "right") for i in range(1, bins + 1)]
    parts = zip([0] + ends, ends)
    return sum(abs(confidence[a:b].sum() - right[a:b].sum()) for a, b in parts if b > a) / len(y)


def soft(rng, count, classes):
    y = np.r_[np.arange(classes), rng.integers(0, classes, count - classes)]
    counts = np.array([rng.multinomial(64 - classes, w) for w in rng.dirichlet(np.full(classes, 0.5), count)]) + 1
    rows = np.arange(count)
    swap = rng.random(count) < 0.5  # half of the rows are most sure of the truth
    best = counts.argmax(1)
    a, b = counts[rows, best].copy(), counts[rows, y].copy()
    counts[rows, best], counts[rows, y] = np.where(swap, b, a), np.where(swap, a, b)
    p = counts / 64
    # Small differences break ties for scikit-learn alone, toward the class of lower index as vultus does.
    ranked = p - np.arange(classes) * 1e-9
    return {
        "labels": "".join(map(str, y)),
        "counts64": counts.tolist(),
        "nll": metrics.log_loss(y, p),
        "ece15": equal_mass_error(p, y, 15),
        "ece4": equal_mass_error(p, y, 4),
        "topK": [metrics.top_k_accuracy_score(y, ranked, k=k) for k in range(1, classes)],
    }


rng = np.random.default_rng(2013)
print(
    json.dumps(
        {
            "hard": [
                hard("six emotions", *noisy(rng, 300, 6, 0.6), EMOTIONS),
                hard("ten classes with long names", *noisy(rng, 200, 10, 0.3), [f"class {i} " + "x" * i * 2 for i in range(10)]),
                hard("a class never predicted", "001122", "001100", ["a", "b", "c"]),
                hard("a class absent from the labels", "001100", "001122", ["a", "b", "c"]),
                hard("a class that occurs nowhere", "0011003", "0001133", ["a", "b", "nowhere", "d"]),
                hard("one class only", "0000", "0000", ["all"]),
                hard("one sample", "1", "0", ["a", "b"]),
                hard("nothing right", "0101", "1010", ["a", "b"]),
                hard("shares halfway between two decimals", "0" * 31 + "1" * 33, "1" * 31 + "0" + "1" * 32, ["a", "b"]),
                hard("1/32 and 3/32", "0" * 32 + "1" * 32, "0" + "1" * 31 + "1" * 3 + "0" * 29, ["\u00e9motion", "\U0001f600"]),
            ],
            "soft": soft(rng, 60, 6),
            # The mean of a resample of n zeros and ones is binomial: what infinitely many resamples give.
            "intervals": [
                {"n": n, "right": r, "interval": [binom.ppf(q, n, r / n) / n for q in (0.025, 0.975)]}
                for n, r in ((3534, 2300), (200, 20), (50, 45))
            ],
        },
        separators=(",", ":"),
    )
)
