/** The stages that a phase trains, and their learning rates. */

import type { Backbone } from "../models/backbone.ts";
import { UsageError } from "../util/errors.ts";
import { didYouMean } from "../util/nearest.ts";
import type { Phase, Recipe } from "./recipe.ts";

/** Returns the stages that a phase trains, including the head. */
export function trainableStages(backbone: Backbone, train: Phase["train"]): ReadonlySet<string> {
  if (train === "head") return new Set(["head"]);
  if (train === "all") return new Set(["head", ...backbone.stages]);
  if (typeof train === "number") return new Set(["head", ...backbone.unfreeze.slice(0, train).flat()]);
  const valid = ["head", ...backbone.stages];
  for (const stage of train) {
    if (!valid.includes(stage)) {
      throw new UsageError(
        `${backbone.name} has no stage "${stage}".${didYouMean(stage, valid)} Valid: ${valid.join(", ")}`,
      );
    }
  }
  return new Set(train);
}

/** Returns the stages of the backbone that a training uses unchanged: the first phase freezes them. */
export function stagesUsedAsFound(backbone: Backbone, { phases }: Pick<Recipe, "phases">): string[] {
  const trained = trainableStages(backbone, phases[0]?.train ?? "all");
  return backbone.stages.filter((stage) => !trained.has(stage));
}

/**
 * Whether a phase can train on cached features: the backbone is frozen, so it need see each image only once per
 * augmented view.
 */
export function trainsOnFeatures(trainable: ReadonlySet<string>, cacheFeatures: boolean): boolean {
  return cacheFeatures && trainable.size === 1 && trainable.has("head");
}

/** Returns the learning rate factor per stage: 1 for the head, times `decay` for every unfreeze group towards the input. */
export function stageRates(backbone: Backbone, decay: number): (stage: string) => number {
  const factors = new Map<string, number>([["head", 1]]);
  for (const [depth, group] of backbone.unfreeze.entries()) {
    for (const stage of group) factors.set(stage, decay ** (depth + 1));
  }
  return (stage) => factors.get(stage) ?? 1;
}
