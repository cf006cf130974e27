/**
 * Writes a model's file. Protobuf's own writer copies whatever is nested once at every level, which of a large network's weights
 * are several hundred megabytes; here the numbers of every tensor are copied once. The bytes are those of that writer.
 */

import { create, toBinary } from "@bufbuild/protobuf";
import {
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type TensorProto,
  TensorProtoSchema,
} from "./onnx_pb.ts";

/** The numbers of the fields in ONNX's schema. */
const [GRAPH, INITIALIZER, RAW_DATA] = [7, 5, 9];

/** Parts of a file, one after the other. */
type Parts = readonly Uint8Array[];

/** The bytes of a model's file. */
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

/** A field of bytes or of a message: what it is, its length, its content. */
function field(number: number, content: Parts): Parts {
  const lengthDelimited = 2;
  return [Uint8Array.of((number << 3) | lengthDelimited, ...varint(lengthOf(content))), ...content];
}

/** A number as protobuf writes it: seven bits a byte, the lowest first. */
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
