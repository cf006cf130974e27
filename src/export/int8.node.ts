/**
 * Builds the int8 format. It is calibrated on training images; the layers that stay in float32 are chosen by the accuracy on
 * other, labelled images.
 */

import { existsSync, readFileSync } from "node:fs";
import { canvasOf } from "../data/canvas.ts";
import type { Pictures } from "../evaluate/run-bundle.ts";
import { validationFeeds } from "../evaluate/score.ts";
import { argmaxRows } from "../metrics/probabilities.ts";
import type { BundleInput } from "../program/bundle.ts";
import { decodeBundle } from "../program/decode-bundle.ts";
import { compileQuantized } from "../program/quantize.ts";
import { compileCalibration, rangesOf } from "../program/quantize-calibration.ts";
import type { PlanOptions } from "../program/quantize-plan.ts";
import type { Ranges } from "../program/quantize-ranges.ts";
import type { WeightBits } from "../program/quantize-weights.ts";
import type { Engine } from "../runtime/engine.ts";
import type { Tensors } from "../runtime/session.ts";
import { answeringOf, classifierMetadata, type Provenance } from "../weights/classifier-file.ts";
import type { Classifier } from "../weights/load.node.ts";
import { answersOf } from "./verify.ts";

/** Images with their labels. */
export interface Labelled {
  readonly pictures: Pictures;
  readonly labels: readonly number[];
}

export interface Int8Options {
  readonly classifier: Classifier;
  readonly provenance: Provenance;
  readonly input: BundleInput;
  readonly engine: Engine;
  /** Training images, from which ranges are estimated. */
  readonly calibration: Pictures;
  /** Held-out images, on which candidates are compared. */
  readonly held: Labelled;
  readonly weightBits: WeightBits;
}

export interface Int8Choice {
  readonly model: Uint8Array;
  /** What stays in float32: layers, or everything except the weights. */
  readonly float: readonly string[];
  readonly accuracy: number;
}

/** Images per calibration batch. */
const BATCH = 16;

/** Maximum loss of accuracy against the best candidate: less than what is significant on a thousand images. */
const NEGLIGIBLE = 0.003;

/**
 * Tries five variants: all layers in int8; the first stage, the head, or both in float32; and int8 weights only. Of
 * those whose accuracy is negligibly below the best, it takes the one with the least in float32.
 */
export async function chooseInt8(options: Int8Options): Promise<Int8Choice> {
  const { classifier, provenance, input, engine, held, weightBits } = options;
  const { architecture, weights } = classifier;
  const ranges = await calibrate(options);
  const metadata = classifierMetadata(architecture, provenance);
  const first = architecture.backbone.stages[0] as string;
  const isFirst = (layer: string): boolean => layer === first || layer.startsWith(`${first}.`);
  const isHead = (layer: string): boolean => layer.startsWith("head.");
  const candidates: [string[], PlanOptions][] = [
    [[], {}],
    [["head"], { keepFloat: isHead }],
    [[first], { keepFloat: isFirst }],
    [[first, "head"], { keepFloat: (layer) => isFirst(layer) || isHead(layer) }],
    [["everything but weights"], { weightsOnly: true }],
  ];
  const tried: Int8Choice[] = [];
  for (const [float, plan] of candidates) {
    const { model } = compileQuantized({
      architecture,
      weights,
      ranges,
      input,
      weightBits,
      ...plan,
      ...answeringOf(metadata, classifier.path),
      metadata,
    });
    const { probabilities } = await answersOf(engine, decodeBundle(model, "the int8 form"), held.pictures);
    const accuracy = accuracyOf(probabilities, held.labels, architecture.classes.length);
    tried.push({ model, float, accuracy });
  }
  const best = Math.max(...tried.map(({ accuracy }) => accuracy));
  return tried.find(({ accuracy }) => accuracy >= best - NEGLIGIBLE) as Int8Choice;
}

/** Returns the share of images whose label is the most probable class. */
export function accuracyOf(probabilities: Float32Array, labels: readonly number[], classes: number): number {
  return (
    [...argmaxRows(probabilities, classes)].filter((label, row) => label === labels[row]).length /
    labels.length
  );
}

async function calibrate({ classifier, engine, calibration }: Int8Options): Promise<Ranges> {
  const { architecture, weights } = classifier;
  const { count, shape } = calibration;
  const indices = Array.from({ length: count }, (_, i) => i);
  const canvas = canvasOf(indices.map(shape), architecture.inputSize);
  const open = await engine.open(compileCalibration(architecture, weights, canvas));
  try {
    const batches: Tensors[] = [];
    for (let start = 0; start < indices.length; start += BATCH) {
      const batch = indices.slice(start, start + BATCH);
      batches.push(await open.run(validationFeeds(calibration, batch, canvas, architecture)));
    }
    return rangesOf(batches);
  } finally {
    await open.release();
  }
}

/**
 * Returns 8 if this processor multiplies bytes into 32-bit sums (VNNI, or any ARM). Other x86 processors add pairs of
 * u8·s8 products in 16 bits, where 8-bit weights saturate and 7-bit weights do not.
 */
export function fittingBits(): WeightBits {
  if (process.arch !== "x64") return 8;
  const cpuinfo = "/proc/cpuinfo";
  if (!existsSync(cpuinfo)) return 7;
  return /\b(avx512_vnni|avx_vnni)\b/.test(readFileSync(cpuinfo, "utf8")) ? 8 : 7;
}
