"""Small files of torch.save, in both of its formats, and the numbers in them.

    /usr/bin/python3 test/reference/pytorch-files.py > test/reference/pytorch-files.json

Beside what state_dicts hold: views of one storage, a transposed and a scalar tensor, every dtype, a parameter.
"""

import base64
import collections
import io
import json

import torch

torch.manual_seed(0)
base = torch.arange(12.0)
tensors = collections.OrderedDict(
    plain=torch.randn(2, 3),
    view=base[2:5],
    transposed=base.reshape(3, 4).t(),
    scalar=torch.tensor(7.5),
    empty=torch.zeros(0, 3),
    parameter=torch.nn.Parameter(torch.randn(2)),
    half=torch.randn(3).half(),
    bfloat16=torch.randn(3).bfloat16(),
    double=torch.randn(2).double(),
    long=torch.tensor([-3, 2**40]),
    int=torch.tensor([-3, 5], dtype=torch.int32),
    short=torch.tensor([-3, 5], dtype=torch.int16),
    char=torch.tensor([-3, 5], dtype=torch.int8),
    byte=torch.tensor([3, 250], dtype=torch.uint8),
    bool=torch.tensor([True, False]),
)


def saved(value, **options):
    out = io.BytesIO()
    torch.save(value, out, **options)
    return base64.b64encode(out.getvalue()).decode()


legacy = {"_use_new_zipfile_serialization": False}
model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2))
print(
    json.dumps(
        {
            "torch": torch.__version__,
            "expected": {
                name: {"shape": list(t.shape), "data": t.detach().double().flatten().tolist()}
                for name, t in tensors.items()
            },
            "zip": saved(tensors),
            "legacy": saved(tensors, **legacy),
            "wrapped": saved({"epoch": 3, "state_dict": model.state_dict()}),
            "wrappedLegacy": saved({"epoch": 3, "state_dict": model.state_dict()}, **legacy),
            "module": saved(model),
        },
        indent=1,
    )
)
