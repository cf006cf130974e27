/** Options, events and result of a browser training: plain data, except for what the caller provides. */

import type { Picture } from "../data/dataset.ts";
import type { WebDevice } from "../runtime/session.web.ts";
import type { ModelSource } from "../util/bytes.web.ts";
import type { RecipeChanges } from "./override.ts";

/** One image to learn from, or to measure on. */
export interface WebExample {
  /** A cropped face. A file is decoded in the same way as photos for prediction. */
  readonly image: Blob | ImageBitmap | Picture;
  /** Its class. */
  readonly label: string;
}

/** Stores one block of bytes, from which a training resumes after its page was closed. */
export interface CheckpointStore {
  /** Returns what was last written; undefined if there is nothing. */
  read(): Promise<Uint8Array | undefined>;
  /** Replaces the stored bytes completely or not at all. */
  write(bytes: Uint8Array): Promise<void>;
  /** Called when a training has ended and there is nothing left to resume. */
  clear(): Promise<void>;
}

export interface WebTrainOptions {
  /** The bundle to start from: a shipped one, or any single network that vultus wrote. */
  readonly model: ModelSource;
  readonly training: readonly WebExample[];
  /** Held out by the caller: other moments than the training examples. Empty only with `measure: false`. */
  readonly validation: readonly WebExample[];
  /** `false`: nothing is measured, and the weights of the last epoch are kept. Default: true. */
  readonly measure?: boolean | undefined;
  /** In the order of the model's probabilities. Default: those of the training examples, in the order of data sets. */
  readonly classes?: readonly string[] | undefined;
  /** `adapt` trains all layers, `head` the head alone; or changes to a recipe by name. Default: `adapt`. */
  readonly recipe?: "adapt" | "head" | RecipeChanges | undefined;
  /** Seed of everything random: a whole number from 0. Default: 0. */
  readonly seed?: number | undefined;
  /** `auto`, the default: WebGPU if it is available and gives the same results as the CPU, else the CPU. */
  readonly device?: WebDevice | "auto" | undefined;
  /** Threads of the CPU. Default: all that the browser allows; one if the page is not cross-origin isolated. */
  readonly threads?: number | undefined;
  /** The model's name in its file. */
  readonly name?: string | undefined;
  /** Where checkpoints are stored; a stored checkpoint is resumed. Default: none. */
  readonly checkpoints?: CheckpointStore | undefined;
  /** Seconds between two checkpoints within an epoch; there is also one after each epoch. Default: 30. */
  readonly checkpointEvery?: number | undefined;
  /** Called in order; the training waits for the promise, so delaying the promise of a step pauses the training. */
  readonly onEvent?: ((event: WebTrainEvent) => void | Promise<void>) | undefined;
  /** Ends the training after the current step; its checkpoint is kept. */
  readonly signal?: AbortSignal | undefined;
}

/** The training starts or resumes. */
export interface WebStartEvent {
  readonly kind: "start";
  readonly device: WebDevice;
  /** Threads of the CPU. */
  readonly threads: number;
  /** Training examples. */
  readonly images: number;
  /** Steps of the whole training, and those completed before the checkpoint. */
  readonly steps: number;
  readonly done: number;
}

export interface WebStepEvent {
  readonly kind: "step";
  /** Completed steps, and their total. */
  readonly step: number;
  readonly steps: number;
  /** Counted from 1, over all phases. */
  readonly epoch: number;
  readonly epochs: number;
  /** Loss of this step's batch. */
  readonly loss: number;
  /** Mean over the epoch so far, from 0 to 1. */
  readonly accuracy: number;
  /** Average over the last steps. */
  readonly imagesPerSecond: number;
  /** Estimated remaining time, including scoring. */
  readonly secondsLeft: number;
}

export interface WebEpochEvent {
  readonly kind: "epoch";
  /** Counted from 1, over all phases. */
  readonly epoch: number;
  readonly trainLoss: number;
  readonly trainAccuracy: number;
  /** On the validation examples; missing with `measure: false`. */
  readonly validationLoss?: number;
  readonly validationAccuracy?: number;
}

export type WebTrainEvent =
  | WebStartEvent
  | WebStepEvent
  | WebEpochEvent
  /** A checkpoint was written to the store. */
  | { readonly kind: "checkpoint" }
  /** A note for the user. */
  | { readonly kind: "note"; readonly text: string }
  /** WebGPU was lost for this reason; the training continues from its last checkpoint on this device. */
  | { readonly kind: "device"; readonly device: WebDevice; readonly reason: string };

export interface WebTraining {
  /** `interrupted`: the signal ended it. */
  readonly ending: "finished" | "interrupted";
  /** The `.onnx` file of the best epoch so far; undefined if it was interrupted before the first epoch's end. */
  readonly bundle: Uint8Array | undefined;
  readonly classes: readonly string[];
  /** The bundle's predictions for the validation examples, in their order. */
  readonly validation: {
    /** [examples, classes], row after row. */
    readonly probabilities: Float32Array;
    /** Indices into `classes`. */
    readonly labels: readonly number[];
  };
  /** One entry per finished epoch. */
  readonly history: readonly WebEpochEvent[];
  /** The device of the last step. */
  readonly device: WebDevice;
  /** Speed of the last epoch; 0 before the end of the first. */
  readonly imagesPerSecond: number;
}
