/** Weights of TensorFlow.js's quantized files in graphs of ours. */

import type { Graph } from "../graph/graph.ts";
import type { Value } from "../graph/types.ts";
import { add } from "../ops/add.ts";
import { cast } from "../ops/cast.ts";
import { mul } from "../ops/mul.ts";
import { transpose } from "../ops/transpose.ts";
import { FormatError } from "../util/errors.ts";

/** Weights as TensorFlow.js quantizes them: a number is `byte · scale + min`. */
export interface QuantizedTensor {
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
  readonly scale: number;
  readonly min: number;
}

/**
 * Gives weights by name. They are stored as bytes, so that the file stays as small as it was; a runtime folds the arithmetic
 * when it loads the file. `model` is what errors call it.
 */
export function weightsOf(
  graph: Graph,
  weights: ReadonlyMap<string, QuantizedTensor>,
  model: string,
): (name: string) => Value {
  return (name) => {
    const tensor = weights.get(name);
    if (!tensor) throw new FormatError(`the weights of ${model} lack ${name}`);
    const bytes = graph.weight(name, "uint8", tensor.shape, tensor.bytes);
    return add(mul(cast(bytes, "float32"), tensor.scale), tensor.min);
  };
}

/** TensorFlow's [rows, columns, in, out] as ONNX's [out, in, rows, columns]. */
export function filters(w: Value): Value {
  return transpose(w, [3, 2, 0, 1]);
}

/** TensorFlow's depthwise [rows, columns, channels, 1] as ONNX's [channels, 1, rows, columns]. */
export function depthwiseFilters(w: Value): Value {
  return transpose(w, [2, 3, 0, 1]);
}
