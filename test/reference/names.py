"""How timm's and efficientnet_lite_pytorch's layers are called in the models that vultus has: names.json.

    pip install timm efficientnet_lite_pytorch
    python3 names.py OUT.json

Both libraries' models list their tensors in the order of their modules, so the names pair up by position. That a pair is
right is shown by computing: random numbers are loaded into both models under these names, and the logits, in double
precision, must be equal: by less than 1e-13 of the largest, which is printed.

MobileNetV3's norms add 1e-5 to the variance in timm and 1e-3 in torchvision; their scale makes up for it here.
The position tables of vision transformers are compared at the size at which they were made.
"""

import json
import sys

import numpy as np
import timm
import torch
import torchvision
from efficientnet_lite_pytorch import EfficientNet

TORCHVISION = {
    "mobilenet_v2": "mobilenetv2_100",
    "mobilenet_v3_small": "mobilenetv3_small_100",
    "mobilenet_v3_large": "mobilenetv3_large_100",
    "efficientnet_b0": "efficientnet_b0",
    "efficientnet_b1": "efficientnet_b1",
    "efficientnet_b2": "efficientnet_b2",
    "efficientnet_b3": "efficientnet_b3",
    "convnext_tiny": "convnext_tiny",
    "vit_b_16": "vit_base_patch16_224",
}
LITE = ["efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2"]


def tensors(model):
    named = model.state_dict().items()
    return {name: tensor for name, tensor in named if not name.endswith("num_batches_tracked")}


def randomise(model):
    """Random numbers with which no layer is idle, and none overflows."""
    torch.manual_seed(1)
    for name, tensor in tensors(model).items():
        if name.endswith("running_var"):
            tensor.uniform_(0.01, 0.1)
        elif tensor.dim() > 1 and "pos_embed" not in name and "token" not in name:
            tensor.normal_(0, (2 / tensor[0].numel()) ** 0.5)
        else:
            tensor.normal_(0.3, 0.1) if name.endswith("weight") or "gamma" in name else tensor.normal_(0, 0.1)


def pairs(theirs, ours):
    """Names of the same tensor by position. ViT lists its tables and its patches in another order."""
    first = {"cls_token": "class_token", "pos_embed": "encoder.pos_embedding"}
    first |= {f"patch_embed.proj.{kind}": f"conv_proj.{kind}" for kind in ["weight", "bias"]}
    named = {name: first[name] for name in theirs if name in first}
    rest = [[name for name in names if name not in used] for names, used in [(theirs, named), (ours, named.values())]]
    assert len(rest[0]) == len(rest[1])
    return named | dict(zip(*rest))


def paired(theirs, ours, size):
    theirs, ours = theirs.double().eval(), ours.double().eval()
    randomise(theirs)
    source, target = tensors(theirs), tensors(ours)
    names = pairs(list(source), list(target))
    values = {ours: source[name].reshape(target[ours].shape).clone() for name, ours in names.items()}
    if any(m.eps == 1e-3 for m in ours.modules() if isinstance(m, torch.nn.BatchNorm2d)) and hasattr(theirs, "conv_stem"):
        for name in [name for name in values if name.endswith("running_var")]:
            scale = name.replace("running_var", "weight")
            values[scale] *= ((values[name] + 1e-3) / (values[name] + 1e-5)).sqrt()
    ours.load_state_dict(values, strict=False)
    with torch.no_grad():
        x = torch.randn(1, 3, size, size, dtype=torch.float64)
        a, b = theirs(x), ours(x)
    distance = ((a - b).abs().max() / a.abs().max()).item()
    assert distance < 1e-13 and a.std() > 1e-6, distance
    print(theirs.__class__.__name__, ours.__class__.__name__, f"{distance:.1g}")
    return names


def layers(names):
    """Without the tensors of one layer, and without what is called the same."""
    cut = lambda name: name.rsplit(".", 1)[0] if name.rsplit(".", 1)[-1] in PARTS else name
    return {cut(theirs): cut(ours) for theirs, ours in names.items()}


PARTS = {"weight", "bias", "running_mean", "running_var"}
result = {}
for name, other in TORCHVISION.items():
    ours = getattr(torchvision.models, name)()
    names = paired(timm.create_model(other), ours, 224)
    # Their parts may differ too (qkv.weight, in_proj_weight), so all of ViT's are listed.
    result[name] = {"from": f"timm's {other}", "names": layers(names)}
    if name == "vit_b_16":
        result[name]["names"] = names
for name in LITE:
    size = {"0": 224, "1": 240, "2": 260}[name[-1]]
    theirs, ours = EfficientNet.from_name(name.replace("_", "-")), timm.create_model(f"tf_{name}")
    names = paired(theirs, ours, size)
    result[name] = {"from": "efficientnet_lite_pytorch", "names": layers(names)}
with open(sys.argv[1], "w") as file:
    file.write(json.dumps(result, separators=(",", ":")).replace('},"', '},\n"') + "\n")
