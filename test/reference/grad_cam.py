"""Grad-CAM and Grad-CAM++ by PyTorch's autograd, which src/program/explain.ts is tested against.

    python3 test/reference/grad_cam.py > test/reference/grad-cam.json

Weights come from formula.py (batch norm's running means are 0, its variances 1), the pictures from transforms.py's
picture("explained.N") as bytes. One entry a model:
    model, head, size, mean, std, classes
    logits    [2][classes]
    maps      {method: [2][classes][H][W]}: relu(sum of weight times activation), not scaled
    enlarged  {method: [2][8][8]}: of the predicted class, enlarged bilinearly to size x size, each cell lying in the centre of
              its receptive field, and divided by its greatest value; every (size/8)-th pixel from size/16 on

Everything is in double precision. The formula of Grad-CAM++ is written as in the paper, with the second and third
powers of the gradient (their equations 5, 11 and 19 for the exponential of a score of a piecewise linear network).
"""

import copy
import json

import numpy as np
import torch
import torchvision
from torch import nn
from torch.nn import functional as F

import formula

CLASSES, PICTURES = 4, 2


def picture(name, size):
    """transforms.py's, as bytes [3, S, S]."""
    fine = formula.uniform(name, (3, size, size))
    coarse = formula.uniform(name + ".coarse", (3, 4, 4))
    mosaic = coarse[:, np.arange(size) * 4 // size][:, :, np.arange(size) * 4 // size]
    return np.floor((0.5 + 0.25 * fine + 0.25 * mosaic) * 255 + 0.5)


class Compact(nn.Module):
    """vultus_s: a 3 x 3 stem of stride 2 and four residual blocks of two 3 x 3 convolutions."""

    class Block(nn.Module):
        def __init__(self, before, out, stride):
            super().__init__()
            self.conv1 = nn.Conv2d(before, out, 3, stride, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(out)
            self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(out)
            same = stride == 1 and before == out
            self.downsample = None if same else nn.Sequential(nn.Conv2d(before, out, 1, stride, bias=False), nn.BatchNorm2d(out))

        def forward(self, x):
            y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
            return F.relu(y + (x if self.downsample is None else self.downsample(x)))

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential()
        self.stem.add_module("conv", nn.Conv2d(1, 32, 3, 2, 1, bias=False))
        self.stem.add_module("bn", nn.BatchNorm2d(32))
        before = 32
        for i, width in enumerate([32, 64, 128, 152]):
            self.add_module(f"layer{i + 1}", nn.Sequential(self.Block(before, width, 1 if i == 0 else 2)))
            before = width

    def forward(self, x):
        x = F.relu(self.stem(x))
        for i in range(4):
            x = getattr(self, f"layer{i + 1}")(x)
        return x


class Trunk(nn.Module):
    """A torchvision network up to its last feature map, under torchvision's names."""

    def __init__(self, name):
        super().__init__()
        whole = getattr(torchvision.models, name)(weights=None)
        self.names = ["features"] if name.startswith("squeezenet") else [n for n, _ in whole.named_children() if n not in ("avgpool", "fc")]
        for n in self.names:
            self.add_module(n, getattr(whole, n))

    def forward(self, x):
        for n in self.names:
            x = getattr(self, n)(x)
        return x


def head_of(name, width):
    head = nn.Sequential()
    if name == "linear":
        head.add_module("fc", nn.Linear(width, CLASSES))
    else:
        for key, layer in (("bn1", nn.BatchNorm1d(width)), ("fc1", nn.Linear(width, 512)), ("relu", nn.ReLU()),
                           ("bn2", nn.BatchNorm1d(512)), ("fc2", nn.Linear(512, CLASSES))):
            head.add_module(key, layer)
    return head


def kind_of(name, shape):
    """As formula.py's, but scales near 1 and shifts near 0 everywhere: maps are then not flat."""
    kind = formula.kind_of(name, shape)
    return {"smallScale": "scale", "shift": "bias"}.get(kind, kind)


def fill(module, prefix):
    state = {k: torch.from_numpy(formula.tensor(prefix + k, tuple(v.shape), kind_of(prefix + k, v.shape)))
             for k, v in module.state_dict().items() if not k.endswith("num_batches_tracked")}
    module.load_state_dict(state, strict=False)
    return module.double().eval()


def weights(method, activation, gradient):
    """[C] from [C, H, W]."""
    if method == "grad-cam":
        return gradient.mean((1, 2))
    total = activation.sum((1, 2), keepdim=True)
    denominator = 2 * gradient**2 + total * gradient**3
    alpha = torch.where(denominator != 0, gradient**2 / torch.where(denominator != 0, denominator, torch.ones_like(denominator)),
                        torch.zeros_like(gradient))
    return (alpha * torch.clamp(gradient, min=0)).sum((1, 2))


def centres(trunk, channels):
    """Where the first cells of a row lie, in pixels, and how far apart: from the columns that move them. Weights are made
    positive and pictures dark but for one bright column, so that no path cancels another."""
    positive = copy.deepcopy(trunk)
    for name, tensor in positive.state_dict().items():
        if tensor.is_floating_point():
            tensor.copy_(torch.zeros_like(tensor) if name.endswith(("bias", "running_mean")) else torch.ones_like(tensor) / (tensor[0].numel() if tensor.dim() > 1 else 1))
    width = 1024
    with torch.no_grad():
        fields = []
        for column in range(width // 2 - 32, width // 2 + 32):
            x = torch.zeros(1, channels, 32, width, dtype=torch.float64)
            x[..., column] = 1
            answer = (positive(x).amax((0, 1, 2)) > 0).nonzero()
            fields.append((column, int(answer[0]), int(answer[-1])))
    # The last cell that answers changes at the columns where a field begins, the first one where a field has ended.
    begins = [(c, b) for (_, _, a), (c, _, b) in zip(fields, fields[1:]) if a != b]
    ends = [(c, a) for (_, a, _), (c, b, _) in zip(fields, fields[1:]) if a != b]
    (first, cell), (second, _) = begins[:2]
    step = second - first
    (end, before) = ends[0]
    return (first - cell * step + end - before * step) / 2, step


def enlarge(maps, start, step, size):
    """Bilinear between the centres of cells, as F.grid_sample does it, whose -1 and 1 are the outermost cells here."""
    cells = maps.shape[-1]
    place = (torch.arange(size, dtype=torch.float64) + 0.5 - start) / step
    place = 2 * place / (cells - 1) - 1
    grid = torch.stack(torch.meshgrid(place, place, indexing="xy"), -1).expand(len(maps), -1, -1, -1)
    return F.grid_sample(maps[:, None], grid, mode="bilinear", padding_mode="border", align_corners=True)[:, 0]


def digits(tensor):
    return json.loads(json.dumps(tensor.tolist()), parse_float=lambda s: float(f"{float(s):.7g}"))


def entry(model, head_name, size, mean, std):
    trunk = fill(Compact() if model == "vultus_s" else Trunk(model), "")
    x = np.stack([picture(f"explained.{n}", size) for n in range(PICTURES)]) / 255
    x = torch.from_numpy(x)
    if len(mean) == 1:
        x = (x * torch.tensor([0.2989, 0.587, 0.114], dtype=torch.float64).view(1, 3, 1, 1)).sum(1, keepdim=True)
    x = (x - torch.tensor(mean, dtype=torch.float64).view(1, -1, 1, 1)) / torch.tensor(std, dtype=torch.float64).view(1, -1, 1, 1)
    with torch.no_grad():
        activations = trunk(x)
    head = fill(head_of(head_name, activations.shape[1]), "head.")
    activations.requires_grad_(True)
    logits = head(activations.mean((2, 3)))
    maps = {m: torch.zeros(PICTURES, CLASSES, *activations.shape[2:], dtype=torch.float64) for m in ("grad-cam", "grad-cam++")}
    for n in range(PICTURES):
        for k in range(CLASSES):
            (gradient,) = torch.autograd.grad(logits[n, k], activations, retain_graph=True)
            for method, result in maps.items():
                w = weights(method, activations[n].detach(), gradient[n])
                result[n, k] = F.relu((w.view(-1, 1, 1) * activations[n].detach()).sum(0))
    enlarged = {}
    start, step = centres(trunk, len(mean))
    for method, result in maps.items():
        own = result[range(PICTURES), logits.argmax(1)]
        large = enlarge(own, start, step, size)
        large = large / large.amax((1, 2), keepdim=True)
        enlarged[method] = digits(large[:, size // 16 :: size // 8, size // 16 :: size // 8])
    return {"model": model, "head": head_name, "size": size, "mean": mean, "std": std, "logits": digits(logits.detach()),
            "maps": {m: digits(v) for m, v in maps.items()}, "enlarged": enlarged}


imagenet = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
print(json.dumps([
    entry("resnet18", "reference", 96, *imagenet),
    entry("squeezenet1_1", "linear", 64, *imagenet),
    entry("vultus_s", "reference", 64, [0.5077], [0.255]),
], separators=(",", ":")))
