/** The source of a phase's batches: newly augmented images, or their cached features. */

import type { Mixing } from "../augment/mixing.ts";
import type { Sample } from "../data/dataset.ts";
import { batches, shuffledOrder, weightedOrder } from "../data/sampler.ts";
import type { Loss } from "../losses/loss.ts";
import type { MaskFeed } from "../program/program.ts";
import type { Tensors } from "../runtime/session.ts";
import { type Key, random } from "../util/random.ts";
import { type FloatTensor, floatTensor, sizeOf } from "../util/tensor.ts";

/** Feeds for the batches of one phase; the same (epoch, index) always gives the same feeds. */
export interface BatchSource {
  readonly batchesPerEpoch: number;
  /** Runs before an epoch and computes what is needed once; a stop signal ends it early, and no feeds follow. */
  prepare(epoch: number): Promise<void>;
  /**
   * Before `prepare`: returns a batch of arbitrary values for timing steps, and the seconds that preparing the epochs
   * from `epoch` to before `end` will take.
   */
  rehearse(epoch: number, end: number): Promise<{ readonly feeds: Tensors; readonly prepareSeconds: number }>;
  feeds(epoch: number, index: number): Tensors;
}

export interface OrderOptions {
  readonly sampler: "weighted" | "shuffle";
  readonly seed: number;
  readonly phase: string;
  readonly batchSize: number;
}

/** Number of full batches in an epoch, at least one. */
export function batchesIn(images: number, batchSize: number): number {
  return Math.max(1, Math.floor(images / batchSize));
}

/** Returns the samples of each batch of an epoch. Every batch is full, since a step's batch size is fixed. */
export function epochBatches(samples: readonly Sample[], epoch: number, options: OrderOptions): number[][] {
  const { sampler, seed, phase, batchSize } = options;
  const key: Key = [seed, phase, epoch];
  const order =
    sampler === "weighted"
      ? weightedOrder(
          samples.map((sample) => sample.label),
          ...key,
        )
      : shuffledOrder(samples.length, ...key);
  return batches(order, Math.min(batchSize, samples.length), true);
}

/**
 * Returns one row per sample, in the form that the loss needs. As shares: the shares of its votes, or 1 for its label. As votes:
 * the counts, or one vote for its label.
 */
export function targetsOf(
  samples: readonly Sample[],
  classes: number,
  kind: Loss["targets"] = "shares",
): FloatTensor {
  const data = new Float32Array(samples.length * classes);
  for (const [row, { label, votes, voteCount = 1 }] of samples.entries()) {
    const times = kind === "votes" ? voteCount : 1;
    if (!votes) data[row * classes + label] = 1;
    else for (const [k, share] of votes.entries()) data[row * classes + k] = share * times;
  }
  return floatTensor([samples.length, classes], data);
}

/** Mixes each row with its partner's: `weight` of the row itself, the rest of the partner's. */
export function mixTargets(
  targets: FloatTensor,
  { partner, weight }: Pick<Mixing, "partner" | "weight">,
): FloatTensor {
  const [rows, classes] = targets.shape as [number, number];
  const data = new Float32Array(targets.data.length);
  for (let row = 0; row < rows; row++) {
    const [other, share] = [partner[row] as number, weight[row] as number];
    for (let c = 0; c < classes; c++) {
      data[row * classes + c] =
        share * (targets.data[row * classes + c] as number) +
        (1 - share) * (targets.data[other * classes + c] as number);
    }
  }
  return floatTensor(targets.shape, data);
}

/** Returns the dropout masks of one step, keyed by layer: 0 or 1/(1 − p). */
export function dropoutMasks(masks: readonly MaskFeed[], ...key: Key): Tensors {
  return Object.fromEntries(
    masks.map(({ layer, name, shape, probability }) => {
      const rng = random(...key, "dropout", layer);
      const keep = 1 / (1 - probability);
      const data = new Float32Array(sizeOf(shape));
      for (let i = 0; i < data.length; i++) data[i] = rng.next() < probability ? 0 : keep;
      return [name, floatTensor(shape, data)];
    }),
  );
}
