import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeSafetensors } from "../../test/support/safetensors.ts";
import { FormatError } from "../util/errors.ts";
import { floatTensor, type StateDict, sizeOf } from "../util/tensor.ts";
import { readSafetensors, writeSafetensors } from "./safetensors.node.ts";
import { decodeSafetensors } from "./safetensors.ts";

const weights: StateDict = new Map([
  ["conv.weight", floatTensor([2, 1, 2, 2], [1, -2, 3, -4, 0.5, 0, 1e-30, 3e38])],
  ["empty", floatTensor([0, 3], [])],
  ["scalar", floatTensor([], [7])],
]);

/** Returns a file with the given header, followed by `length` bytes of numbers. */
function file(header: unknown, numbers: Uint8Array = new Uint8Array(16)): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + numbers.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(numbers, 8 + text.length);
  return bytes;
}

const entry = (shape: number[], begin: number, end: number, dtype = "F32") => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

test("what is written is read back, in order, bit for bit", () => {
  const content = decodeSafetensors(encodeSafetensors(weights, { format: "pt", note: "ünïcode" }), "a");
  expect([...content.tensors]).toEqual([...weights]);
  expect(content.metadata).toEqual({ format: "pt", note: "ünïcode" });
});

test("the bytes are the format's: length, JSON padded to eight, numbers", () => {
  const bytes = encodeSafetensors(new Map([["x", floatTensor([1], [1.5])]]));
  const header = '{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}  ';
  expect(bytes).toEqual(file(header, Uint8Array.of(0, 0, 0xc0, 0x3f)));
});

test("names that objects treat specially are names like any other", () => {
  const odd: StateDict = new Map(
    ["__proto__", "constructor", "10", "2", ""].map((name, i) => [name, floatTensor([1], [i])]),
  );
  const { tensors } = decodeSafetensors(encodeSafetensors(odd), "a");
  for (const [name, tensor] of odd) expect(tensors.get(name), name).toEqual(tensor);
  expect(() => encodeSafetensors(new Map([["__metadata__", floatTensor([], [0])]]))).toThrow("__metadata__");
});

test("aligned float32 numbers are views of the file, others are copies", () => {
  const bytes = encodeSafetensors(weights);
  expect(decodeSafetensors(bytes, "a").tensors.get("conv.weight")?.data.buffer).toBe(bytes.buffer);
  const shifted = new Uint8Array(bytes.length + 1);
  shifted.set(bytes, 1);
  expect([...decodeSafetensors(shifted.subarray(1), "a").tensors]).toEqual([...weights]);
});

test("every other dtype becomes float32", () => {
  const numbers = new Uint8Array(33);
  const view = new DataView(numbers.buffer);
  view.setFloat64(0, -0.1, true);
  view.setBigInt64(8, -5n, true);
  view.setInt32(16, -70000, true);
  // The float16 values: 1/3 rounded, the smallest subnormal, the largest number, minus infinity.
  for (const [i, bits] of [0x3555, 0x0001, 0x7bff, 0xfc00].entries()) view.setUint16(20 + 2 * i, bits, true);
  view.setUint16(28, 0xc049, true);
  view.setUint16(30, 0x7f80, true);
  view.setUint8(32, 200);
  const header = {
    double: entry([1], 0, 8, "F64"),
    tracked: entry([], 8, 16, "I64"),
    int: entry([1], 16, 20, "I32"),
    half: entry([4], 20, 28, "F16"),
    brain: entry([2], 28, 32, "BF16"),
    byte: entry([1], 32, 33, "U8"),
  };
  const { tensors } = decodeSafetensors(file(header, numbers), "a");
  const read = Object.fromEntries([...tensors].map(([name, { data }]) => [name, [...data]]));
  expect(read).toEqual({
    double: [Math.fround(-0.1)],
    tracked: [-5],
    int: [-70000],
    half: [0.333251953125, 2 ** -24, 65504, Number.NEGATIVE_INFINITY],
    brain: [-3.140625, Number.POSITIVE_INFINITY],
    byte: [200],
  });
});

test.each<[string, Uint8Array, string]>([
  ["too short for a length", new Uint8Array(5), "5 bytes"],
  ["a length of exabytes", new Uint8Array(64).fill(0xff), "claims a header of 18446744073709551615 bytes"],
  ["a header longer than the file", file("{}").fill(200, 0, 1), "its header ends at byte 208"],
  ["no JSON", file("{,}"), "is not JSON"],
  ["invalid UTF-8", file("{}").fill(0xff, 8, 9), "is not JSON"],
  ["an array", file([]), "is not a JSON object"],
  ["an entry without a shape", file({ x: { dtype: "F32", data_offsets: [0, 16] } }), "entry for x"],
  ["a negative dimension", file({ x: entry([-4], 0, 16) }), "entry for x"],
  ["a fraction in the shape", file({ x: entry([1.5], 0, 6) }), "entry for x"],
  ["an unknown dtype", file({ x: entry([4], 0, 16, "F8_E4M3") }), "x has the dtype F8_E4M3"],
  ["a dtype that every object has", file({ x: entry([4], 0, 16, "constructor") }), "x has the dtype"],
  ["a shape that does not fit its bytes", file({ x: entry([3], 0, 16) }), "x F32[3] needs 12 bytes"],
  ["offsets backwards", file({ x: entry([4], 16, 0) }), "x F32[4] needs 16 bytes"],
  ["terabytes", file({ x: entry([2 ** 40], 0, 2 ** 42) }), "x ends at 4398046511104, but 16 bytes"],
  ["a shape beyond all numbers", file({ x: entry(Array(99).fill(2 ** 50), 0, 16) }), "needs Infinity bytes"],
  ["an overlap", file({ x: entry([4], 0, 16), y: entry([2], 8, 16) }), "y begins at 8"],
  ["a gap", file({ x: entry([1], 0, 4), y: entry([2], 8, 16) }), "y begins at 8"],
  ["numbers of nobody", file({ x: entry([3], 0, 12) }), "the tensors end at 12, but 16"],
  ["metadata that is no text", file({ __metadata__: { a: 1 }, x: entry([4], 0, 16) }), "__metadata__"],
  [
    "one name twice",
    file(`{"x":${JSON.stringify(entry([4], 0, 16))},"\\u0078":${JSON.stringify(entry([4], 0, 16))}}`),
    "names x twice",
  ],
])("%s is refused by name", (_, bytes, message) => {
  let error: unknown;
  try {
    decodeSafetensors(bytes, "model.safetensors");
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(FormatError);
  expect((error as Error).message).toMatch(/^model\.safetensors/);
  expect((error as Error).message).toContain(message);
});

test("a header may be long: megabytes of text in the metadata", () => {
  const note = '\\"{x": 1}'.repeat(1_000_000);
  expect(decodeSafetensors(encodeSafetensors(weights, { note }), "a").metadata.note).toBe(note);
});

test("a mutated file is either refused as such or still a valid file", () => {
  const good = encodeSafetensors(weights, { format: "pt" });
  const mutation = fc.record({ at: fc.nat(good.length - 1), byte: fc.nat(255) });
  const mutations = fc.array(mutation, { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(mutations, fc.nat(good.length), fc.boolean(), (changes, length, cut) => {
      const bytes = good.slice(0, cut ? length : good.length);
      for (const { at, byte } of changes) if (at < bytes.length) bytes[at] = byte;
      accept(bytes);
    }),
    { numRuns: 3000, seed: 1 },
  );
});

test("a header of any offsets, shapes and dtypes is either refused as such or true", () => {
  const number = fc.oneof(fc.nat(24), fc.constantFrom(2 ** 31, 2 ** 53 - 1, 2 ** 53, 1e300, -1, 0.5));
  const anEntry = fc.record({
    dtype: fc.constantFrom("F32", "F16", "I64", "U8", "BOOL"),
    shape: fc.array(number, { maxLength: 3 }),
    data_offsets: fc.array(number, { minLength: 1, maxLength: 3 }),
  });
  fc.assert(
    fc.property(fc.dictionary(fc.string(), anEntry, { maxKeys: 3 }), fc.nat(32), (header, length) => {
      accept(file(header, new Uint8Array(length)));
    }),
    { numRuns: 3000, seed: 1 },
  );
});

/**
 * Decodes the bytes. Only a FormatError may be thrown, and a tensor never contains more numbers than the file has
 * bytes.
 */
function accept(bytes: Uint8Array): void {
  try {
    const { tensors } = decodeSafetensors(bytes, "a");
    let total = 0;
    for (const { shape, data } of tensors.values()) {
      expect(data.length).toBe(sizeOf(shape));
      total += data.length;
    }
    expect(total).toBeLessThanOrEqual(bytes.length);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
  }
}

test("a file on disk is written whole and read back; a missing one is named", () => {
  const folder = mkdtempSync(join(tmpdir(), "vultus-safetensors-"));
  try {
    const path = join(folder, "w.safetensors");
    writeFileSync(path, "old");
    writeSafetensors(path, weights, { a: "b" });
    expect(readFileSync(path)).toEqual(Buffer.from(encodeSafetensors(weights, { a: "b" })));
    expect([...readSafetensors(path).tensors]).toEqual([...weights]);
    expect(() => readSafetensors(join(folder, "none"))).toThrow(join(folder, "none"));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const shared = join(
  process.env.VULTUS_SHARED ?? "../shared",
  "weights",
  "squeezenet1_1-imagenet.safetensors",
);

test.skipIf(!existsSync(shared))(`a file that Python wrote (${shared}) is read`, () => {
  const { tensors, metadata } = readSafetensors(shared);
  expect(tensors.size).toBe(52);
  expect(tensors.get("features.0.weight")?.shape).toEqual([64, 3, 3, 3]);
  expect(tensors.get("classifier.1.bias")?.shape).toEqual([1000]);
  expect(metadata.architecture).toBe("squeezenet1_1");
});
