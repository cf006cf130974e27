"""torchvision's validation transform of JPEG files, as users of its weights run it: preprocess.py RESIZE CROP OUT FILE…

Writes {file name: [3, CROP, CROP], 0 to 1} as safetensors: Pillow decodes, Resize works on bytes with antialiasing.
"""

import os
import sys

from PIL import Image
from torchvision import transforms

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import st  # noqa: E402

resize, crop, out, *files = sys.argv[1:]
transform = transforms.Compose([transforms.Resize(int(resize)), transforms.CenterCrop(int(crop)), transforms.ToTensor()])
st.save(out, {os.path.basename(f): transform(Image.open(f).convert("RGB")).numpy() for f in files})
