"""The losses of src/losses and their gradients by PyTorch: python3 losses.py FILE

FILE holds [{name, shape, logits [N·C], targets [N·C], options {labelSmoothing, classWeights or null, prior where
logits are adjusted}, type and numbers of
the loss, teacher [N·C] with distillation {temperature, share} or null, loss, gradient [N·C]}]. `targets` are rows as the
loss takes them: one-hot, shares, mixed, or counted votes. Computed in float64 from float32 inputs. Mixup is written as the
reference does, λ·CE(logits, a) + (1 − λ)·CE(logits, b); focal loss as its paper does, from the probability of the label;
votes as the log-likelihood of a multinomial distribution; distillation as KL divergence, which has the same gradient as
cross-entropy and differs by the teachers' own entropy.
"""

import json
import sys

import numpy as np
import torch
from torch.distributions import Multinomial
from torch.nn.functional import cross_entropy, kl_div, log_softmax, one_hot, softmax

import formula

cases = []


def case(name, n, classes, loss, targets, smoothing=0.0, weights=None, scale=3.0, kind=None, teacher=None,
         distillation=None, prior=None):
    logits = (scale * formula.uniform(f"logits.{n}.{classes}", (n, classes))).astype(np.float32)
    x = torch.from_numpy(logits).double().requires_grad_()
    w = None if weights is None else torch.tensor(weights, dtype=torch.float64)
    value = loss(x, dict(label_smoothing=smoothing, weight=w))
    value.backward()
    flat = lambda a: [float(f"{v:.9g}") for v in np.asarray(a, np.float64).ravel()]
    cases.append({"name": name, "shape": [n, classes], "logits": flat(logits), "targets": flat(targets),
                  "options": {"labelSmoothing": smoothing, "classWeights": weights,
                              **({} if prior is None else {"prior": prior})},
                  "kind": kind or {"type": "crossEntropy"},
                  "teacher": None if teacher is None else flat(teacher), "distillation": distillation,
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

    for gamma in (0.5, 2):
        kind = {"type": "focal", "gamma": gamma}

        def focal(x, o):
            p = softmax(x, 1)[torch.arange(n), labels]
            return (-((1 - p) ** gamma) * torch.log(p)).mean()

        def balanced(x, o):
            p, w = softmax(x, 1)[torch.arange(n), labels], torch.tensor(WEIGHTS, dtype=torch.float64)[labels]
            return (-w * ((1 - p) ** gamma) * torch.log(p)).sum() / w.sum()

        case(f"focal, γ {gamma}", n, 6, focal, hot(labels, 6), kind=kind)
        case(f"focal, γ {gamma}, class weights", n, 6, balanced, hot(labels, 6), weights=WEIGHTS, kind=kind)

    # Without the number of orders in which the votes can come, which no gradient sees; per vote.
    def likelihood(x, o):
        rows = [Multinomial(int(row.sum()), logits=logits).log_prob(row) for row, logits in zip(counts, x)]
        orders = torch.lgamma(counts.sum(1) + 1) - torch.lgamma(counts + 1).sum(1)
        return -(torch.stack(rows) - orders).sum() / counts.sum()

    counts = torch.from_numpy(votes)
    case("votes' likelihood", n, 6, likelihood, counts, kind={"type": "votes"})
    # Menon et al. 2021: the loss of the logits with τ·log prior added.
    prior = [0.3, 0.05, 0.25, 0.1, 0.2, 0.1]
    for tau in (0.5, 1.0):
        adjusted = lambda loss: lambda x, o: loss(x + tau * torch.log(torch.tensor(prior, dtype=torch.float64)), o)
        case(f"hard, smoothed, class weights, logit adjustment {tau}", n, 6, adjusted(hard), hot(labels, 6), 0.1, WEIGHTS,
             kind={"type": "crossEntropy", "logitAdjustment": tau}, prior=prior)
        case(f"votes' likelihood, logit adjustment {tau}", n, 6, adjusted(likelihood), counts,
             kind={"type": "votes", "logitAdjustment": tau}, prior=prior)
    teacher = softmax(torch.from_numpy(2 * formula.uniform(f"teacher.{n}", (n, 6))).double(), 1)
    for temperature, share in ((1.0, 0.5), (4.0, 0.7)):

        def distilled(x, o):
            kl = kl_div(log_softmax(x / temperature, 1), teacher, reduction="batchmean")
            entropy = -(teacher * torch.log(teacher)).sum(1).mean()
            return (1 - share) * cross_entropy(x, labels) + share * temperature ** 2 * (kl + entropy)

        case(f"distillation at {temperature}", n, 6, distilled, hot(labels, 6), teacher=teacher,
             distillation={"temperature": temperature, "share": share})

with open(sys.argv[1], "w") as file:
    file.write("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n")
