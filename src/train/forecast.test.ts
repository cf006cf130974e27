import { expect, test } from "vitest";
import { forecastSeconds } from "./forecast.ts";
import { resolveRecipe } from "./override.ts";

const optimizer = { type: "adamw", learningRate: 0.001 };
const secondsOf = (train: unknown, epochs: number, cacheFeatures: boolean): number => {
  const phases = JSON.stringify([{ name: "one", train, epochs, optimizer }]);
  const recipe = resolveRecipe("progressive", ["model=resnet18", "views=4", `phases=${phases}`]);
  return forecastSeconds(recipe, ["a", "b"], 100, 1e9, cacheFeatures);
};

test("a frozen backbone costs a pass per view where features are cached, and one per epoch otherwise", () => {
  expect(secondsOf("head", 20, true)).toBe(secondsOf("head", 4, true));
  expect(secondsOf("head", 20, false)).toBeCloseTo(5 * secondsOf("head", 4, true));
  expect(secondsOf(["layer4"], 20, true)).toBeCloseTo(5 * secondsOf(["layer4"], 4, true));
});
