/** Checks for batches that are too small for batch norm's statistics. */

import { type Architecture, describe } from "../models/classifier.ts";
import { stageOf } from "../nn/network.ts";
import { UsageError } from "../util/errors.ts";
import { option } from "../util/spelling.ts";
import type { Recipe } from "./recipe.ts";
import { trainableStages } from "./trainable.ts";

/** Below this number of images, a batch's means and variances are mostly noise. */
const STEADY = 8;

/**
 * Returns a note if batches of `images` training images are too small for batch statistics.
 *
 * @throws UsageError if a phase normalises batches of one image: the normalised values are then zero, and nothing is learned.
 */
export function checkBatchStatistics(
  architecture: Architecture,
  { phases, batchSize }: Pick<Recipe, "phases" | "batchSize">,
  images: number,
): string | undefined {
  const batch = Math.min(batchSize, images);
  if (batch >= STEADY) return undefined;
  const { backbone } = architecture;
  const names = [...backbone.stages, "head"];
  const normalised = new Set(
    describe(architecture).specs.flatMap(({ name, role }) =>
      role === "statistic" ? (stageOf(names, name) ?? []) : [],
    ),
  );
  const phase = phases.find(({ train, batchNorm }) => {
    const trained = trainableStages(backbone, train);
    return [...normalised].some((stage) => trained.has(stage) && (stage === "head" || batchNorm === "batch"));
  });
  if (!phase) return undefined;
  const of = `phase ${phase.name} normalises by the statistics of each batch, and a batch has ${batch === 1 ? "one image" : `${batch} images`}`;
  const remedy =
    batch < batchSize
      ? "give more training images"
      : `choose a larger batch, such as ${option("batchSize", 16)}`;
  if (batch === 1)
    throw new UsageError(
      `${of}: every value would become zero, and nothing would be learned; ${remedy}, or the head "linear" with running statistics`,
    );
  return `${of}: such statistics are noisy; ${remedy}`;
}
