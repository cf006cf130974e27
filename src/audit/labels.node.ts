/** Suspected label errors: images whose label contradicts the confident prediction of a model that never saw it. */

import { tmpdir } from "node:os";
import { canvasOf } from "../data/canvas.ts";
import type { Dataset, Sample, Split } from "../data/dataset.ts";
import { stratifiedFolds } from "../data/folds.ts";
import { hasFingerprint } from "../data/former.ts";
import { loadPixels } from "../data/pixel-cache.node.ts";
import { byIdentity } from "../data/split.ts";
import { collect, validationFeeds } from "../evaluate/score.ts";
import { confidentLearning } from "../metrics/confident-learning.ts";
import { argmaxRows } from "../metrics/probabilities.ts";
import { type Architecture, describe } from "../models/classifier.ts";
import { backboneNamed } from "../models/registry.ts";
import { compileStageFeatures, middleStage } from "../program/stage-features.ts";
import type { Engine } from "../runtime/engine.ts";
import { UsageError } from "../util/errors.ts";
import type { StateDict } from "../util/tensor.ts";
import { classesOf, cutOf, type Metadata } from "../weights/classifier-file.ts";
import { fitWeights } from "../weights/fit.ts";
import { backboneFor, readWeights } from "../weights/load.node.ts";
import { adapted } from "../weights/variants.ts";
import { byLooks, type Copies } from "./copies.node.ts";
import { type Features, outOfSampleProbabilities } from "./out-of-sample.ts";

export interface SuspectedLabel {
  readonly id: string;
  readonly split: Split;
  readonly given: string;
  readonly suggested: string;
  /** Out-of-sample probability of the given label minus that of the most probable other class. */
  readonly margin: number;
}

export interface LabelAudit {
  readonly model: string;
  readonly weights: string;
  readonly folds: number;
  readonly seed: number;
  readonly notes: readonly string[];
  /** Accuracy of the heads on the folds that they were not trained on: a measure of how far to trust them. */
  readonly accuracy: number;
  /** Per class, the minimum probability for an image to confidently belong to it; `null` for a class without images. */
  readonly thresholds: Readonly<Record<string, number | null>>;
  /** `joint[given][suggested]`, in class order. */
  readonly joint: readonly (readonly number[])[];
  /** Most confident first. */
  readonly suspects: readonly SuspectedLabel[];
}

/** A backbone that was never trained on the labels that it judges. */
export interface LabelNetwork {
  readonly architecture: Architecture;
  readonly weights: StateDict;
  /** Path of the weights file. */
  readonly path: string;
  /** Notes for the user about the weights. */
  readonly notes: readonly string[];
}

export interface LabelOptions {
  readonly folds: number;
  readonly seed: number;
  /** Maximum bytes of decoded images to keep in memory. */
  readonly memoryBudget: number;
}

export type LabelProgress = (stage: "features" | "training", done: number, total: number) => void;

/** Side of the backbone's input. Larger images cost much more and gain little once eyes and mouth are visible. */
const INPUT_SIZE = 96;
const CELLS = 3;

/**
 * Judges the labels by confident learning: features of a backbone that never saw these labels, and one head per fold.
 * Folds keep copies and people together, otherwise a head would know the label of an image's copy.
 */
export async function auditLabels(
  engine: Engine,
  network: LabelNetwork,
  copies: Copies,
  options: LabelOptions,
  onProgress: LabelProgress,
): Promise<LabelAudit> {
  const { architecture, path, notes } = network;
  const { backbone, classes } = architecture;
  const { folds, seed, memoryBudget } = options;
  // A blank image has no right label, and a head would learn a meaning of black from it.
  const samples = copies.traces.flatMap(({ sample, faults }) => (faults.includes("blank") ? [] : [sample]));
  const foldOf = stratifiedFolds(samples, classes.length, {
    folds,
    seed,
    groupings: [byIdentity, byLooks(copies)],
  });
  const features = await stageFeatures(engine, network, samples, memoryBudget, (done, total) =>
    onProgress("features", done, total),
  );
  const probabilities = await outOfSampleProbabilities(
    engine,
    architecture,
    features,
    samples,
    foldOf,
    seed,
    (done, total) => onProgress("training", done, total),
  );
  const labels = samples.map(({ label }) => label);
  const { thresholds, joint, suspects } = confidentLearning(probabilities, labels, classes.length);
  const predicted = argmaxRows(probabilities, classes.length);
  const name = (label: number): string => classes[label] as string;
  return {
    model: backbone.name,
    weights: path,
    folds,
    seed,
    notes,
    accuracy: labels.filter((label, i) => label === predicted[i]).length / labels.length,
    thresholds: Object.fromEntries(
      thresholds.map((value, k) => [name(k), Number.isNaN(value) ? null : value]),
    ),
    joint,
    suspects: suspects.map(({ index, suggested, margin }) => {
      const { id, split, label } = samples[index] as Sample;
      return { id, split, given: name(label), suggested: name(suggested), margin };
    }),
  };
}

/**
 * Reads the weights of the backbone `model` from `path`.
 *
 * @throws UsageError for weights of a classifier that may have been trained on the labels of `dataset`.
 */
export function labelNetwork(model: string, path: string, dataset: Dataset): LabelNetwork {
  const backbone = backboneNamed(backboneFor(model, path));
  const architecture: Architecture = {
    backbone,
    head: "linear",
    classes: dataset.classes,
    dropout: 0,
    inputSize: INPUT_SIZE,
    resize: 1,
  };
  const { tensors, metadata, notes: ofFile = [] } = readWeights(path);
  const notes = checkUnseen(metadata, path, dataset);
  const ofVariant = adapted(tensors, metadata, backbone.name, path);
  const { weights, notes: ofFit } = fitWeights(ofVariant.tensors, architecture, describe(architecture), path);
  return { architecture, weights, path, notes: [...ofFile, ...notes, ...ofVariant.notes, ...ofFit] };
}

/** Returns the features of each sample at a middle stage of the backbone. Every sample must be readable. */
export async function stageFeatures(
  engine: Engine,
  { architecture, weights }: LabelNetwork,
  samples: readonly Sample[],
  memoryBudget: number,
  onProgress: (done: number, total: number) => void,
): Promise<Features> {
  const pixels = await loadPixels(samples, { maxSide: INPUT_SIZE, memoryBudget, spillDir: tmpdir() });
  try {
    const canvas = canvasOf(
      pixels.samples.map((_, i) => pixels.shape(i)),
      INPUT_SIZE,
    );
    const stage = middleStage(architecture);
    const open = await engine.open(
      compileStageFeatures(architecture, weights, canvas, { stage, cells: CELLS }),
    );
    try {
      const count = samples.length;
      const feeds = (indices: readonly number[]) => validationFeeds(pixels, indices, canvas, architecture);
      const rows = await collect(open, "features", count, feeds, (done) => onProgress(done, count));
      return { rows, width: rows.length / count };
    } finally {
      await open.release();
    }
  } finally {
    pixels.close();
  }
}

/** Checks that the weights were not trained on these labels, and returns notes on weights that may be used. */
function checkUnseen(metadata: Metadata, path: string, dataset: Dataset): string[] {
  const classes = classesOf(metadata, path);
  if (!classes) return [];
  const what = `--weights ${path} is a classifier trained on the classes ${classes.join(", ")}`;
  const remedy =
    "A network that was trained on these labels cannot judge them: it reproduces their errors. " +
    "Use weights that were not trained on them, such as ImageNet's";
  const seen = cutOf(metadata, path)?.from ?? metadata.data_fingerprint;
  if (seen === undefined) throw new UsageError(`${what}, and does not record on which data. ${remedy}`);
  if (hasFingerprint(dataset, seen)) throw new UsageError(`${what}, on this same data. ${remedy}`);
  return [
    `${path} was trained on other data (fingerprint ${seen}); if that data includes some of these images, the audit will miss errors in their labels`,
  ];
}
