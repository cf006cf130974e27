import { expect, test } from "vitest";
import { type Dataset, fingerprintOf, type Sample, type Split } from "./dataset.ts";
import { inspectDataset } from "./inspect.node.ts";
import { pixelHash } from "./pixel-hash.node.ts";

function sample(id: string, label: number, split: Split, value: number, side = 4): Sample {
  const picture = {
    pixels: new Uint8Array(side * side).fill(value),
    width: side,
    height: side,
    channels: 1,
  } as const;
  return { id, source: { kind: "pixels", picture }, label, split };
}

test("counts, balance, sizes, leaks and unreadable images", async () => {
  const classes = ["happy", "sad"];
  const samples: Sample[] = [
    sample("a", 0, "train", 1),
    sample("b", 0, "train", 2),
    sample("c", 0, "train", 2),
    sample("d", 1, "train", 3, 5),
    sample("e", 0, "validation", 2),
    sample("f", 1, "validation", 3),
    sample("g", 1, "test", 2),
    { id: "gone", source: { kind: "file", path: "/nowhere/at/all.jpg" }, label: 1, split: "test" },
  ];
  const dataset: Dataset = {
    classes,
    samples,
    sources: [],
    leftOut: [{ className: "disgust", count: 3 }],
    notes: ["a note"],
    fingerprint: fingerprintOf(classes, samples),
  };
  const progress: number[] = [];
  const inspection = await inspectDataset(dataset, (done) => progress.push(done));
  expect(inspection).toEqual({
    classes,
    pictures: 8,
    counts: { train: [3, 1], validation: [1, 1], test: [0, 2] },
    leftOut: dataset.leftOut,
    notes: dataset.notes,
    imbalance: 3,
    sizes: [
      { width: 4, height: 4, count: 6 },
      { width: 5, height: 5, count: 1 },
    ],
    grey: 7,
    unreadable: [{ id: "gone", code: "no_such_file", reason: "no such file" }],
    crossSplitPictures: { "validation in train": 1, "test in train": 1, "test in validation": 1 },
    fingerprint: dataset.fingerprint,
  });
  expect(progress).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});

test("equal bytes in another shape are another image", () => {
  const pixels = new Uint8Array(12);
  const hashes = [
    pixelHash({ pixels, width: 3, height: 4, channels: 1 }),
    pixelHash({ pixels, width: 4, height: 3, channels: 1 }),
    pixelHash({ pixels, width: 2, height: 2, channels: 3 }),
  ];
  expect(new Set(hashes).size).toBe(3);
});
