/** Sorts the nodes that the outputs need, and replaces composite operators by their expansions. */

import type { Node, Value } from "./types.ts";

export interface Lowered {
  /** Standard operators only, each after the nodes whose outputs it reads. */
  readonly nodes: readonly Node[];
  /** Returns the value that replaces `value` once composites are expanded. */
  readonly resolve: (value: Value) => Value;
}

/** Returns the nodes that `outputs` depend on, with composites expanded. */
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

/** Returns the nodes that `outputs` depend on, with composites unchanged. */
export function nodesOf(outputs: Iterable<Value>): readonly Node[] {
  return topologicalOrder(outputs, (value) => value);
}

/** Iterative depth-first search, because the gradient graph of a deep network is thousands of nodes deep. */
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
