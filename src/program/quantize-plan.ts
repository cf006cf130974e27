/** Which values of a network become bytes, and which of its nodes compute on them. */

import { nodesOf } from "../graph/lower.ts";
import type { Node, Value } from "../graph/types.ts";
import { GraphError } from "../util/errors.ts";

/** Operators that runtimes have for bytes, and that do most of the work. */
const kinds: ReadonlySet<string> = new Set(["Conv", "Add", "Concat", "MaxPool"]);
/** Those that pick bytes and compute none: what they return has the scale of what they are given. */
const picking: ReadonlySet<string> = new Set(["Concat", "MaxPool"]);

/** The name of what goes in. */
export const PICTURES = "pictures";

/** A value that becomes bytes. */
export interface Point {
  /** The layer, and what follows it: `layer1.0.conv1.relu`. */
  readonly name: string;
  /** Points with the same group have one scale. */
  readonly group: string;
}

export interface QuantizationPlan {
  readonly pictures: Value;
  readonly outputs: readonly Value[];
  /** What is computed from the pictures, in order. */
  readonly nodes: readonly Node[];
  readonly points: ReadonlyMap<Value, Point>;
  /** Nodes between points. */
  readonly onBytes: ReadonlySet<Node>;
  /** ReLUs right behind a node on bytes: where those begin at 0, they cut off what lies below it themselves. */
  readonly cutOff: ReadonlySet<Node>;
  /** Matrix products whose weight is stored as bytes, and which compute in float32: the head, which costs nothing. */
  readonly packed: ReadonlySet<Node>;
}

/** Plans what lies between normalised `pictures` and `outputs`; layers named by `keepFloat` stay as they are. */
export function planQuantization(
  pictures: Value,
  outputs: readonly Value[],
  keepFloat: (layer: string) => boolean = () => false,
): QuantizationPlan {
  const nodes = nodesAfter(pictures, outputs);
  const known = new Set<Value>([pictures, ...nodes.flatMap((node) => node.outputs)]);
  const consumers = consumersOf(nodes);
  const [onBytes, cutOff, packed] = [new Set<Node>(), new Set<Node>(), new Set<Node>()];
  const groups = new Map<Value, Value>();
  for (const node of nodes) {
    const { type } = node.operator;
    if (keepFloat(node.scope)) continue;
    // One scale for each output channel needs them on the weight's first axis, as PyTorch has them.
    if (type === "Gemm" && node.attributes.transB === 1) packed.add(node);
    const operands = type === "Conv" ? node.inputs.slice(0, 1) : node.inputs;
    // A sum with a constant belongs to a batch norm of the head.
    if (!kinds.has(type) || !operands.every((operand) => known.has(operand))) continue;
    onBytes.add(node);
    let output = node.outputs[0] as Value;
    const [next, ...others] = consumers.get(output) ?? [];
    if (next?.operator.type === "Relu" && others.length === 0) {
      cutOff.add(next);
      output = next.outputs[0] as Value;
    }
    for (const value of [...operands, output]) if (!groups.has(value)) groups.set(value, value);
    if (picking.has(type)) for (const operand of operands) join(groups, operand, output);
  }
  const names = namesOf(pictures, nodes);
  const points = new Map<Value, Point>();
  for (const value of groups.keys()) {
    const name = names.get(value) as string;
    points.set(value, { name, group: names.get(rootOf(groups, value)) as string });
  }
  return { pictures, outputs, nodes, points, onBytes, cutOff, packed };
}

/** Nodes that depend on `pictures`. */
function nodesAfter(pictures: Value, outputs: readonly Value[]): Node[] {
  const reached = new Set<Value>([pictures]);
  return nodesOf(outputs).filter((node) => {
    const after = node.inputs.some((input) => reached.has(input));
    if (after) for (const output of node.outputs) reached.add(output);
    return after;
  });
}

function consumersOf(nodes: readonly Node[]): Map<Value, Node[]> {
  const consumers = new Map<Value, Node[]>();
  for (const node of nodes)
    for (const input of node.inputs) consumers.set(input, [...(consumers.get(input) ?? []), node]);
  return consumers;
}

/** The value that stands for a group; `parents` is a forest whose roots are their own parents. */
function rootOf(parents: ReadonlyMap<Value, Value>, value: Value): Value {
  const parent = parents.get(value) as Value;
  return parent === value ? value : rootOf(parents, parent);
}

function join(parents: Map<Value, Value>, a: Value, b: Value): void {
  parents.set(rootOf(parents, a), rootOf(parents, b));
}

/** A name for each value: of the layer with weights that made it, else of what it is computed from. */
function namesOf(pictures: Value, nodes: readonly Node[]): Map<Value, string> {
  const names = new Map([[pictures, PICTURES]]);
  const taken = new Set<string>();
  for (const { operator, inputs, outputs, scope } of nodes) {
    const { type } = operator;
    const source = inputs.map((input) => names.get(input)).find((name) => name !== undefined);
    const name = type === "Conv" || type === "Gemm" ? scope : `${source}.${type.toLowerCase()}`;
    if (taken.has(name))
      throw new GraphError(`${name} names two values, so that their ranges cannot be told apart`);
    taken.add(name);
    names.set(outputs[0] as Value, name);
  }
  return names;
}
