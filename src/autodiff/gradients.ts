/**
 * Reverse-mode differentiation that emits graph nodes. The gradients of a loss are values of the same graph, so a train
 * step is a single ONNX model.
 */

import { known, show } from "../graph/infer.ts";
import { nodesOf } from "../graph/lower.ts";
import type { Node, Shape, Value } from "../graph/types.ts";
import { add } from "../ops/add.ts";
import { columnSums } from "../ops/column-sums.ts";
import { Expand } from "../ops/expand.ts";
import { reduceSum } from "../ops/reduce-sum.ts";
import { Reshape, reshape } from "../ops/reshape.ts";
import { GraphError } from "../util/errors.ts";

/**
 * Returns the gradient of `loss`, which must be a scalar, with respect to each value of `wrt`, in that value's shape.
 * Nodes are built only on paths from `wrt` to `loss`. A value without such a path is an error, because training it
 * would have no effect. `seed` is the gradient of `loss` itself: 1, or a loss scale.
 */
export function gradients(loss: Value, wrt: readonly Value[], seed?: Value): Value[] {
  if (loss.shape.length > 0)
    throw new GraphError(`the loss must be a scalar, but ${loss.name} has shape ${show(loss.shape)}`);
  const nodes = nodesOf([loss]);
  const onPath = new Set<Value>(wrt);
  const active = nodes.filter((node) => {
    if (!node.inputs.some((input) => onPath.has(input))) return false;
    for (const output of node.outputs) onPath.add(output);
    return true;
  });

  const gradientOf = new Map<Value, Value>([[loss, seed ?? loss.graph.scalar(1, loss.dtype)]]);
  for (const node of active.reverse()) {
    if (node.outputs.some((output) => gradientOf.has(output))) backward(node, onPath, gradientOf);
  }
  return wrt.map((value) => {
    const gradient = gradientOf.get(value);
    if (!gradient)
      throw new GraphError(`${loss.name} does not depend on ${value.name}, so it has no gradient`);
    return gradient;
  });
}

/** Propagates the gradients of a node's outputs to its inputs. */
function backward(node: Node, onPath: ReadonlySet<Value>, gradientOf: Map<Value, Value>): void {
  const { operator, inputs, outputs, attributes, scope } = node;
  const rule = operator.gradient;
  if (typeof rule !== "function") {
    throw new GraphError(`${scope}: ${operator.type} has no gradient: ${rule.notDifferentiable}`);
  }
  const { graph } = outputs[0] as Value;
  graph.in(scope, () =>
    graph.in("gradient", () => {
      const given = outputs.map((output) => gradientOf.get(output));
      const results = rule(given, { inputs, outputs, attributes });
      for (const [i, input] of inputs.entries()) {
        const result = results[i];
        if (!result || !onPath.has(input)) continue;
        const contribution = sumTo(result, input.shape);
        const sofar = gradientOf.get(input);
        gradientOf.set(input, sofar ? plus(sofar, contribution) : contribution);
      }
    }),
  );
}

/**
 * Returns `a + b`, both of one shape. A gradient that only repeats numbers, such as that of a mean, is broadcast by the
 * addition itself.
 */
function plus(a: Value, b: Value): Value {
  for (const [repeating, other] of [
    [b, a],
    [a, b],
  ] as const) {
    const inner = repeating.node?.operator === Reshape ? (repeating.node.inputs[0] as Value) : repeating;
    if (inner.node?.operator !== Expand) continue;
    const [repeated] = inner.node.inputs as readonly [Value];
    return reshape(add(reshape(other, inner.shape), repeated), a.shape);
  }
  return add(a, b);
}

/** Reverses broadcasting: sums `gradient` over the axes along which `shape` was repeated. */
function sumTo(gradient: Value, shape: Shape): Value {
  if (show(gradient.shape) === show(shape)) return gradient;
  const target = known(shape, "undoing a broadcast");
  const extra = gradient.shape.length - target.length;
  const axes = gradient.shape.flatMap((dim, axis) =>
    axis < extra || (target[axis - extra] === 1 && dim !== 1) ? [axis] : [],
  );
  const sums =
    gradient.shape.length === 2 && axes.join() === "0"
      ? columnSums(gradient)
      : reduceSum(gradient, axes, true);
  return reshape(sums, target);
}
