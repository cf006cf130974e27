/** Runs programs and owns the state that a training program carries from step to step. */

import { type Program, stateOf } from "../program/program.ts";
import { VultusError } from "../util/errors.ts";
import { carriedInMemory } from "./carried-in-memory.ts";
import type { Device, Session, Tensors } from "./session.ts";

/** A program that is loaded and ready to run. */
export interface OpenProgram {
  /** Sets the state, in the program's layout. Every state tensor must be present. */
  load(state: Tensors): Promise<void>;
  /** Runs one step: replaces the state, and returns the metrics and the duration of the step in `seconds`. */
  step(feeds: Tensors): Promise<Tensors>;
  /** Returns a copy of the state. */
  state(): Promise<Tensors>;
  /** Runs a program without state and returns all its outputs. */
  run(feeds: Tensors): Promise<Tensors>;
  release(): Promise<void>;
}

/** Where programs run: on this thread, or on a worker so that the caller stays free. */
export interface Engine {
  /** The device that runs the programs, if known. */
  readonly device?: Device | undefined;
  open(program: Program): Promise<OpenProgram>;
  close(): Promise<void>;
}

/**
 * Thrown if the worker of an engine ended, or if its device was lost. The request itself is valid; another engine may
 * answer it.
 */
export class EngineLost extends VultusError {
  override readonly name = "EngineLost";
}

/** Returns an engine on the calling thread; `device` is the device of its sessions. */
export function localEngine(openSession: (program: Program) => Promise<Session>, device?: Device): Engine {
  return {
    device,
    async open(program) {
      return openProgram(program, await openSession(program));
    },
    async close() {},
  };
}

/** Drops the model: the session has already read it, and it may be as large as all weights. */
function openProgram({ name, tensors }: Program, session: Session): OpenProgram {
  const program = { name, tensors };
  const carried = session.carried ?? carriedInMemory(program, session);
  return {
    async load(state) {
      const missing = stateOf(program).find(({ name }) => !state[name]);
      if (missing) throw new VultusError(`the state of ${program.name} lacks ${missing.name}`);
      carried.load(state);
    },
    async step(feeds) {
      const started = performance.now();
      const metrics = await carried.step(feeds);
      const seconds = Float64Array.of((performance.now() - started) / 1000);
      return { ...metrics, seconds: { dtype: "float64", shape: [], data: seconds } };
    },
    state: () => carried.read(),
    run: (feeds) => session.run(feeds),
    release: () => session.release(),
  };
}
