/** Batches that are too small for batch statistics are refused, or reported, before anything is trained. */

import { expect, test } from "vitest";
import { UsageError } from "../util/errors.ts";
import { checkBatchStatistics } from "./batch-statistics.ts";
import { recipeArchitecture } from "./forecast.ts";
import { resolveRecipe } from "./override.ts";

const check = (name: string, batchSize: number, images = 100): string | undefined => {
  const recipe = { ...resolveRecipe(name), batchSize };
  return checkBatchStatistics(recipeArchitecture(recipe, ["happy", "sad"]), recipe, images);
};

test("one image is no batch to take statistics of", () => {
  expect(() => check("faces", 1)).toThrow(UsageError);
  expect(() => check("faces", 1)).toThrow(
    /^phase small normalises by the statistics of each batch, and a batch has one image.*batchSize: 16/,
  );
  // Its head normalises, even if its stages do not.
  expect(() => check("finetune", 1)).toThrow(/nothing would be learned/);
  expect(() => check("faces", 64, 1)).toThrow(/give more training images/);
});

test("a few are reported, and a linear head with running statistics takes any batch", () => {
  expect(check("faces", 4)).toMatch(/a batch has 4 images: such statistics are noisy; choose a larger/);
  expect(check("faces", 64, 5)).toMatch(/a batch has 5 images.*give more training images/);
  expect(check("faces", 8)).toBeUndefined();
  expect(check("adapt", 1)).toBeUndefined();
});
