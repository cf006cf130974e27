/**
 * The jobs that the library exports. Each is loaded on its first call: charts and reports alone would exceed the time budget
 * for `import "vultus"`.
 */

import type { TrainingRun } from "./train.ts";
import type { EndEvent, TrainEvent } from "./train-events.ts";
import type { TrainingData, TrainingOptions } from "./train-options.ts";

/** Returns a function of the same type, overloads included, that loads the real one when called. */
function loaded<F extends (...args: never[]) => Promise<unknown>>(load: () => Promise<F>): F {
  return (async (...args: never[]) => (await load())(...args)) as F;
}

export const audit = loaded(async () => (await import("./audit.ts")).audit);
export const compare = loaded(async () => (await import("./compare.ts")).compare);
export const crop = loaded(async () => (await import("./crop.ts")).crop);
export const ensemble = loaded(async () => (await import("./ensemble.ts")).ensemble);
export const evaluate = loaded(async () => (await import("./evaluate.ts")).evaluate);
export const explain = loaded(async () => (await import("./explain.ts")).explain);
export const exportModel = loaded(async () => (await import("./export.ts")).exportModel);
export const inspect = loaded(async () => (await import("./inspect.ts")).inspect);
export const listModels = loaded(async () => (await import("./list-models.ts")).listModels);
export const listRuns = loaded(async () => (await import("./list-runs.ts")).listRuns);
export const report = loaded(async () => (await import("./report.ts")).report);
export const review = loaded(async () => (await import("./review.ts")).review);
export const soften = loaded(async () => (await import("./soften.ts")).soften);
export const split = loaded(async () => (await import("./split.ts")).split);
export const train = loaded(async () => (await import("./train.ts")).train);

/**
 * Trains as `train` does, for a loop: `for await (const event of trainEvents({ data }))`. The last event, of type "end",
 * has the run as its `result`. Leaving the loop early stops the training and saves it.
 */
export async function* trainEvents(
  options: Omit<TrainingOptions, "onEvent"> & TrainingData,
): AsyncGenerator<TrainEvent | EndEvent<TrainingRun>, void, void> {
  yield* (await import("./train.ts")).trainEvents(options);
}
