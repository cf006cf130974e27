/** What a train step must keep from its forward pass for its backward pass, counted from the graph. */

import { gradients } from "../../src/autodiff/gradients.ts";
import { lower } from "../../src/graph/lower.ts";
import type { Node, Value } from "../../src/graph/types.ts";
import { Reshape } from "../../src/ops/reshape.ts";
import { bytesPerElement, sizeOf } from "../../src/util/tensor.ts";

/** Bytes of all results of the forward pass to `loss` that the gradients of `parameters` read. Reshaped tensors count once. */
export function savedBytes(loss: Value, parameters: readonly Value[]): number {
  const { nodes, resolve } = lower([loss, ...gradients(loss, parameters)]);
  const forward = new Set<Node>();
  const waiting = [loss];
  for (let value = waiting.pop(); value; value = waiting.pop()) {
    const { node } = resolve(value);
    if (!node || forward.has(node)) continue;
    forward.add(node);
    waiting.push(...node.inputs);
  }
  const stored = (value: Value): Value => {
    const actual = resolve(value);
    return actual.node?.operator === Reshape ? stored(actual.node.inputs[0] as Value) : actual;
  };
  const read = nodes.filter((node) => !forward.has(node)).flatMap(({ inputs }) => inputs.map(stored));
  const saved = new Set(read.filter(({ node }) => node && forward.has(node)));
  return [...saved].reduce(
    (sum, { dtype, shape }) => sum + sizeOf(shape as number[]) * bytesPerElement[dtype],
    0,
  );
}
