import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import type { Sample } from "../data/dataset.ts";
import { loadPixels } from "../data/pixel-cache.node.ts";
import { describe, withNewWeights } from "../models/classifier.ts";
import type { Program } from "../program/program.ts";
import { compileTrain } from "../program/train.ts";
import type { OpenProgram } from "../runtime/engine.ts";
import { architectureOf } from "./forecast.ts";
import { resolveRecipe } from "./override.ts";
import { setUpPhase } from "./phase-setup.node.ts";
import type { Phase } from "./recipe.ts";

const classes = ["a", "b"];
const canvas = { width: 48, height: 48, channels: 1 } as const;

const samples = Array.from({ length: 4 }, (_, i): Sample => {
  const picture = { ...canvas, pixels: new Uint8Array(48 * 48) };
  return { id: String(i), source: { kind: "pixels", picture }, label: i % 2, split: "train" };
});

test("a phase trains on pictures of its own size", async () => {
  const recipe = resolveRecipe("faces", ["model=vultus_s", "batchSize=4", "inputSize=48"]);
  const architecture = architectureOf(recipe, classes);
  const weights = withNewWeights(describe(architecture).specs, new Map(), 0);
  const pictures = await loadPixels(samples, { memoryBudget: 1e6, spillDir: "never made" });
  const opened: Program[] = [];
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
        opened.push(program);
        return {} as OpenProgram;
      },
      async close() {},
    },
    emit: async () => {},
  } as unknown as Parameters<typeof setUpPhase>[0];
  for (const phase of recipe.phases) await setUpPhase(context, phase, weights);
  const [small] = recipe.phases as [Phase];
  const direct = (inputSize: number) =>
    compileTrain({
      architecture: { ...architecture, inputSize },
      weights,
      batch: 4,
      trainable: () => true,
      input: { kind: "pictures", canvas, augmentation: recipe.augmentation },
      batchNorm: "batch",
      optimizer: small.optimizer,
      labelSmoothing: recipe.labelSmoothing,
      clipNorm: 1,
      ema: true,
    }).model;
  // Digests, since the difference of two models would take minutes to print.
  const digest = (model: Uint8Array): string => createHash("sha256").update(model).digest("hex");
  expect(opened.map(({ model }) => digest(model))).toEqual([32, 40, 48].map((size) => digest(direct(size))));
});
