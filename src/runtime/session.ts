/** The interface of a runtime that runs a program: named tensors in, named tensors out. */

import type { Tensor } from "../util/tensor.ts";

export type Tensors = Readonly<Record<string, Tensor>>;

export type Device = "cpu" | "webgpu" | "cuda" | "dml" | "coreml";

export interface SessionOptions {
  readonly device: Device;
  /** Threads within one operator; 0 leaves the choice to the runtime. */
  readonly threads: number;
  /** Whether idle threads of the runtime spin; off leaves the cores to decoding while nothing runs. */
  readonly spinning?: boolean;
  /** Where to write the runtime's profile, without an extension. */
  readonly profile?: string;
  /** Names of the inputs that the program carries from step to step; a device with memory of its own keeps them there. */
  readonly carries?: readonly string[];
}

/** The state that a training program carries from step to step (weights, moments, averages), wherever it is stored. */
export interface Carried {
  /** Takes a copy of the given tensors, in the program's own layout. */
  load(state: Tensors): void;
  /** Runs the program once: what is carried is fed to it and replaced; the other results are returned. */
  step(feeds: Tensors): Promise<Tensors>;
  /** A copy of the tensors. */
  read(): Promise<Tensors>;
}

export interface Session {
  /**
   * Runs the program once. If `outputs` names a tensor, and the runtime can write into it, it is the result and no memory is
   * taken; every other result of the program is new. Blocks the calling thread.
   */
  run(feeds: Tensors, outputs?: Tensors): Promise<Tensors>;
  /** What the program carries, if the device keeps it. */
  readonly carried?: Carried;
  release(): Promise<void>;
}
