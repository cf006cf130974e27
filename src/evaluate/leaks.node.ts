/** Leaks: images that are scored and were trained on, and what the score is without them. */

import type { Sample } from "../data/dataset.ts";
import { type DecodeAllOptions, decodeAll } from "../data/decode-all.node.ts";
import type { PixelCache } from "../data/pixel-cache.node.ts";
import { pixelHash } from "../data/pixel-hash.node.ts";
import { accuracyInterval } from "../metrics/bootstrap.ts";

export interface Leaks {
  /** Scored images that were trained on. */
  readonly leaked: number;
  /** The score of the others, with its 95 % interval; none where all are leaked. */
  readonly withoutLeaked:
    | { readonly n: number; readonly accuracy: number; readonly interval: readonly [number, number] }
    | undefined;
}

/** Labels and predictions are indices of classes; `isLeaked` holds one entry per scored image. */
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
 * For each image of `pixels` whether it has the pixels of one of the `training` samples, which are read for this and not
 * kept. `options.maxSide` must be that of `pixels`.
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
