"""Scores an exported model in PyTorch, prepared by torchvision: what the two ways of preparing pictures differ by.

    score_in_pytorch.py LOAD_MODEL FOLDER SHORTER_SIDE CROP

LOAD_MODEL holds the lines that `vultus export --to pth` printed, FOLDER one folder per class; both in the order of the
classes' names. Run where the .pth file is.
"""

import sys

import torch
from torchvision import datasets, transforms

load_model, folder, side, crop = sys.argv[1:]
space = {}
exec(open(load_model).read(), space)
model = space["model"].eval()
pictures = datasets.ImageFolder(
    folder,
    transforms.Compose(
        [
            transforms.Resize(int(side)),
            transforms.CenterCrop(int(crop)),
            transforms.ToTensor(),
            transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ]
    ),
)
loader = torch.utils.data.DataLoader(pictures, batch_size=64)
with torch.no_grad():
    right = sum((model(x).argmax(1) == y).sum().item() for x, y in loader)
print(f"accuracy {right / len(pictures):.4f} ({right} of {len(pictures)})")
