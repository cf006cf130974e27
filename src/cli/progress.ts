/** Progress of a job for a person: one live line on a terminal, and one plain line per epoch everywhere. */

import type { ProgressEvent } from "../jobs/events.ts";
import type { TrainEvent } from "../jobs/train-events.ts";
import { counted } from "../util/counted.ts";
import type { SetExitCode } from "./options.ts";
import { duration, liveLine, percent, say } from "./output.ts";

/** Minimum time between two updates of the live line, in milliseconds. */
const REDRAW = 100;

type EventOf<T extends TrainEvent["type"]> = Extract<TrainEvent, { type: T }>;

/** Returns a listener that prints a job's events. An unreadable image sets the exit code to partial failure. */
export function printer(setExitCode: SetExitCode = () => {}): (event: TrainEvent) => void {
  let drawn = 0;
  // With a time budget, the number of epochs is only a plan.
  let isTimed = false;
  const draw = (text: string): void => {
    if (performance.now() - drawn < REDRAW) return;
    drawn = performance.now();
    liveLine(text);
  };
  const limit = ({ epochs }: { readonly epochs: number }): string => `${isTimed ? "about " : ""}${epochs}`;
  const robustness = robustnessPasses();
  const print: { readonly [T in TrainEvent["type"]]?: (event: EventOf<T>) => void } = {
    note: ({ text }) => say(text),
    progress: (event) => (event.stage === "robustness" ? robustness(event) : liveLine(progressText(event))),
    unreadable({ id, reason }) {
      setExitCode(1);
      say(`left out: ${id}: ${reason}`);
    },
    wrote: ({ path }) => say(`wrote ${path}`),
    budget({ forecast, budget }) {
      isTimed = true;
      // Rounded up, so that a forecast beyond the budget never reads as if it were within it.
      const all = duration(forecast < 10 ? forecast : Math.ceil(forecast));
      say(`forecast: ${all} for all epochs; the budget is ${duration(budget)}`);
    },
    // Only the first line; the report shows what each phase trains.
    model: ({ summary }) => say(`network: ${summary.split("\n")[0]}`),
    phaseStart({ phase, index }) {
      const epochs = counted(phase.epochs, "epoch");
      say(
        `phase ${index + 1}: ${phase.name}, ${isTimed ? `about ${epochs}, as time allows` : `up to ${epochs}`}`,
      );
    },
    forecast: ({ prepareSeconds, stepSeconds, steps }) =>
      say(`  at most about ${duration(prepareSeconds + stepSeconds * steps)}, not counting scoring`),
    features: ({ view, done, total }) => draw(`  features, view ${view + 1}: ${done} of ${total} images`),
    step: ({ phase, epoch, step, steps, meanLoss, accuracy, batch, stepSeconds, waitSeconds }) =>
      draw(
        `  epoch ${epoch} of ${limit(phase)}  ${duration((steps - step) * stepSeconds)} left  ${percent(accuracy)} right  ` +
          `loss ${meanLoss.toFixed(4)}  ${(batch / stepSeconds).toFixed(1)} images/s  waiting for data ${(waitSeconds * 1000).toFixed(1)} ms`,
      ),
    epochEnd: ({ phase, record, improved }) =>
      say(
        `  epoch ${record.epoch} of ${limit(phase)}: ${percent(record.validationAccuracy)} on validation` +
          `${improved ? ", best so far" : ""}, ${duration(record.seconds)}`,
      ),
    phaseEnd: ({ phase, record, reason }) =>
      say(`  ${phase.name} ends: ${reason}; best ${percent(record.best)}`),
  };
  return (event) => (print[event.type] as ((event: TrainEvent) => void) | undefined)?.(event);
}

function progressText({ stage, done, total, waiting }: ProgressEvent): string {
  if (waiting !== undefined) return waiting;
  const amount = (count: number): string =>
    stage === "downloading weights" ? (count / 1e6).toFixed(1) : String(count);
  const unit = stage === "downloading weights" ? " MB" : "";
  return `${stage}: ${amount(done)}${total === undefined ? "" : ` of ${amount(total)}`}${unit}`;
}

/** Prints a forecast once, after two of the many passes. */
function robustnessPasses(): (event: ProgressEvent) => void {
  let started = performance.now();
  return ({ done, total = done }) => {
    if (done === 1) started = performance.now();
    if (done < 2) return;
    const perPass = (performance.now() - started) / 1000 / (done - 1);
    if (done === 2) say(`robustness: about ${duration(perPass * total)} in total`);
    liveLine(`robustness: pass ${done} of ${total}, ${duration(perPass * (total - done))} left`);
  };
}
