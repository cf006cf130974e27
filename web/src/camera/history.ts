/** The history of the last minute. */

import { overlapOf } from "../../../src/predict/boxes.ts";
import { labelOf } from "../../../src/predict/prediction.ts";
import { timelineHead, timelineRow } from "../../../src/predict/timeline-rows.ts";
import type { TrackedFace } from "../../../src/predict/tracking.ts";
import type { ModelInfo } from "../recogniser/protocol.ts";

/** Length of the history in seconds. */
export const SPAN = 60;

/** The faces of one frame, as seen by each model. */
export interface Moment {
  /** In seconds since the camera was started. */
  readonly time: number;
  readonly models: readonly { readonly model: number; readonly faces: readonly TrackedFace[] }[];
}

/** Returns the moments plus a new one, without those that are too old. */
export function withMoment(history: readonly Moment[], moment: Moment): readonly Moment[] {
  const first = history.findIndex(({ time }) => time >= moment.time - SPAN);
  return [...(first < 0 ? [] : history.slice(first)), moment];
}

/** Seconds for which a face that the detector misses is still shown. */
const HOLD = 0.5;
/** A face that overlaps a visible one by at least this much is the same face under another number. */
const SAME_PLACE = 0.3;

/**
 * Returns the last moment, ordered by face number, plus the faces that it misses but that moments just before it show, so that a
 * face does not flicker if one frame misses it.
 */
export function steady(history: readonly Moment[]): Moment {
  const { time, models } = history.at(-1) ?? { time: 0, models: [] };
  const recent = history.filter((moment) => moment.time >= time - HOLD).reverse();
  return {
    time,
    models: models.map(({ model, faces }) => {
      const shown = [...faces];
      for (const face of recent.flatMap((moment) => facesOf(moment, model)))
        if (!shown.some(({ track, box }) => track === face.track || overlapOf(box, face.box) > SAME_PLACE))
          shown.push(face);
      return { model, faces: shown.sort((a, b) => a.track - b.track) };
    }),
  };
}

/** The faces of a moment, as seen by one model. */
export function facesOf({ models }: Moment, model: number): readonly TrackedFace[] {
  return models.find((answer) => answer.model === model)?.faces ?? [];
}

/** The face with this number in every moment that shows it, as seen by one model. */
export function sightingsOf(
  history: readonly Moment[],
  model: number,
  track: number,
): { readonly time: number; readonly face: TrackedFace }[] {
  return history.flatMap((moment) => {
    const face = facesOf(moment, model).find((face) => face.track === track);
    return face ? [{ time: moment.time, face }] : [];
  });
}

/** Numbers of the detected faces, longest seen first. */
export function tracksOf(history: readonly Moment[]): number[] {
  const times = new Map<number, number>();
  for (const { models } of history)
    for (const { track } of models[0]?.faces ?? []) times.set(track, (times.get(track) ?? 0) + 1);
  return [...times].sort((a, b) => b[1] - a[1]).map(([track]) => track);
}

/**
 * Formats the history like the timeline of a video in `vultus predict`, with labels from `threshold` on; with several models,
 * each has its own part below its name.
 */
export function timelineCsv(
  history: readonly Moment[],
  models: readonly ModelInfo[],
  threshold: number,
): string {
  const parts = models.map(({ id, name, classes }) => {
    const rows = history.flatMap((moment) =>
      facesOf(moment, id).map((face) =>
        timelineRow(
          Math.round(moment.time * 1000) / 1000,
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
