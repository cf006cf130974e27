/** Computes the class prior that a training's probabilities are for, from its images and its recipe. */

import type { Sample } from "../data/dataset.ts";
import { classWeights } from "../data/sampler.ts";
import { lossOf } from "../losses/registry.ts";
import type { Recipe } from "./recipe.ts";
import { targetsOf } from "./source.ts";

type Counting = Pick<Recipe, "sampler" | "classWeights" | "loss">;

/**
 * Returns the share of each class among the targets as the loss counts them: labels, soft labels or votes, drawn as the sampler
 * draws images and weighted by class. Shares sum to 1. Label smoothing, whose effect the temperature undoes, and teachers'
 * predictions are left out.
 *
 * @param samples the training images
 */
export function targetPrior(
  samples: readonly Sample[],
  classes: number,
  { sampler, classWeights: weighting, loss: choice }: Counting,
): number[] {
  const labels = samples.map(({ label }) => label);
  // The weights of "balanced" are also the relative rates at which the weighted sampler draws.
  const balancing = classWeights(labels, classes);
  const { data } = targetsOf(samples, classes, lossOf(choice).loss.targets);
  const sums = new Array<number>(classes).fill(0);
  for (const [row, label] of labels.entries()) {
    const drawn = sampler === "weighted" ? (balancing[label] as number) : 1;
    for (let k = 0; k < classes; k++)
      sums[k] = (sums[k] as number) + drawn * (data[row * classes + k] as number);
  }
  return normalised(sums.map((sum, k) => (weighting === "balanced" ? sum * (balancing[k] as number) : sum)));
}

/**
 * Returns the prior of the network's own probabilities: the prior of the targets or, with logit adjustment by τ, its power 1 − τ,
 * normalised.
 */
export function trainedPrior(samples: readonly Sample[], classes: number, recipe: Counting): number[] {
  const prior = targetPrior(samples, classes, recipe);
  const { logitAdjustment: tau = 0 } = lossOf(recipe.loss).options;
  return tau === 0 ? prior : normalised(prior.map((share) => share ** (1 - tau)));
}

function normalised(sums: readonly number[]): number[] {
  const total = sums.reduce((a, b) => a + b, 0);
  return sums.map((sum) => sum / total);
}
