"""PyTorch's cross-entropy and its gradient: python3 losses.py FILE

FILE holds [{name, shape, logits [N·C], targets [N·C], options {labelSmoothing, classWeights or null}, loss, gradient
[N·C]}]. `targets` are rows as crossEntropy of src/nn/losses.ts takes them: one-hot, votes or mixed. Computed in
float64 from float32 inputs. Mixup is written as the reference does, λ·CE(logits, a) + (1 − λ)·CE(logits, b).
"""

import json
import sys

import numpy as np
import torch
from torch.nn.functional import cross_entropy, one_hot

import formula

cases = []


def case(name, n, classes, loss, targets, smoothing=0.0, weights=None, scale=3.0):
    logits = (scale * formula.uniform(f"logits.{n}.{classes}", (n, classes))).astype(np.float32)
    x = torch.from_numpy(logits).double().requires_grad_()
    w = None if weights is None else torch.tensor(weights, dtype=torch.float64)
    value = loss(x, dict(label_smoothing=smoothing, weight=w))
    value.backward()
    flat = lambda a: [float(f"{v:.9g}") for v in np.asarray(a, np.float64).ravel()]
    cases.append({"name": name, "shape": [n, classes], "logits": flat(logits), "targets": flat(targets),
                  "options": {"labelSmoothing": smoothing, "classWeights": weights},
                  "loss": value.item(), "gradient": flat(x.grad)})


def hot(labels, classes):
    return one_hot(labels, classes).double()


WEIGHTS = [0.5, 1, 2, 0.25, 1.5, 3]
for n in (7, 1):
    labels, others = (torch.from_numpy(formula.labels(name, n, 6)) for name in ("labels", "others"))
    hard = lambda x, o: cross_entropy(x, labels, **o)
    case("hard", n, 6, hard, hot(labels, 6))
    case("hard, smoothed", n, 6, hard, hot(labels, 6), 0.1)
    case("hard, class weights", n, 6, hard, hot(labels, 6), 0.0, WEIGHTS)
    case("hard, smoothed, class weights", n, 6, hard, hot(labels, 6), 0.1, WEIGHTS)
    case("hard, far logits", n, 6, hard, hot(labels, 6), 0.1, None, 60.0)
    votes = formula.bits("votes", n * 6).reshape(n, 6) % 10 + 0.0
    soft = torch.from_numpy(votes / votes.sum(1, keepdims=True))
    case("votes", n, 6, lambda x, o: cross_entropy(x, soft, **o), soft)
    case("votes, smoothed", n, 6, lambda x, o: cross_entropy(x, soft, **o), soft, 0.1)
    mixed = lambda x, o: 0.3 * cross_entropy(x, labels, **o) + 0.7 * cross_entropy(x, others, **o)
    case("mixup", n, 6, mixed, 0.3 * hot(labels, 6) + 0.7 * hot(others, 6))
    case("mixup, smoothed", n, 6, mixed, 0.3 * hot(labels, 6) + 0.7 * hot(others, 6), 0.1)

with open(sys.argv[1], "w") as file:
    file.write("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n")
