/**
 * The description of a run: model, recipe, phases and final score. It is read from the run folder whenever one of the
 * files changes.
 */

import { z } from "zod";
import { parseJson, runPaths } from "../../train/run-folder.node.ts";
import { changedAt } from "./find.ts";
import type { About } from "./protocol.ts";

/** The schemas cover only what is shown, so that runs of other versions can be shown too. */
const recipe = z.object({
  name: z.string(),
  model: z.string(),
  inputSize: z.number(),
  batchSize: z.number(),
  phases: z.array(z.object({ name: z.string(), epochs: z.number() })),
});
const environment = z.object({ device: z.string(), threads: z.number() });
const evaluation = z.object({
  split: z.string(),
  n: z.number(),
  accuracy: z.number(),
  interval: z.tuple([z.number(), z.number()]),
  classes: z.array(z.string()),
  confusion: z.array(z.array(z.number())),
});

export interface AboutReader {
  /** Returns the same object as before if no file has changed. */
  read(): Promise<About>;
}

export function aboutReader(folder: string): AboutReader {
  const paths = runPaths(folder);
  let last: { readonly times: string; readonly about: About } | undefined;
  return {
    async read() {
      const files = [paths.recipe, paths.environment, paths.evaluation];
      const times = (await Promise.all(files.map(changedAt))).join(" ");
      if (last?.times !== times) last = { times, about: readAbout(folder) };
      return last.about;
    },
  };
}

function readAbout(folder: string): About {
  const paths = runPaths(folder);
  const plan = attempt(paths.recipe, recipe);
  const where = attempt(paths.environment, environment);
  return {
    folder,
    model: plan?.model,
    recipe: plan?.name,
    inputSize: plan?.inputSize,
    batchSize: plan?.batchSize,
    phases: plan?.phases ?? [],
    device: where?.device,
    threads: where?.threads,
    evaluation: attempt(paths.evaluation, evaluation),
  };
}

/** Returns undefined for a missing or damaged file. */
function attempt<T>(path: string, schema: z.ZodType<T>): T | undefined {
  try {
    return parseJson(path, schema);
  } catch {
    return undefined;
  }
}
