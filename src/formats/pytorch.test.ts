/** PyTorch's files: read as PyTorch wrote them, written so that PyTorch reads them, and hostile ones refused. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { FormatError } from "../util/errors.ts";
import { floatTensor, type StateDict } from "../util/tensor.ts";
import { decodePytorch } from "./pytorch.ts";
import { encodePytorchParts } from "./write-pytorch.ts";
import { crc32, readStoredZip, writeStoredZip } from "./zip.ts";

interface Reference {
  expected: Record<string, { shape: number[]; data: number[] }>;
  zip: string;
  legacy: string;
  wrapped: string;
  wrappedLegacy: string;
  module: string;
}
const reference = JSON.parse(
  readFileSync(new URL("../../test/reference/pytorch-files.json", import.meta.url), "utf8"),
) as Reference;
const fileOf = (name: Exclude<keyof Reference, "expected">): Uint8Array =>
  Buffer.from(reference[name], "base64");
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const joined = (parts: readonly Uint8Array[]): Uint8Array => Buffer.concat(parts);
const archive = (
  pickle: Uint8Array | string,
  more: readonly (readonly [string, Uint8Array])[] = [],
): Uint8Array =>
  joined(
    writeStoredZip([["archive/data.pkl", typeof pickle === "string" ? latin1(pickle) : pickle], ...more]),
  );
const latin1 = (value: string): Uint8Array => Uint8Array.from(value, (c) => c.charCodeAt(0));

describe.each(["zip", "legacy"] as const)("a file in the %s format", (format) => {
  test("holds what PyTorch put there: views, strides, every dtype", () => {
    const { tensors } = decodePytorch(fileOf(format), "a.pth");
    expect([...tensors.keys()]).toEqual(Object.keys(reference.expected));
    for (const [name, { shape, data }] of Object.entries(reference.expected)) {
      expect(tensors.get(name)?.shape, name).toEqual(shape);
      expect([...(tensors.get(name)?.data ?? [])], name).toEqual(data.map(Math.fround));
    }
  });

  test("holds the same where its bytes may be moved", () => {
    const own = Uint8Array.from(fileOf(format));
    expect([...decodePytorch(own, "a.pth", true).tensors]).toEqual([
      ...decodePytorch(fileOf(format), "a.pth").tensors,
    ]);
  });

  test("cut anywhere is refused by name", () => {
    const whole = fileOf(format);
    for (let length = 0; length < whole.length; length += 7) {
      expect(() => decodePytorch(whole.subarray(0, length), "a.pth")).toThrow(FormatError);
    }
  });
});

test("float32 numbers are viewed, not copied", () => {
  const bytes = joined(encodePytorchParts(new Map([["x", floatTensor([3], [1, 2, 3])]])));
  const own = new Uint8Array(bytes.length);
  own.set(bytes);
  expect(decodePytorch(own, "a.pth").tensors.get("x")?.data.buffer).toBe(own.buffer);
});

test.each(["wrapped", "wrappedLegacy"] as const)("a checkpoint's state_dict is found (%s)", (name) => {
  expect([...decodePytorch(fileOf(name), "a.pth").tensors.keys()]).toEqual([
    "0.weight",
    "0.bias",
    "1.weight",
    "1.bias",
    "1.running_mean",
    "1.running_var",
    "1.num_batches_tracked",
  ]);
});

test("a pickled module is refused by the class that it would run", () => {
  expect(() => decodePytorch(fileOf("module"), "a.pth")).toThrow(
    /torch\.nn\.modules\.container\.Sequential.*byte/,
  );
});

test("what is written is read back, with its metadata", () => {
  const weights: StateDict = new Map([
    ["conv.weight", floatTensor([2, 1, 1, 2], [1, -2, 3.5, 1e-30])],
    ["ünïcode", floatTensor([], [7])],
  ]);
  const { tensors, metadata } = decodePytorch(joined(encodePytorchParts(weights, { a: "b" })), "a.pth");
  expect([...tensors]).toEqual([...weights]);
  expect(metadata).toEqual({ a: "b" });
});

describe("hostile pickles", () => {
  const storage = "(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpu";
  test.each([
    ["os.system", "cos\nsystem\n(X\x02\x00\x00\x00idtR.", /names os\.system/],
    ["eval", "cbuiltins\neval\n(X\x01\x00\x00\x001tR.", /names builtins\.eval/],
    ["a stacked global", "\x80\x04\x8c\x05posix\x8c\x06system\x93.", /names posix\.system/],
    ["a storage that is called", "ctorch\nFloatStorage\n)R.", /calls torch\.FloatStorage/],
    ["an object's construction by INST", "(ios\nsystem\n.", /opcode 0x69/],
    ["an object's construction by OBJ", "(cos\nsystem\no.", /names os\.system/],
    ["an extension", "\x82\x01.", /opcode 0x82/],
    ["a text of 2 GB", "X\xff\xff\xff\x7fa", /ends in the middle/],
    ["a number of 4 GB", "\x8b\xff\xff\xff\xff", /ends in the middle/],
    ["an empty stack", "t.", /no mark/],
    ["nothing", "", /ends in the middle/],
    ["an unknown memo", "h\x05.", /recalls entry 5/],
    ["a list of itself", "]q\x00h\x00a.", /no state_dict/],
    ["a dictionary of itself", "}q\x00X\x05\x00\x00\x00modelh\x00s.", /no tensors/],
    ["deep tuples", `${"N" + "\x85".repeat(100_000)}.`, /no state_dict/],
    [
      "a tensor beyond its storage",
      `}X\x01\x00\x00\x00xctorch._utils\n_rebuild_tensor_v2\n(${storage}J\x04\x00\x00\x00tQJ\x00\x00\x00\x00(J\x00\x00\x10\x00tJ\x01\x00\x00\x00\x85NNtRs.`,
      /needs|describes/,
    ],
    [
      "a storage type of its own",
      "(X\x07\x00\x00\x00storageX\x01\x00\x00\x00xX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x01tQ.",
      /type unknown/,
    ],
  ])("%s", (_, pickle, message) => {
    const bytes = archive(pickle, [["archive/data/0", new Uint8Array(16)]]);
    const started = performance.now();
    expect(() => decodePytorch(bytes, "evil.pth")).toThrow(message);
    expect(() => decodePytorch(bytes, "evil.pth")).toThrow(FormatError);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe("archives", () => {
  test("checksums are those of zip", () => expect(crc32(text("123456789"))).toBe(0xcbf43926));

  test.each([
    ["big-endian", archive("}.", [["archive/byteorder", text("big")]]), /big-endian/],
    ["without a pickle", joined(writeStoredZip([["archive/version", text("3")]])), /no data\.pkl/],
    [
      "with an entry twice",
      joined(
        writeStoredZip([
          ["a/data.pkl", text("}.")],
          ["a/data.pkl", text("}.")],
        ]),
      ),
      /twice/,
    ],
    ["with damaged metadata", archive("}.", [["archive/vultus.json", text("{")]]), /no tensors|not JSON/],
  ])("%s", (_, bytes, message) => expect(() => decodePytorch(bytes, "a.pth")).toThrow(message));

  test("a compressed entry is refused, whatever size it claims", () => {
    const bytes = archive("}.");
    const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf("PK\x01\x02", "latin1");
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    view.setUint16(at + 10, 8, true);
    view.setUint32(at + 24, 0xfffffff0, true);
    expect(() => decodePytorch(bytes, "bomb.pth")).toThrow(/compressed/);
  });

  test("a name that climbs out of its folder is only a name", () => {
    const entries = readStoredZip(joined(writeStoredZip([["../../etc/passwd", text("x")]])), "a.zip");
    expect([...entries.keys()]).toEqual(["../../etc/passwd"]);
  });
});
