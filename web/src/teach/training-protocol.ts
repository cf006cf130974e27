/** The protocol between the page and the training worker. */

import type { WebTrainEvent } from "../../../src/train/train-options.web.ts";
import type { Mode, Plan, Start, Trained } from "./trainings.ts";

export type ToTrainer =
  | TrainRequest
  /** Pauses the training before its next step, or resumes it. */
  | { readonly kind: "pause" }
  | { readonly kind: "resume" }
  /** The training ends after the step under way. */
  | { readonly kind: "stop" };

export interface TrainRequest {
  readonly kind: "train";
  /** Name of the database. */
  readonly database: string;
  readonly project: string;
  /** What the model is called. */
  readonly name: string;
  /** The last training of all layers: the page has it even if the storage was too full for it. */
  readonly last: Trained | undefined;
  readonly what:
    | { readonly kind: "all"; readonly start: Start }
    /** With the examples of the last training of all layers. */
    | { readonly kind: "head" }
    /** Goes on with the training that has not ended. */
    | { readonly kind: "unfinished" };
}

export type FromTrainer =
  /** Before it is planned: how many examples are compared with each other. */
  | { readonly kind: "compared"; readonly done: number; readonly all: number }
  | { readonly kind: "planned"; readonly mode: Mode; readonly plan: Plan }
  | { readonly kind: "event"; readonly event: WebTrainEvent }
  /** A problem that does not end the training. */
  | { readonly kind: "warning"; readonly text: string }
  /** `trained` is left out where it was stopped before it had a model; `stored`: whether the browser keeps it. */
  | { readonly kind: "ended"; readonly mode: Mode; readonly trained?: Trained; readonly stored: boolean }
  | { readonly kind: "failed"; readonly reason: string };
