/** The typed events of a training, for a callback and for `for await`. */

import type { Listener, TrainEvents } from "../train/events.ts";
import type { JobEvent, OnEvent, Teller } from "./events.ts";

/** The events of the training loop; after a failure `train` rejects instead. */
type LoopEvents = Omit<TrainEvents, "note" | "failed">;

/** The run folder is known, but nothing has started. */
export interface RunEvent {
  readonly type: "run";
  readonly folder: string;
}

/** The network as a table for a person: stages, sizes, costs, and what each phase trains. */
export interface ModelEvent {
  readonly type: "model";
  readonly summary: string;
}

/** Forecast for the unchanged recipe, from the call to the result, with a reserve, and the time budget; both in seconds. */
export interface BudgetEvent {
  readonly type: "budget";
  readonly forecast: number;
  readonly budget: number;
}

/** Every event of a training: notes, progress, and those of its loop. */
export type TrainEvent =
  | JobEvent
  | RunEvent
  | ModelEvent
  | BudgetEvent
  | { [E in keyof LoopEvents]: { readonly type: E } & LoopEvents[E] }[keyof LoopEvents];

/** Forwards the events of the training loop, which waits for the listener. */
export function passedOn(teller: Teller<TrainEvent>): Required<Omit<Listener, "failed">> {
  const pass =
    <E extends keyof LoopEvents>(type: E) =>
    (event: LoopEvents[E]): Promise<void> => {
      teller.tell({ type, ...event } as TrainEvent);
      return teller.heard();
    };
  return {
    start: pass("start"),
    note({ text }) {
      teller.note(text);
      return teller.heard();
    },
    features: pass("features"),
    forecast: pass("forecast"),
    phaseStart: pass("phaseStart"),
    step: pass("step"),
    epochEnd: pass("epochEnd"),
    phaseEnd: pass("phaseEnd"),
    checkpoint: pass("checkpoint"),
    interrupted: pass("interrupted"),
    finished: pass("finished"),
  };
}

/** The last event of a loop over events. */
export interface EndEvent<R> {
  readonly type: "end";
  readonly result: R;
}

/**
 * The events of a job, for `for await`; the last one has its result. The job starts with the loop and waits for it. An error
 * of the job is thrown in the loop. Leaving the loop early aborts the job and waits for its end.
 */
export async function* eventsOf<E, R>(
  start: (onEvent: OnEvent<E>, signal: AbortSignal) => Promise<R>,
): AsyncGenerator<E | EndEvent<R>, void, void> {
  const stop = new AbortController();
  const queue: E[] = [];
  let [left, taken, wake] = [false, (): void => {}, (): void => {}];
  const job = start((event) => {
    if (left) return undefined;
    queue.push(event);
    wake();
    return new Promise<void>((resolve) => (taken = resolve));
  }, stop.signal);
  const state = { over: false };
  const over = (): void => {
    state.over = true;
    wake();
  };
  job.then(over, over);
  try {
    while (true) {
      const event = queue.shift();
      if (event !== undefined) {
        yield event;
        taken();
      } else if (state.over) break;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
    yield { type: "end", result: await job };
  } finally {
    left = true;
    stop.abort();
    taken();
    await job.catch(() => {});
  }
}
