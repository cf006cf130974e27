"""Calibration, AUC and comparisons by scikit-learn 1.2, SciPy and numpy, which src/metrics is tested against.

    python3 test/reference/measures.py > test/reference/measures.json

Labels are written as strings of digits. Logits are multiples of 2^-20, written as integers, and so exact.
"""

import json

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from scipy.stats import binomtest, bootstrap
from sklearn import metrics

rng = np.random.default_rng(1947)


def logits_of(y, classes, strength, spread):
    z = rng.normal(0, spread, (len(y), classes))
    z[np.arange(len(y)), y] += strength
    return np.round(z * 2**20) / 2**20


def nll_at(z, y, temperature):
    return -log_softmax(z / temperature, 1)[np.arange(len(y)), y].mean()


def fitted(z, y):
    found = minimize_scalar(lambda t: nll_at(z, y, np.exp(t)), bounds=np.log([0.05, 20]), method="bounded", options={"xatol": 1e-12})
    return float(np.exp(found.x))


def equal_mass_bins(p, y, count):
    confidence, right = p.max(1), p.argmax(1) == y
    order = np.argsort(confidence, kind="stable")
    parts = [part for part in np.split(order, [i * len(y) // count for i in range(1, count)]) if len(part)]
    return [[len(part), confidence[part].mean(), right[part].mean()] for part in parts]


def case(name, count, classes, strength, spread):
    y = np.r_[np.arange(classes), rng.integers(0, classes, count - classes)]
    z = logits_of(y, classes, strength, spread)
    p = softmax(z, 1)
    hot = np.eye(classes)[y]
    temperature = fitted(z, y)
    bins = equal_mass_bins(p, y, 10)
    answered = lambda t: p.max(1) >= t
    return {
        "name": name,
        "classes": classes,
        "labels": "".join(map(str, y)),
        "logits": (z * 2**20).astype(int).tolist(),
        "auc": [metrics.roc_auc_score(y == k, p[:, k]) for k in range(classes)],
        "brier": ((p - hot) ** 2).sum(1).mean(),
        "top2": metrics.top_k_accuracy_score(y, p, k=2),
        "temperature": temperature,
        "nll": nll_at(z, y, temperature),
        "bins": bins,
        "ece": sum(n / count * abs(c - a) for n, c, a in bins),
        "coverage": [[t, answered(t).mean(), (p.argmax(1) == y)[answered(t)].mean()] for t in (0.3, 0.4, 0.45)],
    }


def tied():
    # A coarse score, so that most pairs tie; scikit-learn counts them half as well.
    y = rng.integers(0, 3, 200)
    counts = rng.multinomial(4, [1 / 3] * 3, 200)
    counts[np.arange(200), y] += rng.integers(0, 2, 200)
    p = counts / counts.sum(1, keepdims=True)
    return {"labels": "".join(map(str, y)), "probabilities": p.tolist(), "auc": [metrics.roc_auc_score(y == k, p[:, k]) for k in range(3)]}


def interval_of(statistic, *data):
    found = bootstrap(data, statistic, paired=True, vectorized=False, n_resamples=4000, method="percentile", random_state=rng)
    return {"interval": list(found.confidence_interval), "deviation": found.standard_error}


def scored():
    y = rng.choice(4, 240, p=[0.5, 0.25, 0.15, 0.1])
    p = np.where(rng.random(240) < 0.6, y, rng.integers(0, 4, 240))
    common = {"average": "macro", "zero_division": 0, "labels": [0, 1, 2, 3]}
    return {
        "labels": "".join(map(str, y)),
        "predicted": "".join(map(str, p)),
        "balancedAccuracy": interval_of(metrics.balanced_accuracy_score, y, p),
        "macroF1": interval_of(lambda a, b: metrics.f1_score(a, b, **common), y, p),
    }


def paired():
    y = rng.integers(0, 6, 500)
    a = np.where(rng.random(500) < 0.6, y, rng.integers(0, 6, 500))
    b = np.where(rng.random(500) < 0.7, a, np.where(rng.random(500) < 0.7, y, rng.integers(0, 6, 500)))
    right_a, right_b = a == y, b == y
    return {
        "labels": "".join(map(str, y)),
        "a": "".join(map(str, a)),
        "b": "".join(map(str, b)),
        "difference": float(right_b.mean() - right_a.mean()),
        "onlyA": int((right_a & ~right_b).sum()),
        "onlyB": int((right_b & ~right_a).sum()),
        "p": binomtest(int((right_a & ~right_b).sum()), int((right_a != right_b).sum())).pvalue,
        **interval_of(lambda i, j: j.mean() - i.mean(), right_a * 1.0, right_b * 1.0),
    }


pairs = [(0, 1), (1, 0), (0, 5), (5, 5), (3, 4), (10, 2), (8, 21), (40, 60), (151, 198), (1200, 1321), (0, 900), (2500, 2500)]
print(
    json.dumps(
        {
            "soft": [case("too sure", 300, 6, 3.0, 3.0), case("not sure enough", 240, 3, 0.5, 0.25), case("ten classes", 200, 10, 4.0, 2.0)],
            "tied": tied(),
            "mcnemar": [[a, b, binomtest(a, a + b).pvalue] for a, b in pairs],
            "scored": scored(),
            "paired": paired(),
        },
        separators=(",", ":"),
    )
)
