/** The protocol between the page and the training worker. */

import type { WebTrainEvent } from "../../../src/train/train-options.web.ts";
import type { Mode, Plan, Start, Trained } from "./trainings.ts";

export type ToTrainer =
  | TrainRequest
  /** Pauses the training before its next step, or resumes it. */
  | { readonly kind: "pause" }
  | { readonly kind: "resume" }
  /** Ends the training after the current step. */
  | { readonly kind: "stop" };

export interface TrainRequest {
  readonly kind: "train";
  /** Name of the database. */
  readonly database: string;
  readonly project: string;
  /** Name of the model. */
  readonly name: string;
  /** The result of the last training of all layers: the page has it even if the storage was too full for it. */
  readonly last: Trained | undefined;
  readonly what:
    | { readonly kind: "all"; readonly start: Start }
    /** Uses the examples of the last training of all layers. */
    | { readonly kind: "head" }
    /** Resumes the unfinished training. */
    | { readonly kind: "unfinished" };
}

export type FromTrainer =
  /** Before the plan: the number of compared examples. */
  | { readonly kind: "compared"; readonly done: number; readonly all: number }
  | { readonly kind: "planned"; readonly mode: Mode; readonly plan: Plan }
  | { readonly kind: "event"; readonly event: WebTrainEvent }
  /** A problem that does not stop the training. */
  | { readonly kind: "warning"; readonly text: string }
  /** `trained` is omitted if it was stopped before it had a model; `stored`: whether the browser stored it. */
  | { readonly kind: "ended"; readonly mode: Mode; readonly trained?: Trained; readonly stored: boolean }
  | { readonly kind: "failed"; readonly reason: string };
