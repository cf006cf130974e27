/**
 * What a training program carries from step to step, in the memory of this process, and there twice: results are written
 * into tensors that exist already, and the two sets change places after the step, so that a step allocates nothing for weights
 * or moments.
 */

import { nextName, type Program, type ProgramTensor, stateOf } from "../program/program.ts";
import { arrayOf, sizeOf, type Tensor, type TypedArray } from "../util/tensor.ts";
import type { Carried, Session } from "./session.ts";

export function carriedInMemory(program: Program, session: Session): Carried {
  const entries = stateOf(program);
  const metrics = program.tensors.filter(({ role }) => role === "metric");
  let current: Record<string, Tensor> = {};
  let spare: Record<string, Tensor> = {};
  return {
    load(state) {
      current = {};
      spare = {};
      for (const entry of entries) {
        spare[entry.name] = tensorOf(entry);
        current[entry.name] = tensorOf(entry, (state[entry.name] as Tensor).data.slice());
      }
    },
    async step(feeds) {
      const next = Object.fromEntries(
        Object.entries(spare).map(([name, tensor]) => [nextName(name), tensor]),
      );
      const measured = Object.fromEntries(metrics.map((metric) => [metric.name, tensorOf(metric)]));
      const results = await session.run({ ...feeds, ...current }, { ...next, ...measured });
      [current, spare] = [spare, current];
      return Object.fromEntries(Object.entries(results).filter(([name]) => !(name in next)));
    },
    async read() {
      return Object.fromEntries(
        Object.entries(current).map(([name, tensor]) => [name, { ...tensor, data: tensor.data.slice() }]),
      );
    },
  };
}

/** A tensor of the program: of these numbers, or of zeros. */
function tensorOf({ dtype, shape }: ProgramTensor, data?: TypedArray): Tensor {
  const fixed = shape as readonly number[];
  return { dtype, shape: fixed, data: data ?? arrayOf(dtype, sizeOf(fixed)) };
}
