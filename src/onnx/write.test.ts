/** Checks that files equal those of protobuf's own writer. */

import { create, toBinary, type UnknownField } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { encode } from "../graph/encode.ts";
import { Graph } from "../graph/graph.ts";
import { add } from "../ops/add.ts";
import { decodeModel } from "./model.ts";
import { type ModelProto, ModelProtoSchema } from "./onnx_pb.ts";
import { modelBytes } from "./write.ts";

function sample(): ModelProto {
  const graph = new Graph();
  const x = graph.input("x", "float32", [3, 100]);
  const large = graph.constant(
    "float32",
    [3, 100],
    Float32Array.from({ length: 300 }, (_, i) => i),
  );
  const single = graph.constant("float32", [], Float32Array.of(2));
  const none = graph.constant("int64", [0], new BigInt64Array(0));
  graph.output("y", add(add(x, large), single));
  graph.output("none", add(none, none));
  return decodeModel(encode(graph, "sum", { key: "value" }), "a sample");
}

const unknown: UnknownField[] = [{ no: 90, wireType: 2, data: Uint8Array.of(2, 1, 1) }];

test.each<[string, (model: ModelProto) => void]>([
  ["a model", () => {}],
  ["one without a graph", (model) => delete model.graph],
  [
    "one with every field",
    (model) => {
      model.producerVersion = "1";
      model.docString = "what it is";
      for (const tensor of model.graph?.initializer ?? []) tensor.doubleData = [1, 2];
    },
  ],
  [
    "one with fields that the schema lacks",
    (model) => {
      model.$unknown = unknown;
      if (model.graph) model.graph.$unknown = unknown;
      for (const tensor of model.graph?.initializer ?? []) tensor.$unknown = unknown;
    },
  ],
])("%s", (_, change) => {
  const model = sample();
  change(model);
  expect(modelBytes(model)).toEqual(toBinary(ModelProtoSchema, model));
});

test("an empty model", () => {
  expect(modelBytes(create(ModelProtoSchema, {}))).toEqual(new Uint8Array(0));
});
