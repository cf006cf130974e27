/** The fixed list of training events. Everything except the loop itself listens to them. */

import type { ConfusionMatrix } from "../metrics/confusion.ts";
import type { Phase } from "./recipe.ts";
import type { EpochRecord, PhaseRecord } from "./records.ts";
import type { FeatureProgress } from "./sources.ts";

/** The predictions for the validation images after an epoch. */
export interface Answers {
  readonly confusion: ConfusionMatrix;
  /** One row of class probabilities for each watched image. */
  readonly watched: readonly (readonly number[])[];
}

/** A training that starts or continues. */
export interface StartEvent {
  readonly classes: readonly string[];
  /** The number of images of each split. */
  readonly pictures: { readonly training: number; readonly validation: number };
  /** The validation images whose predictions are reported after each epoch. */
  readonly watched: readonly { readonly id: string; readonly label: number }[];
}

export interface StepEvent {
  readonly phase: Phase;
  readonly epoch: number;
  /** Completed batches of this epoch, and their total. */
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
  /** Means over the epoch so far. */
  readonly meanLoss: number;
  readonly accuracy: number;
  readonly learningRate: number;
  readonly batch: number;
  readonly stepSeconds: number;
  readonly waitSeconds: number;
}

export interface TrainEvents {
  start: StartEvent;
  /** A note for the user. */
  note: { readonly text: string };
  features: FeatureProgress;
  /** The maximum duration of a phase, measured on its first steps. */
  forecast: {
    readonly phase: Phase;
    /** Seconds to compute all cached features, for the whole phase. */
    readonly prepareSeconds: number;
    readonly stepSeconds: number;
    readonly steps: number;
  };
  phaseStart: { readonly phase: Phase; readonly index: number };
  step: StepEvent;
  epochEnd: {
    readonly phase: Phase;
    readonly record: EpochRecord;
    readonly improved: boolean;
    /** Its number of batches. */
    readonly steps: number;
    readonly answers: Answers;
  };
  phaseEnd: { readonly phase: Phase; readonly record: PhaseRecord; readonly reason: string };
  checkpoint: { readonly path: string };
  interrupted: { readonly path: string };
  /** All phases have ended, and the best weights are being scored. */
  finished: { readonly split: string; readonly accuracy: number };
  failed: { readonly message: string };
}

/** A listener may be asynchronous; the loop waits for it. */
export type Listener = {
  readonly [E in keyof TrainEvents]?: (event: TrainEvents[E]) => void | Promise<void>;
};

export type Emit = <E extends keyof TrainEvents>(name: E, event: TrainEvents[E]) => Promise<void>;

/** Calls every listener in turn. */
export function emitter(listeners: readonly Listener[]): Emit {
  return async (name, event) => {
    for (const listener of listeners) await listener[name]?.(event);
  };
}
