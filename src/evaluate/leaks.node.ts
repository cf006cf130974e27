/** Leaks: scored images that were also trained on, and the score without them. */

import type { Sample } from "../data/dataset.ts";
import { type DecodeAllOptions, decodeAll } from "../data/decode-all.node.ts";
import type { PixelCache } from "../data/pixel-cache.node.ts";
import { pixelHash } from "../data/pixel-hash.node.ts";
import { accuracyInterval } from "../metrics/bootstrap.ts";

export interface Leaks {
  /** Number of scored images that were trained on. */
  readonly leaked: number;
  /** The score of the remaining images with its 95 % interval; undefined if all are leaked. */
  readonly withoutLeaked:
    | { readonly n: number; readonly accuracy: number; readonly interval: readonly [number, number] }
    | undefined;
}

/** Computes the leaks. Labels and predictions are class indices; `isLeaked` has one entry per scored image. */
export function leaksOf(
  labels: readonly number[],
  predicted: readonly number[],
  isLeaked: readonly boolean[],
): Leaks {
  const kept = labels.flatMap((_, i) => (isLeaked[i] ? [] : [i]));
  const own = kept.map((i) => labels[i] as number);
  const answers = kept.map((i) => predicted[i] as number);
  const n = kept.length;
  const accuracy = own.filter((label, i) => label === answers[i]).length / n;
  return {
    leaked: labels.length - n,
    withoutLeaked: n > 0 ? { n, accuracy, interval: accuracyInterval(own, answers) } : undefined,
  };
}

/**
 * Returns for each image of `pixels` whether one of the `training` samples has the same pixels. The training images are
 * read for this and not kept. `options.maxSide` must be the value used for `pixels`.
 */
export async function findLeaked(
  pixels: PixelCache,
  training: readonly Sample[],
  options: DecodeAllOptions,
): Promise<boolean[]> {
  const known = new Set<string>();
  await decodeAll(training, options, (_, picture) => known.add(pixelHash(picture)));
  return pixels.hashes.map((hash) => known.has(hash));
}
