/** Orders the nodes that the outputs need, and replaces composite operators by their expansions. */

import type { Node, Value } from "./types.ts";

export interface Lowered {
  /** Standard operators only, each after the nodes it reads. */
  readonly nodes: readonly Node[];
  /** The value that stands for `value` once composites are expanded. */
  readonly resolve: (value: Value) => Value;
}

/** Nodes that `outputs` depend on; everything else is left out. */
export function lower(outputs: Iterable<Value>): Lowered {
  const expansions = new Map<Node, readonly Value[]>();
  const resolve = (value: Value): Value => {
    let current = value;
    while (current.node?.operator.expand) {
      const { node } = current;
      let expansion = expansions.get(node);
      if (!expansion) {
        const { operator, inputs, attributes, scope } = node;
        expansion = current.graph.in(scope, () => operator.expand?.(inputs, attributes) ?? []);
        expansions.set(node, expansion);
      }
      current = expansion[current.index] as Value;
    }
    return current;
  };
  const order = topologicalOrder(outputs, resolve);
  return { nodes: order, resolve };
}

/** The nodes below `outputs`, composites kept as they are. */
export function nodesOf(outputs: Iterable<Value>): readonly Node[] {
  return topologicalOrder(outputs, (value) => value);
}

/** Depth first without recursion, since the graph of a deep network's gradient is thousands of nodes deep. */
function topologicalOrder(outputs: Iterable<Value>, resolve: (value: Value) => Value): Node[] {
  const order: Node[] = [];
  const seen = new Set<Node>();
  const stack: { node: Node; next: number }[] = [];
  const visit = (value: Value): void => {
    const { node } = resolve(value);
    if (node && !seen.has(node)) {
      seen.add(node);
      stack.push({ node, next: 0 });
    }
  };
  for (const output of outputs) {
    visit(output);
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const input = top.node.inputs[top.next++];
      if (input) visit(input);
      else {
        order.push(top.node);
        stack.pop();
      }
    }
  }
  return order;
}
