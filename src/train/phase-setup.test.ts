import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import type { Sample } from "../data/dataset.ts";
import { loadPixels } from "../data/pixel-cache.node.ts";
import { describe, withNewWeights } from "../models/classifier.ts";
import type { Program } from "../program/program.ts";
import { compileTrain, type TrainOptions } from "../program/train.ts";
import type { OpenProgram } from "../runtime/engine.ts";
import { recipeArchitecture } from "./forecast.ts";
import { resolveRecipe } from "./override.ts";
import { setUpPhase } from "./phase-setup.ts";
import type { Phase, Recipe } from "./recipe.ts";

const classes = ["a", "b"];
const canvas = { width: 48, height: 48, channels: 1 } as const;

const labelled = (...labels: number[]) =>
  labels.map((label, i): Sample => {
    const picture = { ...canvas, pixels: new Uint8Array(48 * 48) };
    return { id: String(i), source: { kind: "pixels", picture }, label, split: "train" };
  });

/** Returns the programs that the phases of a recipe open, in batches of four, and a function that compiles one for comparison. */
async function opened(recipe: Recipe, samples: readonly Sample[]) {
  const architecture = recipeArchitecture(recipe, classes);
  const weights = withNewWeights(describe(architecture).specs, new Map(), 0);
  const pictures = await loadPixels(samples, { memoryBudget: 1e6, spillDir: "never made" });
  const programs: Program[] = [];
  const context = {
    architecture,
    recipe,
    training: pictures,
    validation: pictures,
    canvas,
    cacheFeatures: true,
    memoryBudget: 1e9,
    precision: "fp32",
    engine: {
      async open(program: Program) {
        programs.push(program);
        return {} as OpenProgram;
      },
      async close() {},
    },
    teachers: [],
    emit: async () => {},
  } as unknown as Parameters<typeof setUpPhase>[0];
  for (const phase of recipe.phases) await setUpPhase(context, phase, weights);
  const [first] = recipe.phases as [Phase];
  const direct = (options: Partial<TrainOptions>, inputSize = recipe.inputSize): Program =>
    compileTrain({
      architecture: { ...architecture, inputSize },
      weights,
      batch: 4,
      trainable: () => true,
      input: { kind: "pictures", canvas, augmentation: recipe.augmentation },
      batchNorm: "batch",
      optimizer: first.optimizer,
      labelSmoothing: recipe.labelSmoothing,
      ...options,
    });
  return { programs, direct };
}

/** Returns a digest, because printing the difference of two models would take minutes. */
const digest = ({ model }: Program): string => createHash("sha256").update(model).digest("hex");

test("a phase trains on images of its own size", async () => {
  const recipe = resolveRecipe("faces", ["model=vultus_s", "batchSize=4", "inputSize=48"]);
  const { programs, direct } = await opened(recipe, labelled(0, 1, 0, 1));
  const options = { clipNorm: 1, ema: 0.998 };
  expect(programs.map(digest)).toEqual([32, 40, 48].map((size) => digest(direct(options, size))));
});

test("a phase trains with its stages' rates and balanced classes", async () => {
  const optimizer = { type: "adamw", learningRate: 0.001 };
  const phase = { name: "all", train: "all", epochs: 1, batchNorm: "batch", stageDecay: 0.8, optimizer };
  const recipe = resolveRecipe("scratch", [
    ...["model=vultus_s", "batchSize=4", "inputSize=32", "classWeights=balanced"],
    `phases=${JSON.stringify([phase])}`,
  ]);
  const { programs, direct } = await opened(recipe, labelled(0, 0, 0, 1));
  const groups = ["head", "layer4", "layer3", "layer2", "layer1", "stem"];
  const expected = direct({
    rateFactor: (stage) => 0.8 ** groups.indexOf(stage),
    classWeights: [4 / 6, 4 / 2],
  });
  expect(programs.map(digest)).toEqual([digest(expected)]);
});

test("a phase trains with the recipe's stochastic depth", async () => {
  const recipe = resolveRecipe("scratch", [
    ...["model=efficientnet_b0", "batchSize=4", "inputSize=32", "stochasticDepth=0.3"],
  ]);
  const { programs, direct } = await opened(recipe, labelled(0, 0, 0, 1));
  const masks = direct({ stochasticDepth: 0.3 }).masks.map(({ layer, probability }) => [layer, probability]);
  expect(programs[0]?.masks.map(({ layer, probability }) => [layer, probability])).toEqual(masks);
  expect(masks.filter(([layer]) => !String(layer).startsWith("head"))).not.toEqual([]);
});
