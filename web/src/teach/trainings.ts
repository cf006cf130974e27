/** Stored records of trainings: their inputs, curves and results. */

import type { WebEpochEvent, WebStepEvent } from "../../../src/train/train-options.web.ts";
import type { Answers } from "./measure.ts";

/** All layers, or only the head for comparison. */
export type Mode = "all" | "head";

/** The starting model of a training: the page's, the user's file, or the project's last result. */
export type Start =
  | { readonly kind: "page"; readonly name: string; readonly address: string }
  | { readonly kind: "file"; readonly name: string; readonly bundle: Blob }
  | { readonly kind: "taught"; readonly name: string; readonly bundle: Blob };

/** The examples that a training learns from and is measured by. */
export interface Plan {
  readonly start: Start;
  /** When the examples were read, in milliseconds since 1970; missing in plans of earlier versions. */
  readonly made?: number;
  readonly classes: readonly string[];
  readonly training: readonly PlannedExample[];
  readonly measured: readonly PlannedExample[];
  /** Number of examples in neither. */
  readonly leftOut: number;
  /** Ids of all examples that the trained model knows, including those of its starting model. */
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
  /** Number of steps of the whole training. */
  readonly length: number;
}

export type CurvePoint = Pick<WebStepEvent, "step" | "loss" | "accuracy">;

export const emptyCurve: Curve = { steps: [], epochs: [], length: 0 };

/** An unfinished training that can be resumed. */
export interface Unfinished {
  readonly project: string;
  readonly slot: "unfinished";
  readonly mode: Mode;
  readonly plan: Plan;
  readonly curve: Curve;
}

/** A training that produced a model. */
export interface Trained {
  readonly project: string;
  readonly slot: Mode;
  readonly plan: Plan;
  readonly curve: Curve;
  /** Milliseconds since 1970. */
  readonly when: number;
  /** Whether it ran to its end. */
  readonly finished: boolean;
  /** The `.onnx` file. */
  readonly bundle: Blob;
  /** For the measured examples, in order. */
  readonly answers: Answers;
  readonly device: string;
  readonly imagesPerSecond: number;
}

/** The finished model that a stopped training replaced. */
export type Earlier = Omit<Trained, "slot"> & { readonly slot: "earlier" };

export type Training = Trained | Unfinished | Earlier;
export type Slot = Training["slot"];

/** The curve with one more event, and without the later points of an earlier attempt. */
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
