/** What a test asks the page to train, and what comes back: plain data. */

import type { WebTrainEvent, WebTraining, WebTrainOptions } from "../../../src/web.ts";

/** An image of the server, with its class. */
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
  /** Checkpoints are kept from one call to the next. */
  readonly isKept?: boolean;
  /** The store of checkpoints refuses to clear them. */
  readonly failsToClear?: boolean;
  /** The training is stopped after so many steps of this call. */
  readonly stopAfter?: number;
  /** The device of WebGPU is destroyed after so many steps. */
  readonly loseAfter?: number;
}

export interface Taught {
  readonly events: readonly WebTrainEvent[];
  /** Missing if the training failed. */
  readonly training?: Omit<WebTraining, "bundle" | "validation"> & {
    /** In base64. */
    readonly bundle: string | undefined;
    readonly probabilities: readonly number[];
    readonly labels: readonly number[];
  };
  /** Name and message. */
  readonly error?: string;
  readonly seconds: number;
  /** Seconds until the first step was done. */
  readonly untilFirstStep: number;
}
