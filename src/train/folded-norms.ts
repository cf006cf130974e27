/**
 * Weights are often published with each batch norm folded into the convolution before it. The remaining norm has mean 0 and
 * variance 1, which are not the statistics of any image. With running statistics the network computes what it was trained to;
 * with batch statistics it would compute something else from the first step on. Before such a training, `unfoldNorms` gives these
 * norms the statistics that they never had.
 */

import type { Canvas } from "../augment/canvas.ts";
import type { Pixels } from "../data/pixels.ts";
import { batches, shuffledOrder } from "../data/sampler.ts";
import { validationFeeds } from "../evaluate/score.ts";
import type { Architecture } from "../models/classifier.ts";
import type { Norm } from "../nn/norm.ts";
import { compileNormStatistics, ofBatch } from "../program/norm-statistics.ts";
import type { Engine } from "../runtime/engine.ts";
import type { Tensors } from "../runtime/session.ts";
import { type FloatTensor, floatTensor, type StateDict } from "../util/tensor.ts";

/** What is needed to measure statistics. */
export interface Measuring {
  readonly architecture: Architecture;
  readonly engine: Engine;
  readonly training: Pixels;
  readonly canvas: Canvas;
  /** Seed for selecting the images. */
  readonly seed: number;
}

/** A few hundred images give every channel a steady mean and variance. */
const IMAGES = 512;
const BATCH = 64;
/** Maximum deviation of a variance from 1: some converters write 1 − ε, which makes the norm with its ε the identity. */
const NEAR = 2e-3;
const MEAN = ".running_mean";
const VARIANCE = ".running_var";

/**
 * Returns whether a batch norm was folded: its statistics are those of a new norm, but it has learned a shift, unlike a new norm.
 */
export function isFolded(weights: StateDict, norm: string): boolean {
  const numbers = (name: string): Float32Array => weights.get(norm + name)?.data ?? new Float32Array(0);
  return (
    numbers(MEAN).every((mean) => mean === 0) &&
    numbers(VARIANCE).every((variance) => Math.abs(variance - 1) <= NEAR) &&
    numbers(".bias").some((shift) => shift !== 0)
  );
}

/**
 * Returns an equivalent network in which each folded norm has the statistics of training images, and a scale and shift that
 * compensate for them; the given weights if no norm is folded.
 */
export async function unfoldNorms(
  { architecture, engine, training, canvas, seed }: Measuring,
  weights: StateDict,
): Promise<StateDict> {
  const names = [...weights.keys()].filter((name) => name.endsWith(MEAN));
  if (!names.some((name) => isFolded(weights, name.slice(0, -MEAN.length)))) return weights;
  const count = training.samples.length;
  const batch = Math.min(BATCH, count);
  const { program, norms } = compileNormStatistics(architecture, weights, canvas, batch);
  const running: Tensors = Object.fromEntries(
    norms
      .flatMap(({ name }) => [name + MEAN, name + VARIANCE])
      .map((name) => [name, weights.get(name) as FloatTensor]),
  );
  const some = shuffledOrder(count, seed, "folded norms").slice(0, IMAGES);
  const measured: Tensors[] = [];
  const open = await engine.open(program);
  try {
    // Without a smaller last batch, all batches have equal weight.
    for (const indices of batches(some, batch, true))
      measured.push(
        await open.run({ ...validationFeeds(training, indices, canvas, architecture), ...running }),
      );
  } finally {
    await open.release();
  }
  const folded = norms.filter(({ name }) => isFolded(weights, name));
  return new Map([...weights, ...folded.flatMap((norm) => unfolded(norm, weights, measured))]);
}

/** Returns the tensors of one norm with the statistics of all images, computed from batches of equal size. */
function unfolded(
  { name, epsilon }: Norm,
  weights: StateDict,
  measured: readonly Tensors[],
): [name: string, tensor: FloatTensor][] {
  const now = (tensor: string, channel: number): number =>
    weights.get(name + tensor)?.data[channel] as number;
  const average = (of: (batch: Tensors) => number): number =>
    measured.reduce((sum, batch) => sum + of(batch), 0) / measured.length;
  const shape = weights.get(name + MEAN)?.shape as readonly number[];
  const channels = Array.from({ length: shape[0] as number }, (_, channel) => {
    const meanOf = (batch: Tensors): number => batch[ofBatch(name + MEAN)]?.data[channel] as number;
    const varianceOf = (batch: Tensors): number => batch[ofBatch(name + VARIANCE)]?.data[channel] as number;
    const mean = average(meanOf);
    // The law of total variance.
    const variance = average((batch) => varianceOf(batch) + (meanOf(batch) - mean) ** 2);
    const factor = now(".weight", channel) / Math.sqrt(now(VARIANCE, channel) + epsilon);
    return {
      ".weight": factor * Math.sqrt(variance + epsilon),
      ".bias": now(".bias", channel) + factor * (mean - now(MEAN, channel)),
      [MEAN]: mean,
      [VARIANCE]: variance,
    };
  });
  return ([".weight", ".bias", MEAN, VARIANCE] as const).map((tensor) => [
    name + tensor,
    floatTensor(
      shape,
      Float32Array.from(channels, (channel) => channel[tensor]),
    ),
  ]);
}
