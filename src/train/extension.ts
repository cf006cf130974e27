/** Adds epochs to a run that has ended: a phase after its last one, which continues the same schedule. */

import { type Phase, type Recipe, uncut } from "./recipe.ts";
import type { PhaseRecord } from "./records.ts";

/**
 * Returns the recipe with `epochs` more. Like every phase, they begin with the best weights so far and new moments. They follow
 * the end of the schedule that the last phase would have had with that many more epochs. All of them are trained, whatever the
 * accuracy.
 *
 * @param done the phases that the run completed, in order.
 */
export function extended(recipe: Recipe, done: readonly PhaseRecord[], epochs: number): Recipe {
  const last = recipe.phases.findLast(({ name }) => done.some((record) => record.name === name)) as Phase;
  const { earlierEpochs = 0, ...settings } = uncut(last);
  const trained = done.findLast(({ name }) => name === last.name)?.epochs ?? last.epochs;
  const phase = {
    ...settings,
    name: nameOf(last, recipe.phases),
    epochs,
    patience: epochs,
    earlierEpochs: earlierEpochs + trained,
  };
  return { ...recipe, phases: [...recipe.phases, phase] };
}

/** Returns the recipe that a run started with: without extensions and without the cuts of a time budget. */
export function asBegun(recipe: Recipe): Recipe {
  const phases = recipe.phases.filter(({ earlierEpochs }) => earlierEpochs === undefined);
  return { ...recipe, phases: phases.map(uncut) };
}

/** Returns `all-extended`, then `all-extended-2`. */
function nameOf({ name }: Phase, phases: readonly Phase[]): string {
  const base = `${name.replace(/-extended(-\d+)?$/, "")}-extended`;
  const taken = phases.filter((phase) => phase.name === base || phase.name.startsWith(`${base}-`)).length;
  return taken === 0 ? base : `${base}-${taken + 1}`;
}
