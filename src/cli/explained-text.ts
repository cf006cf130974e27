/** What `explain` found, as text. */

import type { AreaScore } from "../evaluate/deletion-insertion.ts";
import type { ExplainedData } from "../jobs/explain.ts";
import type { ExplainedPhoto } from "../jobs/explained-photos.ts";
import { percent } from "./output.ts";

/** One line a face, or what became of a photo without one. */
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

/** How far the maps of labelled images can be trusted. */
export function explainedDataLines({ scores }: ExplainedData): string[] {
  const line = (name: string, { map, random, difference: [low, high] }: AreaScore, better: string): string =>
    `${name.padEnd(10)} ${map.toFixed(4)}, cells shuffled ${random.toFixed(4)}: difference ${(map - random).toFixed(4)} ` +
    `(95 % interval ${low.toFixed(4)} to ${high.toFixed(4)}); ${better} is better`;
  return [
    `area under the probability of the answer, ${scores.pictures} images, ${scores.steps} steps`,
    line("deletion", scores.deletion, "lower"),
    line("insertion", scores.insertion, "higher"),
  ];
}
