"""Confident learning and gaps between subgroups by numpy, which src/metrics is tested against.

    python3 test/reference/audit.py > test/reference/audit.json

Shares no code with vultus. Probabilities are multiples of 2^-20, written as integers, and so exact.
"""

import json

import numpy as np

rng = np.random.default_rng(2021)


def confident_learning(count, classes, strength, flipped):
    truth = rng.integers(0, classes, count)
    given = np.where(rng.random(count) < flipped, rng.integers(0, classes, count), truth)
    z = rng.normal(0, 1, (count, classes))
    z[np.arange(count), truth] += strength
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    p = np.round(p * 2**20) / 2**20
    thresholds = np.array([p[given == k, k].mean() for k in range(classes)])
    # Rows of the paper's algorithm 1, one sample at a time.
    joint = np.zeros((classes, classes), int)
    suspects = []
    for i in range(count):
        candidates = [k for k in range(classes) if p[i, k] >= thresholds[k]]
        if not candidates:
            continue
        best = max(candidates, key=lambda k: p[i, k])
        joint[given[i], best] += 1
        if best != given[i]:
            rest = np.delete(p[i], given[i])
            suspects.append([i, best, p[i, given[i]] - rest.max()])
    suspects.sort(key=lambda s: s[2])
    return {
        "classes": classes,
        "labels": "".join(map(str, given)),
        "probabilities": (p * 2**20).astype(int).tolist(),
        "thresholds": thresholds.tolist(),
        "joint": joint.tolist(),
        "suspects": [[int(i), int(k), m] for i, k, m in suspects],
    }


def subgroups(sizes, rates):
    group = np.repeat(np.arange(len(sizes)), sizes)
    right = (rng.random(len(group)) < np.array(rates)[group]).astype(int)
    shown = [g for g in range(len(sizes)) if sizes[g] >= 30]
    accuracy = {g: right[group == g].mean() for g in shown}
    best = max(shown, key=lambda g: accuracy[g])
    draws = rng.integers(0, len(group), (20000, len(group)))
    g_drawn, r_drawn = group[draws], right[draws]
    own = {g: (r_drawn * (g_drawn == g)).sum(1) / (g_drawn == g).sum(1) for g in shown}
    all_ = r_drawn.mean(1)
    ends = lambda values: np.quantile(values, [0.025, 0.975]).tolist()
    return {
        "groups": "".join(map(str, group)),
        "right": "".join(map(str, right)),
        "accuracy": right.mean(),
        "scores": [
            {
                "name": str(g),
                "accuracy": accuracy[g],
                "interval": ends(own[g]),
                "toAll": accuracy[g] - right.mean(),
                "toAllInterval": ends(own[g] - all_),
                "toBest": accuracy[g] - accuracy[best],
                "toBestInterval": ends(own[g] - own[best]),
            }
            for g in sorted(shown, key=lambda g: -accuracy[g])
        ],
    }


print(
    json.dumps(
        {
            "confidentLearning": [confident_learning(300, 3, 1.5, 0.2), confident_learning(400, 6, 1.0, 0.05)],
            "subgroups": subgroups([300, 120, 40, 29, 5], [0.7, 0.55, 0.8, 0.5, 0.2]),
        }
    )
)
