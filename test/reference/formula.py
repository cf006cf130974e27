"""Weights, pictures and labels from an integer hash, so that formula.ts makes the same numbers without Python.

Element i of the tensor called `name` is u(i) = mix(fnv1a(name) ^ mix(i)) / 2^31 - 1 with its lowest 8 bits dropped, in
[-1, 1): exact in float32. Everything else is computed in double precision and rounded once.
"""

import re

import numpy as np


def fnv1a(text):
    value = 0x811C9DC5
    for byte in text.encode():
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value


def mix(h):
    """Murmur3's finaliser on a uint32 array."""
    h = h ^ (h >> np.uint32(16))
    h = h * np.uint32(0x85EBCA6B)
    h = h ^ (h >> np.uint32(13))
    h = h * np.uint32(0xC2B2AE35)
    return h ^ (h >> np.uint32(16))


def bits(name, count):
    return mix(np.uint32(fnv1a(name)) ^ mix(np.arange(count, dtype=np.uint32)))


def uniform(name, shape):
    """Numbers in [-1, 1), float64."""
    count = int(np.prod(shape, dtype=np.int64))
    return ((bits(name, count) >> np.uint32(8)) / 8388608.0 - 1.0).reshape(shape)


# Names of batch norms with an activation behind them, in networks that cut activations off. At the end of an inverted residual
# a large shift would add up from block to block, beside which float32 has little left for what varies.
ACTIVE_NORM = re.compile(r"(^|\.)bn[12]\.bias$|^features\.\d+\.1\.bias$|\.[01]\.1\.bias$")


def kind_of(name, shape, model=""):
    """What a tensor of `model` is, from its torchvision or timm name and its rank."""
    if name.endswith("running_mean"):
        return "zeros"
    if name.endswith("running_var"):
        return "ones"
    if name.endswith(("class_token", "cls_token", "pos_embedding", "pos_embed")):
        return "uniform"
    if name.endswith("layer_scale"):
        return "smallScale"
    if len(shape) > 1:
        return "depthwise" if len(shape) == 4 and shape[1] == 1 else "weight"
    # Networks with layer norm have smooth activations, as EfficientNet has.
    if name.startswith(("head.", "classifier.0.")) or model.startswith(("vit", "convnext")):
        return "scale" if name.endswith(".weight") else "bias"
    if name.endswith(".weight"):
        return "mediumScale" if model.startswith("efficientnet_b") else "smallScale"
    clipped = model.startswith(("mobilenet", "efficientnet_lite")) and ACTIVE_NORM.search(name)
    return "clippedShift" if clipped else "shift"


def tensor(name, shape, kind=None):
    """float32; `kind` defaults to kind_of.

    weight: u times He's bound for a convolution or linear layer (sqrt 6 / fan in); depthwise: 0.1 u, plus 1 in the middle;
    scale: 1 + 0.1 u; bias: 0.1 u; smallScale: 0.1 + 0.01 u; mediumScale: 0.15 + 0.015 u; shift: 0.01 u plus 0.3, or minus
    0.3 for every fourth channel; clippedShift: 0.01 u plus 0.3, or minus 0.8 for every eighth channel, or 6.5 for one of 32;
    uniform: u; zeros; ones. backbone.py says why.
    """
    kind = kind or kind_of(name, shape)
    if kind == "zeros":
        return np.zeros(shape, np.float32)
    if kind == "ones":
        return np.ones(shape, np.float32)
    u = uniform(name, shape)
    if kind == "weight":
        u = u * np.sqrt(6.0 / np.prod(shape[1:], dtype=np.int64))
    elif kind == "depthwise":
        u = 0.1 * u
        u[..., shape[2] // 2, shape[3] // 2] += 1
    elif kind == "scale":
        u = 1.0 + 0.1 * u
    elif kind == "bias":
        u = 0.1 * u
    elif kind == "smallScale":
        u = 0.1 + 0.01 * u
    elif kind == "mediumScale":
        u = 0.15 + 0.015 * u
    elif kind in ("shift", "clippedShift"):
        channel = np.arange(shape[0])
        if kind == "shift":
            shift = np.where(channel % 4 == 3, -0.3, 0.3)
        else:
            shift = np.where(channel % 8 == 3, -0.8, np.where(channel % 32 == 9, 6.5, 0.3))
        u = shift + 0.01 * u
    return u.astype(np.float32)


def pictures(name, shape):
    """[N, C, H, W] float32: a 4 x 4 mosaic with fine noise on it, so that pictures differ after pooling too."""
    n, c, h, w = shape
    coarse = uniform(name + ".coarse", (n, c, 4, 4))
    rows, columns = np.arange(h) * 4 // h, np.arange(w) * 4 // w
    mosaic = coarse[:, :, rows][:, :, :, columns]
    return (1.5 * mosaic + 0.5 * uniform(name + ".fine", shape)).astype(np.float32)


def labels(name, count, classes):
    """int64 class numbers."""
    return (bits(name, count) % np.uint32(classes)).astype(np.int64)


def tiny(values):
    """Rounds to 8-bit floats: a sign, 4 exponent bits (2^-8 to 2^7), 3 mantissa bits. Gives (uint8 codes, float32 values).

    Batch-norm statistics go through this, so that the committed files can hold those of a whole ResNet50.
    """
    size = np.clip(np.abs(np.asarray(values, np.float64)), 0, 240)
    exponent = np.clip(np.floor(np.log2(np.maximum(size, 1e-30))), -8, 7)
    eighths = np.rint(size / 2.0**exponent * 8)  # 8 to 16 for normal numbers; below 8 only under 2^-8
    up = (eighths == 16) & (exponent < 7)
    exponent, eighths = np.where(up, exponent + 1, exponent), np.where(up, 8, np.minimum(eighths, 15))
    code = np.where(eighths < 8, 0, (exponent + 8) * 8 + (eighths - 8)).astype(np.uint8)
    code = np.where(np.asarray(values) < 0, code | 128, code).astype(np.uint8)
    return code, untiny(code)


def untiny(code):
    code = code.astype(np.int64)
    size = (8 + (code & 7)) * 2.0 ** ((code >> 3 & 15) - 11)
    return np.where(code & 127 == 0, 0, np.where(code & 128, -size, size)).astype(np.float32)


if __name__ == "__main__":
    # python3 formula.py FILE: values that formula.ts must repeat, as [name, shape, kind, numbers].
    import json
    import sys

    cases = [("conv.weight", (5, 3, 3, 3), "weight"), ("bn.weight", (9,), "scale"), ("bn.bias", (9,), "bias"),
             ("layer1.0.bn1.weight", (9,), "smallScale"), ("layer1.0.bn1.bias", (9,), "shift"), ("blocks.0.0.bn1.bias", (40,), "clippedShift"),
             ("blocks.0.0.conv_dw.weight", (3, 1, 3, 3), "depthwise"), ("x", (3, 3), "uniform")]
    kinds = [("encoder.pos_embedding", (1, 17, 768), "vit_b_16"), ("features.1.0.layer_scale", (96, 1, 1), "convnext_tiny"),
             ("features.1.0.block.2.weight", (96,), "convnext_tiny"), ("blocks.0.0.conv_dw.weight", (32, 1, 3, 3), "mobilenet_v1"),
             ("features.2.conv.1.1.bias", (96,), "mobilenet_v2"), ("features.2.conv.3.bias", (24,), "mobilenet_v2"),
             ("features.0.1.bias", (16,), "mobilenet_v3_small"), ("classifier.0.bias", (1024,), "mobilenet_v3_small"),
             ("features.0.1.bias", (32,), "efficientnet_b0"), ("features.0.1.weight", (32,), "efficientnet_b0"), ("bn1.bias", (32,), "efficientnet_lite0"),
             ("blocks.1.0.bn3.bias", (24,), "efficientnet_lite0"), ("bn1.running_var", (32,), "efficientnet_lite0")]
    with open(sys.argv[1], "w") as file:
        json.dump({
            "kinds": [[name, shape, model, kind_of(name, shape, model)] for name, shape, model in kinds],
            "tensors": [[*case, [float(v) for v in tensor(*case).ravel()[:24]]] for case in cases],
            "pictures": ["x.0", (2, 3, 6, 9), [float(v) for v in pictures("x.0", (2, 3, 6, 9)).ravel()[150:170]]],
            "labels": ["labels.0", 12, 6, labels("labels.0", 12, 6).tolist()],
            "tiny": [[c, float(untiny(np.array([c], np.uint8))[0])] for c in range(0, 256, 5)],
        }, file)
