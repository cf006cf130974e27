"""The PyTorch side of test/exchange.test.ts: weights that go from PyTorch to vultus and back.

    exchange.py save MODEL DIR      a torchvision model with six classes as zip.pth, legacy.pth, weights.safetensors;
                                    pictures and its logits as io.safetensors
    exchange.py load SNIPPET DIR    runs, in DIR, the lines that vultus printed; the model's logits for io.safetensors as
                                    loaded.safetensors; then changes every weight a little and saves back.pth and its
                                    logits as changed.safetensors
"""

import os
import sys
import types

import torch
import torchvision

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import st  # noqa: E402
import timm_models  # noqa: E402

# Debian has no timm: its name stands for the modules of timm_models.py that have its tensors.
TIMM = {
    "mobilenetv1_100": timm_models.MobileNetV1,
    "tf_efficientnet_lite0": lambda: timm_models.EfficientNetLite(1.0, 1.0),
    "vit_tiny_patch16_224": lambda img_size=224: timm_models.VisionTransformer(img_size),
}
sys.modules["timm"] = types.SimpleNamespace(create_model=lambda name, num_classes, **further: TIMM[name](**further))


def logits(model, x):
    model.eval()
    with torch.no_grad():
        return model(x).numpy()


def save(name, folder):
    torch.manual_seed(0)
    model = getattr(torchvision.models, name)(num_classes=6)
    # Statistics as of a network that has seen pictures.
    model.train()
    with torch.no_grad():
        model(torch.randn(8, 3, 64, 64))
    x = torch.randn(2, 3, 64, 64)
    state = model.state_dict()
    torch.save(state, f"{folder}/zip.pth")
    torch.save({"state_dict": {f"module.{k}": v for k, v in state.items()}}, f"{folder}/legacy.pth", _use_new_zipfile_serialization=False)
    st.save(f"{folder}/weights.safetensors", {k: v.float().numpy() for k, v in state.items()})
    st.save(f"{folder}/io.safetensors", {"x": x.numpy(), "logits": logits(model, x)})


def load(snippet, folder):
    os.chdir(folder)
    space = {}
    exec(open(snippet).read(), space)
    model = space["model"]
    x = torch.from_numpy(st.load("io.safetensors")["x"])
    st.save("loaded.safetensors", {"logits": logits(model, x)})
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(1 + 0.1 * torch.randn_like(parameter))
    torch.save(model.state_dict(), "back.pth")
    st.save("changed.safetensors", {"logits": logits(model, x)})


{"save": save, "load": load}[sys.argv[1]](*sys.argv[2:])
