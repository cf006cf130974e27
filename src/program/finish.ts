/** Converts a graph to a program. It is separate from `program.ts`, so that running a program needs no compiler. */

import { encode } from "../graph/encode.ts";
import type { Graph } from "../graph/graph.ts";
import type { TensorType, Value } from "../graph/types.ts";
import type { Program, ProgramTensor, Role } from "./program.ts";

/** Returns the program of a stateless graph: its inputs are feeds, and it returns `outputs`. */
export function finish(
  graph: Graph,
  name: string,
  outputs: Readonly<Record<string, Value>>,
  metadata?: Readonly<Record<string, string>>,
): Program {
  for (const [output, value] of Object.entries(outputs)) graph.output(output, value);
  const tensor = (role: Role, name: string, { dtype, shape }: TensorType): ProgramTensor => ({
    name,
    dtype,
    shape,
    role,
  });
  return {
    name,
    model: encode(graph, name, metadata),
    tensors: [
      ...graph.inputs.map((input) => tensor("feed", input.name, input)),
      ...Object.entries(outputs).map(([output, value]) => tensor("metric", output, value)),
    ],
    masks: [],
  };
}
