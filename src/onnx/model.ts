/** Builds and reads ONNX's protobuf messages from plain data. */

import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { FormatError } from "../util/errors.ts";
import {
  arrayOf,
  bytesPerElement,
  type DType,
  sizeOf,
  type Tensor,
  type TypedArray,
} from "../util/tensor.ts";
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
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "./onnx_pb.ts";
import { modelBytes } from "./write.ts";

/** Opset of ai.onnx that vultus writes. */
export const OPSET = 18;
/** ONNX's IR version; opset 18 needs no newer one. */
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

/** Returns ONNX's code for a dtype, as used by Cast. */
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
  domain = "",
): NodeProto {
  return create(NodeProtoSchema, { opType, name, input, output, attribute: attributes, domain });
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

/** Returns a tensor as ONNX stores it; its numbers are viewed, not copied. Little-endian, like every supported platform. */
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

/**
 * Returns the numbers of a stored tensor, copied so that they are aligned; `file` is the file name used in error messages.
 * Allocates nothing before it has checked that the file contains the numbers that the shape requires.
 */
export function tensorOf(proto: TensorProto, file: string): Tensor {
  const { name, rawData } = proto;
  const dtype = dtypeOf.get(proto.dataType);
  if (!dtype)
    throw new FormatError(
      `${file}: the tensor ${name} has the ONNX data type ${proto.dataType}; vultus reads ${[...dtypeOf.values()].join(", ")}`,
    );
  const shape = proto.dims.map(Number);
  const count = sizeOf(shape);
  const wrong = (found: number, what: string): FormatError =>
    new FormatError(
      `${file}: the tensor ${name} has ${found} ${what}, its shape [${shape.join(", ")}] needs ${count}; the file is damaged, or keeps its numbers in another file`,
    );
  if (shape.some((dim) => dim < 0)) throw wrong(rawData.length, "bytes");
  if (rawData.length > 0) {
    const width = bytesPerElement[dtype];
    if (rawData.length !== count * width) throw wrong(rawData.length / width, "numbers");
    const data = arrayOf(dtype, count);
    new Uint8Array(data.buffer).set(rawData);
    return { dtype, shape, data };
  }
  const listed = listedNumbers(proto, dtype);
  if (listed.length !== count) throw wrong(listed.length, "numbers");
  const data = arrayOf(dtype, count);
  (data as { set(numbers: ArrayLike<number | bigint>): void }).set(listed);
  return { dtype, shape, data };
}

/** Returns numbers that are not stored as raw bytes: ONNX has a field for each type, and one for all small types. */
function listedNumbers(proto: TensorProto, dtype: DType): readonly (number | bigint)[] {
  switch (dtype) {
    case "float32":
      return proto.floatData;
    case "float64":
      return proto.doubleData;
    case "int64":
      return proto.int64Data;
    case "float16":
    case "int32":
    case "int8":
    case "uint8":
    case "bool":
      return proto.int32Data;
  }
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
  const others = new Set(parts.nodes.map(({ domain }) => domain).filter(Boolean));
  const model = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    producerName: "vultus",
    opsetImport: [
      create(OperatorSetIdProtoSchema, { domain: "", version: BigInt(OPSET) }),
      ...[...others].map((domain) => create(OperatorSetIdProtoSchema, { domain, version: 1n })),
    ],
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
  return modelBytes(model);
}

/**
 * Returns the model with an empty sequence as an additional first output. Nothing is decoded: joining serialised messages merges
 * them, and repeated fields of both keep their order.
 */
export function withEmptySequence(model: Uint8Array, name: string): Uint8Array {
  const sequence = create(TypeProtoSchema, {
    value: { case: "sequenceType", value: { elemType: valueInfo("", "float32", []).type } },
  });
  const before = create(ModelProtoSchema, {
    graph: {
      node: [node("SequenceEmpty", name, [], [name], [])],
      output: [create(ValueInfoProtoSchema, { name, type: sequence })],
    },
  });
  const first = toBinary(ModelProtoSchema, before);
  const joined = new Uint8Array(first.length + model.length);
  joined.set(first);
  joined.set(model, first.length);
  return joined;
}

/** Reads an ONNX file; `name` is its name in error messages. */
export function decodeModel(bytes: Uint8Array, name: string): ModelProto {
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch {
    throw new FormatError(`${name} is not an ONNX model, or is damaged`);
  }
}

/** Returns the metadata entries of a model. */
export function metadataOf({ metadataProps }: ModelProto): Record<string, string> {
  return Object.fromEntries(metadataProps.map(({ key, value }) => [key, value]));
}

/** Returns the model's file with its metadata replaced by these entries. */
export function withMetadata(
  bytes: Uint8Array,
  name: string,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const model = decodeModel(bytes, name);
  model.metadataProps = Object.entries(metadata).map(([key, value]) =>
    create(StringStringEntryProtoSchema, { key, value }),
  );
  return modelBytes(model);
}

/** An input or output tensor of a model. */
export interface NamedType {
  readonly name: string;
  readonly dtype: DType;
  /** A dimension that is only known when the model runs has a name. */
  readonly shape: readonly (number | string)[];
}

/** Returns the inputs and outputs of a model, without the initializers that older files list among the inputs. */
export function typesOf(
  model: ModelProto,
  file: string,
): { readonly inputs: readonly NamedType[]; readonly outputs: readonly NamedType[] } {
  const constants = new Set(model.graph?.initializer.map((tensor) => tensor.name));
  const typed = ({ name, type }: ValueInfoProto): NamedType => {
    const tensor = type?.value.case === "tensorType" ? type.value.value : undefined;
    const dtype = dtypeOf.get(tensor?.elemType ?? 0);
    if (!tensor || !dtype)
      throw new FormatError(`${file}: ${name} is not a tensor of a type that vultus knows`);
    const extent = (dim: NonNullable<typeof tensor.shape>["dim"][number]): number | string =>
      dim.value.case === "dimValue" ? Number(dim.value.value) : (dim.value.value ?? "?");
    return { name, dtype, shape: tensor.shape?.dim.map(extent) ?? [] };
  };
  return {
    inputs: (model.graph?.input ?? []).filter(({ name }) => !constants.has(name)).map(typed),
    outputs: (model.graph?.output ?? []).map(typed),
  };
}
