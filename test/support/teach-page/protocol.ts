/** What a test asks the page to train, and the result: plain data. */

import type { WebTrainEvent, WebTraining, WebTrainOptions } from "../../../src/web.ts";

/** An image on the server, with its class. */
export interface ServedExample {
  readonly path: string;
  readonly label: string;
}

export interface Asked
  extends Pick<
    WebTrainOptions,
    "classes" | "recipe" | "seed" | "device" | "threads" | "measure" | "name" | "checkpointEvery"
  > {
  readonly model: string;
  readonly training: readonly ServedExample[];
  readonly validation: readonly ServedExample[];
  /** Checkpoints are kept between calls. */
  readonly isKept?: boolean;
  /** The checkpoint store refuses to be cleared. */
  readonly failsToClear?: boolean;
  /** Stops the training after this many steps of the call. */
  readonly stopAfter?: number;
  /** Destroys the WebGPU device after this many steps. */
  readonly loseAfter?: number;
}

export interface Taught {
  readonly events: readonly WebTrainEvent[];
  /** Missing if the training failed. */
  readonly training?: Omit<WebTraining, "bundle" | "validation"> & {
    /** Base64-encoded. */
    readonly bundle: string | undefined;
    readonly probabilities: readonly number[];
    readonly labels: readonly number[];
  };
  /** Name and message. */
  readonly error?: string;
  readonly seconds: number;
  /** Seconds until the end of the first step. */
  readonly untilFirstStep: number;
}
