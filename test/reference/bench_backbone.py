"""Times a backbone with the reference's head in PyTorch, as vultus's bench compares itself with it.

    python3 bench_backbone.py --mode layer4 [--model resnet50] [--batch 16] [--size 224] [--threads 2] [--iterations 5] [--channels-last]
        prints {"imagesPerSecond", "seconds" (median of the iterations, after one that is not counted), "peakRssMB"}
    python3 bench_backbone.py --mode layer4 --compile
        the same by torch.compile, where PyTorch has it
    python3 bench_backbone.py --mode layer4 --serve
        runs one iteration, prints {"ready": true, "about", "peakRssMB"}, then for every line on stdin runs one and prints
        {"seconds", "imagesPerSecond", "peakRssMB"}; ends with its input. So two programs can be timed in turn.

--mode  predict         forward, eval mode, no gradients
        head            forward, backward and AdamW of the head (BatchNorm, Dropout, Linear, ReLU, twice); the backbone
                        is frozen and in eval mode
        layer4          and of layer4 (ResNets)
        layer3          and of layer3 (ResNets)
        all             everything; as above, the backbone's batch norm keeps its running statistics
        all-batchnorm   everything in training mode, as PyTorch is usually trained
--device cuda     on a GPU; with --half in mixed precision
"""

import argparse
import contextlib
import json
import resource
import statistics
import sys
import time

import torch
from torch import nn

from backbone_models import Backbone

STAGES = {"head": [], "layer4": ["layer4"], "layer3": ["layer3", "layer4"]}


def build(name, mode, size):
    model = Backbone(name, "reference", 6, size)
    layers = dict(model.head.named_children())
    model.head = nn.Sequential(layers["bn1"], nn.Dropout(0.4), layers["fc1"], layers["relu"], layers["bn2"],
                               nn.Dropout(0.4), layers["fc2"])
    for parameter_name, parameter in model.named_parameters():
        stage = parameter_name.split(".")[0]
        parameter.requires_grad = mode != "predict" and (stage == "head" or mode.startswith("all") or stage in STAGES[mode])
    estimate_statistics(model, size)
    model.train(mode == "all-batchnorm")
    if mode != "predict":
        model.head.train()
    return model


def estimate_statistics(model, size):
    """Statistics of one batch: with those of new layers activations fade from layer to layer to numbers that cores are slow with."""
    norms = [module for module in model.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    for norm in norms:
        norm.momentum = 1.0
    with torch.no_grad():
        model.train()(torch.randn(4, 3, size, size))
    for norm in norms:
        norm.momentum = 0.1


def adamw(parameters):
    """Fused, where this PyTorch can do that on the parameters' device: its fastest."""
    options = {"lr": 1e-4, "weight_decay": 1e-4}
    try:
        return torch.optim.AdamW(parameters, fused=True, **options)
    except (RuntimeError, TypeError):
        return torch.optim.AdamW(parameters, **options)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default="resnet50")
    parser.add_argument("--mode", default="layer4", choices=["predict", "head", "layer4", "layer3", "all", "all-batchnorm"])
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--iterations", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--half", action="store_true", help="mixed precision with loss scaling, on a GPU")
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--compile", action="store_true", help="by torch.compile, of PyTorch 2 and later")
    parser.add_argument("--serve", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)

    model = build(args.model, args.mode, args.size)
    x = torch.randn(args.batch, 3, args.size, args.size)
    labels = torch.arange(args.batch) % 6
    if args.channels_last:
        model, x = model.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
    model, x, labels = model.to(args.device), x.to(args.device), labels.to(args.device)
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = adamw(parameters) if parameters else None
    if args.compile:
        model = torch.compile(model)

    scaler = torch.cuda.amp.GradScaler() if args.half else None

    def iteration():
        start = time.perf_counter()
        with torch.autocast("cuda", torch.float16) if args.half else contextlib.nullcontext():
            if optimizer is None:
                with torch.no_grad():
                    model(x)
            else:
                optimizer.zero_grad(set_to_none=True)
                loss = nn.functional.cross_entropy(model(x), labels, label_smoothing=0.1)
        if optimizer is not None:
            if scaler is None:
                loss.backward()
                optimizer.step()
            else:
                scaler.scale(loss).backward()
                scaler.step(optimizer)
                scaler.update()
        if args.device == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - start

    def say(**values):
        print(json.dumps({**values, "peakRssMB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}), flush=True)

    def speed(seconds):
        return {"seconds": seconds, "imagesPerSecond": args.batch / seconds}

    iteration()
    if args.serve:
        version = torch.__version__.split("+")[0]
        ways = [", compiled"] * args.compile + [", channels last"] * args.channels_last
        say(ready=True, about=f"PyTorch {version}" + "".join(ways))
        for _ in sys.stdin:
            say(**speed(iteration()))
    else:
        say(**speed(statistics.median(iteration() for _ in range(args.iterations))))


if __name__ == "__main__":
    main()
