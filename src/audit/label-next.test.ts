/** The order for labelling and for review, with hand-made probabilities and features. */

import { expect, test } from "vitest";
import { random } from "../util/random.ts";
import { labelNext } from "./label-next.ts";
import { nearest, unitRows } from "./nearest.ts";
import { blindSplit, reviewOrder } from "./review-order.ts";

const unit = (rows: readonly (readonly number[])[]) =>
  unitRows({ rows: Float32Array.from(rows.flat()), width: rows[0]?.length ?? 0 });

test("of equally unsure images those come first that differ; sure ones come last", () => {
  // Two near-duplicates, one image with other features, and one that the model is sure of.
  const probabilities = Float32Array.from([0.5, 0.5, 0.5, 0.5, 0.52, 0.48, 0.99, 0.01]);
  const features = unit([
    [1, 0],
    [1, 0.01],
    [0, 1],
    [-1, -1],
  ]);
  expect(labelNext(probabilities, 2, features)).toEqual([0, 2, 3, 1]);
});

test("if all look alike, uncertainty decides; each image comes once", () => {
  const rng = random("label next");
  const sure = Array.from({ length: 1500 }, () => 0.5 + 0.5 * rng.next());
  const features = unit(sure.map((_, i) => [1, (i % 2) * 1e-9]));
  const order = labelNext(Float32Array.from(sure.flatMap((p) => [p, 1 - p])), 2, features);
  expect(new Set(order).size).toBe(1500);
  expect(order[0]).toBe(sure.indexOf(Math.min(...sure)));
  const tail = order.slice(1000).map((i) => sure[i] as number);
  expect(tail).toEqual([...tail].sort((a, b) => a - b));
});

test("nearest rows by cosine, whatever their length; a row of zeros is like nothing", () => {
  const features = unit([
    [3, 0],
    [0.1, 0.1],
    [0, 5],
    [10, 1],
    [0, 0],
  ]);
  const found = nearest(features, 0, 3);
  expect(found.map(({ image }) => image)).toEqual([3, 1, 2]);
  expect(found[1]?.similarity).toBeCloseTo(Math.SQRT1_2, 6);
  expect(nearest(features, 4, 1)[0]?.similarity).toBe(0);
});

test("suspects first, then by margin, then what is not known; blind images at random behind them", () => {
  const margins = [0.9, -0.5, undefined, 0.1, -0.9, -0.8, -0.7, -0.6];
  const blind = new Set([4, 5, 6, 7]);
  const order = reviewOrder(
    margins,
    (image) => blind.has(image),
    new Map([
      [0, 1],
      [3, 0],
    ]),
  );
  expect(order.slice(0, 4)).toEqual([3, 0, 1, 2]);
  expect(new Set(order.slice(4))).toEqual(blind);
  // Not ordered by margin, which would reveal the model's answers.
  expect(order.slice(4)).not.toEqual([4, 5, 6, 7]);
});

test("results are measured on the last split that there is", () => {
  const of = (...names: ("train" | "validation" | "test")[]) => blindSplit(names.map((split) => ({ split })));
  expect(of("train", "test", "validation")).toBe("test");
  expect(of("train", "validation")).toBe("validation");
  expect(of("train")).toBeUndefined();
});
