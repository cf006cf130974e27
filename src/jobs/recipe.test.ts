import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { smallArchitecture } from "../../test/support/small-classifier.ts";
import { writeSafetensors } from "../formats/safetensors.node.ts";
import { type Architecture, describe as describeModel, withNewWeights } from "../models/classifier.ts";
import { vultus_s } from "../models/vultus.ts";
import { UsageError } from "../util/errors.ts";
import { classifierMetadata } from "../weights/classifier-file.ts";
import { newRecipe, type RecipeOptions, resumedRecipe } from "./recipe.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-recipe-"));
afterAll(() => rmSync(folder, { recursive: true }));

function recipeIn(name: string, text: string) {
  const recipe = join(folder, name);
  writeFileSync(recipe, text);
  return newRecipe({ recipe, batchSize: 8 });
}

test("a file of JSON or YAML is a recipe, with options laid over it", () => {
  const json = recipeIn(
    "own.json",
    '{"extends": "finetune", "inputSize": 96, "phases": {"all": {"epochs": 3}}}',
  );
  const yaml = recipeIn(
    "own.yaml",
    "extends: finetune\ninputSize: 96\nphases:\n  all: { epochs: 3 } # few\n",
  );
  expect(json).toMatchObject({ name: "finetune", inputSize: 96, batchSize: 8 });
  expect(json.phases.find(({ name }) => name === "all")?.epochs).toBe(3);
  expect(yaml).toEqual(json);
});

test("a file that is neither, or not there, is refused by its name", () => {
  expect(() => recipeIn("torn.yml", "phases: [")).toThrow(UsageError);
  expect(() => recipeIn("torn.json", "{")).toThrow(/torn\.json is neither JSON nor YAML/);
  expect(() => newRecipe({ recipe: join(folder, "none.yaml") })).toThrow(/none\.yaml does not exist/);
});

describe("a training that names no recipe", () => {
  const chosen = (options: RecipeOptions): string => {
    const { name, model } = newRecipe(options);
    return `${name} ${model}`;
  };

  test.each<[string, RecipeOptions]>([
    ["adapt vultus_m", {}],
    ["adapt vultus_m", { model: "vultus_m" }],
    ["adapt vultus_s", { model: "vultus_s" }],
    ["adapt vultus_s", { overrides: ["model=vultus_s"] }],
    ["adapt vultus_s", { overrides: { model: "vultus_s" } }],
    ["adapt vultus_s", { weights: "vultus_s" }],
    ["adapt vultus_m", { weights: "vultus" }],
    ["progressive resnet50", { model: "resnet50" }],
    ["progressive squeezenet1_1", { model: "squeezenet1_1" }],
    ["progressive resnet50", { weights: "imagenet" }],
    ["progressive resnet50", { weights: "some.pth" }],
    ["progressive resnet50", { model: "resnet50", weights: "imagenet-v2" }],
    ["scratch vultus_m", { weights: "none" }],
    ["scratch resnet50", { model: "resnet50", weights: "none" }],
    ["progressive resnet50", { model: "resnet50", weights: "random-frozen" }],
    ["scratch mine", { model: "mine", backbones: [{ ...vultus_s, name: "mine" }] }],
  ])("uses %s for %o", (expected, options) => {
    expect(chosen(options)).toBe(expected);
  });

  test("takes the model of the classifier whose weights it starts from", () => {
    const path = join(folder, "own.safetensors");
    const architecture: Architecture = { ...smallArchitecture("happy", "sad") };
    const drawn = withNewWeights(describeModel(architecture).specs, new Map(), 0);
    writeSafetensors(path, drawn, classifierMetadata(architecture));
    expect(chosen({ weights: path })).toBe("adapt vultus_s");
  });
});

test("a recipe that is named has its own model", () => {
  expect(newRecipe({ recipe: "progressive" }).model).toBe("resnet50");
  expect(newRecipe({ recipe: "distil" }).model).toBe("vultus_m");
  expect(newRecipe({ recipe: "quickstart" }).model).toBe("vultus_s");
});

test("adapt follows the number of images, and what is set stays", () => {
  const shape = (images?: number, overrides: string[] = []) => {
    const { batchSize, phases } = newRecipe({ overrides }, images);
    return { batchSize, epochs: phases[0]?.epochs };
  };
  expect(shape()).toEqual({ batchSize: 16, epochs: 15 });
  expect(shape(100)).toEqual({ batchSize: 16, epochs: 15 });
  expect(shape(5000)).toEqual({ batchSize: 64, epochs: 15 });
  expect(shape(28_000)).toEqual({ batchSize: 64, epochs: 5 });
  expect(shape(1_000_000)).toEqual({ batchSize: 64, epochs: 4 });
  expect(shape(28_000, ["batchSize=8", "phases.all.epochs=9"])).toEqual({ batchSize: 8, epochs: 9 });
});

test("a run goes on whether or not its options are given again", () => {
  const run = join(folder, "run");
  mkdirSync(run);
  const saved = newRecipe({ recipe: "adapt" }, 28_000);
  const { startsFrom, ...older } = saved;
  expect(startsFrom).toBe("trained");
  for (const recipe of [saved, older]) {
    writeFileSync(join(run, "recipe.json"), JSON.stringify(recipe));
    for (const options of [{}, { recipe: "adapt" }, { recipe: "adapt", model: "vultus_m" }])
      expect(resumedRecipe(run, options, 28_000)).toEqual(recipe);
    expect(() => resumedRecipe(run, { recipe: "adapt" }, 100)).toThrow(/batchSize is 64, not 16/);
  }
});
