/** Scores a classifier on labelled images. */

import type { Pixels } from "../data/pixels.ts";
import { areaUnderCurves } from "../metrics/auc.ts";
import { majorityBaseline } from "../metrics/baseline.ts";
import { type ConfusedPair, confusedPairs } from "../metrics/confused-pairs.ts";
import { type ConfusionMatrix, confusionMatrix } from "../metrics/confusion.ts";
import { type CoveragePoint, coverageCurve } from "../metrics/coverage.ts";
import { type PeopleScores, peopleScores } from "../metrics/people.ts";
import { argmaxRows } from "../metrics/probabilities.ts";
import { eachMetric, type Metrics, measure } from "../metrics/registry.ts";
import { type ScoreIntervals, scoreIntervals } from "../metrics/score-intervals.ts";
import { type ScoreSummary, summarize } from "../metrics/scores.ts";
import { softmaxRows } from "../metrics/softmax.ts";
import { type CalibrationTarget, fitTemperature, LEAST_MISTAKES } from "../metrics/temperature.ts";
import type { Votes } from "../metrics/votes.ts";
import type { Bundle } from "../program/decode-bundle.ts";
import type { Engine } from "../runtime/engine.ts";
import { UsageError, VultusError } from "../util/errors.ts";
import { calibrationTargetOf, temperatureOf } from "../weights/classifier-file.ts";
import { type Calibration, type CalibrationOptions, calibrationOf } from "./calibration.ts";
import type { Leaks } from "./leaks.node.ts";
import { votesOf } from "./people-votes.ts";
import { type BundleOutputs, runBundle } from "./run-bundle.ts";

/**
 * Longest allowed shorter side. A bundle accepts images of any size; larger ones are reduced to this first. That bounds
 * the memory and changes no probability noticeably.
 */
export const LARGEST_SIDE = 1024;

/** Metrics of probabilities, and the coverage, are cross-fitted if the temperature was fitted on these same images. */
export interface Evaluation extends Metrics {
  readonly classes: readonly string[];
  readonly labels: readonly number[];
  readonly predicted: readonly number[];
  /** [N, classes], row after row. */
  readonly probabilities: Float32Array;
  readonly matrix: ConfusionMatrix;
  readonly scores: ScoreSummary;
  /** 95 % interval of the accuracy, by `scoreIntervals`. */
  readonly interval: readonly [number, number];
  /** 95 % intervals of all scores of predicted classes. */
  readonly intervals: ScoreIntervals;
  /** One-vs-rest, per class; NaN for a class that occurs in no image or in all. */
  readonly auc: readonly number[];
  /** The most frequent confusions. */
  readonly confused: readonly ConfusedPair[];
  readonly coverage: readonly CoveragePoint[];
  readonly calibration: Calibration;
  /** Accuracy of always predicting the most frequent class. */
  readonly majority: number;
  /** Comparison with people's votes; missing if the images have none. */
  readonly people?: PeopleScores;
  /** The score without images that are also in the training data; missing if that was not checked. */
  readonly leaks?: Leaks;
  /** The score without images that the model saw in training; missing if its file does not record them. */
  readonly seen?: Leaks;
}

export interface EvaluateOptions {
  readonly onBatch?: (done: number) => void;
  /** Whether the model's temperature was fitted on these same images. */
  readonly fittedHere?: boolean;
}

/** Runs a bundle over all images of `pixels`, whose labels must be indices into its classes. */
export async function evaluateBundle(
  engine: Engine,
  bundle: Bundle,
  pixels: Pixels,
  { onBatch, fittedHere = false }: EvaluateOptions = {},
): Promise<Evaluation> {
  const outputs = await bundleOutputs(engine, bundle, pixels, onBatch);
  const temperature = temperatureOf(bundle.metadata, bundle.path);
  return evaluation(outputs, labelsOf(pixels), bundle.architecture.classes, {
    temperature,
    fittedHere,
    fittedTo: calibrationTargetOf(bundle.metadata, bundle.path),
    votes: votesOf(pixels.samples),
  });
}

/** Returns a bundle's answers for all images of `pixels`. */
export async function bundleOutputs(
  engine: Engine,
  bundle: Bundle,
  pixels: Pixels,
  onBatch?: (done: number) => void,
): Promise<BundleOutputs> {
  const count = pixels.samples.length;
  if (count === 0) throw new UsageError("there are no images to score; check the folder and --split");
  const open = await engine.open(bundle.program);
  try {
    const outputs = await runBundle(open, bundle, { ...pixels, count }, onBatch);
    if (outputs.probabilities.some(Number.isNaN)) {
      throw new VultusError(
        "the model returns NaN: its weights are corrupted or its training diverged; train again with a lower learning rate",
      );
    }
    return outputs;
  } finally {
    await open.release();
  }
}

/** Returns the labels of the images, in order. */
export function labelsOf(pixels: Pixels): number[] {
  return pixels.samples.map(({ label }) => label);
}

/** The score of a classifier on held-out images at the end of a training. */
export interface FinalScore {
  readonly evaluation: Evaluation;
  /** The temperature to divide its logits by; 1 if too few answers are wrong to fit one. */
  readonly temperature: number;
  /** Notes for the user. */
  readonly notes: readonly string[];
}

/** A model's answers, with the labels and votes to score them against. */
export interface Answered {
  /** [N, classes], row after row. */
  readonly logits: Float32Array;
  readonly labels: readonly number[];
  readonly votes: Votes;
}

export interface FinalOptions {
  /** The answers that the temperature is fitted on. Default: the scored ones. */
  readonly fitOn?: Answered;
  /** The target of the fit. Default: "plurality". */
  readonly fitTo?: CalibrationTarget;
}

/** Fits a classifier's temperature and scores it at that temperature. */
export function finalScore(
  held: Answered,
  classes: readonly string[],
  { fitOn = held, fitTo = "plurality" }: FinalOptions = {},
): FinalScore {
  const fittedTo = fitOn.votes.some((counts) => counts !== undefined) ? fitTo : "plurality";
  const temperature = fitTemperature(fitOn.logits, fitOn.labels, classes.length, {
    votes: fittedTo === "votes" ? fitOn.votes : undefined,
  });
  // The temperature only changes the confidence, so the bundle need not run again.
  const probabilities = Float32Array.from(softmaxRows(held.logits, classes.length, temperature));
  const fittedHere = fitOn === held && temperature !== 1;
  const outputs = { logits: held.logits, probabilities };
  const withoutVotes =
    "no validation image has votes, so the model is calibrated to the labels instead of the votes";
  return {
    evaluation: evaluation(outputs, held.labels, classes, {
      temperature,
      fittedHere,
      fittedTo,
      votes: held.votes,
    }),
    temperature,
    notes: [
      ...(fittedTo === fitTo ? [] : [withoutVotes]),
      ...(temperature === 1 ? [unfittedNote(fitOn.labels.length)] : []),
    ],
  };
}

function unfittedNote(images: number): string {
  return (
    `the model's confidence was not calibrated: it makes fewer than ${LEAST_MISTAKES} mistakes on the ${images} validation images, ` +
    "too few to estimate its error rate (the temperature stays 1)"
  );
}

/** Returns the part of an evaluation that is stored in a model's metadata: everything except per-class figures. */
export function metricsOf(evaluation: Evaluation, split: string) {
  const { scores, interval } = evaluation;
  const { n, accuracy } = scores;
  return { n, split, accuracy, interval, ...eachMetric((name) => evaluation[name]) };
}

/** Computes every figure of an evaluation from a model's answers [N, classes], the labels and the votes. */
export function evaluation(
  outputs: BundleOutputs,
  labels: readonly number[],
  classes: readonly string[],
  options: CalibrationOptions,
): Evaluation {
  const { probabilities } = outputs;
  const count = classes.length;
  const predicted = [...argmaxRows(probabilities, count)];
  const matrix = confusionMatrix(labels, predicted, count);
  const scores = summarize(matrix);
  const intervals = scoreIntervals(labels, predicted, count);
  const { calibration, judged } = calibrationOf(outputs, labels, count, options);
  const people =
    options.votes && peopleScores({ classes, predicted, probabilities: judged, votes: options.votes });
  return {
    classes,
    labels,
    predicted,
    probabilities,
    matrix,
    scores,
    interval: intervals.accuracy,
    intervals,
    ...measure({ labels, predicted, probabilities: judged, classCount: count, matrix }),
    auc: areaUnderCurves(probabilities, labels, count),
    confused: confusedPairs(matrix),
    coverage: coverageCurve(judged, labels, count),
    calibration,
    majority: majorityBaseline(scores.perClass.map(({ support }) => support)),
    ...(people && { people }),
  };
}
