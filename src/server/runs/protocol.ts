/** What the server tells a page about runs; types only, so that the page can import them. */

import type { RunEvent } from "../../train/run-events.ts";
import type { Ending, RunState } from "../../train/run-state.ts";

/** What a run is, from the files that are written once. */
export interface About {
  readonly folder: string;
  readonly model: string | undefined;
  readonly recipe: string | undefined;
  readonly inputSize: number | undefined;
  readonly batchSize: number | undefined;
  /** In the order of training, with the most epochs that each may have. */
  readonly phases: readonly { readonly name: string; readonly epochs: number }[];
  readonly device: string | undefined;
  readonly threads: number | undefined;
  /** The score of the best weights, once all is over. */
  readonly evaluation: Scored | undefined;
}

export interface Scored {
  readonly split: string;
  readonly n: number;
  readonly accuracy: number;
  readonly interval: readonly [number, number];
  readonly classes: readonly string[];
  readonly confusion: readonly (readonly number[])[];
}

/** One run of `GET /v1/runs`. */
export interface RunSummary {
  readonly id: string;
  readonly folder: string;
  readonly model: string | undefined;
  readonly recipe: string | undefined;
  readonly epochs: number;
  /** Best validation accuracy so far. */
  readonly best: number | undefined;
  readonly ending: Ending | undefined;
  /** Milliseconds since 1970. */
  readonly firstAt: number | undefined;
  readonly lastAt: number | undefined;
}

export interface RunList {
  readonly runs: readonly RunSummary[];
  readonly leftOut: number;
  /** The server's clock, in milliseconds since 1970. */
  readonly now: number;
}

/** `GET /v1/runs/:id`. Its stream goes on from `cursor` (`?after=`). */
export interface RunSnapshot extends RunSummary {
  readonly about: About;
  readonly state: RunState;
  readonly cursor: string;
}

/** Data of a message of the stream. */
export interface RunMessage {
  readonly run: string;
  readonly about?: About;
  /** What was said of this run before is void. */
  readonly restarted?: true;
  readonly events?: readonly RunEvent[];
}

/** Data of `event: beat`, sent when a client has caught up and then now and again. */
export interface Beat {
  readonly now: number;
}

/** Data of `event: end`, the last of a stream: whether what was watched is over, or only the server ends. */
export interface End {
  readonly over: boolean;
}
