/** The file that the page saves of its images. */

import { expect, test } from "vitest";
import { resultsJson } from "../web/src/pictures/results-json.ts";
import type { PictureItem } from "../web/src/pictures/use-pictures.ts";

test("a model that fails on an image leaves the other's answer, and the image is not called unreadable", () => {
  const face = {
    box: { x: 1, y: 2, width: 3, height: 4 },
    probabilities: { calm: 0.75, cross: 0.25 },
    label: "calm",
  };
  const item = (id: number, rest: Partial<PictureItem>): PictureItem => ({
    ...{ id, file: new File([], `${id}.jpg`), url: "", way: "still" as const },
    ...rest,
  });
  const answers = [
    { model: 1, faces: [face], prior: { calm: 0.5, cross: 0.5 } },
    { model: 2, faces: [], error: "the model answers NaN" },
  ];
  const milliseconds = { read: 1, detect: 1, classify: 1 };
  const items = [
    item(1, { result: { width: 9, height: 9, models: answers, milliseconds } }),
    item(2, { error: { status: "unreadable", reason: "damaged JPEG" } }),
  ];
  const models = [1, 2].map((id) => ({ id, name: `m${id}`, classes: ["calm", "cross"], inputSize: 32 }));
  expect(JSON.parse(resultsJson(items, models, 0.5))).toEqual([
    { file: "1.jpg", model: "m1", status: "ok", prior: { calm: 0.5, cross: 0.5 }, faces: [face] },
    { file: "1.jpg", model: "m2", status: "failed", faces: [], reason: "the model answers NaN" },
    { file: "2.jpg", model: "m1", status: "unreadable", faces: [], reason: "damaged JPEG" },
    { file: "2.jpg", model: "m2", status: "unreadable", faces: [], reason: "damaged JPEG" },
  ]);
});
