/**
 * PyTorch's files are read and written compatibly, and malicious ones are refused. If Python with torch and torchvision
 * is installed, the tests also exchange a ResNet18 with it; otherwise those tests are skipped with a message.
 */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import older from "../../test/reference/pytorch-files.json" with { type: "json" };
import newer from "../../test/reference/pytorch-files-2.13.json" with { type: "json" };
import { hasPython, python } from "../../test/support/python.ts";
import { FormatError } from "../util/errors.ts";
import { floatTensor, type StateDict } from "../util/tensor.ts";
import type { Pickled } from "./pickle.ts";
import { writePytorch } from "./pytorch.node.ts";
import { decodePytorch, decodePytorchValue } from "./pytorch.ts";
import { readSafetensors } from "./safetensors.node.ts";
import { encodePytorchParts } from "./write-pytorch.ts";
import { writeStoredZip } from "./zip.ts";

const versions = [older, newer];
/** Returns a copy aligned to eight bytes, as files are read; small Buffers share memory at arbitrary offsets. */
const fileOf = (base64: string): Uint8Array => Uint8Array.from(Buffer.from(base64, "base64"));
/** Each character of a test's pickle is one byte. */
const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
const joined = (parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));
const archive = (pickle: string, ...more: (readonly [string, Uint8Array])[]): Uint8Array =>
  joined(writeStoredZip([["archive/data.pkl", latin1(pickle)], ...more]));

describe.each(versions)("a file of PyTorch $torch", (reference) => {
  describe.each(["zip", "legacy"] as const)("in the %s format", (format) => {
    test("holds what PyTorch put there: views, strides, every dtype, parameters, attributes", () => {
      const { tensors, metadata } = decodePytorch(fileOf(reference[format]), "a.pth");
      expect([...tensors.keys()]).toEqual(Object.keys(reference.expected));
      for (const [name, { shape, data }] of Object.entries(reference.expected)) {
        expect(tensors.get(name)?.shape, name).toEqual(shape);
        expect([...(tensors.get(name)?.data ?? [])], name).toEqual(data.map(Math.fround));
      }
      expect(metadata).toEqual({});
    });

    test("holds the same at every alignment, and when its bytes may be moved", () => {
      const bytes = fileOf(reference[format]);
      const expected = [...decodePytorch(bytes, "a.pth").tensors];
      for (let shift = 1; shift < 8; shift++) {
        const shifted = new Uint8Array(shift + bytes.length).subarray(shift);
        shifted.set(bytes);
        expect([...decodePytorch(shifted, "a.pth").tensors]).toEqual(expected);
        expect(shifted).toEqual(bytes);
        expect([...decodePytorch(shifted, "a.pth", true).tensors]).toEqual(expected);
      }
    });

    test("cut anywhere is refused", () => {
      const whole = fileOf(reference[format]);
      for (let length = 0; length < whole.length; length++)
        expect(() => decodePytorch(whole.subarray(0, length), "a.pth")).toThrow(FormatError);
    });
  });

  test.each(["wrapped", "wrappedLegacy"] as const)(
    "a checkpoint (%s) holds its state_dict, and more",
    (name) => {
      const bytes = fileOf(reference[name]);
      const { tensors } = decodePytorch(bytes, "a.pth");
      expect([...tensors.keys()]).toEqual([
        "0.weight",
        "0.bias",
        "1.weight",
        "1.bias",
        "1.running_mean",
        "1.running_var",
        "1.num_batches_tracked",
      ]);
      expect(tensors.get("1.num_batches_tracked")).toEqual(floatTensor([], [0]));
      const value = decodePytorchValue(bytes, "a.pth").value as Map<string, Pickled>;
      expect(Object.fromEntries(value)).toEqual({
        epoch: 3,
        state_dict: tensors,
        best: floatTensor([], [0.5]),
        losses: [1.5, 0.25],
      });
    },
  );

  test("a pickled module is refused by its class, with the way to convert it", () => {
    expect(() => decodePytorch(fileOf(reference.module), "a.pth")).toThrow(
      /^a\.pth contains a whole object \(torch\.nn\.modules\.container\.Sequential\).*: torch\.save\(torch\.load\("a\.pth", map_location="cpu", weights_only=False\)\.state_dict\(\), "weights\.pth"\)$/,
    );
  });

  test("a dtype that no weights have is refused by name", () => {
    expect(() => decodePytorch(fileOf(reference.complex), "a.pth")).toThrow(
      "torch.ComplexFloatStorage is not supported",
    );
  });
});

test.each(["state_dict", "model_state_dict", "model"])("a state_dict under %s is found", (key) => {
  const inner = older.zip;
  const pickled = decodePytorchValue(fileOf(inner), "a").value as Map<string, Pickled>;
  expect(pickled.size).toBeGreaterThan(10);
  const [first = ""] = pickled.keys();
  const item = tensorPickle("J\x00\x00\x00\x00", "J\x01\x00\x00\x00\x85", "J\x01\x00\x00\x00\x85");
  const bytes = archive(
    `}X${String.fromCharCode(key.length)}\x00\x00\x00${key}}U${String.fromCharCode(first.length)}${first}${item}ss.`,
    storage,
  );
  expect([...decodePytorch(bytes, "a").tensors]).toEqual([[first, floatTensor([1], [0.5])]]);
});

/** A storage of four numbers, and a tensor that views it. */
const storage = ["archive/data/0", new Uint8Array(Float32Array.of(0.5, 1, 2, 3).buffer)] as const;
function tensorPickle(offset: string, shape: string, strides: string, count = "K\x04"): string {
  const id = `(U\x07storagectorch\nFloatStorage\nU\x010U\x03cpu${count}tQ`;
  return `ctorch._utils\n_rebuild_tensor_v2\n(${id}${offset}${shape}${strides}\x89NtR`;
}

describe("tensors that views make", () => {
  const tensor = (...parts: Parameters<typeof tensorPickle>): Uint8Array =>
    archive(`}U\x01x${tensorPickle(...parts)}s.`, storage);
  const read = (bytes: Uint8Array): number[] => [...(decodePytorch(bytes, "a").tensors.get("x")?.data ?? [])];
  const long = (value: bigint): string => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(value);
    return `\x8a\x08${bytes.toString("latin1")}`;
  };
  const huge = long(2n ** 53n - 1n);

  test("by offset, stride and order", () => {
    expect(read(tensor("K\x00", "K\x02K\x02\x86", "K\x02K\x01\x86"))).toEqual([0.5, 1, 2, 3]);
    expect(read(tensor("K\x00", "K\x02K\x02\x86", "K\x01K\x02\x86"))).toEqual([0.5, 2, 1, 3]);
    expect(read(tensor("K\x01", "K\x02\x85", "K\x02\x85"))).toEqual([1, 3]);
    expect(read(tensor("K\x03", "K\x03\x85", "K\x00\x85"))).toEqual([3, 3, 3]);
    expect(read(tensor("K\x02", ")", ")"))).toEqual([2]);
    expect(read(tensor("K\x04", "K\x00\x85", "K\x01\x85"))).toEqual([]);
    expect(read(tensor("K\x01", "K\x01K\x02\x86", `${huge}K\x01\x86`))).toEqual([1, 2]);
  });

  test.each([
    [
      "an offset beyond",
      tensor("K\x04", "K\x01\x85", "K\x01\x85"),
      "needs 5 numbers of its storage, which has 4",
    ],
    ["an offset beyond for nothing", tensor("K\x05", "K\x00\x85", "K\x01\x85"), "needs 5 numbers"],
    ["one number too many", tensor("K\x00", "K\x05\x85", "K\x01\x85"), "needs 5 numbers"],
    ["a stride too far", tensor("K\x00", "K\x02\x85", "K\x04\x85"), "needs 5 numbers"],
    ["a negative offset", tensor("J\xff\xff\xff\xff", "K\x01\x85", "K\x01\x85"), "is not described by"],
    ["a negative stride", tensor("K\x03", "K\x02\x85", "J\xff\xff\xff\xff\x85"), "is not described by"],
    [
      "an extent that is no integer",
      tensor("K\x00", `G${"\x3f".repeat(8)}\x85`, "K\x01\x85"),
      "described by",
    ],
    ["more strides than extents", tensor("K\x00", "K\x01\x85", "K\x01K\x01\x86"), "described by"],
    ["65 dimensions", tensor("K\x00", `(${"K\x01".repeat(65)}t`, `(${"K\x01".repeat(65)}t`), "described by"],
    ["petabytes of one number", tensor("K\x00", `${huge}\x85`, "K\x00\x85"), "repeat the file's numbers"],
    [
      "more than all numbers",
      tensor("K\x00", `(${huge.repeat(30)}t`, `(${"K\x00".repeat(30)}t`),
      "repeat the file's numbers",
    ],
    [
      "more than all numbers times zero",
      tensor("K\x00", `(${huge.repeat(30)}K\x00t`, `(${"K\x00".repeat(31)}t`),
      "needs",
    ],
    [
      "a storage that is larger",
      tensor("K\x00", ")", ")", "K\x05"),
      "storage 0 needs 20 bytes, its entry has 16",
    ],
    [
      "a storage that is missing",
      archive(`}U\x01x${tensorPickle("K\x00", ")", ")")}s.`),
      "its entry has none",
    ],
  ])("%s is refused", (_, bytes, message) => {
    expect(() => decodePytorch(bytes, "a.pth")).toThrow(message);
    expect(() => decodePytorch(bytes, "a.pth")).toThrow(/^a\.pth: archive\/data\.pkl: .*\(byte \d+\)$/);
    expect(() => decodePytorch(bytes, "a.pth")).toThrow(FormatError);
  });

  test("a small file does not make tensors without end of its few numbers", () => {
    const copy = tensorPickle("K\x00", "K\xffK\xff\x86", "K\x00K\x00\x86");
    const pickle = `}(${Array.from({ length: 250 }, (_, i) => `K${String.fromCharCode(i)}${copy}`).join("")}u.`;
    expect(() => decodePytorch(archive(pickle, storage), "a")).toThrow("repeat the file's numbers");
  });
});

test.each([
  ["nothing", "", /^evil\.pth is empty$/],
  ["text", "import os", /byte 0/],
  ["a pickle of something else", "\x80\x02}.", /is a pickle, but torch.save did not write it/],
  [
    "a magic number that is off by one",
    "\x80\x02\x8a\x0a\x6d\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.",
    /torch.save did not write it/,
  ],
])("%s is no file of PyTorch", (_, text, message) =>
  expect(() => decodePytorch(latin1(text), "evil.pth")).toThrow(message),
);

test.each([
  ["big-endian", archive("}.", ["archive/byteorder", latin1("big")]), /big-endian/],
  ["without a pickle", joined(writeStoredZip([["archive/version", latin1("3")]])), /no data\.pkl/],
  ["of a list of itself", archive("]q\x00h\x00a."), /no state_dict/],
  ["of a dictionary of itself", archive("}q\x00U\x05modelh\x00s."), /no tensors, only model/],
  ["of deep tuples", archive(`N${"\x85".repeat(100_000)}.`), /no state_dict/],
  ["with a command", archive("cos\nsystem\n(U\x02idtR."), /names os\.system/],
  [
    "with a storage that is called",
    archive("ctorch\nFloatStorage\n)R."),
    /calls something that is not a function/,
  ],
  [
    "with a tensor class that is called",
    archive("ctorch\nTensor\n)R."),
    /calls something that is not a function/,
  ],
  [
    "with a storage of a type of its own",
    archive("(U\x07storageU\x01xU\x010U\x03cpuK\x01tQ."),
    /is not a storage/,
  ],
  [
    "with a tensor built by what is not a builder",
    archive("ctorch._tensor\n_rebuild_from_type_v2\n(ctorch\nSize\nN)NtR."),
    /built by an unknown function/,
  ],
  [
    "with damaged metadata",
    archive(`}U\x01x${tensorPickle("K\x00", ")", ")")}s.`, storage, ["archive/vultus.json", latin1("{")]),
    /vultus\.json is not JSON/,
  ],
])("an archive %s is refused", (_, bytes, message) => {
  expect(() => decodePytorch(bytes, "a.pth")).toThrow(message);
  expect(() => decodePytorch(bytes, "a.pth")).toThrow(FormatError);
});

test.each([
  [
    "a.zip",
    "folder/weights.pth",
    /^a\.zip is a zip archive; unpack it with `unzip a\.zip` and give folder\/weights\.pth$/,
  ],
  ["a.keras", "model.weights.h5", /^a\.keras is a Keras model; vultus reads weights of PyTorch networks/],
  ["a.npz", "conv1.npy", /^a\.npz contains NumPy arrays; convert it in Python: torch\.save\(/],
  ["a.pt2", "a/models/model.json", /^a\.pt2 is a program of torch\.export.*torch\.export\.load\("a\.pt2"\)/],
  ["a.pt", "a/constants.pkl", /^a\.pt is a TorchScript program/],
])("%s that holds %s is named, with what to do", (file, entry, message) => {
  const bytes = joined(
    writeStoredZip([
      ["a.txt", latin1("")],
      [entry, latin1("x")],
    ]),
  );
  expect(() => decodePytorch(bytes, file)).toThrow(FormatError);
  expect(() => decodePytorch(bytes, file)).toThrow(message);
});

test("a big-endian file of the old format is refused", () => {
  const bytes = Buffer.from(older.legacy, "base64");
  // The boolean after the key in the system information.
  const at = bytes.indexOf("little_endian", 0, "latin1");
  bytes[bytes.indexOf(0x88, at)] = 0x89;
  expect(() => decodePytorch(bytes, "a.pth")).toThrow(/^a\.pth was saved on a big-endian machine/);
});

describe("writing", () => {
  const weights: StateDict = new Map([
    ["conv.weight", floatTensor([2, 1, 1, 2], [1, -2, 3.5, 1e-30])],
    ["empty", floatTensor([0, 3], [])],
    ["ünïcode", floatTensor([], [7])],
    [`long${".long".repeat(1000)}`, floatTensor([1], [1])],
  ]);

  test("what is written is read back, with its metadata", () => {
    const { tensors, metadata } = decodePytorch(joined(encodePytorchParts(weights, { ä: "b" })), "a.pth");
    expect([...tensors]).toEqual([...weights]);
    expect(metadata).toEqual({ ä: "b" });
  });

  test("numbers lie at multiples of 64, so that they are viewed and not copied", () => {
    const bytes = joined(encodePytorchParts(weights));
    const data = decodePytorch(bytes, "a.pth").tensors.get("conv.weight")?.data;
    expect(data?.buffer).toBe(bytes.buffer);
    expect((data?.byteOffset ?? 1) % 64).toBe(0);
  });
});

const script = fileURLToPath(new URL("../../test/reference/pytorch-resnet18.py", import.meta.url));

describe.skipIf(!hasPython("torch, torchvision"))("a ResNet18 between PyTorch and vultus", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "vultus-pytorch-"));
    execFileSync(python, [script, "write", folder], { stdio: ["ignore", "ignore", "inherit"] });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const readPytorch = (path: string) => decodePytorch(readFileSync(path), path, true);

  test("both formats and safetensors hold the same, half precision the same rounded", () => {
    const { tensors: expected } = readSafetensors(join(folder, "resnet18.safetensors"));
    expect(expected.size).toBe(122);
    const bytesOf = (data: Float32Array | undefined): Buffer =>
      data ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.of();
    for (const file of ["zip.pth", "legacy.pth"]) {
      const { tensors } = readPytorch(join(folder, file));
      expect([...tensors].map(([name, { shape }]) => [name, shape])).toEqual(
        [...expected].map(([name, { shape }]) => [name, shape]),
      );
      for (const [name, { data }] of expected)
        expect(bytesOf(tensors.get(name)?.data).equals(bytesOf(data)), name).toBe(true);
    }
    for (const [name, { data }] of readPytorch(join(folder, "half.pth")).tensors) {
      const exact = expected.get(name)?.data as Float32Array;
      for (let i = 0; i < data.length; i += 101)
        expect(Math.abs((data[i] as number) - (exact[i] as number))).toBeLessThan(
          2 ** -11 * Math.abs(exact[i] as number) + 2 ** -25,
        );
    }
  });

  test.each([
    ["with the batches that batch norm counts", () => true],
    ["without them", (name: string) => !name.endsWith("num_batches_tracked")],
  ])("torchvision accepts what vultus wrote, %s", (_, keep) => {
    const file = join(folder, "vultus.pth");
    const { tensors } = readSafetensors(join(folder, "resnet18.safetensors"));
    writePytorch(file, new Map([...tensors].filter(([name]) => keep(name))), { note: "ü" });
    execFileSync(python, [script, "read", folder, file], { stdio: ["ignore", "ignore", "inherit"] });
    expect(readPytorch(file).metadata).toEqual({ note: "ü" });
    expect(readFileSync(file).subarray(0, 4).toString("latin1")).toBe("PK\x03\x04");
  });
});
