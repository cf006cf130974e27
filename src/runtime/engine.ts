/** Runs programs and owns the state that a training program carries from step to step. */

import { type Program, stateOf } from "../program/program.ts";
import { VultusError } from "../util/errors.ts";
import { carriedInMemory } from "./carried-in-memory.ts";
import type { Device, Session, Tensors } from "./session.ts";

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
  /** The device on which it runs programs, if known. */
  readonly device?: Device | undefined;
  open(program: Program): Promise<OpenProgram>;
  close(): Promise<void>;
}

/** The worker of an engine ended, or its device was lost. The request itself is valid: another engine may answer it. */
export class EngineLost extends VultusError {
  override readonly name = "EngineLost";
}

/** An engine on the calling thread; `device` is what its sessions run on. */
export function localEngine(openSession: (program: Program) => Promise<Session>, device?: Device): Engine {
  return {
    device,
    async open(program) {
      return openProgram(program, await openSession(program));
    },
    async close() {},
  };
}

/** The model is left out: the session has read it, and it may be as large as all weights. */
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
