/** Results of `explain` as text. */

import type { AreaScore } from "../evaluate/deletion-insertion.ts";
import type { ExplainedData } from "../jobs/explain.ts";
import type { ExplainedPhoto } from "../jobs/explained-photos.ts";
import { percent } from "./output.ts";

/** One line per face, or the status of a photo without a face. */
export function explainedLines(rows: readonly ExplainedPhoto[]): string[] {
  const width = Math.max(0, ...rows.map(({ file }) => file.length));
  return rows.flatMap(({ file, status, faces }) => {
    if (status !== "ok") return [`${file.padEnd(width)}  ${status}`];
    return faces.map(({ label, explained, probabilities, overlay }) => {
      const shown = (name: string): string => `${name} ${percent(probabilities[name] as number)}`;
      const other = explained === label ? "" : `; explained: ${shown(explained)}`;
      return `${file.padEnd(width)}  ${shown(label as string)}${other}  ${overlay}`;
    });
  });
}

/** Deletion and insertion scores, which measure how far the maps can be trusted. */
export function explainedDataLines({ scores }: ExplainedData): string[] {
  const line = (name: string, { map, random, difference: [low, high] }: AreaScore, better: string): string =>
    `${name.padEnd(10)} ${map.toFixed(4)}, with shuffled cells ${random.toFixed(4)}: difference ${(map - random).toFixed(4)} ` +
    `(95 % interval ${low.toFixed(4)} to ${high.toFixed(4)}); ${better} is better`;
  return [
    `area under the probability of the predicted class, ${scores.pictures} images, ${scores.steps} steps`,
    line("deletion", scores.deletion, "lower"),
    line("insertion", scores.insertion, "higher"),
  ];
}
