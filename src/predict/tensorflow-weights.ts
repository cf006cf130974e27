/** Weights of TensorFlow.js's quantized files in our graphs. */

import type { Graph } from "../graph/graph.ts";
import type { Value } from "../graph/types.ts";
import { add } from "../ops/add.ts";
import { cast } from "../ops/cast.ts";
import { mul } from "../ops/mul.ts";
import { transpose } from "../ops/transpose.ts";
import { FormatError } from "../util/errors.ts";

/** A weight as TensorFlow.js quantizes it: a number is `byte · scale + min`. */
export interface QuantizedTensor {
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
  readonly scale: number;
  readonly min: number;
}

/**
 * Returns a function that gives weights by name. They stay quantized in the file, which keeps it small; the runtime
 * folds the arithmetic when it loads the file. `model` is the name used in error messages.
 */
export function weightsOf(
  graph: Graph,
  weights: ReadonlyMap<string, QuantizedTensor>,
  model: string,
): (name: string) => Value {
  return (name) => {
    const tensor = weights.get(name);
    if (!tensor) throw new FormatError(`the weights of ${model} do not contain ${name}`);
    const bytes = graph.weight(name, "uint8", tensor.shape, tensor.bytes);
    return add(mul(cast(bytes, "float32"), tensor.scale), tensor.min);
  };
}

/** Transposes TensorFlow's [rows, columns, in, out] to ONNX's [out, in, rows, columns]. */
export function filters(w: Value): Value {
  return transpose(w, [3, 2, 0, 1]);
}

/** Transposes TensorFlow's depthwise [rows, columns, channels, 1] to ONNX's [channels, 1, rows, columns]. */
export function depthwiseFilters(w: Value): Value {
  return transpose(w, [2, 3, 0, 1]);
}
