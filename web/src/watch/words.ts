/** Numbers and states in words. */

import type { About } from "../../../src/server/runs/protocol.ts";
import { quietFor, type RunState } from "../../../src/train/run-state.ts";
import { roughly } from "../parts/durations.ts";

export const missing = "–";

export function percent(share: number | null | undefined): string {
  return share == null ? missing : `${(share * 100).toFixed(1)} %`;
}

/** As many decimals as needed for ticks that are `step` apart. */
export function wholePercent(share: number, step = 1): string {
  return `${(share * 100).toFixed(step < 0.01 ? 1 : 0)} %`;
}

export function decimal(value: number | null | undefined, digits = 3): string {
  return value == null ? missing : value.toFixed(digits);
}

/** A learning rate: `0.0015`, `9.0e-11`. */
export function rate(value: number | null | undefined): string {
  if (value == null) return missing;
  if (value === 0) return "0";
  return value >= 1e-4 ? String(Number(value.toPrecision(3))) : value.toExponential(1);
}

export function count(value: number): string {
  return value.toLocaleString("en");
}

export type Standing =
  | "waiting"
  | "preparing"
  | "training"
  | "scoring"
  | "quiet"
  | "stopped"
  | "failed"
  | "finished";

export const standingWords: Readonly<Record<Standing, string>> = {
  waiting: "Waiting",
  preparing: "Preparing",
  training: "Training",
  scoring: "Scoring",
  quiet: "Quiet",
  stopped: "Stopped",
  failed: "Failed",
  finished: "Finished",
};

/** State of a run at `now` on the server's clock. */
export function standingOf(state: RunState, about: About | undefined, now: number): Standing {
  if (state.firstAt === undefined) return "waiting";
  if (state.ending === "failed") return "failed";
  if (state.ending === "finished") return "finished";
  if (state.ending === "interrupted") return "stopped";
  const planned = about?.phases ?? [];
  const over =
    planned.length > 0 &&
    planned.every(({ name }) =>
      state.phases.some((phase) => phase.name === name && phase.reason !== undefined),
    );
  // Runs of older versions do not record that they have ended.
  const quiet = quietFor(state, now) !== undefined;
  if (over) return about?.evaluation !== undefined || quiet ? "finished" : "scoring";
  if (quiet) return "quiet";
  return state.steps.length + state.epochs.length > 0 && !state.features ? "training" : "preparing";
}

/** One sentence that explains the state. */
export function standingSentence(
  standing: Standing,
  state: RunState,
  about: About | undefined,
  now: number,
): string {
  const resume = `npx vultus train --resume ${about?.folder ?? "<run>"}`;
  switch (standing) {
    case "waiting":
      return "The curves begin with the first event of this run.";
    case "preparing":
      return state.features
        ? `Features of the frozen backbone, view ${state.features.view + 1}: ${count(state.features.done)} of ${count(state.features.total)} images.`
        : "Reading images and building the network; the first step follows.";
    case "scoring":
      return "Training is over; the best weights are being scored.";
    case "quiet":
      return `No event for ${roughly((quietFor(state, now) ?? 0) / 1000)}. If its process ended, ${resume} continues from the last checkpoint.`;
    case "stopped":
      return `Everything is saved: ${resume} continues the run.`;
    case "failed":
      return state.failure ?? "";
    case "training":
    case "finished":
      return "";
  }
}
