/**
 * Damaged weights files: each is read or refused with a FormatError, quickly and with little memory. VULTUS_FUZZ sets the number
 * per format; `npm run fuzz` takes 100,000.
 */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { decodePytorch } from "../src/formats/pytorch.ts";
import { decodeSafetensors } from "../src/formats/safetensors.ts";
import { readStoredZip, writeStoredZip } from "../src/formats/zip.ts";
import { Graph } from "../src/graph/graph.ts";
import { describe as describeModel } from "../src/models/classifier.ts";
import { abs } from "../src/ops/abs.ts";
import { add } from "../src/ops/add.ts";
import { neg } from "../src/ops/neg.ts";
import { reduceSum } from "../src/ops/reduce-sum.ts";
import { decodeBundle } from "../src/program/decode-bundle.ts";
import { finish } from "../src/program/finish.ts";
import { FormatError, UsageError } from "../src/util/errors.ts";
import { random } from "../src/util/random.ts";
import { floatTensor } from "../src/util/tensor.ts";
import { classifierMetadata } from "../src/weights/classifier-file.ts";
import { decodeOnnxWeights } from "../src/weights/onnx-weights.ts";
import { mutated } from "./support/mutate.ts";
import { encodeSafetensors } from "./support/safetensors.ts";
import { smallArchitecture } from "./support/small-classifier.ts";

const CASES = Number(process.env.VULTUS_FUZZ ?? 4000);
/** Milliseconds per file, on a machine that may be busy. */
const LONGEST = 1000;

const files = JSON.parse(readFileSync(new URL("reference/pytorch-files.json", import.meta.url), "utf8")) as {
  zip: string;
  legacy: string;
};
const architecture = smallArchitecture("happy", "sad");
const metadata = classifierMetadata(architecture);
// Small tensors keep a case small; it has the structure of a whole model.
const names = describeModel(architecture).specs.map(({ name }) => name);
const bytesOf = (base64: string): Uint8Array => Uint8Array.from(Buffer.from(base64, "base64"));

/** A graph with the inputs, outputs, metadata and names of a bundle. */
function smallBundle(): Uint8Array {
  const graph = new Graph();
  const pictures = graph.input("pictures", "float32", ["N", 3, "H", "W"]);
  const weights = names.map((name) => graph.weight(name, "float32", [2, 1, 1, 1], Float32Array.of(1, 2)));
  const sum = weights.reduce(
    (total, weight) => add(total, reduceSum(weight, [0, 1, 2, 3])),
    reduceSum(pictures, [0, 1, 2, 3]),
  );
  return finish(graph, "bundle", { probabilities: sum, logits: neg(sum), embedding: abs(sum) }, metadata)
    .model;
}

/** The archive with a different pickle and a valid checksum, which would otherwise catch most damage. */
const entries = readStoredZip(bytesOf(files.zip), "f.pth");
const pickle = entries.get("archive/data.pkl") as Uint8Array;
const archiveWith = (other: Uint8Array): Uint8Array =>
  Buffer.concat(writeStoredZip([...new Map(entries).set("archive/data.pkl", other)]));

const formats: [string, Uint8Array, (bytes: Uint8Array) => unknown][] = [
  ["pth", bytesOf(files.zip), (bytes) => decodePytorch(bytes, "f.pth")],
  ["a pickle in a pth", pickle, (bytes) => decodePytorch(archiveWith(bytes), "f.pth")],
  ["legacy pth", bytesOf(files.legacy), (bytes) => decodePytorch(bytes, "f.pth")],
  [
    "safetensors",
    encodeSafetensors(new Map(names.map((name) => [name, floatTensor([2], [1, 2])])), metadata),
    (bytes) => decodeSafetensors(bytes, "f.safetensors"),
  ],
  ["onnx", smallBundle(), (bytes) => [decodeOnnxWeights(bytes, "f.onnx"), decodeBundle(bytes, "f.onnx")]],
];

describe.each(formats)("%s", (name, bytes, decode) => {
  test(`${CASES} damaged files`, { timeout: 1_800_000 }, () => {
    const outcomes = { read: 0, refused: 0 };
    let longest = 0;
    for (let i = 0; i < CASES; i++) {
      const damaged = mutated(bytes, random("fuzz", name, i));
      const started = performance.now();
      try {
        decode(damaged);
        outcomes.read++;
      } catch (error) {
        if (!(error instanceof FormatError || error instanceof UsageError)) throw error;
        outcomes.refused++;
      }
      longest = Math.max(longest, performance.now() - started);
    }
    expect(longest).toBeLessThan(LONGEST);
    expect(outcomes.refused).toBeGreaterThan(CASES / 10);
  });
});
