import { expect, test } from "vitest";
import { smallArchitecture } from "../../test/support/small-classifier.ts";
import { encode } from "../graph/encode.ts";
import { Graph } from "../graph/graph.ts";
import type { DType } from "../util/tensor.ts";
import { classifierMetadata } from "../weights/classifier-file.ts";
import { decodeBundle } from "./decode-bundle.ts";

const metadata = classifierMetadata(smallArchitecture("happy", "sad"));
const ours = ["probabilities", "logits", "embedding"];

/** Returns a file with the metadata of a classifier and these inputs and outputs. */
function foreign(inputs: Record<string, DType>, outputs: readonly string[]): Uint8Array {
  const graph = new Graph();
  const values = Object.entries(inputs).map(([name, dtype]) => graph.input(name, dtype, [2]));
  for (const [i, name] of outputs.entries()) graph.output(name, values[i % values.length] as never);
  return encode(graph, "g", metadata);
}

test("a graph with a bundle's inputs and outputs is one", () => {
  expect(decodeBundle(foreign({ pictures: "uint8" }, [...ours, "more"]), "f").input).toBe("uint8");
  expect(decodeBundle(foreign({ pictures: "float32" }, ours), "f").input).toBe("float32");
});

test.each<[string, Record<string, DType>, readonly string[]]>([
  ["another input", { x: "uint8" }, ours],
  ["a second input", { pictures: "uint8", x: "uint8" }, ours],
  ["images of another type", { pictures: "int64" }, ours],
  ["an output too few", { pictures: "uint8" }, ["probabilities", "logits"]],
])("%s: is not a bundle, and what it is instead is said", (_, inputs, outputs) => {
  const takes = Object.keys(inputs).join(", ");
  expect(() => decodeBundle(foreign(inputs, outputs), "f.onnx")).toThrow(
    `f.onnx is not a bundle: it must take images and return ${ours.join(", ")}, it takes ${takes} and returns ${outputs.join(", ")}`,
  );
});
