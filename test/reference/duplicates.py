"""Groups of pixel-identical pictures, found without a line of vultus: what `vultus data audit` is compared with.

    python3 duplicates.py <dir>      prints {"groups": [[path, ...], ...], "unreadable": n} as JSON

Pictures are opened with PIL as RGB, so grey and RGB with equal channels are the same, and compared by the SHA-256 of
size and pixels. Paths are relative to <dir>, with "/".
"""

import hashlib
import json
import os
import sys

from PIL import Image


def main(root: str) -> None:
    groups: dict[str, list[str]] = {}
    unreadable = 0
    for folder, folders, files in os.walk(root):
        folders.sort()
        for name in sorted(files):
            path = os.path.join(folder, name)
            try:
                with Image.open(path) as image:
                    picture = image.convert("RGB")
            except OSError:
                unreadable += 1
                continue
            digest = hashlib.sha256(f"{picture.size}".encode() + picture.tobytes()).hexdigest()
            groups.setdefault(digest, []).append(os.path.relpath(path, root).replace(os.sep, "/"))
    repeated = sorted(sorted(group) for group in groups.values() if len(group) > 1)
    json.dump({"groups": repeated, "unreadable": unreadable}, sys.stdout)


main(sys.argv[1])
