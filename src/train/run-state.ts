/** Summarises the events of a run so far: its curves, its phases and its position. Also runs in browsers. */

import { isBetterEpoch } from "./better-epoch.ts";
import type { EventOf, RunEvent } from "./run-events.ts";

/** Positions `x` in a run are counted in epochs since its start. */
export interface StepPoint {
  readonly x: number;
  /** The loss of this step. */
  readonly loss: number | null;
  /** Means of the epoch so far. */
  readonly meanLoss: number | null;
  readonly accuracy: number | null;
  readonly learningRate: number | null;
  readonly imagesPerSecond: number | null;
}

export interface EpochPoint extends EventOf<"epochEnd"> {
  readonly x: number;
  /** Total seconds of the epoch, including scoring; unknown if the training was resumed during the epoch. */
  readonly wall: number | undefined;
}

export interface PhaseState {
  readonly name: string;
  /** Number of epochs of the run before it. */
  readonly from: number;
  /** Why it ended. */
  reason: string | undefined;
}

export type Ending = "interrupted" | "failed" | "finished";

export interface RunState {
  start: EventOf<"start"> | undefined;
  readonly phases: PhaseState[];
  readonly epochs: EpochPoint[];
  readonly steps: StepPoint[];
  /** The current epoch. */
  current:
    | { readonly phase: string; readonly epoch: number; readonly step: number; readonly steps: number }
    | undefined;
  features: EventOf<"features"> | undefined;
  forecast: EventOf<"forecast"> | undefined;
  readonly notes: { readonly time: number; readonly text: string }[];
  ending: Ending | undefined;
  failure: string | undefined;
  result: EventOf<"finished"> | undefined;
  /** Milliseconds since 1970. */
  firstAt: number | undefined;
  lastAt: number | undefined;
  /** Milliseconds without training, between an end and a resume. */
  idle: number;
  /** Longest time without an event during training, in milliseconds. */
  longestPause: number;
  /** When the current epoch began; undefined if the training was resumed in it. */
  epochFrom: number | undefined;
}

export function emptyRun(): RunState {
  return {
    start: undefined,
    phases: [],
    epochs: [],
    steps: [],
    current: undefined,
    features: undefined,
    forecast: undefined,
    notes: [],
    ending: undefined,
    failure: undefined,
    result: undefined,
    firstAt: undefined,
    lastAt: undefined,
    idle: 0,
    longestPause: 0,
    epochFrom: undefined,
  };
}

/** Adds one event; what a resumed training repeats replaces the earlier events. */
export function apply(state: RunState, event: RunEvent): void {
  const time = Date.parse(event.time);
  const pause = time - (state.lastAt ?? time);
  // Events after an end, or from a process that starts, come from a resumed training.
  if (state.ending !== undefined || event.event === "start") state.idle += pause;
  else state.longestPause = Math.max(state.longestPause, pause);
  state.firstAt ??= time;
  state.lastAt = time;
  state.ending = undefined;
  state.failure = undefined;
  state.result = undefined;
  handlers[event.event](state, event as never, time);
}

type Handlers = {
  readonly [E in RunEvent["event"]]: (state: RunState, event: EventOf<E>, time: number) => void;
};

const handlers: Handlers = {
  start(state, event) {
    state.start = event;
    state.current = undefined;
    state.epochFrom = undefined;
  },
  note: (state, { text }, time) => void state.notes.push({ time, text }),
  phaseStart(state, { phase: name }, time) {
    const known = state.phases.find((phase) => phase.name === name);
    if (known) known.reason = undefined;
    else state.phases.push({ name, from: state.epochs.at(-1)?.x ?? 0, reason: undefined });
    state.forecast = undefined;
    state.features = undefined;
    state.current = undefined;
    state.epochFrom = known ? undefined : time;
  },
  forecast(state, event) {
    state.forecast = event;
  },
  features(state, event) {
    state.features = event;
  },
  step(state, event) {
    const { phase, epoch, step, steps } = event;
    const x = phaseOf(state, phase).from + epoch - 1 + step / steps;
    // Steps after the checkpoint from which a training resumed are repeated.
    cut(state.steps, x);
    cut(state.epochs, x);
    state.steps.push({ ...event, x });
    state.current = { phase, epoch, step, steps };
    state.features = undefined;
  },
  epochEnd(state, event, time) {
    const x = phaseOf(state, event.phase).from + event.epoch;
    const wall = state.epochFrom === undefined ? undefined : (time - state.epochFrom) / 1000;
    cut(state.epochs, x);
    state.epochs.push({ ...event, x, wall });
    state.current = undefined;
    state.features = undefined;
    state.epochFrom = time;
  },
  phaseEnd(state, { name, reason }) {
    phaseOf(state, name).reason = reason;
  },
  interrupted(state) {
    state.ending = "interrupted";
  },
  failed(state, { message }) {
    state.ending = "failed";
    state.failure = message;
  },
  finished(state, event) {
    state.ending = "finished";
    state.result = event;
  },
};

/** Returns a phase; if the log does not mention it before its first step, it begins there. */
function phaseOf(state: RunState, name: string): PhaseState {
  const known = state.phases.find((phase) => phase.name === name);
  if (known) return known;
  const phase: PhaseState = { name, from: state.epochs.at(-1)?.x ?? 0, reason: undefined };
  state.phases.push(phase);
  return phase;
}

/** Removes everything at or after `x`. */
function cut(points: { readonly x: number }[], x: number): void {
  while (points.length > 0 && (points.at(-1) as { x: number }).x >= x) points.pop();
}

export function bestEpoch({ epochs }: Pick<RunState, "epochs">): EpochPoint | undefined {
  return epochs.reduce<EpochPoint | undefined>(
    (best, epoch) => (isBetterEpoch(epoch, best) ? epoch : best),
    undefined,
  );
}

/**
 * Returns the seconds until the current phase has completed all its `limit` epochs, estimated from its last epochs, or from its
 * forecast before the first has ended; early stopping may end it sooner. Undefined if nothing is known yet. `now` is in
 * milliseconds since 1970.
 */
export function secondsLeft(state: RunState, limit: number, now: number): number | undefined {
  const { current, forecast, epochs, lastAt } = state;
  const phase = state.phases.at(-1);
  if (!phase || phase.reason !== undefined || lastAt === undefined) return undefined;
  const own = epochs.filter((epoch) => epoch.phase === phase.name);
  const walls = own.flatMap(({ wall }) => wall ?? []).slice(-3);
  const batches = current?.steps ?? own.at(-1)?.steps ?? (forecast && forecast.steps / limit);
  const perEpoch =
    walls.length > 0
      ? walls.reduce((sum, wall) => sum + wall, 0) / walls.length
      : forecast && batches && forecast.stepSeconds * batches + forecast.prepareSeconds / limit;
  if (!perEpoch) return undefined;
  const share = current ? current.step / current.steps : 0;
  const since = Math.max(0, now - lastAt) / 1000;
  return Math.max(0, perEpoch * (limit - own.length - share) - since);
}

/** The shortest time without an event that is reported, in milliseconds. */
const QUIET = 120_000;

/** Returns the milliseconds since the last event, if that is much longer than ever before: the process may have been killed. */
export function quietFor(state: RunState, now: number): number | undefined {
  if (state.lastAt === undefined || state.ending !== undefined) return undefined;
  const quiet = now - state.lastAt;
  return quiet > Math.max(QUIET, 3 * state.longestPause) ? quiet : undefined;
}
