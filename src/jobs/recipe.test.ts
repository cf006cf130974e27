import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { UsageError } from "../util/errors.ts";
import { newRecipe } from "./recipe.ts";

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
