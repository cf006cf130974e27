/** Decides which values of a network become bytes, and which of its nodes compute on them. */

import { nodesOf } from "../graph/lower.ts";
import type { Node, Value } from "../graph/types.ts";

/** Operators that only select bytes: their outputs have the scale of their inputs. */
const picking: ReadonlySet<string> = new Set(["Concat", "MaxPool"]);
/** Activations that bytes apply by themselves if their range begins at 0 and ends at the activation's maximum. */
const cutting: ReadonlySet<string> = new Set(["Relu", "Relu6"]);

/** The name of the network's input. */
export const PICTURES = "pictures";

/** A value that becomes bytes. */
export interface Point {
  /** The layer, followed by the operators after it: `layer1.0.conv1.relu`. */
  readonly name: string;
  /** Points of the same group share one scale. */
  readonly group: string;
}

export interface QuantizationPlan {
  readonly pictures: Value;
  readonly outputs: readonly Value[];
  /** The nodes that depend on the images, in order. */
  readonly nodes: readonly Node[];
  readonly points: ReadonlyMap<Value, Point>;
  /** Nodes between points. */
  readonly onBytes: ReadonlySet<Node>;
  /** ReLUs directly after a node on bytes: if its range begins at 0, it already clips lower values. Likewise for ReLU6. */
  readonly cutOff: ReadonlySet<Node>;
  /** Layers whose weight is stored as bytes, but which compute in float32: the head and gates, whose cost is negligible. */
  readonly packed: ReadonlySet<Node>;
}

export interface PlanOptions {
  /** Returns whether the layer of this name stays in float32. */
  readonly keepFloat?: ((layer: string) => boolean) | undefined;
  /** Quantize only weights; everything computes in float32. */
  readonly weightsOnly?: boolean | undefined;
}

/** Plans the quantization of everything between normalised `pictures` and `outputs`. */
export function planQuantization(
  pictures: Value,
  outputs: readonly Value[],
  { keepFloat = () => false, weightsOnly = false }: PlanOptions = {},
): QuantizationPlan {
  const nodes = nodesAfter(pictures, outputs);
  const consumers = consumersOf(nodes);
  const [onBytes, cutOff, packed] = [new Set<Node>(), new Set<Node>(), new Set<Node>()];
  const groups = new Map<Value, Value>();
  const isOfBytes = ({ node }: Value): boolean =>
    node !== undefined && node.operator.type !== "MatMul" && (onBytes.has(node) || cutOff.has(node));
  for (const node of nodes) {
    const { type } = node.operator;
    if (keepFloat(node.scope)) continue;
    const weighted = weightOf(node) !== undefined;
    if (weighted && (weightsOnly || type === "Gemm" || seesOnePixel(node))) packed.add(node);
    else if (weighted) onBytes.add(node);
    // Quantizing float results gains nothing: a sum of tokens, or with a constant, which belongs to a batch norm of the head.
    else if (type === "MaxPool" ? !weightsOnly : isJoint(node) && node.inputs.every(isOfBytes))
      onBytes.add(node);
    if (!onBytes.has(node)) continue;
    const operands = weighted ? node.inputs.slice(0, 1) : node.inputs;
    for (const value of operands) if (!groups.has(value)) groups.set(value, value);
    // The bias of tokens and everything after it is added in float32.
    if (type === "MatMul") continue;
    let output = node.outputs[0] as Value;
    const [next, ...others] = consumers.get(output) ?? [];
    if (next && cutting.has(next.operator.type) && others.length === 0) {
      cutOff.add(next);
      output = next.outputs[0] as Value;
    }
    if (!groups.has(output)) groups.set(output, output);
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

const isJoint = ({ operator }: Node): boolean => operator.type === "Add" || operator.type === "Concat";

/** Returns whether a convolution's input has one pixel, as in gates and in layers after pooling. */
function seesOnePixel({ operator, inputs }: Node): boolean {
  return operator.type === "Conv" && inputs[0]?.shape[2] === 1 && inputs[0].shape[3] === 1;
}

/**
 * Returns the constant weight of a layer [out, …], if it has one: a scale per output channel requires the output channels on the
 * first axis, as in PyTorch.
 */
export function weightOf({ operator, inputs, attributes }: Node): Value | undefined {
  const weight = inputs[1];
  if (operator.type === "Conv" || (operator.type === "Gemm" && attributes.transB === 1)) return weight;
  const turned = operator.type === "MatMul" ? weight?.node : undefined;
  return turned?.operator.type === "Transpose" && turned.inputs[0]?.data ? turned.inputs[0] : undefined;
}

/** Returns the nodes that depend on `pictures`. */
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

/** Returns the value that represents a group; `parents` is a forest whose roots are their own parents. */
function rootOf(parents: ReadonlyMap<Value, Value>, value: Value): Value {
  const parent = parents.get(value) as Value;
  return parent === value ? value : rootOf(parents, parent);
}

function join(parents: Map<Value, Value>, a: Value, b: Value): void {
  parents.set(rootOf(parents, a), rootOf(parents, b));
}

/** Names each value: after the layer with weights that computed it, else after its input. */
function namesOf(pictures: Value, nodes: readonly Node[]): Map<Value, string> {
  const names = new Map([[pictures, PICTURES]]);
  const taken = new Map<string, number>();
  for (const { operator, inputs, outputs, scope } of nodes) {
    const { type } = operator;
    const source = inputs.map((input) => names.get(input)).find((name) => name !== undefined);
    const name = type === "Conv" || type === "Gemm" ? scope : `${source}.${type.toLowerCase()}`;
    for (const output of outputs) {
      const earlier = taken.get(name) ?? 0;
      taken.set(name, earlier + 1);
      // For example the three inputs of attention. Nodes are in layer order in every graph of a network.
      names.set(output, earlier === 0 ? name : `${name}.${earlier + 1}`);
    }
  }
  return names;
}
