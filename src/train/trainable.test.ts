import { expect, test } from "vitest";
import { resnet50 } from "../models/resnet.ts";
import { UsageError } from "../util/errors.ts";
import { stageRates, trainableStages } from "./trainable.ts";

const stages = (train: Parameters<typeof trainableStages>[1]) => [...trainableStages(resnet50, train)];

test("a number unfreezes that many groups, the last ones first", () => {
  expect(stages(1)).toEqual(["head", "layer4"]);
  expect(stages(2)).toEqual(["head", "layer4", "layer3"]);
  expect(new Set(stages(5))).toEqual(new Set(stages("all")));
});

test("the head alone, everything, or stages by name", () => {
  expect(stages("head")).toEqual(["head"]);
  expect(stages("all")).toEqual(["head", "conv1", "bn1", "layer1", "layer2", "layer3", "layer4"]);
  expect(stages(["layer1", "layer4"])).toEqual(["layer1", "layer4"]);
  expect(() => stages(["layer5"])).toThrow(UsageError);
});

test("the rate falls by the decay with every group on the way to the input", () => {
  const rate = stageRates(resnet50, 0.8);
  const rates = ["head", "layer4", "layer3", "conv1", "bn1"].map(rate);
  for (const [i, expected] of [1, 0.8, 0.64, 0.8 ** 5, 0.8 ** 5].entries())
    expect(rates[i]).toBeCloseTo(expected, 12);
});
