"""torchvision's picture transforms on float tensors: python3 transforms.py FILE

FILE holds {cases, validation}, all numbers channel by channel, row by row.
    cases       [{name, options, pixels [3·3·16]}]: one transform of picture("jitter") [3, 16, 16]; `pixels` are the
                rows 0, 5 and 15 of each channel. "hue of grey" is fed its first channel three times; "all" is
                brightness, contrast, saturation, hue in this order; "erase" follows "normalize"
    validation  [{name, width, height, resize, crop, resized [w, h], corners, patches, mean}]: shorter side to `resize`
                (bilinear, antialias), centre crop of picture("validation.W.H"); `patches` are five 3 x 3 patches
                [3·3·3] whose [top, left] are `corners`, `mean` is of each channel
picture(name) is made in formula.ts by formulaPicture.
"""

import json
import sys

import numpy as np
import torch
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as F

import formula


def picture(name, height, width):
    """[3, H, W], 0 to 1, rounded to 255ths."""
    fine = formula.uniform(name, (3, height, width))
    coarse = formula.uniform(name + ".coarse", (3, 4, 4))
    mosaic = coarse[:, np.arange(height) * 4 // height][:, :, np.arange(width) * 4 // width]
    grey = np.floor((0.5 + 0.25 * fine + 0.25 * mosaic) * 255 + 0.5)
    return torch.from_numpy((grey / 255).astype(np.float32))


def numbers(tensor):
    return [float(f"{x:.7g}") for x in tensor.flatten().tolist()]


x = picture("jitter", 16, 16)
grey = x[:1].expand(3, -1, -1)
mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
cases = []


def case(name, y, **options):
    cases.append({"name": name, "options": options, "pixels": numbers(y[:, [0, 5, 15]])})


for factor in (0.7, 1.3, 2.0):
    case("brightness", F.adjust_brightness(x, factor), factor=factor)
    case("contrast", F.adjust_contrast(x, factor), factor=factor)
    case("saturation", F.adjust_saturation(x, factor), factor=factor)
for factor in (-0.1, 0.05, 0.1, 0.5):
    case("hue", F.adjust_hue(x, factor), factor=factor)
case("hue of grey", F.adjust_hue(grey, 0.1), factor=0.1)
case("all", F.adjust_hue(F.adjust_saturation(F.adjust_contrast(F.adjust_brightness(x, 1.2), 0.8), 1.15), -0.07),
     brightness=1.2, contrast=0.8, saturation=1.15, hue=-0.07)
case("grayscale", F.rgb_to_grayscale(x, 3))
case("normalize", F.normalize(x, mean, std), mean=mean, std=std)
# Rows 5 and 15 within, just within and just outside.
for top, left, height, width in ((3, 4, 5, 6), (5, 0, 11, 7), (6, 3, 9, 13)):
    case("erase", F.erase(F.normalize(x, mean, std), top, left, height, width, torch.zeros(())),
         top=top, left=left, height=height, width=width)

validation = []
for name, width, height, resize, crop in (
    ("square, smaller", 48, 48, 256, 224), ("wide, larger", 400, 300, 256, 224), ("tall, larger", 301, 517, 256, 224),
    ("wide, small target", 200, 100, 72, 64), ("tall, mixed", 90, 130, 110, 96),
):
    y = F.resize(picture(f"validation.{width}.{height}", height, width), resize, InterpolationMode.BILINEAR, antialias=True)
    y = F.center_crop(y, crop)
    middle, last = crop // 2, crop - 3
    corners = [(0, 0), (0, last), (middle, middle), (last, 0), (last, last)]
    validation.append({"name": name, "width": width, "height": height, "resize": resize, "crop": crop,
                       "resized": [max(resize, int(resize * width / height)), max(resize, int(resize * height / width))],
                       "corners": [[top, left] for top, left in corners],
                       "patches": [numbers(y[:, t:t + 3, l:l + 3]) for t, l in corners],
                       "mean": numbers(y.mean((1, 2)))})

with open(sys.argv[1], "w") as file:
    json.dump({"cases": cases, "validation": validation}, file, separators=(",", ":"))
