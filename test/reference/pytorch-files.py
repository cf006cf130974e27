"""Small files of torch.save, in both of its formats, and the numbers in them; and pickles of plain values.

    /usr/bin/python3 test/reference/pytorch-files.py > test/reference/pytorch-files.json

and pytorch-files-2.13.json with that PyTorch. Beside what state_dicts hold: views of one storage, a transposed, an
expanded and a scalar tensor, every dtype, parameters, attributes.
"""

import base64
import collections
import io
import json
import pickle

import torch

torch.manual_seed(0)
base = torch.arange(12.0)
tensors = collections.OrderedDict(
    plain=torch.randn(2, 3),
    view=base[2:5],
    transposed=base.reshape(3, 4).t(),
    every_second=base[1::2],
    expanded=torch.tensor([1.5]).expand(2, 3),
    scalar=torch.tensor(7.5),
    empty=torch.zeros(0, 3),
    parameter=torch.nn.Parameter(torch.randn(2)),
    half=torch.randn(3).half(),
    half_transposed=torch.randn(2, 3).half().t(),
    bfloat16=torch.randn(3).bfloat16(),
    double=torch.randn(2).double(),
    long=torch.tensor([-3, 2**40]),
    int=torch.tensor([-3, 5], dtype=torch.int32),
    short=torch.tensor([-3, 5], dtype=torch.int16),
    char=torch.tensor([-3, 5], dtype=torch.int8),
    byte=torch.tensor([3, 250], dtype=torch.uint8),
    bool=torch.tensor([True, False]),
    parameter_with_attribute=torch.nn.Parameter(torch.randn(2)),
    tensor_with_attribute=torch.randn(2),
)
tensors["parameter_with_attribute"].note = "kept by PyTorch 2"
tensors["tensor_with_attribute"].note = "kept by PyTorch 2"

integers = [0, 255, 256, 65535, 65536, -1, 2**31 - 1, -(2**31), 2**53 - 1, 2**53 + 1, -(2**70)]
shared = ["twice"]
values = {
    "none": None,
    "truth": [True, False],
    "integers": integers,
    "floats": [0.1, -1e300],
    "text": "ünïcode " + "long " * 60,
    "nested": ((), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), [shared, shared]),
    "ordered": collections.OrderedDict(b=1, a=2),
}
values["ordered"].attribute = {"version": 1}


def encoded(data):
    return base64.b64encode(data).decode()


def saved(value, **options):
    out = io.BytesIO()
    torch.save(value, out, **options)
    return encoded(out.getvalue())


legacy = {"_use_new_zipfile_serialization": False}
model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2))
checkpoint = {"epoch": 3, "state_dict": model.state_dict(), "best": torch.tensor(0.5), "losses": [1.5, 0.25]}
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
            "wrapped": saved(checkpoint),
            "wrappedLegacy": saved(checkpoint, **legacy),
            "module": saved(model),
            "complex": saved({"x": torch.tensor([1j])}),
            "pickles": {str(protocol): encoded(pickle.dumps(values, protocol)) for protocol in range(1, 6)},
        },
        indent=1,
    )
)
