"""A ResNet18 between PyTorch and vultus.

    pytorch-resnet18.py write FOLDER      writes zip.pth, legacy.pth, half.pth and the same as resnet18.safetensors
    pytorch-resnet18.py read FOLDER FILE  loads FILE in every way into ResNet18 and compares it with zip.pth
"""

import sys

import st
import torch
import torchvision

command, folder, *rest = sys.argv[1:]
model = torchvision.models.resnet18()
if command == "write":
    weights = model.state_dict()
    torch.save(weights, f"{folder}/zip.pth")
    torch.save(weights, f"{folder}/legacy.pth", _use_new_zipfile_serialization=False)
    torch.save({name: value.half() for name, value in weights.items()}, f"{folder}/half.pth")
    st.save(f"{folder}/resnet18.safetensors", {name: value.numpy() for name, value in weights.items()})
else:
    expected = torch.load(f"{folder}/zip.pth")
    for weights in [torch.load(rest[0]), torch.load(rest[0], weights_only=True)]:
        print(model.load_state_dict(weights, strict=True))
        assert all(value.is_contiguous() and value.dtype == torch.float32 for value in weights.values())
        assert all(torch.equal(value, expected[name]) for name, value in model.state_dict().items())
