/** Scores a classifier on labelled pictures. */

import type { PixelCache } from "../data/pixel-cache.node.ts";
import { majorityBaseline } from "../metrics/baseline.ts";
import { accuracyInterval } from "../metrics/bootstrap.ts";
import { expectedCalibrationError } from "../metrics/calibration.ts";
import { type ConfusionMatrix, confusionMatrix } from "../metrics/confusion.ts";
import { negativeLogLikelihood } from "../metrics/likelihood.ts";
import { argmaxRows } from "../metrics/probabilities.ts";
import { type ScoreSummary, summarize } from "../metrics/scores.ts";
import type { Bundle } from "../program/read-bundle.node.ts";
import type { Engine } from "../runtime/engine.ts";
import { UsageError, VultusError } from "../util/errors.ts";
import { runBundle } from "./run-bundle.ts";

/**
 * A bundle takes pictures of any size. One whose shorter side is longer than this is reduced to it first, which keeps
 * memory within bounds and changes no probability that anybody could see.
 */
export const LARGEST_SIDE = 1024;

export interface Evaluation {
  readonly classes: readonly string[];
  readonly labels: readonly number[];
  readonly predicted: readonly number[];
  /** [N, classes], row after row. */
  readonly probabilities: Float32Array;
  readonly matrix: ConfusionMatrix;
  readonly scores: ScoreSummary;
  /** 95 % bootstrap interval of the accuracy. */
  readonly interval: readonly [number, number];
  readonly nll: number;
  readonly ece: number;
  /** Accuracy of always answering the most frequent class. */
  readonly majority: number;
}

/** Runs a bundle over all pictures of `pixels`, whose labels must be indices into its classes. */
export async function evaluateBundle(
  engine: Engine,
  { architecture: { classes }, program, input }: Bundle,
  pixels: PixelCache,
  onBatch?: (done: number) => void,
): Promise<Evaluation> {
  const count = pixels.samples.length;
  if (count === 0) throw new UsageError("there are no pictures to score; check the folder and --split");
  const open = await engine.open(program);
  try {
    const { probabilities } = await runBundle(open, input, classes.length, count, pixels.get, onBatch);
    return evaluation(
      probabilities,
      pixels.samples.map((sample) => sample.label),
      classes,
    );
  } finally {
    await open.release();
  }
}

/** Every figure that follows from probabilities [N, classes] and labels. */
export function evaluation(
  probabilities: Float32Array,
  labels: readonly number[],
  classes: readonly string[],
): Evaluation {
  if (probabilities.some(Number.isNaN)) {
    throw new VultusError(
      "the model answers NaN: its weights are damaged or its training diverged; train again with a lower rate",
    );
  }
  const predicted = [...argmaxRows(probabilities, classes.length)];
  const matrix = confusionMatrix(labels, predicted, classes.length);
  const scores = summarize(matrix);
  const counts = scores.perClass.map((entry) => entry.support);
  return {
    classes,
    labels,
    predicted,
    probabilities,
    matrix,
    scores,
    interval: accuracyInterval(labels, predicted),
    nll: negativeLogLikelihood(probabilities, labels, classes.length),
    ece: expectedCalibrationError(probabilities, labels, classes.length),
    majority: majorityBaseline(counts),
  };
}
