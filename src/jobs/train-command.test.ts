import { expect, test } from "vitest";
import { trainSuggestions } from "./train-command.ts";

test("only the command for the same model keeps the settings of the network", () => {
  const options = { data: "photos", attention: "se", inputSize: 96, batchSize: 16, out: "runs/a" };
  const { offline, random } = trainSuggestions(options, "resnet18");
  expect(offline).toBe('train({ data: ["photos"], model: "vultus_m", out: "runs/a" })');
  expect(random).toBe(
    'train({ data: ["photos"], model: "resnet18", recipe: "scratch", weights: "none", attention: "se", inputSize: 96, batchSize: 16, out: "runs/a" })',
  );
});
