import { expect, test } from "vitest";
import { UsageError } from "../util/errors.ts";
import { changedByBudget, fitToBudget, parseDuration } from "./budget.ts";
import { differences } from "./differences.ts";
import { resolveRecipe } from "./override.ts";
import type { Recipe } from "./recipe.ts";

const recipe = resolveRecipe("progressive");
const alternatives = { inputSizes: [96, 224, 160, 128], models: ["resnet50", "resnet18", "squeezenet1_1"] };

/** One minute per epoch for ResNet50 at 224 px, so 40 in total. */
function forecast({ model, inputSize, phases }: Recipe): number {
  const speed: Record<string, number> = { resnet50: 1, resnet18: 0.4, squeezenet1_1: 0.1 };
  const epochs = phases.reduce((sum, phase) => sum + phase.epochs, 0);
  return 60 * epochs * (inputSize / 224) ** 2 * (speed[model] ?? Number.NaN);
}

const fit = (minutes: number) => fitToBudget(recipe, forecast, minutes * 60, alternatives);
const epochsOf = ({ phases }: Recipe): number[] => phases.map(({ epochs }) => epochs);

test("all that a budget changes is known as that", () => {
  const cosine = resolveRecipe("finetune", ["model=resnet50"]);
  for (const from of [recipe, cosine]) {
    const { recipe: fitted } = fitToBudget(from, forecast, 20, alternatives);
    const keys = differences(from, fitted).map(({ key }) => key);
    expect(keys).toEqual(expect.arrayContaining(["model", "inputSize", "phases.1.epochs"]));
    expect(keys.filter((key) => !changedByBudget(key))).toEqual([]);
  }
  expect(["seed", "batchSize", "phases.0.patience"].filter(changedByBudget)).toEqual([]);
});

test("what fits stays as it is", () => {
  expect(fit(40)).toEqual({ recipe, notes: [] });
});

test("the input shrinks first, no more than it must", () => {
  const fitted = fit(21);
  expect(fitted.recipe).toEqual({ ...recipe, inputSize: 160 });
  expect(fitted.notes).toEqual(["input 224 → 160 px: forecast 40 min → 21 min"]);
});

test("then the epochs, in proportion, and the schedules with them", () => {
  const fitted = fit(4);
  expect(fitted.recipe.inputSize).toBe(96);
  expect(fitted.recipe.model).toBe("resnet50");
  expect(epochsOf(fitted.recipe)).toEqual([11, 5, 5]);
  expect(fitted.recipe.phases[1]?.schedule).toMatchObject({ type: "cosineRestarts", firstCycle: 2.5 });
  expect(fitted.notes).toEqual([
    "input 224 → 96 px: forecast 40 min → 8 min",
    "epochs 20 + 10 + 10 → 11 + 5 + 5: forecast 8 min → 4 min",
  ]);
  expect(forecast(fitted.recipe)).toBeLessThanOrEqual(240);
});

test("a warm-up keeps its share of the epochs", () => {
  const finetune = resolveRecipe("finetune");
  const fitted = fitToBudget(finetune, forecast, 9 * 60, { inputSizes: [], models: [] });
  expect(epochsOf(fitted.recipe)).toEqual([1, 8]);
  expect(fitted.recipe.phases[1]?.schedule).toEqual({
    type: "cosine",
    warmup: (0.5 * 8) / 15,
    minimumFactor: 0,
  });
});

test("then a smaller backbone, which gets back the size and the epochs that it has time for", () => {
  const fitted = fit(0.5);
  expect(fitted.recipe.model).toBe("resnet18");
  expect(fitted.recipe.inputSize).toBe(96);
  expect(epochsOf(fitted.recipe)).toEqual([3, 1, 1]);
  expect(fitted.notes).toEqual([
    "input 224 → 96 px: forecast 40 min → 8 min",
    "backbone resnet50 → resnet18: resnet50 needs 34 s even at 96 px with one epoch per phase",
    "input 224 → 96 px: forecast 16 min → 3 min",
    "epochs 20 + 10 + 10 → 3 + 1 + 1: forecast 3 min → 23 s",
  ]);
});

test("a recipe that names stages keeps its backbone", () => {
  const named = resolveRecipe("progressive", ['phases.last.train=["head","layer4"]']);
  expect(() => fitToBudget(named, forecast, 30, alternatives)).toThrow("resnet50 at 96 px");
});

test("what cannot fit is refused with what it would need", () => {
  expect(() => fit(0.05)).toThrow(UsageError);
  expect(() => fit(0.05)).toThrow(
    "the time budget of 3 s is too short: the shortest training, squeezenet1_1 at 96 px with one epoch per phase, " +
      'is forecast to take 4 s; increase it (`timeBudget: "4s"`) or use fewer images',
  );
});

test("a recipe of single epochs that cannot fit is refused too", () => {
  const short = resolveRecipe("scratch", ["phases.all.epochs=1"]);
  expect(() => fitToBudget(short, forecast, 5, { inputSizes: [112], models: [] })).toThrow(
    "resnet50 at 112 px with one epoch per phase, is forecast to take 15 s",
  );
});

test("lengths of time", () => {
  expect(["90s", "10m", "2h", "1h30m", "1.5h", "1h1m1s", " 5m "].map(parseDuration)).toEqual([
    90, 600, 7200, 5400, 5400, 3661, 300,
  ]);
});

for (const text of ["", "10", "0m", "m", "10 minutes", "30m1h", "-5m", "1e3s"]) {
  test(`"${text}" is no length of time`, () => {
    expect(() => parseDuration(text)).toThrow(UsageError);
  });
}

test("however many epochs there are, the forecast is asked a few dozen times", () => {
  const many = resolveRecipe("scratch", ["phases.all.epochs=1000000"]);
  let asked = 0;
  const forecast = ({ phases }: Recipe): number => {
    asked++;
    return phases[0]?.epochs ?? 0;
  };
  const { recipe } = fitToBudget(many, forecast, 777, { inputSizes: [96], models: [] });
  expect(recipe.phases[0]?.epochs).toBe(777);
  expect(asked).toBeLessThan(50);
});
