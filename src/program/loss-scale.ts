/**
 * Dynamic loss scaling for half precision (PyTorch's GradScaler): gradients are computed at a multiple of the loss, so that
 * small ones don't vanish. The scale halves when a gradient overflows and doubles after a long run of finite ones.
 */

import type { Graph } from "../graph/graph.ts";
import type { Value } from "../graph/types.ts";
import { add } from "../ops/add.ts";
import { equal } from "../ops/equal.ts";
import { mul } from "../ops/mul.ts";
import { where } from "../ops/where.ts";
import type { ProgramTensor } from "./program.ts";
import type { Change } from "./update.ts";

/** Steps without an infinity after which the scale doubles (PyTorch's default). */
const GROWTH_INTERVAL = 2000;
/** PyTorch's initial loss scale. */
export const INITIAL_SCALE = 65536;

/** Returns the scale of this step, a scalar that is part of the state. */
export function lossScale(graph: Graph): Value {
  return graph.input("scaler.scale", "float32", []);
}

/** Returns the next scale, and the next count of consecutive finite steps, given whether this step was `finite`. */
export function scaleChanges(scale: Value, finite: Value): Change[] {
  const run = scale.graph.input("scaler.run", "float32", []);
  const longer = add(run, 1);
  const full = equal(longer, GROWTH_INTERVAL);
  const entry = (name: string): ProgramTensor => ({ name, dtype: "float32", shape: [], role: "scaler" });
  return [
    {
      entry: entry("scaler.scale"),
      next: where(finite, where(full, mul(scale, 2), scale), mul(scale, 0.5)),
    },
    { entry: entry("scaler.run"), next: where(finite, where(full, 0, longer), 0) },
  ];
}
