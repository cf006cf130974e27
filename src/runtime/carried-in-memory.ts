/**
 * The state that a training program carries from step to step, in this process's memory. If the session supports it, results are
 * written into existing tensors, so that a step allocates nothing for weights or moments. A tensor that only its own update reads
 * is stored once and overwritten by the update. The others are double-buffered, and the two buffers are swapped after the step.
 */

import { nextName, onlyUpdateReads, type Program, type ProgramTensor, stateOf } from "../program/program.ts";
import { VultusError } from "../util/errors.ts";
import { arrayOf, sizeOf, type Tensor, type TypedArray } from "../util/tensor.ts";
import type { Carried, Session, Tensors } from "./session.ts";

export function carriedInMemory(program: Pick<Program, "name" | "tensors">, session: Session): Carried {
  const { name: programName, tensors } = program;
  const entries = stateOf(program);
  const metrics = tensors.filter(({ role }) => role === "metric");
  const feedEntries = tensors.filter(({ role }) => role === "feed");
  let current: Record<string, Tensor> = {};
  let spare: Record<string, Tensor> = {};
  let lost = false;
  const whole = (): void => {
    if (lost)
      throw new VultusError(
        `a step of ${programName} failed halfway, and its state is lost. Load the state again, from a checkpoint for example`,
      );
  };
  return {
    load(state) {
      current = {};
      spare = {};
      for (const entry of entries) {
        const tensor = tensorOf(entry, (state[entry.name] as Tensor).data.slice());
        current[entry.name] = tensor;
        spare[entry.name] = onlyUpdateReads(entry) ? tensor : tensorOf(entry);
      }
      lost = false;
    },
    async step(feeds) {
      whole();
      const next = Object.fromEntries(
        Object.entries(spare).map(([name, tensor]) => [nextName(name), tensor]),
      );
      const measured = Object.fromEntries(metrics.map((metric) => [metric.name, tensorOf(metric)]));
      let results: Tensors;
      try {
        results = await session.run({ ...feeds, ...current }, { ...next, ...measured });
      } catch (error) {
        // The runtime rejects feeds that do not fit before it computes anything.
        lost = feedEntries.every((entry) => fits(entry, feeds[entry.name]));
        throw error;
      }
      const after = Object.fromEntries(entries.map(({ name }) => [name, results[nextName(name)] as Tensor]));
      spare = Object.fromEntries(
        entries.map((entry) => [
          entry.name,
          (onlyUpdateReads(entry) ? after : current)[entry.name] as Tensor,
        ]),
      );
      current = after;
      return Object.fromEntries(Object.entries(results).filter(([name]) => !(name in next)));
    },
    async read() {
      whole();
      return Object.fromEntries(
        Object.entries(current).map(([name, tensor]) => [name, { ...tensor, data: tensor.data.slice() }]),
      );
    },
  };
}

/** Creates a tensor of the program from these numbers, or from zeros. */
function tensorOf({ dtype, shape }: ProgramTensor, data?: TypedArray): Tensor {
  const fixed = shape as readonly number[];
  return { dtype, shape: fixed, data: data ?? arrayOf(dtype, sizeOf(fixed)) };
}

function fits({ dtype, shape }: ProgramTensor, feed: Tensor | undefined): boolean {
  if (feed?.dtype !== dtype || feed.shape.length !== shape.length) return false;
  return shape.every((extent, axis) => typeof extent === "string" || extent === feed.shape[axis]);
}
