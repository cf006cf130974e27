"""Reads and writes .safetensors files with numpy alone: 8 bytes of header length, a JSON header, the raw tensors."""

import json
import struct

import numpy as np

TYPES = {"F32": "<f4", "F64": "<f8", "I64": "<i8", "I32": "<i4", "U8": "|u1"}
NAMES = {np.dtype(value): key for key, value in TYPES.items()}


def save(path, tensors, metadata=None):
    """Writes {name: array}; `metadata` maps strings to strings."""
    header, offset = ({"__metadata__": metadata} if metadata else {}), 0
    arrays = {name: np.asarray(value, order="C") for name, value in tensors.items()}
    for name, array in arrays.items():
        end = offset + array.nbytes
        header[name] = {"dtype": NAMES[array.dtype], "shape": list(array.shape), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for array in arrays.values():
            file.write(array.tobytes())


def load(path):
    """The tensors of a file as {name: array}."""
    with open(path, "rb") as file:
        data = file.read()
    start = 8 + struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:start])
    header.pop("__metadata__", None)
    return {
        name: np.frombuffer(data[start:], TYPES[item["dtype"]], offset=item["data_offsets"][0],
                            count=int(np.prod(item["shape"], dtype=np.int64))).reshape(item["shape"])
        for name, item in header.items()
    }
