/** Tells a person how training goes: one live line on a terminal, one plain line an epoch everywhere. */

import type { Listener } from "../train/events.ts";
import { duration, liveLine, percent, say } from "./output.ts";

/** Least time between two changes of the live line, in milliseconds. */
const REDRAW = 100;

export function progressListener(): Listener {
  let drawn = 0;
  const draw = (text: string): void => {
    if (performance.now() - drawn < REDRAW) return;
    drawn = performance.now();
    liveLine(text);
  };
  return {
    note: ({ text }) => say(text),
    phaseStart: ({ phase, index }) => say(`phase ${index + 1}: ${phase.name}, up to ${phase.epochs} epochs`),
    forecast: ({ prepareSeconds, stepSeconds, steps }) => {
      const features = prepareSeconds > 0 ? `features in ${duration(prepareSeconds)}, ` : "";
      const all = duration(prepareSeconds + stepSeconds * steps);
      say(
        `  ${features}${steps} steps of ${(stepSeconds * 1000).toFixed(0)} ms: at most ${all}, scoring apart`,
      );
    },
    features: ({ view, done, total }) => draw(`  features, view ${view + 1}: ${done} of ${total} pictures`),
    step: ({ phase, epoch, step, steps, meanLoss, accuracy, batch, stepSeconds, waitSeconds }) =>
      draw(
        `  ${phase.name} ${epoch}/${phase.epochs}  ${step}/${steps}  loss ${meanLoss.toFixed(4)}  accuracy ${percent(accuracy)}  ` +
          `${(batch / stepSeconds).toFixed(1)} img/s  step ${(stepSeconds * 1000).toFixed(0)} ms  data ${(waitSeconds * 1000).toFixed(1)} ms  ` +
          `left ${duration((steps - step) * stepSeconds)}`,
      ),
    epochEnd: ({ phase, record, improved }) =>
      say(
        `  ${phase.name} ${record.epoch}/${phase.epochs}  loss ${record.trainLoss.toFixed(4)}  accuracy ${percent(record.trainAccuracy)}  ` +
          `validation loss ${record.validationLoss.toFixed(4)}  accuracy ${percent(record.validationAccuracy)}${improved ? " *" : "  "}  ` +
          `${record.imagesPerSecond.toFixed(1)} img/s  data ${percent(record.dataShare)}  ${duration(record.seconds)}`,
      ),
    phaseEnd: ({ phase, record, reason }) =>
      say(`  ${phase.name} ends: ${reason}; best ${percent(record.best)}`),
  };
}
