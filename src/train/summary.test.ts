import { expect, test } from "vitest";
import { describe } from "../models/classifier.ts";
import { recipeArchitecture } from "./forecast.ts";
import { resolveRecipe } from "./override.ts";
import { modelSummary } from "./summary.ts";

const recipe = resolveRecipe("progressive", ["model=resnet18"]);
const classes = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"];
const architecture = recipeArchitecture(recipe, classes);
const description = describe(architecture);

test("resnet18 in the progressive recipe, in full", () => {
  // Stages as in torchvision; the stem's size is that of its output, after pooling.
  expect(`${modelSummary(architecture, description, recipe)}\n`).toBe(`resnet18, 224 px
  stage             output     parameters    MMAC  head                      last                        last-two
  conv1             64×56×56        9,408   118.0  frozen                    frozen                      frozen
  bn1               64×56×56          128     0.0  frozen                    frozen                      frozen
  layer1            64×56×56      147,968   462.4  frozen                    frozen                      frozen
  layer2            128×28×28     525,568   411.0  frozen                    frozen                      frozen
  layer3            256×14×14   2,099,712   411.0  frozen                    frozen                      trains, running statistics
  layer4            512×7×7     8,393,728   411.0  frozen                    trains, running statistics  trains, running statistics
  head (reference)  7             268,295     0.3  trains, batch statistics  trains, batch statistics    trains, batch statistics
  total                        11,444,807  1813.8
`);
});

test("its numbers are torchvision's, and what the layers have by hand", () => {
  const { stages } = description;
  const sum = (key: "parameters" | "macs", from = stages): number =>
    from.reduce((total, stage) => total + stage[key], 0);
  const backbone = stages.filter(({ name }) => name !== "head");
  // torchvision's 11,689,512 hold a layer for 1000 classes.
  expect(sum("parameters", backbone)).toBe(11_689_512 - (512 * 1000 + 1000));
  // Two batch norms over 512, two linear layers.
  const head = 2 * 2 * 512 + (512 * 512 + 512) + (512 * 7 + 7);
  expect(sum("parameters")).toBe(11_689_512 - 513_000 + head);
  // 7×7 in the stem; four 3×3 in the first layer; in each other layer, one of the four has half the input channels, and there is
  // an additional 1×1.
  const first = 56 ** 2 * 64 * (64 * 9);
  const other = 3.5 * first + 28 ** 2 * 128 * 64;
  expect(sum("macs")).toBe(112 ** 2 * 64 * (3 * 49) + 4 * first + 3 * other + 512 * 512 + 512 * 7);
});

test("statistics of the batch are reported if a phase takes them", () => {
  const scratch = resolveRecipe("scratch", ["model=resnet18"]);
  const text = modelSummary(architecture, description, scratch);
  expect(text.match(/trains, batch statistics$/gm)).toHaveLength(7);
});
