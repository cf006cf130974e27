/** Folders of weights, and files with other content. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { encodeSafetensors } from "../../test/support/safetensors.ts";
import { FormatError, UsageError } from "../util/errors.ts";
import { floatTensor } from "../util/tensor.ts";
import { modelOfWeights, readWeights } from "./load.node.ts";

const root = mkdtempSync(join(tmpdir(), "vultus-weights-"));
afterAll(() => rmSync(root, { recursive: true }));

/** Weights of one tensor, which identifies the file. */
const weights = (name: string, value = 1): Uint8Array =>
  encodeSafetensors(new Map([[name, floatTensor([1], [value])]]), { format: "pt" });
const index = (map: Readonly<Record<string, string>>): string => JSON.stringify({ weight_map: map });

let count = 0;
function folder(files: Readonly<Record<string, string | Uint8Array>>): string {
  const path = join(root, `folder${count++}`);
  mkdirSync(path);
  for (const [name, content] of Object.entries(files)) {
    if (name.includes("/")) mkdirSync(join(path, name, ".."), { recursive: true });
    writeFileSync(join(path, name), content);
  }
  return path;
}
const read = (path: string) => {
  const { tensors, notes = [] } = readWeights(path);
  return { tensors: [...tensors].map(([name, { data }]) => [name, data[0]]), notes };
};

const first = "model-00001-of-00002.safetensors";
const second = "model-00002-of-00002.safetensors";
const split = {
  [first]: weights("a"),
  [second]: weights("b"),
  "model.safetensors.index.json": index({ a: first, b: second }),
  "config.json": "{}",
};

describe("a folder", () => {
  test("of Hugging Face's holds the weights with the usual name; others are reported", () => {
    const path = folder({
      "config.json": "{}",
      "model.safetensors": weights("a"),
      "pytorch_model.bin": weights("a", 2),
      "optimizer.pt": weights("a", 3),
      "training_args.bin": weights("a", 4),
    });
    expect(read(path)).toEqual({
      tensors: [["a", 1]],
      notes: [`${path}: took model.safetensors, skipped pytorch_model.bin`],
    });
    expect(modelOfWeights(path)).toBeUndefined();
  });

  test("holds weights that are split, which are joined; so does their index alone", () => {
    const path = folder(split);
    const tensors = [
      ["a", 1],
      ["b", 1],
    ];
    expect(read(path)).toEqual({ tensors, notes: [`${path}: took model.safetensors.index.json`] });
    expect(read(join(path, "model.safetensors.index.json"))).toEqual({ tensors, notes: [] });
  });

  test("with one file of weights, whatever its name", () => {
    const path = folder({ "epoch=3.ckpt": weights("a"), "scheduler.pt": weights("a", 2) });
    expect(read(path)).toEqual({ tensors: [["a", 1]], notes: [`${path}: took epoch=3.ckpt`] });
  });

  test.each<[string, Readonly<Record<string, string | Uint8Array>>, RegExp]>([
    [
      "with several files of which none has a usual name",
      { "a.pth": weights("a"), "b.pth": weights("a") },
      /contains several weights files: give one of a\.pth, b\.pth$/,
    ],
    [
      "without weights",
      { "config.json": "{}" },
      /contains no weights: neither a run, nor model\.safetensors/,
    ],
    [
      "whose folders hold weights",
      { "checkpoint-500/model.safetensors": weights("a"), "logs/a.txt": "" },
      /; give one of its folders: checkpoint-500$/,
    ],
    [
      "of DeepSpeed",
      { "zero_to_fp32.py": "", latest: "global_step1" },
      /in parts; join them: python \S+zero_to_fp32\.py \S+ weights\.pth$/,
    ],
    [
      "of a distributed checkpoint",
      { ".metadata": "", "__0_0.distcp": "" },
      /join them: python -m torch\.distributed\.checkpoint\.format_utils dcp_to_torch \S+ weights\.pth$/,
    ],
    ["of TensorFlow", { "saved_model.pb": "" }, /is a TensorFlow SavedModel/],
  ])("%s is refused, with what to do", (_, files, message) => {
    const path = folder(files);
    expect(() => readWeights(path)).toThrow(UsageError);
    expect(() => readWeights(path)).toThrow(message);
  });

  test("that lacks a part is refused by the part's name", () => {
    const { [second]: _, ...others } = split;
    const path = folder(others);
    expect(() => readWeights(path)).toThrow(FormatError);
    expect(() => readWeights(path)).toThrow(`lists 2 files, of which ${second} is missing; download all`);
  });

  test("one part of it is refused", () => {
    const path = folder(split);
    expect(() => readWeights(join(path, first))).toThrow(/is part 1 of 2 of the weights; give the folder/);
  });

  test("an index reads only from its own folder", () => {
    const path = folder({ "model.safetensors.index.json": index({ a: "../other.safetensors" }) });
    writeFileSync(join(root, "other.safetensors"), weights("a"));
    expect(() => readWeights(path)).toThrow("of which other.safetensors is missing");
  });
});

describe("a file", () => {
  const lfs = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
  const latin1 = (text: string): Uint8Array => Buffer.from(text, "latin1");
  test.each<[string, string | Uint8Array, RegExp]>([
    ["a.pth", lfs, /it is a Git LFS pointer; fetch the file itself with `git lfs pull`$/],
    ["a.safetensors", lfs, /it is a Git LFS pointer/],
    ["a.onnx", lfs, /it is a Git LFS pointer/],
    ["b.safetensors", "\n<html>404", /it is a web page/],
    ["b.onnx", "<!DOCTYPE html>", /it is a web page/],
    ["c.pth", "Entry not found", /it is the text "Entry not found"; if it comes from a download, sign in/],
    ["d.safetensors", '{"error":"Repository not found"}', /it is the text "\{"error"/],
    ["e.pth", latin1(`\x1f\x8b${"\0".repeat(99)}`), /it is compressed by gzip; unpack it with `gunzip`$/],
    ["f.h5", latin1(`\x89HDF\r\n\x1a\n${"\0".repeat(99)}`), /an HDF5 file, as Keras writes it; vultus reads/],
    ["g.bin", latin1(`GGUF\x03${"\0".repeat(99)}`), /a GGUF file of llama\.cpp; vultus reads/],
    ["h.tflite", latin1(`\x1c\0\0\0TFL3${"\0".repeat(99)}`), /a TensorFlow Lite model; vultus reads/],
    ["i.npy", latin1(`\x93NUMPY\x01\0${"\0".repeat(99)}`), /a single NumPy array; vultus reads/],
    ["j.pb", latin1(`\x08\x01\x12\x04abcd${"\0".repeat(99)}`), /it is a TensorFlow graph; vultus reads/],
    ["k.ckpt.index", latin1(`\0\0\x08${"\0".repeat(99)}\x57`), /part of a TensorFlow checkpoint/],
    [
      "k.ckpt.data-00000-of-00001",
      latin1(`\0\0\x80?${"\x01".repeat(99)}`),
      /part of a TensorFlow checkpoint/,
    ],
    ["l.mlmodel", latin1(`\x08\x04\x12\x10${"\0".repeat(99)}`), /it is a Core ML model/],
    ["m.dat", latin1(`\x01\x02\x03${"\0".repeat(99)}`), /it is in an unknown format; vultus reads/],
    ["n.pth", new Uint8Array(5000), /it is nothing but zeros/],
    ["o.pth", "", /o\.pth is empty; fetch it again$/],
  ])("%s is named, with what to do", (name, content, message) => {
    const path = join(root, name);
    writeFileSync(path, content);
    expect(() => readWeights(path)).toThrow(FormatError);
    expect(() => readWeights(path)).toThrow(message);
  });
});
