"""A backbone of torchvision or timm (backbone_models.py) with a new head, trained for a few steps: what vultus must reproduce.

    python3 backbone.py --model resnet18 --train layer4 --batchnorm running --optimizer adamw --double --out DIR
    python3 backbone.py ... --deviation          also prints how far float32 itself is from float64, and how many activations change sides (in result.json)
    python3 backbone.py ... --small FILE         writes what is committed, for test/backbones.test.ts; --out may be left out

Weights, pictures and labels come from formula.py. The batch-norm statistics are estimated on one batch and rounded to
8-bit floats. DIR then holds
    weights.safetensors    the whole model: torchvision's names without its classifier, and head.*
    inputs.safetensors     x.0 to x.N-1 [B, 3, S, S] float32, labels.0 to labels.N-1 int64: one batch per step
    gradients.safetensors  of every trainable tensor at the first step
    updates.safetensors    weight after N steps minus weight before, of every trainable tensor and every running
                           statistic that moves, subtracted in the precision of the run
    result.json            arguments, eval-mode logits of x.0 [B][classes], losses per step, `trainable` (names),
                           `zeroGradient` (names whose gradient is zero in exact arithmetic, so that float32 shows
                           only noise: compare neither gradient nor update)

The loss is cross-entropy with label smoothing 0.1. Head batch norm always uses batch statistics in training; it
has no dropout. `running`: the backbone's batch norm keeps its running statistics, scale and shift train where their stage does.
`batch`: stages that train normalise by the batch and update their statistics; frozen stages do not.

Why these numbers. With ordinary weights float32 cannot agree with float64 to the tolerances of the test (gradients
1e-4 of a tensor's largest, updates 1e-3 in L2): of a few million pre-activations a few lie within rounding of zero,
and each that crosses over changes gradients by 1e-3 to 1e-1 (measured 3e-2 for ResNet18, all layers, 64 px). So
- batch norm shifts are 3 times the scales (on three channels of four, off on the fourth): hardly anything is near 0;
- scales are near 0.1, so that rounding a weight to float32 is small beside its update;
- AdamW's epsilon is 1e-4 or 1e-3: with 1e-8, elements whose gradient is rounding noise still move by the full rate;
- rates are small: large ones make five steps chaotic; weight decay is 1e-2, so that a test can see it;
- 64 px: at 32 px the last maps are 1 x 1, where a shift does nothing under batch statistics.
`--deviation` measures float32 against float64. With these defaults: logits below 1e-6, gradients below 3e-5, updates
below 4e-4 (ResNet18) and 7e-4 (ResNet50), the larger ones mostly from how finely a float32 weight takes up a small
update. Some want other numbers:
- the reference head (5e-6, 4e-5, 1e-3) --batch 16, and --lr 3e-4 for AdamW, since its scales are near 1;
- SqueezeNet --lr 2e-4 for SGD: it has no normalisation, and 1e-3 makes it chaotic;
- ResNet50 on running statistics --lr 3e-5 --eps 1e-3 for AdamW. At the default rate, everything trainable, one of 6.3
  million ReLUs is on in one precision and off in the other at the third step, 425 at the fifth, and updates are 2e-2
  apart; at this rate none, and 6e-4.
- Depthwise convolutions have 1 in the middle (formula.py). With He's bound the same pattern of borders, layer after layer,
  leaves so little of what differs between pictures that gradients under batch statistics are 3e-4 apart.
- MobileNets and EfficientNet-Lite cut off at 6 one channel of 32, so that ReLU6 differs from ReLU. What is off in front of a
  depthwise convolution is off everywhere: the variance of a channel with one lit pixel is as small as its epsilon.
- EfficientNet's scales are 0.15: gates halve what passes, and 0.1 dies away over 16 blocks, 0.3 explodes.
- Networks with layer norm are smooth and need nothing; class tokens and positions are about as large as patches.
test/support/backbone-configs.ts has rates for all of these.
"""

import argparse
import base64
import json
import os

import numpy as np
import torch
from torch import nn

import formula
import st
from backbone_models import KINKS, MODELS, Backbone, pieces

RATES = {("adamw", "running"): 1e-4, ("adamw", "batch"): 4e-4, ("sgd", "running"): 1e-3, ("sgd", "batch"): 2e-3}


def is_norm(module):
    return isinstance(module, nn.modules.batchnorm._BatchNorm)


def state_of(model):
    return {k: v.detach().clone() for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}


def build(args):
    """The model with formula weights and estimated statistics (float32), and the statistics' codes."""
    model = Backbone(args.model, args.head, args.classes, args.size)
    formula_of = lambda name, shape: torch.from_numpy(formula.tensor(name, shape, formula.kind_of(name, shape, args.model)))
    model.load_state_dict({k: formula_of(k, v.shape) for k, v in state_of(model).items()}, strict=False)
    norms = [(name, module) for name, module in model.named_modules() if is_norm(module)]
    momenta = [module.momentum for _, module in norms]
    for _, module in norms:
        module.momentum = 1.0
    with torch.no_grad():
        # In double, so that the rounding below meets the same numbers on every machine.
        model.double().train()(torch.from_numpy(formula.pictures("statistics", shape_of(args))).double())
    model.float()
    codes = {}
    for (name, module), momentum in zip(norms, momenta):
        module.momentum = momentum
        for key in ("running_mean", "running_var"):
            value = getattr(module, key).numpy()
            code, rounded = formula.tiny(value if key == "running_mean" else np.maximum(value, 0.0045))
            getattr(module, key).copy_(torch.from_numpy(rounded))
            codes[f"{name}.{key}"] = code
    return model, codes


def shape_of(args):
    return (args.batch, 3, args.size, args.size)


def inputs_of(args):
    out = {}
    for step in range(args.steps):
        out[f"x.{step}"] = formula.pictures(f"x.{step}", shape_of(args))
        out[f"labels.{step}"] = formula.labels(f"labels.{step}", args.batch, args.classes)
    return out


def train(args, state, inputs, dtype):
    """Logits, losses, first gradients and total updates in one precision, from the float32 `state`."""
    model = Backbone(args.model, args.head, args.classes, args.size)
    model.load_state_dict(state, strict=False)
    model.to(dtype)
    before = state_of(model)
    x = [torch.from_numpy(inputs[f"x.{i}"]).to(dtype) for i in range(args.steps)]
    labels = [torch.from_numpy(inputs[f"labels.{i}"]) for i in range(args.steps)]
    with torch.no_grad():
        logits = model.eval()(x[0])

    stages = ["head"] + ([] if args.train == "head" else args.train.split("+"))
    trains = lambda name: args.train == "all" or any(f"{name}.".startswith(f"{stage}.") for stage in stages)
    for name, parameter in model.named_parameters():
        parameter.requires_grad = trains(name)
    model.train()
    for name, module in model.named_modules():
        if is_norm(module) and not name.startswith("head."):
            module.train(args.batchnorm == "batch" and trains(name))

    parameters = [p for p in model.parameters() if p.requires_grad]
    if args.optimizer == "adamw":
        optimizer = torch.optim.AdamW(parameters, lr=args.lr, weight_decay=args.weight_decay, eps=args.eps)
    else:
        optimizer = torch.optim.SGD(parameters, lr=args.lr, momentum=0.9, nesterov=True,
                                    weight_decay=args.weight_decay)
    active = []
    if args.deviation:
        for module in model.modules():
            if type(module) in KINKS:
                # Before it: some activations work in place.
                module.register_forward_pre_hook(lambda module, inputs: active[-1].append(pieces(module, inputs[0])))
    losses, gradients = [], {}
    for step in range(args.steps):
        active.append([])
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x[step]), labels[step], label_smoothing=0.1)
        loss.backward()
        if step == 0:
            gradients = {n: p.grad.clone() for n, p in model.named_parameters() if p.requires_grad}
        optimizer.step()
        losses.append(loss.item())
    updates = {name: value - before[name] for name, value in state_of(model).items()
               if name in gradients or ("running_" in name and not torch.equal(value, before[name]))}
    return {"logits": logits, "losses": losses, "gradients": gradients, "updates": updates, "active": active}


def cancelled(gradients):
    """Biases whose gradient is a sum of which less than a hundredth is left, beside that of their layer's weight."""
    size = lambda name: gradients[name].abs().max()
    pairs = [(n, f"{n[:-5]}.weight") for n in gradients if n.endswith(".bias")]
    return [bias for bias, weight in pairs if weight in gradients and size(bias) < 1e-2 * size(weight)]


def zero_gradient(args, gradients):
    """Shifts that only add a constant which a normalisation by the batch takes away again: nothing but noise.

    Channels are mostly on or mostly off here, so this holds for every shift in front of such a normalisation, but not
    across a padded 3 x 3 convolution. Where it holds exactly, the gradient itself shows it.
    """
    shift = lambda name: name.endswith(".bias") and (".bn" in name or "downsample" in name or name.startswith("bn"))
    found = cancelled(gradients)
    if args.head == "reference":
        found += [n for n in gradients if n in ("head.bn1.bias", "head.fc1.bias") or (not n.startswith("head.") and n.endswith(".bias"))]
    elif args.batchnorm == "batch" and args.model in ("resnet50", "resnet101", "resnet152"):
        found += [n for n in gradients if shift(n) and (".bn2." in n or (not n.startswith("layer4.") and (".bn3." in n or "downsample" in n)))]
    return sorted(set(found))


def deviation(args, single, double):
    """The worst distances of float32 from float64, in the measures of the tests; activations that change sides, at each step."""
    skipped = zero_gradient(args, double["gradients"])

    def worst(kind, measure):
        found = {k: measure(single[kind][k].double(), v.double()) for k, v in double[kind].items() if k not in skipped}
        name = max(found, key=found.get)
        return {"worst": found[name], "tensor": name, "median": float(np.median(list(found.values())))}
    return {
        "logits": ((single["logits"].double() - double["logits"]).abs().max() / double["logits"].abs().max()).item(),
        "gradients": worst("gradients", lambda a, b: ((a - b).abs().max() / b.abs().max()).item()),
        "updates": worst("updates", lambda a, b: ((a - b).norm() / b.norm()).item()),
        "switched": [sum((a != b).sum().item() for a, b in zip(*step)) for step in zip(single["active"], double["active"])],
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default="resnet18", choices=MODELS)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--head", default="linear", choices=["linear", "reference"])
    parser.add_argument("--classes", type=int, default=6)
    parser.add_argument("--train", default="layer4", help="all, head, or stages: layer3+layer4, features.12")
    parser.add_argument("--batchnorm", default="running", choices=["running", "batch"])
    parser.add_argument("--optimizer", default="adamw", choices=["adamw", "sgd"])
    parser.add_argument("--lr", type=float, help="default: see RATES")
    parser.add_argument("--eps", type=float, help="AdamW's epsilon; default 1e-4 (running), 1e-3 (batch)")
    parser.add_argument("--weight-decay", type=float, default=1e-2)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--double", action="store_true", help="compute in float64; files stay float32")
    parser.add_argument("--deviation", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out")
    parser.add_argument("--small")
    args = parser.parse_args()
    args.lr = args.lr or RATES[args.optimizer, args.batchnorm]
    args.eps = args.eps or (1e-4 if args.batchnorm == "running" else 1e-3)
    torch.set_num_threads(args.threads)

    model, codes = build(args)
    state, inputs = state_of(model), inputs_of(args)
    run = train(args, state, inputs, torch.float64 if args.double else torch.float32)
    result = {
        "arguments": {k: v for k, v in vars(args).items() if k not in ("out", "small", "threads", "deviation")},
        "torch": torch.__version__,
        "logits": run["logits"].tolist(),
        "losses": run["losses"],
        "trainable": list(run["gradients"]),
        "zeroGradient": zero_gradient(args, run["gradients"]),
    }
    if args.deviation:
        other = train(args, state, inputs, torch.float32 if args.double else torch.float64)
        result["deviation"] = deviation(args, *((other, run) if args.double else (run, other)))
        print(json.dumps(result["deviation"]))
    if args.out:
        os.makedirs(args.out, exist_ok=True)
        single = lambda tensors: {k: v.float().numpy() for k, v in tensors.items()}
        st.save(f"{args.out}/weights.safetensors", single(state))
        st.save(f"{args.out}/inputs.safetensors", inputs)
        st.save(f"{args.out}/gradients.safetensors", single(run["gradients"]))
        st.save(f"{args.out}/updates.safetensors", single(run["updates"]))
        with open(f"{args.out}/result.json", "w") as file:
            json.dump(result, file)
    if args.small:
        small = {k: result[k] for k in ("arguments", "torch", "logits", "losses")}
        small["statistics"] = {k: base64.b64encode(v.tobytes()).decode() for k, v in codes.items()}
        with open(args.small, "w") as file:
            json.dump(small, file, separators=(",", ":"))


if __name__ == "__main__":
    main()
