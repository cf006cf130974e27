import { expect, test } from "vitest";
import { encode } from "../graph/encode.ts";
import { Graph } from "../graph/graph.ts";
import { add } from "../ops/add.ts";
import { FormatError } from "../util/errors.ts";
import { decodeOnnxWeights } from "./onnx-weights.ts";

/** A model with one trained tensor. */
function model(metadata: Record<string, string>): Uint8Array {
  const graph = new Graph();
  const bias = graph.weight("bias", "float32", [2], Float32Array.of(1, 2));
  graph.output("y", add(graph.input("x", "float32", [2]), bias));
  return encode(graph, "g", metadata);
}

test("int8 weights are refused: what they were before is lost", () => {
  expect(decodeOnnxWeights(model({}), "f.onnx").tensors.get("bias")?.data).toEqual(Float32Array.of(1, 2));
  const read = () => decodeOnnxWeights(model({ quantization: "int8" }), "f.onnx");
  expect(read).toThrow(FormatError);
  expect(read).toThrow(
    "f.onnx contains int8 weights, and their rounding cannot be undone; use the float bundle",
  );
});
