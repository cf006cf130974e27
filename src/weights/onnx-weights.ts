/** The weights in an ONNX file: its float initializers by name, and its metadata. */

import { decodeModel, metadataOf, tensorOf } from "../onnx/model.ts";
import { FormatError } from "../util/errors.ts";
import { fromFloat16 } from "../util/half.ts";
import { floatTensor, type StateDict, type Tensor } from "../util/tensor.ts";

export interface OnnxWeights {
  readonly tensors: StateDict;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads a bundle, or another exporter's file whose initializers still have PyTorch's names. Constants that a graph needs
 * and nobody trained are left out: vultus gives them names with a colon.
 *
 * @throws FormatError that names the file and the tensor.
 */
export function decodeOnnxWeights(bytes: Uint8Array, name: string): OnnxWeights {
  const model = decodeModel(bytes, name);
  const metadata = metadataOf(model);
  if (metadata.quantization) {
    throw new FormatError(
      `${name} contains ${metadata.quantization} weights, and their rounding cannot be undone; use the float bundle or the run folder that it was made from`,
    );
  }
  const tensors: StateDict = new Map();
  for (const proto of model.graph?.initializer ?? []) {
    if (proto.name.includes(":") || (proto.dataType !== 1 && proto.dataType !== 10)) continue;
    if (tensors.has(proto.name)) throw new FormatError(`${name} contains the tensor ${proto.name} twice`);
    tensors.set(proto.name, toFloats(tensorOf(proto, name)));
  }
  if (tensors.size === 0) throw new FormatError(`${name} contains no weights: it has no float initializers`);
  return { tensors, metadata };
}

function toFloats({ shape, data, dtype }: Tensor) {
  if (dtype === "float32") return floatTensor(shape, data as Float32Array);
  return floatTensor(shape, Float32Array.from(data as Uint16Array, fromFloat16));
}
