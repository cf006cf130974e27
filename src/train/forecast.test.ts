import { expect, test } from "vitest";
import { describe } from "../models/classifier.ts";
import { forecastSeconds, recipeArchitecture } from "./forecast.ts";
import { resolveRecipe } from "./override.ts";

const optimizer = { type: "adamw", learningRate: 0.001 };
const secondsOf = (train: unknown, epochs: number, cacheFeatures: boolean): number => {
  const phases = JSON.stringify([{ name: "one", train, epochs, optimizer }]);
  const recipe = resolveRecipe("progressive", ["model=resnet18", "views=4", `phases=${phases}`]);
  return forecastSeconds(recipe, ["a", "b"], 100, 1e9, { cacheFeatures });
};

test("a frozen backbone costs a pass per view if features are cached, and one per epoch otherwise", () => {
  expect(secondsOf("head", 20, true)).toBe(secondsOf("head", 4, true));
  expect(secondsOf("head", 20, false)).toBeCloseTo(5 * secondsOf("head", 4, true));
  expect(secondsOf(["layer4"], 20, true)).toBeCloseTo(5 * secondsOf(["layer4"], 4, true));
});

test("a forecast is images · epochs · multiply-accumulates by the rate", () => {
  const phases = [
    { name: "head", train: "head", epochs: 3, optimizer },
    { name: "half", train: 1, epochs: 2, inputScale: 0.5, optimizer },
  ];
  const recipe = resolveRecipe("progressive", [
    ...["model=vultus_s", "head=linear", "inputSize=64"],
    `phases=${JSON.stringify(phases)}`,
  ]);
  // Computed by hand for one image. A convolution costs kernel · input channels · output channels · output pixels; the last one
  // of each stage from the second on is the 1×1 shortcut.
  const stem = 9 * 1 * 32 * 32 ** 2;
  const layer1 = 2 * 9 * 32 * 32 * 32 ** 2;
  const layer2 = (9 * 32 * 64 + 9 * 64 * 64 + 32 * 64) * 16 ** 2;
  const layer3 = (9 * 64 * 128 + 9 * 128 * 128 + 64 * 128) * 8 ** 2;
  const layer4 = (9 * 128 * 152 + 9 * 152 * 152 + 128 * 152) * 4 ** 2;
  const head = 152 * 2;
  const frozen = stem + layer1 + layer2 + layer3;
  // Trained layers cost two additional passes, and half the side costs a quarter.
  const expected = 3 * (frozen + layer4 + 3 * head) + (2 * (frozen + 3 * (layer4 + head))) / 4;
  const seconds = forecastSeconds(recipe, ["a", "b"], 100, 1e9, { cacheFeatures: false });
  expect(seconds).toBeCloseTo((100 * expected) / 1e9, 9);
});

test("a teacher costs a pass over every image of every epoch, at its own size, and takes the place of cached features", () => {
  const phases = [
    { name: "head", train: "head", epochs: 8, optimizer },
    { name: "half", train: "all", epochs: 2, inputScale: 0.5, optimizer },
  ];
  const recipe = resolveRecipe("progressive", [
    ...["model=vultus_s", "inputSize=64", "views=4"],
    `phases=${JSON.stringify(phases)}`,
  ]);
  const classes = ["a", "b"];
  const teacher = { ...recipeArchitecture(recipe, classes), inputSize: 32 };
  const seconds = (options: Parameters<typeof forecastSeconds>[4]): number =>
    forecastSeconds(recipe, classes, 100, 1e9, options);
  const uncached = seconds({ cacheFeatures: false });
  const each = seconds({ cacheFeatures: true, teachers: [teacher] }) - uncached;
  const macs = describe(teacher).stages.reduce((sum, stage) => sum + stage.macs, 0);
  expect(each).toBeCloseTo((10 * 100 * macs) / 1e9, 9);
  expect(seconds({ cacheFeatures: true, teachers: [teacher, teacher] }) - uncached).toBeCloseTo(2 * each, 9);
});
