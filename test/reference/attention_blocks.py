"""SE, ECA and CBAM as blocks that change nothing before they are trained: their outputs and gradients.

    python3 attention_blocks.py attention-blocks.json

Every gate is 2 sigmoid(z), and the layer that makes z starts at zero: then each gate is 1. References:
    se    Hu et al. 2017: mean over the map, linear to C / 16, ReLU, linear back (layers fc1, fc2 with biases)
    eca   Wang et al. 2020: mean over the map, one convolution over neighbouring channels, without bias. Its kernel is
          the odd number that t = |(log2 C + 1) / 2|, cut to an integer, is or that follows it
    cbam  Woo et al. 2018: mean and maximum over the map, each through the same two layers (C / 16, ReLU), added up to
          the gate of the channels. Of what that gives, mean and maximum over the channels, in this order, through a
          convolution of 7 x 7, which gives the gate of the pixels

The file holds for each block its input's shape, the shapes of its `tensors`, and with the weights of formula.py `output`
and `gradients`, those of sum(output * probe) with respect to the input, x, and to each tensor. `start` holds the gradients
of the tensors when the last layers are zero, where the output is the input. All is computed in double precision from
float32 numbers: `<block>.x` and `<block>.probe` are "uniform", `<block>.<tensor>` is "weight" where it has more than one axis,
else "bias".
"""

import json
import math
import sys

import torch
from torch import nn

import formula


def gate(z):
    return 2 * z.sigmoid()


class SE(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        self.fc1 = nn.Linear(channels, channels // reduction)
        self.fc2 = nn.Linear(channels // reduction, channels)
        self.last = ["fc2"]

    def forward(self, x):
        z = self.fc2(self.fc1(x.mean((2, 3))).relu())
        return x * gate(z)[:, :, None, None]


class ECA(nn.Module):
    def __init__(self, channels):
        super().__init__()
        size = int(abs((math.log2(channels) + 1) / 2))
        kernel = size if size % 2 else size + 1
        self.conv = nn.Conv1d(1, 1, kernel, padding=kernel // 2, bias=False)
        self.last = ["conv"]

    def forward(self, x):
        z = self.conv(x.mean((2, 3))[:, None])[:, 0]
        return x * gate(z)[:, :, None, None]


class CBAM(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        self.fc1 = nn.Linear(channels, channels // reduction)
        self.fc2 = nn.Linear(channels // reduction, channels)
        self.conv = nn.Conv2d(2, 1, 7, padding=3, bias=False)
        self.last = ["fc2", "conv"]

    def forward(self, x):
        shared = lambda pooled: self.fc2(self.fc1(pooled).relu())
        x = x * gate(shared(x.mean((2, 3))) + shared(x.amax((2, 3))))[:, :, None, None]
        pooled = torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)
        return x * gate(self.conv(pooled))


SHAPE = (2, 32, 4, 3)
BLOCKS = {"se": SE, "eca": ECA, "cbam": CBAM}


def numbers(name, shape, kind):
    return torch.from_numpy(formula.tensor(name, tuple(shape), kind)).double()


def run(name, start):
    block = BLOCKS[name](SHAPE[1]).double()
    for key, parameter in block.named_parameters():
        zero = start and key.split(".")[0] in block.last
        value = numbers(f"{name}.{key}", parameter.shape, "weight" if parameter.dim() > 1 else "bias")
        parameter.data = torch.zeros_like(value) if zero else value
    x = numbers(f"{name}.x", SHAPE, "uniform").requires_grad_()
    output = block(x)
    if start:
        assert torch.equal(output, x)
    (output * numbers(f"{name}.probe", SHAPE, "uniform")).sum().backward()
    rounded = lambda tensor: [float(f"{v:.9g}") for v in tensor.flatten().tolist()]
    gradients = {k: rounded(p.grad) for k, p in block.named_parameters()}
    return gradients if start else {"output": rounded(output), "gradients": {"x": rounded(x.grad), **gradients}}


def main():
    result = {}
    for name, block in BLOCKS.items():
        shapes = {k: list(p.shape) for k, p in block(SHAPE[1]).named_parameters()}
        result[name] = {"shape": SHAPE, "tensors": shapes, **run(name, False), "start": run(name, True)}
    with open(sys.argv[1], "w") as file:
        json.dump(result, file, separators=(",", ":"))


if __name__ == "__main__":
    main()
