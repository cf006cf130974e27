import { expect, test } from "vitest";
import type { EvaluationResult } from "../jobs/evaluation-result.ts";
import type { FinishedRun } from "../jobs/train.ts";
import { trainingCard } from "./training-card.ts";

const evaluation = {
  ...{ n: 400, split: "validation", accuracy: 0.9, interval: [0.87, 0.93], majority: 0.5, confused: [] },
  classes: ["happy", "sad"],
  confusion: [
    [180, 20],
    [20, 180],
  ],
} as unknown as EvaluationResult;

function measuredOn(more: Partial<EvaluationResult>): string | undefined {
  const run = { folder: "runs/a", evaluation: { ...evaluation, ...more } } as unknown as FinishedRun;
  return trainingCard(run, ["photos"]).details.find(([label]) => label === "measured on")?.[1];
}

test("the card reports images that the run or its starting weights were trained on", () => {
  const rest = { n: 280, accuracy: 0.5, interval: [0.44, 0.56] } as const;
  expect(measuredOn({})).toBe("400 validation images, which also chose the best epoch");
  expect(measuredOn({ leaked: 0, seen: 120, withoutSeen: rest })).toBe(
    "400 validation images, 120 of them are training images of the starting weights: without them 50.0 %",
  );
  expect(measuredOn({ leaked: 5, withoutLeaked: rest, seen: 400, withoutSeen: null })).toBe(
    "400 validation images, 5 of them are also training images: without them 50.0 %; " +
      "400 of them are training images of the starting weights: no images are left without them",
  );
});
