/** Reads the images of a training, each once: cuts missing splits, and finds images that leak between splits. */

import { type Dataset, indicesOf, type Sample, type Split } from "../data/dataset.ts";
import { checkUnreadable, decodeAll } from "../data/decode-all.node.ts";
import { NearCopies } from "../data/near-copies.ts";
import { loadPixels, type PixelCache, type PixelCacheOptions } from "../data/pixel-cache.node.ts";
import { pixelHash } from "../data/pixel-hash.node.ts";
import type { Unreadable } from "../data/unreadable.ts";
import { callTo, option } from "../util/spelling.ts";
import { type CutOptions, cutPictures } from "./recut.node.ts";

export interface TrainingPictures {
  /** The data set with the splits that were cut. */
  readonly dataset: Dataset;
  readonly training: PixelCache;
  readonly validation: PixelCache;
  readonly unreadable: readonly Unreadable[];
  /** Ids of validation and test images with the pixels of a training image. */
  readonly leaked: ReadonlySet<string>;
}

/**
 * Decodes images before splits are cut from them, because identical images and near copies stay on one side. Of a given test
 * split only hashes are kept.
 */
export async function readPictures(
  dataset: Dataset,
  cut: CutOptions,
  options: PixelCacheOptions,
): Promise<TrainingPictures> {
  const samplesOf = (split: Split): Sample[] =>
    indicesOf(dataset.samples, split).map((i) => dataset.samples[i] as Sample);
  const pool = await loadPixels(samplesOf("train"), options);
  let validation: PixelCache | undefined;
  try {
    const memoryBudget = options.memoryBudget - pool.bytesInMemory;
    validation = await loadPixels(samplesOf("validation"), { ...options, memoryBudget });
    const test = await hashesOf(samplesOf("test"), options);
    // The test split is scored hours later, so its problems are reported now.
    if (!options.allowUnreadable) checkUnreadable(test.unreadable, samplesOf("test").length);
    return divided(dataset, cut, pool, validation, test);
  } catch (error) {
    validation?.close();
    throw error;
  } finally {
    pool.close();
  }
}

function divided(
  dataset: Dataset,
  cut: CutOptions,
  pool: PixelCache,
  validation: PixelCache,
  test: TestPictures,
): TrainingPictures {
  const hashes = new Map(pool.samples.map(({ id }, i) => [id, pool.hashes[i] as string]));
  const done = cutPictures(dataset, cut, hashes, cut.nearCopies ? nearCopiesIn(pool) : undefined);
  const sides = new Map(done.samples.map(({ id, split }) => [id, split]));
  const partOf = (split: Split): PixelCache =>
    pool.part(pool.samples.flatMap(({ id }, i) => (sides.get(id) === split ? [i] : [])));
  const training = partOf("train");
  const known = new Set(training.hashes);
  const held = [
    ...validation.samples.map(({ id }, i) => [id, validation.hashes[i] as string] as const),
    ...test.hashes,
  ];
  return {
    dataset: done,
    training,
    validation: validation.samples.length > 0 ? validation : partOf("validation"),
    unreadable: [...pool.unreadable, ...validation.unreadable, ...test.unreadable],
    leaked: new Set(held.flatMap(([id, hash]) => (known.has(hash) ? [id] : []))),
  };
}

function nearCopiesIn(pool: PixelCache): ReadonlyMap<string, string> {
  const near = new NearCopies();
  for (const [index, { id }] of pool.samples.entries()) near.add(id, pool.get(index));
  return near.groups();
}

interface TestPictures {
  /** By the samples' ids. */
  readonly hashes: ReadonlyMap<string, string>;
  readonly unreadable: readonly Unreadable[];
}

async function hashesOf(samples: readonly Sample[], options: PixelCacheOptions): Promise<TestPictures> {
  const hashes = new Map<string, string>();
  const unreadable = await decodeAll(samples, options, (index, picture) =>
    hashes.set((samples[index] as Sample).id, pixelHash(picture)),
  );
  return { hashes, unreadable };
}

/** Returns the warnings about leaks, one line per split: how many images, and what to do. */
export function leakNotes({ samples, sources }: Dataset, leaked: ReadonlySet<string>): string[] {
  return (["validation", "test"] as const).flatMap((split) => {
    const own = indicesOf(samples, split);
    const count = own.filter((index) => leaked.has(samples[index]?.id ?? "")).length;
    if (count === 0) return [];
    return [
      `leak: ${count} of ${own.length} ${split} images are pixel-identical to training images, so scores on them are too good. ` +
        `${callTo("audit", { data: sources, out: "audited" })} lists them; training with ${option("exclude", "audited/exclude.txt")} leaves them out`,
    ];
  });
}
