/** What is kept of a training: what it was given, and what came of it. */

import type { WebEpochEvent, WebStepEvent } from "../../../src/train/train-options.web.ts";
import type { Answers } from "./measure.ts";

/** All layers, or the head alone for comparison. */
export type Mode = "all" | "head";

/** The model that a training starts from: by its address, or the one that this project trained last. */
export interface Start {
  readonly kind: "page" | "taught";
  readonly name: string;
  readonly address: string;
}

/** Which examples a training learns from and is measured by; ids, each with the name of its class. */
export interface Plan {
  readonly start: Start;
  readonly classes: readonly string[];
  readonly training: readonly PlannedExample[];
  readonly measured: readonly PlannedExample[];
  /** How many are in neither. */
  readonly leftOut: number;
  /** Ids of the examples that the model knows once it is trained: those of the models that it came from, too. */
  readonly learned: readonly string[];
}

export interface PlannedExample {
  readonly id: string;
  readonly label: string;
}

/** How a training went: a point per step, and one per epoch. */
export interface Curve {
  readonly steps: readonly CurvePoint[];
  readonly epochs: readonly WebEpochEvent[];
  /** Of the whole training. */
  readonly length: number;
}

export type CurvePoint = Pick<WebStepEvent, "step" | "loss" | "accuracy">;

export const emptyCurve: Curve = { steps: [], epochs: [], length: 0 };

export interface Training {
  readonly project: string;
  readonly mode: Mode;
  readonly plan: Plan;
  readonly curve: Curve;
  /** Left out while the training has not ended. */
  readonly outcome?: Outcome;
}

export interface Outcome {
  /** Milliseconds since 1970. */
  readonly when: number;
  readonly finished: boolean;
  /** The `.onnx` file. */
  readonly bundle: Blob;
  readonly answers: Answers;
  readonly device: string;
  readonly imagesPerSecond: number;
}
