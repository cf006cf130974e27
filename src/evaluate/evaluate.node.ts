/** Scores a classifier on labelled pictures. */

import { canvasOf } from "../data/canvas.ts";
import type { PixelCache } from "../data/pixel-cache.node.ts";
import { majorityBaseline } from "../metrics/baseline.ts";
import { accuracyInterval } from "../metrics/bootstrap.ts";
import { expectedCalibrationError } from "../metrics/calibration.ts";
import { type ConfusionMatrix, confusionMatrix } from "../metrics/confusion.ts";
import { negativeLogLikelihood } from "../metrics/likelihood.ts";
import { argmaxRows } from "../metrics/probabilities.ts";
import { type ScoreSummary, summarize } from "../metrics/scores.ts";
import type { Architecture } from "../models/classifier.ts";
import { compilePredict } from "../program/predict.ts";
import type { Engine } from "../runtime/engine.ts";
import { UsageError, VultusError } from "../util/errors.ts";
import type { StateDict } from "../util/tensor.ts";
import { collect, probabilitiesOf, validationFeeds } from "./score.ts";

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

/** Runs the classifier over all pictures of `pixels`, whose labels must be indices into its classes. */
export async function evaluateClassifier(
  engine: Engine,
  architecture: Architecture,
  weights: StateDict,
  pixels: PixelCache,
  onBatch?: (done: number) => void,
): Promise<Evaluation> {
  const { classes } = architecture;
  const count = pixels.samples.length;
  if (count === 0) throw new UsageError("there are no pictures to score; check the folder and --split");
  const canvas = canvasOf(Array.from({ length: count }, (_, i) => pixels.get(i)));
  const program = await engine.open(compilePredict(architecture, weights, canvas));
  try {
    const feeds = (indices: readonly number[]) => validationFeeds(pixels, indices, canvas, architecture);
    const logits = await collect(program, "logits", count, feeds, onBatch);
    return evaluation(
      probabilitiesOf(logits, classes.length),
      pixels.samples.map((sample) => sample.label),
      classes,
    );
  } finally {
    await program.release();
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
