"""Learning rates of PyTorch's schedulers, step by step: python3 schedules.py FILE

FILE holds [{schedule, peak, stepsPerEpoch, totalSteps, rates}]. Rate i is the one that step i trains with.
"""

import json
import sys

import torch
from torch.optim import lr_scheduler as schedule


def rates(lr, steps, make):
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=lr)
    scheduler, out = make(optimizer), []
    for _ in range(steps):
        out.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step() if len(out) < steps else None
    return [float(f"{rate:.10g}") for rate in out]


def warm_up(optimizer, warmup, steps):
    """Step i of the warm-up trains at peak * (i + 1) / warmup; the cosine ends at zero one step after the last."""
    return schedule.SequentialLR(optimizer, [
        schedule.LinearLR(optimizer, start_factor=1 / warmup, end_factor=1, total_iters=warmup - 1),
        schedule.CosineAnnealingLR(optimizer, T_max=steps - warmup, eta_min=0),
    ], milestones=[warmup])


cases = []


def case(peak, per_epoch, steps, options, make):
    """`options` is a Schedule of src/optim/schedules.ts, whose lengths are in epochs."""
    cases.append({"schedule": options, "peak": peak, "stepsPerEpoch": per_epoch, "totalSteps": steps,
                  "rates": rates(peak, steps, make)})


for per_epoch, steps, peak in ((10, 100, 1e-3), (37, 37, 0.4), (1, 7, 1e-3)):
    case(peak, per_epoch, steps, {"type": "oneCycle", "pctStart": 0.3, "divFactor": 10, "finalDivFactor": 100},
         lambda o: schedule.OneCycleLR(o, max_lr=peak, total_steps=steps, pct_start=0.3, div_factor=10,
                                       final_div_factor=100, anneal_strategy="cos", cycle_momentum=False))
for first, factor, per_epoch, steps in ((5, 1, 4, 100), (5, 2, 2, 100), (5, 3, 1, 40)):
    case(1e-4, per_epoch, steps, {"type": "cosineRestarts", "firstCycle": first, "cycleFactor": factor, "minimumFactor": 0.1},
         lambda o: schedule.CosineAnnealingWarmRestarts(o, T_0=first * per_epoch, T_mult=factor, eta_min=1e-5))
for warmup, per_epoch, steps in ((1, 10, 100), (3, 1, 17)):
    case(0.01, per_epoch, steps, {"type": "cosine", "warmup": warmup, "minimumFactor": 0},
         lambda o: warm_up(o, warmup * per_epoch, steps))
for minimum in (0, 0.01):
    case(0.01, 6, 60, {"type": "cosine", "warmup": 0, "minimumFactor": minimum},
         lambda o: schedule.CosineAnnealingLR(o, T_max=60, eta_min=0.01 * minimum))
case(1e-3, 10, 20, {"type": "constant"}, lambda o: schedule.ConstantLR(o, factor=1.0))

with open(sys.argv[1], "w") as file:
    file.write("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n")
