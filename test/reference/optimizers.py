"""What PyTorch's optimizers make of given gradients: python3 optimizers.py FILE

FILE holds
    initial    {weight: [..]}; float32 values, as all below, shapes flattened: a [4, 3], b [5], c [2, 2, 3, 1]
    gradients  10 steps of {weight: [..]}; c has a gradient of exactly zero in its first half
    steps      learning rates of the 10 steps
    cases      [{name, optimizer, rateFactors {weight: factor}, clip, norms, weights, moments}]: `optimizer` is an
               OptimizerOptions of src/optim/optimizer.ts, `clip` the limit of the global norm or null, `norms` the norm
               before clipping at each step, `weights` 10 steps of {weight: [..]}, `moments` {PyTorch's name: {weight:
               [..]}} after the last step
    ema        {decay, weights}: the moving average (from `initial`) of the first case's weights, 10 steps
Computed in float64 from float32 inputs, and given with nine digits.
"""

import json
import sys

import numpy as np
import torch

import formula

SHAPES = {"a": (4, 3), "b": (5,), "c": (2, 2, 3, 1)}
STEPS = 10
RATES = [1e-2 * (1 + step) / STEPS for step in range(STEPS)]
INITIAL = {n: formula.tensor(f"optimizer.{n}", shape, "uniform") for n, shape in SHAPES.items()}
GRADIENTS = []
for step in range(STEPS):
    # Sizes from 1e-4 to 1, as gradients have them.
    scale = {"a": 1.0, "b": 1e-2, "c": 1e-4}
    one = {n: scale[n] * formula.uniform(f"gradient.{n}.{step}", shape) for n, shape in SHAPES.items()}
    one["c"][0] = 0
    GRADIENTS.append({n: g.astype(np.float32) for n, g in one.items()})


def numbers(values):
    return {n: [float(f"{x:.9g}") for x in np.asarray(v, np.float64).ravel()] for n, v in values.items()}


def run(name, options, factors=None, clip=None):
    factors = factors or {n: 1 for n in SHAPES}
    weights = {n: torch.from_numpy(v).double().requires_grad_() for n, v in INITIAL.items()}
    groups = [{"params": [w], "factor": factors[n]} for n, w in weights.items()]
    if options["type"] == "adamw":
        optimizer = torch.optim.AdamW(groups, lr=1, betas=(options["beta1"], options["beta2"]), eps=options["epsilon"],
                                      weight_decay=options["weightDecay"])
    else:
        optimizer = torch.optim.SGD(groups, lr=1, momentum=options["momentum"], nesterov=options["nesterov"],
                                    weight_decay=options["weightDecay"])
    history, norms = [], []
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = RATES[step] * group["factor"]
        for n, w in weights.items():
            w.grad = torch.from_numpy(GRADIENTS[step][n]).double()
        norms.append(torch.nn.utils.clip_grad_norm_(list(weights.values()), clip or float("inf")).item())
        optimizer.step()
        history.append({n: w.detach().clone() for n, w in weights.items()})
    moments = {key: numbers({n: optimizer.state[w][key] for n, w in weights.items()})
               for key in ("exp_avg", "exp_avg_sq", "momentum_buffer")
               if optimizer.state[weights["a"]].get(key) is not None}
    return history, {"name": name, "optimizer": {"learningRate": 0.01, **options}, "rateFactors": factors, "clip": clip,
                     "norms": [float(f"{x:.9g}") for x in norms], "weights": [numbers(h) for h in history],
                     "moments": moments}


adamw = {"type": "adamw", "weightDecay": 1e-4, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
sgd = {"type": "sgd", "weightDecay": 1e-4, "momentum": 0.9, "nesterov": True}
discriminative = {"a": 0.1, "b": 0.5, "c": 1}
first, case = run("adamw", adamw)
cases = [case] + [run(*arguments)[1] for arguments in (
    ("adamw, strong decay, other betas, a rate per weight", {**adamw, "weightDecay": 0.1, "beta1": 0.8, "beta2": 0.95, "epsilon": 1e-5}, discriminative),
    ("adamw, clipped", {**adamw, "weightDecay": 0}, None, 0.5),
    ("sgd, nesterov", sgd),
    ("sgd, nesterov, strong decay, a rate per weight, clipped", {**sgd, "weightDecay": 0.1}, discriminative, 0.5),
    ("sgd, momentum", {**sgd, "nesterov": False}),
    ("sgd, plain", {**sgd, "momentum": 0, "nesterov": False}),
)]

average, averages = {n: torch.from_numpy(v).double() for n, v in INITIAL.items()}, []
for weights in first:
    average = {n: 0.9 * a + 0.1 * weights[n] for n, a in average.items()}
    averages.append(numbers(average))

with open(sys.argv[1], "w") as file:
    json.dump({"initial": numbers(INITIAL), "shapes": SHAPES, "gradients": [numbers(g) for g in GRADIENTS],
               "steps": RATES, "cases": cases, "ema": {"decay": 0.9, "weights": averages}}, file, separators=(",", ":"))
