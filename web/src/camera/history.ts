/** What was seen in the last minute. */

import { labelOf } from "../../../src/predict/prediction.ts";
import { timelineHead, timelineRow } from "../../../src/predict/timeline-rows.ts";
import type { TrackedFace } from "../../../src/predict/tracking.ts";
import type { ModelInfo } from "../recogniser/protocol.ts";

/** Seconds that are kept. */
export const SPAN = 60;

/** The faces of one frame, as each model sees them. */
export interface Moment {
  /** In seconds since the camera was started. */
  readonly time: number;
  readonly models: readonly { readonly model: number; readonly faces: readonly TrackedFace[] }[];
}

/** The moments with one more, without those that are too old. */
export function withMoment(history: readonly Moment[], moment: Moment): readonly Moment[] {
  const first = history.findIndex(({ time }) => time >= moment.time - SPAN);
  return [...(first < 0 ? [] : history.slice(first)), moment];
}

/** The face with this number in every moment that shows it, by one model. */
export function sightingsOf(
  history: readonly Moment[],
  model: number,
  track: number,
): { readonly time: number; readonly face: TrackedFace }[] {
  return history.flatMap(({ time, models }) => {
    const face = models.find((answer) => answer.model === model)?.faces.find((f) => f.track === track);
    return face ? [{ time, face }] : [];
  });
}

/** Numbers of the faces that were seen, those seen longest first. */
export function tracksOf(history: readonly Moment[]): number[] {
  const times = new Map<number, number>();
  for (const { models } of history)
    for (const { track } of models[0]?.faces ?? []) times.set(track, (times.get(track) ?? 0) + 1);
  return [...times].sort((a, b) => b[1] - a[1]).map(([track]) => track);
}

/**
 * As `vultus predict` writes the timeline of a video, with labels from `threshold` on; with several models, each has a part
 * of its own, named above it.
 */
export function timelineCsv(
  history: readonly Moment[],
  models: readonly ModelInfo[],
  threshold: number,
): string {
  const parts = models.map(({ id, name, classes }) => {
    const rows = history.flatMap(({ time, models: answers }) =>
      (answers.find(({ model }) => model === id)?.faces ?? []).map((face) =>
        timelineRow(
          Math.round(time * 1000) / 1000,
          { ...face, label: labelOf(face.probabilities, threshold) },
          classes,
        ),
      ),
    );
    const heading = models.length > 1 ? [`# ${name}`] : [];
    return [...heading, timelineHead(classes), ...rows].join("\n");
  });
  return `${parts.join("\n")}\n`;
}
