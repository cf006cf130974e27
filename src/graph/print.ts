/** Prints a graph as readable text, one node per line. */

import { numbersOf } from "../util/tensor.ts";
import type { Graph } from "./graph.ts";
import { show } from "./infer.ts";
import { nodesOf } from "./lower.ts";
import type { Value } from "./types.ts";

/** Formats nodes as `%y: float32[2, 6] = Gemm(%x, %w) {transB: 1}  # head.fc`, with each composite as one line. */
export function print(graph: Graph): string {
  const typed = (value: Value): string => `%${value.name}: ${value.dtype}${show(value.shape)}`;
  const operand = (value: Value): string =>
    value.data && value.data.length === 1 ? String(numbersOf(value.dtype, value.data)[0]) : `%${value.name}`;
  const lines = graph.inputs.map((input) => `input  ${typed(input)}`);
  for (const node of nodesOf(graph.outputs.values())) {
    const attributes = Object.entries(node.attributes).map(([key, value]) =>
      Array.isArray(value) ? `${key}: ${show(value)}` : `${key}: ${String(value)}`,
    );
    lines.push(
      `${node.outputs.map(typed).join(", ")} = ${node.operator.type}(${node.inputs.map(operand).join(", ")})` +
        `${attributes.length > 0 ? ` {${attributes.join(", ")}}` : ""}  # ${node.scope}`,
    );
  }
  for (const [name, value] of graph.outputs) lines.push(`output ${name} = ${operand(value)}`);
  return `${lines.join("\n")}\n`;
}
