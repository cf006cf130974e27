/**
 * Test-time augmentation: averages a model's answers over several views of each image, and measures the gain and the
 * cost.
 */

import type { Picture } from "../data/dataset.ts";
import type { PixelCache } from "../data/pixel-cache.node.ts";
import { pairedDifference } from "../metrics/paired.ts";
import { argmaxRows } from "../metrics/probabilities.ts";
import type { Bundle } from "../program/decode-bundle.ts";
import type { Engine } from "../runtime/engine.ts";
import { warped } from "./corruptions/warp.ts";
import { bundleOutputs, labelsOf } from "./evaluate.ts";

/** Offset of the shifted views as a share of the shorter side, rounded to whole pixels. */
const SHIFT = 0.06;

type View = (picture: Picture) => Picture;

export const mirror: View = (picture) => warped(picture, (x, y) => [picture.width - 1 - x, y]);
const shift =
  (dx: number, dy: number): View =>
  (picture) => {
    const step = Math.max(1, Math.round(SHIFT * Math.min(picture.width, picture.height)));
    return warped(picture, (x, y) => [x - dx * step, y - dy * step]);
  };
const shifts = [shift(1, 0), shift(-1, 0), shift(0, 1), shift(0, -1)];

/** Views in addition to the image itself. Each variant uses a prefix of this list. */
const views: readonly View[] = [
  mirror,
  ...shifts,
  ...shifts.map(
    (move): View =>
      (picture) =>
        mirror(move(picture)),
  ),
];
const variants = [
  { name: "flip", views: 1 },
  { name: "flip and shifts", views: views.length },
] as const;

export interface TestTimeVariant {
  readonly name: (typeof variants)[number]["name"];
  /** Number of views per image, including the image itself. */
  readonly views: number;
  readonly accuracy: number;
  /** Accuracy with augmentation minus accuracy without, its 95 % interval over images, and McNemar's exact p-value. */
  readonly difference: number;
  readonly interval: readonly [low: number, high: number];
  readonly mcnemarP: number;
  readonly secondsPerPicture: number;
  /** Time with augmentation divided by time without. */
  readonly costRatio: number;
}

export interface TestTime {
  readonly n: number;
  /** Accuracy without augmentation. */
  readonly accuracy: number;
  readonly secondsPerPicture: number;
  readonly variants: readonly TestTimeVariant[];
}

/**
 * Scores `bundle` on all of `pixels` with and without augmentation. `onView` receives the number of finished views and
 * their total.
 */
export async function measureTestTime(
  engine: Engine,
  bundle: Bundle,
  pixels: PixelCache,
  onView?: (done: number, total: number) => void,
): Promise<TestTime> {
  const classes = bundle.architecture.classes.length;
  const labels = labelsOf(pixels);
  const sums = new Float64Array(labels.length * classes);
  let seconds = 0;
  const addView = async (view: View): Promise<void> => {
    const started = performance.now();
    const get = (index: number): Picture => view(pixels.get(index));
    const { probabilities } = await bundleOutputs(engine, bundle, { ...pixels, get });
    for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] as number) + (probabilities[i] as number);
    seconds += (performance.now() - started) / 1000;
  };
  await addView((picture) => picture);
  const plain = { predicted: argmaxRows(sums, classes), seconds };
  const results: TestTimeVariant[] = [];
  let done = 0;
  for (const { name, views: count } of variants) {
    for (const view of views.slice(done, count)) {
      onView?.(1 + done, 1 + views.length);
      await addView(view);
      done++;
    }
    const paired = pairedDifference(labels, plain.predicted, argmaxRows(sums, classes));
    results.push({
      name,
      views: 1 + count,
      accuracy: paired.accuracyB,
      difference: paired.difference,
      interval: paired.interval,
      mcnemarP: paired.mcnemarP,
      secondsPerPicture: seconds / labels.length,
      costRatio: seconds / plain.seconds,
    });
  }
  const accuracy = labels.filter((label, i) => plain.predicted[i] === label).length / labels.length;
  return { n: labels.length, accuracy, secondsPerPicture: plain.seconds / labels.length, variants: results };
}
