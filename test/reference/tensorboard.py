"""Reads TensorBoard event files and shares no code with vultus: checksums bit by bit, protobuf by hand.

Prints one JSON object per event. usage: python3 test/reference/tensorboard.py FILE...
"""

import hashlib
import json
import struct
import sys


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data):
    crc = crc32c(data)
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def records(data):
    at = 0
    while at < len(data):
        head = data[at : at + 8]
        (length,) = struct.unpack("<Q", head)
        (head_crc,) = struct.unpack("<I", data[at + 8 : at + 12])
        assert head_crc == masked(head), f"checksum of the length at byte {at}"
        body = data[at + 12 : at + 12 + length]
        assert len(body) == length, f"record at byte {at} is cut off"
        (body_crc,) = struct.unpack("<I", data[at + 12 + length : at + 16 + length])
        assert body_crc == masked(body), f"checksum of the record at byte {at}"
        yield body
        at += 16 + length


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        shift += 7
        at += 1
        if not byte & 128:
            return value, at


def fields(data):
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(data, at)
        elif kind == 1:
            value, at = struct.unpack("<d", data[at : at + 8])[0], at + 8
        elif kind == 5:
            value, at = struct.unpack("<f", data[at : at + 4])[0], at + 4
        elif kind == 2:
            length, at = varint(data, at)
            value, at = data[at : at + length], at + length
        else:
            raise ValueError(f"wire type {kind}")
        yield key >> 3, value


def shown(value):
    out = {}
    for number, content in fields(value):
        if number == 1:
            out["tag"] = content.decode()
        elif number == 2:
            out["value"] = content
        elif number == 4:
            image = dict(fields(content))
            sha = hashlib.sha256(image[4]).hexdigest()
            out["image"] = {"height": image[1], "width": image[2], "sha256": sha}
        elif number == 8:
            out["text"] = dict(fields(content))[8].decode()
        elif number == 9:
            out["plugin"] = dict(fields(dict(fields(content))[1]))[1].decode()
    return out


for path in sys.argv[1:]:
    for body in records(open(path, "rb").read()):
        event = {"step": 0, "values": []}
        for number, content in fields(body):
            if number == 1:
                event["seconds"] = content
            elif number == 2:
                event["step"] = content
            elif number == 3:
                event["version"] = content.decode()
            elif number == 5:
                event["values"] = [shown(value) for _, value in fields(content)]
            elif number == 7:
                event["session"] = dict(fields(content))[1]
        print(json.dumps(event))
