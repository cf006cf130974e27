"""Position tables of vision transformers for other grids, as torchvision and timm make them: positions.json.

    pip install timm
    python3 positions.py OUT.json

The table is formula.py's `uniform` tensor called "positions", [1, 1 + 5 * 5, 2].
"""

import json
import sys

import torch
from timm.layers import resample_abs_pos_embed
from torchvision.models.vision_transformer import interpolate_embeddings

import formula

table = torch.from_numpy(formula.tensor("positions", (1, 26, 2), "uniform"))
result = []
for side in [1, 2, 3, 4, 7, 10]:
    torchvision = interpolate_embeddings(16 * side, 16, {"encoder.pos_embedding": table})["encoder.pos_embedding"]
    timm = resample_abs_pos_embed(table, [side, side])
    for library, values in [("torchvision", torchvision), ("timm", timm)]:
        result.append({"library": library, "side": side, "values": [round(v, 6) for v in values.flatten().tolist()]})
with open(sys.argv[1], "w") as file:
    file.write("[\n" + ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in result) + "\n]\n")
