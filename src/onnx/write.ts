/**
 * Writes a model file. Protobuf's own writer copies nested data once per level; for the weights of a large network these are
 * several hundred megabytes. Here the numbers of every tensor are copied once. The resulting bytes are the same.
 */

import { create, toBinary } from "@bufbuild/protobuf";
import {
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type TensorProto,
  TensorProtoSchema,
} from "./onnx_pb.ts";

/** Field numbers in ONNX's schema. */
const [GRAPH, INITIALIZER, RAW_DATA] = [7, 5, 9];

/** Parts of a file, one after the other. */
type Parts = readonly Uint8Array[];

/** Returns the bytes of a model file. */
export function modelBytes(model: ModelProto): Uint8Array {
  const { graph, ...others } = model;
  if (!graph) return toBinary(ModelProtoSchema, model);
  const { irVersion, producerName, producerVersion, docString } = model;
  const beforeGraph = { irVersion, producerName, producerVersion, docString };
  const { node, name, initializer } = graph;
  const inner = [
    toBinary(GraphProtoSchema, create(GraphProtoSchema, { node, name })),
    ...initializer.flatMap((tensor) => field(INITIALIZER, tensorParts(tensor))),
    toBinary(GraphProtoSchema, { ...graph, node: [], name: "", initializer: [] }),
  ];
  const none = { irVersion: 0n, producerName: "", producerVersion: "", docString: "" };
  return joined([
    toBinary(ModelProtoSchema, create(ModelProtoSchema, beforeGraph)),
    ...field(GRAPH, inner),
    toBinary(ModelProtoSchema, { ...others, ...none }),
  ]);
}

function tensorParts(tensor: TensorProto): Parts {
  const { rawData, doubleData, $unknown } = tensor;
  // The numbers come last, unless one of these follows.
  if (rawData.length === 0 || doubleData.length > 0 || $unknown) return [toBinary(TensorProtoSchema, tensor)];
  const head = toBinary(TensorProtoSchema, { ...tensor, rawData: new Uint8Array(0) });
  return [head, ...field(RAW_DATA, [rawData])];
}

/** Returns a length-delimited field (bytes or a message): tag, length, content. */
function field(number: number, content: Parts): Parts {
  const lengthDelimited = 2;
  return [Uint8Array.of((number << 3) | lengthDelimited, ...varint(lengthOf(content))), ...content];
}

/** Encodes a number as protobuf's varint: seven bits per byte, lowest first. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return [...bytes, rest];
}

function lengthOf(parts: Parts): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}

function joined(parts: Parts): Uint8Array {
  const bytes = new Uint8Array(lengthOf(parts));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
