/** Stored records of trainings: their inputs, curves and results. */

import type { WebEpochEvent, WebStepEvent } from "../../../src/train/train-options.web.ts";
import type { Answers } from "./measure.ts";

/** All layers, or the head alone for comparison. */
export type Mode = "all" | "head";

/** The model that a training starts from: of the page, a file of the user, or what the project trained last. */
export type Start =
  | { readonly kind: "page"; readonly name: string; readonly address: string }
  | { readonly kind: "file"; readonly name: string; readonly bundle: Blob }
  | { readonly kind: "taught"; readonly name: string; readonly bundle: Blob };

/** Which examples a training learns from and is measured by. */
export interface Plan {
  readonly start: Start;
  /** When the examples were read, in milliseconds since 1970; missing in plans of earlier versions. */
  readonly made?: number;
  readonly classes: readonly string[];
  readonly training: readonly PlannedExample[];
  readonly measured: readonly PlannedExample[];
  /** How many are in neither. */
  readonly leftOut: number;
  /** Ids of all examples that the model knows once it is trained: those that it started with, too. */
  readonly learned: readonly string[];
}

export interface PlannedExample {
  readonly id: string;
  /** The name of its class. */
  readonly label: string;
}

/** A point per step, and one per epoch. */
export interface Curve {
  readonly steps: readonly CurvePoint[];
  readonly epochs: readonly (WebEpochEvent & {
    /** The last step of the epoch. */
    readonly step: number;
  })[];
  /** Steps of the whole training. */
  readonly length: number;
}

export type CurvePoint = Pick<WebStepEvent, "step" | "loss" | "accuracy">;

export const emptyCurve: Curve = { steps: [], epochs: [], length: 0 };

/** A training that has not ended and can be resumed. */
export interface Unfinished {
  readonly project: string;
  readonly slot: "unfinished";
  readonly mode: Mode;
  readonly plan: Plan;
  readonly curve: Curve;
}

/** A training that gave a model. */
export interface Trained {
  readonly project: string;
  readonly slot: Mode;
  readonly plan: Plan;
  readonly curve: Curve;
  /** Milliseconds since 1970. */
  readonly when: number;
  /** Whether it was not stopped before. */
  readonly finished: boolean;
  /** The `.onnx` file. */
  readonly bundle: Blob;
  /** For the measured examples, in their order. */
  readonly answers: Answers;
  readonly device: string;
  readonly imagesPerSecond: number;
}

/** The finished model whose place one took that was stopped. */
export type Earlier = Omit<Trained, "slot"> & { readonly slot: "earlier" };

export type Training = Trained | Unfinished | Earlier;
export type Slot = Training["slot"];

/** The curve with one more event, without what an earlier attempt did beyond it. */
export function withStep(before: Curve, { step, steps, loss, accuracy }: WebStepEvent): Curve {
  const isRepeated = (before.steps.at(-1)?.step ?? 0) >= step;
  const curve = isRepeated ? upTo(before, step - 1, steps) : before;
  return { ...curve, length: steps, steps: [...curve.steps, { step, loss, accuracy }] };
}

export function withEpoch(curve: Curve, event: WebEpochEvent): Curve {
  return { ...curve, epochs: [...curve.epochs, { ...event, step: curve.steps.at(-1)?.step ?? 0 }] };
}

/** The curve up to the step from which a training resumes. */
export function upTo(curve: Curve, done: number, length: number): Curve {
  return {
    steps: curve.steps.filter(({ step }) => step <= done),
    epochs: curve.epochs.filter(({ step }) => step <= done),
    length,
  };
}
