/** Writes the faces of a video or a camera over time as rows of a CSV file. */

import { csvRow } from "../formats/csv.ts";
import type { Face } from "./prediction.ts";
import type { TrackedFace } from "./tracking.ts";

/** Returns the header row. */
export function timelineHead(classes: readonly string[]): string {
  return csvRow(["time", "track", "x", "y", "width", "height", "score", "label", ...classes]);
}

/** Returns the row of one face at one time, in seconds; the label is empty if the model is not sure. */
export function timelineRow(
  time: number,
  { track, box, score, label, probabilities }: TrackedFace,
  classes: readonly string[],
): string {
  return csvRow([
    ...[time, track, box.x, box.y, box.width, box.height, score ?? ""].map(String),
    label ?? "",
    ...shareCells(probabilities, classes, 6),
  ]);
}

/** Returns the probabilities of `classes`, in this order. */
export function shareCells(
  probabilities: Face["probabilities"],
  classes: readonly string[],
  digits: number,
): string[] {
  return classes.map((name) => (probabilities[name] ?? 0).toFixed(digits));
}
