/** Evaluates a graph in double precision, operator by operator: the reference for gradient tests. */

import { GraphError } from "../util/errors.ts";
import { numbersOf } from "../util/tensor.ts";
import { nodesOf } from "./lower.ts";
import { tensor64 } from "./tensor64.ts";
import type { Tensor64, Value } from "./types.ts";

/** Returns the tensors of `outputs`, given the graph's inputs by name. For tests: exact and slow. */
export function evaluate(outputs: readonly Value[], feeds: ReadonlyMap<string, Tensor64>): Tensor64[] {
  const results = new Map<Value, Tensor64>();
  const read = (value: Value): Tensor64 => {
    const known = results.get(value) ?? feeds.get(value.name);
    if (known) return known;
    if (!value.data) throw new GraphError(`no value was fed for the input ${value.name}`);
    const constant = tensor64(
      value.shape as readonly number[],
      numbersOf(value.dtype, value.data),
      value.dtype,
    );
    results.set(value, constant);
    return constant;
  };
  for (const node of nodesOf(outputs)) {
    const tensors = node.operator.evaluate(node.inputs.map(read), node.attributes);
    for (const [i, tensor] of tensors.entries()) results.set(node.outputs[i] as Value, tensor);
  }
  return outputs.map(read);
}
