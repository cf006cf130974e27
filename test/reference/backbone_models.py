"""The networks of backbone.py: torchvision's or timm's without their classifier, then vultus's head, and what fits their weights.

What belongs to the backbone is everything that torchvision or timm put in front of the last linear layer and its dropout.
Tensors keep the library's names; those of the head are `head.*`.
"""

import torch
import torchvision
from torch import nn

import timm_models

RESNETS = [f"resnet{depth}" for depth in (18, 34, 50, 101, 152)] + ["resnext50_32x4d"]
MODELS = [
    *RESNETS,
    "squeezenet1_1",
    "mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large",
    *(f"efficientnet_b{i}" for i in range(4)),
    "convnext_tiny",
    "vit_b_16",
    *timm_models.MODELS,
]


def library_model(name, size):
    """The library's own network, as it would be with 1000 classes, for pictures of `size` px."""
    if name in timm_models.MODELS:
        return timm_models.MODELS[name](size)
    options = {"image_size": size} if name.startswith("vit") else {}
    return getattr(torchvision.models, name)(weights=None, **options)


def without_classifier(name, trunk):
    """Takes away what vultus's head replaces; gives the number of features in front of it."""
    linear = [module for module in trunk.modules() if isinstance(module, nn.Linear)][-1:]
    width = linear[0].in_features if linear else 512
    if name in RESNETS:
        trunk.fc = nn.Identity()
    elif name == "squeezenet1_1":
        trunk.classifier = nn.AdaptiveAvgPool2d(1)
    elif name.startswith("mobilenet_v3") or name == "convnext_tiny":
        # A linear layer and its activation, or a norm and the flattening, stay.
        trunk.classifier = trunk.classifier[:2]
    elif name == "vit_b_16":
        trunk.heads = nn.Identity()
    elif name == "vit_tiny":
        trunk.head = nn.Identity()
    else:
        trunk.classifier = nn.Identity()
    return width


class Backbone(nn.Module):
    """The trunk's children, tokens and positions under their own names, then `head`."""

    def __init__(self, name, head, classes, size):
        super().__init__()
        trunk = library_model(name, size)
        width = without_classifier(name, trunk)
        for module in trunk.modules():
            if isinstance(module, (nn.Dropout, torchvision.ops.StochasticDepth)):
                module.p = 0.0
        # Not a child, so that it adds no prefix: its children and parameters are registered here instead.
        self.__dict__["trunk"] = trunk
        for key, parameter in trunk.named_parameters(recurse=False):
            self.register_parameter(key, parameter)
        for key, child in trunk.named_children():
            self.add_module(key, child)
        self.add_module("head", head_of(head, width, classes))

    def forward(self, x):
        return self.head(self.trunk(x).flatten(1))


def head_of(kind, width, classes):
    head = nn.Sequential()
    if kind == "linear":
        head.add_module("fc", nn.Linear(width, classes))
    else:
        for name, layer in (("bn1", nn.BatchNorm1d(width)), ("fc1", nn.Linear(width, 512)), ("relu", nn.ReLU()),
                            ("bn2", nn.BatchNorm1d(512)), ("fc2", nn.Linear(512, classes))):
            head.add_module(name, layer)
    return head


# Where an activation's slope jumps.
KINKS = {nn.ReLU: (0,), nn.ReLU6: (0, 6), nn.Hardswish: (-3, 3), nn.Hardsigmoid: (-3, 3)}


def pieces(module, x):
    """On which piece of its activation each element lies."""
    return sum((x > kink).byte() for kink in KINKS[type(module)])
