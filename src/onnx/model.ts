/** Builds and reads ONNX's protobuf messages from plain data. */

import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { FormatError, messageOf } from "../util/errors.ts";
import { arrayOf, type DType, sizeOf, type Tensor, type TypedArray } from "../util/tensor.ts";
import {
  type AttributeProto,
  AttributeProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "./onnx_pb.ts";

/** Opset of ai.onnx that vultus writes. */
export const OPSET = 18;
/** ONNX's IR version that introduced nothing newer than opset 18 needs. */
const IR_VERSION = 8n;

/** TensorProto.DataType of ONNX. */
const dataType: Record<DType, number> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
};
const dtypeOf = new Map(Object.entries(dataType).map(([dtype, code]) => [code, dtype as DType]));

/** The code that ONNX's Cast uses for a dtype. */
export function dataTypeCode(dtype: DType): number {
  return dataType[dtype];
}

export function attribute(
  name: string,
  kind: "int" | "float" | "ints" | "string",
  value: number | string | readonly (number | string)[],
): AttributeProto {
  switch (kind) {
    case "int":
      return create(AttributeProtoSchema, { name, type: 2, i: BigInt(value as number) });
    case "float":
      return create(AttributeProtoSchema, { name, type: 1, f: value as number });
    case "ints":
      return create(AttributeProtoSchema, { name, type: 7, ints: (value as number[]).map(BigInt) });
    case "string":
      return create(AttributeProtoSchema, { name, type: 3, s: new TextEncoder().encode(value as string) });
  }
}

export function node(
  opType: string,
  name: string,
  input: string[],
  output: string[],
  attributes: AttributeProto[],
): NodeProto {
  return create(NodeProtoSchema, { opType, name, input, output, attribute: attributes });
}

export function valueInfo(name: string, dtype: DType, shape: readonly (number | string)[]): ValueInfoProto {
  const dim = shape.map((extent) => ({
    value:
      typeof extent === "number"
        ? { case: "dimValue" as const, value: BigInt(extent) }
        : { case: "dimParam" as const, value: extent },
  }));
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: "tensorType", value: { elemType: dataType[dtype], shape: { dim } } } },
  });
}

/** A tensor as ONNX stores it; its numbers are viewed, not copied. Little-endian, as every platform of ours is. */
export function tensorProto(
  name: string,
  dtype: DType,
  shape: readonly number[],
  data: TypedArray,
): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dims: shape.map(BigInt),
    dataType: dataType[dtype],
    rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  });
}

/** The numbers of a stored tensor, copied so that they are aligned. */
export function tensorOf(proto: TensorProto): Tensor {
  const dtype = dtypeOf.get(proto.dataType);
  if (!dtype)
    throw new FormatError(
      `tensor ${proto.name} has the ONNX data type ${proto.dataType}, which vultus does not read`,
    );
  const shape = proto.dims.map(Number);
  const data = arrayOf(dtype, sizeOf(shape));
  if (proto.rawData.length > 0) {
    if (proto.rawData.length !== data.byteLength) {
      throw new FormatError(
        `tensor ${proto.name} has ${proto.rawData.length} bytes, its shape [${shape.join(", ")}] needs ${data.byteLength}`,
      );
    }
    new Uint8Array(data.buffer).set(proto.rawData);
  } else if (dtype === "float32") (data as Float32Array).set(proto.floatData);
  else if (dtype === "int64") (data as BigInt64Array).set(proto.int64Data);
  else if (dtype === "float64") (data as Float64Array).set(proto.doubleData);
  else (data as Int32Array).set(proto.int32Data);
  return { dtype, shape, data };
}

export interface ModelParts {
  readonly name: string;
  readonly nodes: NodeProto[];
  readonly inputs: ValueInfoProto[];
  readonly outputs: ValueInfoProto[];
  readonly initializers: TensorProto[];
  readonly metadata?: Readonly<Record<string, string>>;
}

export function encodeModel(parts: ModelParts): Uint8Array {
  const model = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    producerName: "vultus",
    opsetImport: [create(OperatorSetIdProtoSchema, { domain: "", version: BigInt(OPSET) })],
    metadataProps: Object.entries(parts.metadata ?? {}).map(([key, value]) =>
      create(StringStringEntryProtoSchema, { key, value }),
    ),
    graph: {
      name: parts.name,
      node: parts.nodes,
      input: parts.inputs,
      output: parts.outputs,
      initializer: parts.initializers,
    },
  });
  return toBinary(ModelProtoSchema, model);
}

/** Reads an ONNX file; `name` is what the error calls it. */
export function decodeModel(bytes: Uint8Array, name: string): ModelProto {
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (error) {
    throw new FormatError(`${name} is not an ONNX model: ${messageOf(error)}`);
  }
}
