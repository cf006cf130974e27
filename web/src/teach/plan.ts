/** Decides which examples a training learns from, and which measure it. */

import { alikeAmong } from "./looks.ts";
import type { Example, TaughtClass } from "./project.ts";
import { splitHonestly } from "./split.ts";
import type { Plan, PlannedExample, Start } from "./trainings.ts";

/**
 * `learned`: ids of the examples that the starting model has learned from. `onProgress` receives the number of compared examples;
 * comparing thousands takes a while.
 */
export function planOf(
  examples: readonly Example[],
  classes: readonly TaughtClass[],
  start: Start,
  learned: readonly string[],
  onProgress?: (done: number, all: number) => void,
): Plan {
  const names = new Map(classes.map(({ id, name }) => [id, name]));
  const own = examples.flatMap((example) => {
    const label = names.get(example.class);
    return label === undefined ? [] : [{ ...example, label }];
  });
  const known = new Set(learned);
  // Recordings are split by time; only files can be duplicates of something.
  const hasFiles = own.some(({ recording }) => recording === undefined);
  const thumbnails = own.map(({ thumbnail }) => thumbnail);
  const groups = hasFiles ? alikeAmong(thumbnails, onProgress) : [];
  const { training, measured, leftOut } = splitHonestly(
    own.map((example) => ({ ...example, learned: known.has(example.id) })),
    groups,
  );
  const planned = (positions: readonly number[]): PlannedExample[] =>
    positions.map((i) => {
      const { id, label } = own[i] as (typeof own)[number];
      return { id, label };
    });
  return {
    start,
    classes: classes.map(({ name }) => name),
    training: planned(training),
    measured: planned(measured),
    leftOut: leftOut.length,
    learned: [...known, ...planned(training).map(({ id }) => id)],
  };
}
