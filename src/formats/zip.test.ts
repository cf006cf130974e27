/** Zip archives of stored entries: written, read in place, and refused if their content contradicts their records. */

import { expect, test } from "vitest";
import reference from "../../test/reference/pytorch-files.json" with { type: "json" };
import { FormatError } from "../util/errors.ts";
import { crc32 } from "./crc32.ts";
import { readStoredZip, writeStoredZip } from "./zip.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const joined = (parts: readonly Uint8Array[]): Buffer => Buffer.concat(parts);
const sample = (): Buffer =>
  joined(
    writeStoredZip([
      ["a/one", text("first")],
      ["a/two", new Uint8Array(100)],
      ["a/ünïcode", text("")],
    ]),
  );
/** Returns the position of the second entry in the directory. */
const second = (bytes: Buffer): number =>
  bytes.indexOf("PK\x01\x02", bytes.indexOf("PK\x01\x02") + 1, "latin1");
const end = (bytes: Buffer): number => bytes.lastIndexOf("PK\x05\x06", undefined, "latin1");

test("checksums are those of zip", () => {
  expect(crc32(text("123456789"))).toBe(0xcbf43926);
  expect(crc32(text(""))).toBe(0);
  expect(crc32(text("a"))).toBe(0xe8b7be43);
});

test("what is written is read back, in place, at multiples of 64", () => {
  const bytes = sample();
  const entries = readStoredZip(bytes, "a.zip");
  expect([...entries].map(([name, data]) => [name, data.length])).toEqual([
    ["a/one", 5],
    ["a/two", 100],
    ["a/ünïcode", 0],
  ]);
  for (const data of entries.values()) {
    expect(data.buffer).toBe(bytes.buffer);
    expect((data.byteOffset - bytes.byteOffset) % 64).toBe(0);
  }
});

test("a name that climbs out of its folder is only a name", () => {
  const entries = readStoredZip(joined(writeStoredZip([["../../etc/passwd", text("x")]])), "a.zip");
  expect([...entries.keys()]).toEqual(["../../etc/passwd"]);
});

test("records of 64 bits, as PyTorch writes them for files beyond 4 GiB", () => {
  // PyTorch writes these records into every file; here they are needed.
  const bytes = Buffer.from(reference.zip, "base64");
  const small = [...readStoredZip(bytes, "a.pth").keys()];
  bytes.writeUInt16LE(0xffff, end(bytes) + 10);
  bytes.writeUInt32LE(0xffffffff, end(bytes) + 16);
  expect([...readStoredZip(bytes, "a.pth").keys()]).toEqual(small);
  bytes.writeUInt32LE(0, end(bytes) - 20);
  expect(() => readStoredZip(bytes, "a.pth")).toThrow("its large end record is missing");
});

test("an entry whose size and place are in the extra field", () => {
  const bytes = joined(writeStoredZip([["a", text("first")]]));
  const line = bytes.indexOf("PK\x01\x02", 0, "latin1");
  const extra = Buffer.alloc(6 + 28);
  // A field of another kind comes first.
  extra.writeUInt16LE(0x4246, 0);
  extra.writeUInt16LE(2, 2);
  extra.writeUInt16LE(1, 6);
  extra.writeUInt16LE(24, 8);
  extra.writeBigUInt64LE(5n, 10);
  extra.writeBigUInt64LE(5n, 18);
  bytes.fill(0xff, line + 20, line + 28);
  bytes.fill(0xff, line + 42, line + 46);
  bytes.writeUInt16LE(extra.length, line + 30);
  const wide = Buffer.concat([bytes.subarray(0, line + 47), extra, bytes.subarray(line + 47)]);
  expect(Buffer.from(readStoredZip(wide, "a.zip").get("a") ?? []).toString()).toBe("first");
  wide.writeBigUInt64LE(2n ** 63n, line + 47 + 10);
  expect(() => readStoredZip(wide, "a.zip")).toThrow("a lies outside the file");
  // Overflow markers without their extra field.
  bytes.writeUInt16LE(0, line + 30);
  expect(() => readStoredZip(bytes, "a.zip")).toThrow(FormatError);
});

test.each<[string, (bytes: Buffer) => unknown, string]>([
  ["an end that is missing", (bytes) => bytes.fill(0, end(bytes), end(bytes) + 1), "no end record"],
  ["a directory elsewhere", (bytes) => bytes.writeUInt32LE(1, end(bytes) + 16), "its directory ends early"],
  [
    "a directory outside",
    (bytes) => bytes.writeUInt32LE(2 ** 31, end(bytes) + 16),
    "its directory lies outside",
  ],
  ["too many entries", (bytes) => bytes.writeUInt16LE(9, end(bytes) + 10), "its directory"],
  [
    "an entry outside",
    (bytes) => bytes.writeUInt32LE(2 ** 31, second(bytes) + 42),
    "header of a/two lies outside",
  ],
  [
    "an entry elsewhere",
    (bytes) => bytes.writeUInt32LE(1, second(bytes) + 42),
    "no entry where a/two should be",
  ],
  [
    "a size beyond the file",
    (bytes) => bytes.writeUInt32LE(2 ** 31, second(bytes) + 24),
    "a/two lies outside",
  ],
  ["a byte that changed", (bytes) => bytes.fill(1, 160, 161), "the checksum of a/two is wrong"],
  [
    "one entry inside of another",
    (bytes) => {
      bytes.writeUInt32LE(0, second(bytes) + 42);
      bytes.writeUInt32LE(0, second(bytes) + 16);
    },
    "a/two begins inside a/one",
  ],
  ["a name twice", (bytes) => bytes.write("one", second(bytes) + 48), "contains a/one twice"],
  [
    "a bomb",
    (bytes) => {
      bytes.writeUInt16LE(8, second(bytes) + 10);
      bytes.writeUInt32LE(0xfffffff0, second(bytes) + 24);
    },
    "a/two is compressed",
  ],
])("%s is refused", (_, damage, message) => {
  const bytes = sample();
  damage(bytes);
  expect(() => readStoredZip(bytes, "a.zip")).toThrow(message);
  expect(() => readStoredZip(bytes, "a.zip")).toThrow(FormatError);
  expect(() => readStoredZip(bytes, "a.zip")).toThrow(/^a\.zip is a damaged zip archive: .*\(byte \d+\)$/);
});

test("cut anywhere an archive is refused", () => {
  const bytes = sample();
  for (let length = 0; length < bytes.length; length++)
    expect(() => readStoredZip(bytes.subarray(0, length), "a.zip")).toThrow(FormatError);
});

test("more entries than 16 bits count are not written", () => {
  const many = Array.from({ length: 65_535 }, (_, i): [string, Uint8Array] => [String(i), new Uint8Array()]);
  expect(() => writeStoredZip(many)).toThrow("65535 entries");
});
