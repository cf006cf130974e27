/** What a training starts from where no weights are named. */

import { expect, test } from "vitest";
import { describe } from "../models/classifier.ts";
import { recipeArchitecture } from "../train/forecast.ts";
import { resolveRecipe } from "../train/override.ts";
import { loadClassifier } from "../weights/load.node.ts";
import type { Teller } from "./events.ts";
import { startingWeights } from "./starting-weights.ts";

const classes = ["angry", "fear", "happy", "neutral", "sad", "surprise"];

async function start(name: string, changes: readonly string[], given?: string) {
  const notes: string[] = [];
  const teller: Teller = {
    tell() {},
    note: (text) => void notes.push(text),
    progress() {},
    unreadable() {},
    wrote() {},
    heard: () => Promise.resolve(),
  };
  const recipe = resolveRecipe(name, changes);
  const architecture = recipeArchitecture(recipe, classes);
  const { signal } = new AbortController();
  return {
    ...(await startingWeights(architecture, describe(architecture), recipe, given, signal, teller)),
    notes,
  };
}

test.each(["adapt", "quickstart", "finetune"])("%s starts from the model that ships", async (recipe) => {
  const { weights, source, notes } = await start(recipe, ["model=vultus_s"]);
  expect(source).toBe("vultus");
  expect(notes[0]).toBe("weights: those of vultus_s, which ships; --weights none draws new ones");
  const shipped = loadClassifier("vultus_s").weights;
  expect(weights.get("stem.conv.weight")?.data).toEqual(shipped.get("stem.conv.weight")?.data);
});

test("adapt keeps the head of the model that ships, since the classes are the same", async () => {
  const { weights } = await start("adapt", ["model=vultus_s"]);
  expect(weights.get("head.fc.weight")?.data).toEqual(
    loadClassifier("vultus_s").weights.get("head.fc.weight")?.data,
  );
});

test.each(["scratch", "faces", "distil"])("%s draws its weights and says so", async (recipe) => {
  const { weights, source, notes } = await start(recipe, ["model=vultus_s"]);
  expect(weights.size).toBe(0);
  expect(source).toMatch(/^none/);
  expect(notes).toEqual(["weights: none named, so all are drawn at random (--weights)"]);
});

test("weights that are named, and none, are taken as they are asked for", async () => {
  expect((await start("adapt", ["model=vultus_s"], "none")).weights.size).toBe(0);
  expect((await start("scratch", ["model=vultus_s"], "vultus")).source).toBe("vultus");
});

test("a backbone that does not ship draws its weights where nothing stays frozen", async () => {
  const { weights, notes } = await start("adapt", ["model=resnet18", "inputSize=32"]);
  expect(weights.size).toBe(0);
  expect(notes).toEqual(["weights: none named, so all are drawn at random (--weights)"]);
});
