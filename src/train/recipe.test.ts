/** Recipes of runs that a time budget shortened, and what a recipe inherits from its backbone. */

import { expect, test } from "vitest";
import { resolveRecipe } from "./override.ts";
import { type Recipe, withCutsFor } from "./recipe.ts";

const planned = resolveRecipe("finetune");
const cuts = [{ update: 2, batches: 7 }];
const cut = (cutsPerEpoch?: number): Recipe => ({
  ...planned,
  phases: planned.phases.map((phase, i) =>
    i === 0 ? phase : { ...phase, cuts, ...(cutsPerEpoch && { cutsPerEpoch }) },
  ),
});

test("on data of the same size the cuts of a time budget stay", () => {
  expect(withCutsFor(50, cut(50))).toEqual({ recipe: cut(50), notes: [] });
  // Older runs did not record for which data they were made.
  expect(withCutsFor(50, cut())).toEqual({ recipe: cut(), notes: [] });
});

test("on data of another size they are dropped, which is noted", () => {
  const { recipe, notes } = withCutsFor(60, cut(50));
  expect(recipe).toEqual(planned);
  expect(notes).toEqual([
    expect.stringMatching(/50 batches an epoch then, 60 now.*phase all has all its \d+ epochs/),
  ]);
});

test.each(["finetune", "progressive"])(
  "%s trains pretrained stages by running statistics, unless the weights have lost theirs",
  (recipe) => {
    const statistics = (model: string): Set<string> => {
      const { phases } = resolveRecipe(recipe, [`model=${model}`]);
      return new Set(phases.filter(({ train }) => train !== "head").map(({ batchNorm }) => batchNorm));
    };
    expect(statistics("resnet50")).toEqual(new Set(["running"]));
    expect(statistics("mobilenet_v1_vggface2")).toEqual(new Set(["batch"]));
  },
);
