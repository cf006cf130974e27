/** The protocol between server and page about runs. It contains only types, so that the page can import it. */

import type { RunEvent } from "../../train/run-events.ts";
import type { Ending, RunState } from "../../train/run-state.ts";

/** The description of a run, from the files that are written once. */
export interface About {
  readonly folder: string;
  readonly model: string | undefined;
  readonly recipe: string | undefined;
  readonly inputSize: number | undefined;
  readonly batchSize: number | undefined;
  /** In the order of training, each with its maximum number of epochs. */
  readonly phases: readonly { readonly name: string; readonly epochs: number }[];
  readonly device: string | undefined;
  readonly threads: number | undefined;
  /** The score of the best weights, once the training has finished. */
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

/** One run in `GET /v1/runs`. */
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

/** `GET /v1/runs/:id`. Its stream continues from `cursor` (`?after=`). */
export interface RunSnapshot extends RunSummary {
  readonly about: About;
  readonly state: RunState;
  readonly cursor: string;
}

/** The data of a stream message. */
export interface RunMessage {
  readonly run: string;
  readonly about?: About;
  /** Everything sent about this run before is void. */
  readonly restarted?: true;
  readonly events?: readonly RunEvent[];
}

/** The data of `event: beat`, sent when a client has caught up, and then at intervals. */
export interface Beat {
  readonly now: number;
}

/** The data of `event: end`, the last of a stream. It states whether the run has finished, or only the server stops. */
export interface End {
  readonly over: boolean;
}
