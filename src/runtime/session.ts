/** The interface of a runtime that runs a program: named tensors in, named tensors out. */

import type { Tensor } from "../util/tensor.ts";

export type Tensors = Readonly<Record<string, Tensor>>;

export type Device = "cpu" | "webgpu" | "cuda" | "dml" | "coreml";

export interface SessionOptions {
  readonly device: Device;
  /** Threads per operator; 0 leaves the choice to the runtime. */
  readonly threads: number;
  /** Whether idle threads of the runtime spin. If not, the cores are free for decoding between runs. */
  readonly spinning?: boolean;
  /** Path of the runtime's profile, without an extension. */
  readonly profile?: string;
  /** Names of the inputs that the program carries from step to step; a device with separate memory keeps them there. */
  readonly carries?: readonly string[];
}

/** The state that a training program carries from step to step (weights, moments, averages), wherever it is stored. */
export interface Carried {
  /** Copies the given tensors, which are in the program's layout. */
  load(state: Tensors): void;
  /** Runs the program once: feeds it the state and replaces the state; returns the other results. */
  step(feeds: Tensors): Promise<Tensors>;
  /** Returns a copy of the tensors. */
  read(): Promise<Tensors>;
}

export interface Session {
  /**
   * Runs the program once. A tensor in `outputs` becomes the result, without new memory, if the runtime can write into it;
   * every other result of the program is new. Blocks the calling thread.
   */
  run(feeds: Tensors, outputs?: Tensors): Promise<Tensors>;
  /** The state that the program carries, if the device keeps it. */
  readonly carried?: Carried;
  release(): Promise<void>;
}
