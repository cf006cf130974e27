"""Networks with timm's structure and tensor names, in PyTorch alone: what torchvision lacks and vultus has.

    python3 timm_models.py                  compares each with timm's own (needs timm) and prints the largest distances

mobilenet_v1           timm's mobilenetv1_100: ReLU6, and no convolution between the blocks and the pooling
mobilenet_v1_vggface2  the same tensors, padded as TensorFlow does
efficientnet_lite0..2  timm's tf_efficientnet_lite0..2: padded as TensorFlow does, batch norm's epsilon 1e-3, its momentum 0.1
vit_tiny               timm's vit_tiny_patch16_224, at any size of pictures that 16 divides

Compared with timm 1.0.31 on torch 2.15: all have timm's tensors by name, shape and order. With equal weights, in double
precision, the logits in evaluation and in training and the running statistics after it are equal bit for bit; ViT's logits,
whose attention timm computes in one operator, to 9e-16 of the largest. mobilenet_v1_vggface2 was compared with timm's
mobilenetv1_100 with pad_type="same". Sizes were 64 and 75 px, for ViT 64 and 224.
"""

import math

import torch
from torch import nn


class SameConv2d(nn.Conv2d):
    """Padded as TensorFlow's SAME: ceil(size / stride) pixels come out, and an odd pixel of padding is at the end."""

    def forward(self, x):
        padding = []
        for size, kernel, stride in zip(x.shape[:1:-1], self.kernel_size[::-1], self.stride[::-1]):
            total = max((math.ceil(size / stride) - 1) * stride + kernel - size, 0)
            padding += [total // 2, total - total // 2]
        return super().forward(nn.functional.pad(x, padding))


class Layers:
    """Convolutions of one padding and batch norms of one epsilon."""

    def __init__(self, padding, eps):
        self.padding, self.eps = padding, eps

    def conv(self, inside, out, kernel, stride=1, groups=1):
        if self.padding == "same":
            return SameConv2d(inside, out, kernel, stride, groups=groups, bias=False)
        return nn.Conv2d(inside, out, kernel, stride, kernel // 2, groups=groups, bias=False)

    def norm(self, channels):
        return nn.BatchNorm2d(channels, eps=self.eps)


class DepthwiseSeparable(nn.Module):
    """A depthwise convolution and a 1 x 1 one. MobileNetV1's has an activation at the end and no shortcut."""

    def __init__(self, layers, inside, out, kernel, stride, last=nn.Identity):
        super().__init__()
        self.conv_dw = layers.conv(inside, inside, kernel, stride, groups=inside)
        self.bn1 = layers.norm(inside)
        self.conv_pw = layers.conv(inside, out, 1)
        self.bn2 = layers.norm(out)
        self.act, self.last = nn.ReLU6(), last()

    def forward(self, x):
        return self.last(self.bn2(self.conv_pw(self.act(self.bn1(self.conv_dw(x))))))


class InvertedResidual(nn.Module):
    """Six times the channels, a depthwise convolution, and back without an activation (Sandler et al. 2018)."""

    def __init__(self, layers, inside, out, kernel, stride):
        super().__init__()
        wide = inside * 6
        self.conv_pw = layers.conv(inside, wide, 1)
        self.bn1 = layers.norm(wide)
        self.conv_dw = layers.conv(wide, wide, kernel, stride, groups=wide)
        self.bn2 = layers.norm(wide)
        self.conv_pwl = layers.conv(wide, out, 1)
        self.bn3 = layers.norm(out)
        self.act1, self.act2 = nn.ReLU6(), nn.ReLU6()
        self.shortcut = stride == 1 and inside == out

    def forward(self, x):
        y = self.act2(self.bn2(self.conv_dw(self.act1(self.bn1(self.conv_pw(x))))))
        y = self.bn3(self.conv_pwl(y))
        return x + y if self.shortcut else y


class MobileNetV1(nn.Module):
    """Howard et al. 2017, at full width."""

    def __init__(self, padding="symmetric", classes=1000):
        super().__init__()
        layers = Layers(padding, 1e-5)
        self.conv_stem, self.bn1, self.act = layers.conv(3, 32, 3, 2), layers.norm(32), nn.ReLU6()
        stages, inside = [], 32
        for repeats, stride, out in ((1, 1, 64), (2, 2, 128), (2, 2, 256), (6, 2, 512), (2, 2, 1024)):
            blocks = []
            for i in range(repeats):
                blocks.append(DepthwiseSeparable(layers, inside, out, 3, stride if i == 0 else 1, nn.ReLU6))
                inside = out
            stages.append(nn.Sequential(*blocks))
        self.blocks = nn.Sequential(*stages)
        self.classifier = nn.Linear(inside, classes)

    def forward(self, x):
        return self.classifier(self.blocks(self.act(self.bn1(self.conv_stem(x)))).mean((2, 3)))


# Kernel, repeats, stride, channels; widths and repeats are scaled, but neither the repeats of the first and last stage nor
# the widths of what stands before and behind the stages.
LITE = ((3, 1, 1, 16), (3, 2, 2, 24), (5, 2, 2, 40), (3, 3, 2, 80), (5, 3, 1, 112), (5, 4, 2, 192), (3, 1, 1, 320))


def scaled(channels, width):
    """A multiple of 8, and not less than nine tenths of the product."""
    out = max(8, int(channels * width + 4) // 8 * 8)
    return out + 8 if out < 0.9 * channels * width else out


class EfficientNetLite(nn.Module):
    """EfficientNet without squeeze-excitation and with ReLU6."""

    def __init__(self, width, depth, classes=1000):
        super().__init__()
        layers = Layers("same", 1e-3)
        self.conv_stem, self.bn1, self.act1 = layers.conv(3, 32, 3, 2), layers.norm(32), nn.ReLU6()
        stages, inside = [], 32
        for number, (kernel, repeats, stride, channels) in enumerate(LITE):
            out = scaled(channels, width)
            inner = 0 < number < len(LITE) - 1
            block = InvertedResidual if number else DepthwiseSeparable
            blocks = []
            for i in range(math.ceil(repeats * depth) if inner else repeats):
                blocks.append(block(layers, inside, out, kernel, stride if i == 0 else 1))
                inside = out
            stages.append(nn.Sequential(*blocks))
        self.blocks = nn.Sequential(*stages)
        self.conv_head, self.bn2, self.act2 = layers.conv(inside, 1280, 1), layers.norm(1280), nn.ReLU6()
        self.classifier = nn.Linear(1280, classes)

    def forward(self, x):
        x = self.blocks(self.act1(self.bn1(self.conv_stem(x))))
        return self.classifier(self.act2(self.bn2(self.conv_head(x))).mean((2, 3)))


class PatchEmbedding(nn.Module):
    def __init__(self, width, patch):
        super().__init__()
        self.proj = nn.Conv2d(3, width, patch, patch)

    def forward(self, x):
        return self.proj(x).flatten(2).transpose(1, 2)


class Attention(nn.Module):
    """Self-attention; queries, keys and values of all heads come from one layer, in this order."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x):
        batch, tokens, width = x.shape
        q, k, v = self.qkv(x).reshape(batch, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        weights = (q @ k.transpose(-2, -1) / math.sqrt(width // self.heads)).softmax(-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(batch, tokens, width))


class MLP(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc1, self.act, self.fc2 = nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)

    def forward(self, x):
        return self.fc2(self.act(self.fc1(x)))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attn = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = MLP(width)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class VisionTransformer(nn.Module):
    """Dosovitskiy et al. 2020; the class token is what is classified."""

    def __init__(self, size=224, width=192, depth=12, heads=3, patch=16, classes=1000):
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + (size // patch) ** 2, width))
        self.patch_embed = PatchEmbedding(width, patch)
        self.blocks = nn.Sequential(*(Block(width, heads) for _ in range(depth)))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.head = nn.Linear(width, classes)

    def forward(self, x):
        x = self.patch_embed(x)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1) + self.pos_embed
        return self.head(self.norm(self.blocks(x))[:, 0])


# By vultus's names; each takes the size of the pictures.
MODELS = {
    "mobilenet_v1": lambda size: MobileNetV1(),
    "mobilenet_v1_vggface2": lambda size: MobileNetV1("same"),
    "efficientnet_lite0": lambda size: EfficientNetLite(1.0, 1.0),
    "efficientnet_lite1": lambda size: EfficientNetLite(1.0, 1.1),
    "efficientnet_lite2": lambda size: EfficientNetLite(1.1, 1.2),
    "vit_tiny": lambda size: VisionTransformer(size),
}


def compare(name, size, theirs):
    """The largest distance between logits of ours and of timm's `theirs` with the same weights, in shares of the largest."""
    ours = MODELS[name](size).double()
    theirs.double()
    shapes = lambda model: [(k, tuple(v.shape)) for k, v in model.state_dict().items()]
    if shapes(ours) != shapes(theirs):
        raise SystemExit(f"{name}: other tensors: {sorted(set(shapes(ours)) ^ set(shapes(theirs)))}")
    torch.manual_seed(0)
    # Scales and shifts at which many activations are cut off at 6, tokens and positions that are not zero.
    state = {k: torch.randn_like(v) * 3 + 2 if v.dim() == 1 and "running" not in k else v + 0.05 * torch.randn_like(v)
             for k, v in theirs.state_dict().items() if not k.endswith("num_batches_tracked")}
    found = []
    for training in (False, True):
        for model in (ours, theirs):
            model.load_state_dict({k: v.abs() if k.endswith("var") else v for k, v in state.items()}, strict=False)
            model.train(training)
        x = torch.randn(4, 3, size, size, dtype=torch.float64)
        a, b = ours(x), theirs(x)
        found.append(((a - b).abs().max() / b.abs().max()).item())
    moved = max((a - b).abs().max().item() for a, b in zip(ours.state_dict().values(), theirs.state_dict().values()))
    print(f"{name} at {size} px: evaluation {found[0]:.1e}, training {found[1]:.1e}, statistics after it {moved:.1e}")


def main():
    import timm

    print("timm", timm.__version__, "torch", torch.__version__)
    for size in (64, 75):
        compare("mobilenet_v1", size, timm.create_model("mobilenetv1_100"))
        compare("mobilenet_v1_vggface2", size, timm.create_model("mobilenetv1_100", pad_type="same"))
        for i in range(3):
            compare(f"efficientnet_lite{i}", size, timm.create_model(f"tf_efficientnet_lite{i}"))
    for size in (64, 224):
        compare("vit_tiny", size, timm.create_model("vit_tiny_patch16_224", img_size=size))


if __name__ == "__main__":
    main()
