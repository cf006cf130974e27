/** Runs programs and owns the state that a training program carries from step to step. */

import { nextName, type Program, stateOf } from "../program/program.ts";
import { VultusError } from "../util/errors.ts";
import { arrayOf, sizeOf, type Tensor } from "../util/tensor.ts";
import type { Session, Tensors } from "./session.ts";

/** A program that is loaded and ready to run. */
export interface OpenProgram {
  /** Sets the state, in the program's own layout; every state tensor must be there. */
  load(state: Tensors): Promise<void>;
  /** One step: the state is replaced, the metrics are returned, and beside them the `seconds` that the step took. */
  step(feeds: Tensors): Promise<Tensors>;
  /** A copy of the state. */
  state(): Promise<Tensors>;
  /** Runs a program without state and returns all its outputs. */
  run(feeds: Tensors): Promise<Tensors>;
  release(): Promise<void>;
}

/** Where programs run: on this thread, or on a worker so that the caller stays free. */
export interface Engine {
  open(program: Program): Promise<OpenProgram>;
  close(): Promise<void>;
}

/** The worker of an engine ended. Nothing is wrong with what it was asked: another engine may answer it. */
export class EngineLost extends VultusError {
  override readonly name = "EngineLost";
}

/** An engine on the calling thread. */
export function localEngine(openSession: (program: Program) => Promise<Session>): Engine {
  return {
    async open(program) {
      return openProgram(program, await openSession(program));
    },
    async close() {},
  };
}

/**
 * State is double-buffered: results are written into tensors that exist already, and the two sets change places after
 * the step, so that a step allocates nothing for weights or moments.
 */
function openProgram(program: Program, session: Session): OpenProgram {
  const entries = stateOf(program);
  let current: Record<string, Tensor> = {};
  let spare: Record<string, Tensor> = {};
  return {
    async load(state) {
      current = {};
      spare = {};
      for (const { name, dtype, shape } of entries) {
        const given = state[name];
        if (!given) throw new VultusError(`the state of ${program.name} lacks ${name}`);
        const fixed = shape as readonly number[];
        const copy = { dtype, shape: fixed, data: given.data.slice() };
        current[name] = copy;
        spare[name] = { dtype, shape: fixed, data: arrayOf(dtype, sizeOf(fixed)) };
      }
    },
    async step(feeds) {
      const into = Object.fromEntries(
        Object.entries(spare).map(([name, tensor]) => [nextName(name), tensor]),
      );
      const started = performance.now();
      const results = await session.run({ ...feeds, ...current }, into);
      const seconds = (performance.now() - started) / 1000;
      [current, spare] = [spare, current];
      const metrics: Record<string, Tensor> = {
        seconds: { dtype: "float64", shape: [], data: Float64Array.of(seconds) },
      };
      for (const [name, tensor] of Object.entries(results)) if (!(name in into)) metrics[name] = tensor;
      return metrics;
    },
    async state() {
      return Object.fromEntries(
        Object.entries(current).map(([name, tensor]) => [name, { ...tensor, data: tensor.data.slice() }]),
      );
    },
    run: (feeds) => session.run(feeds),
    release: () => session.release(),
  };
}
