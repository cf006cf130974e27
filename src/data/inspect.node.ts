/** The report of `vultus data inspect` on a data set: counts, sizes, balance, unreadable images and leaks. */

import { classCounts, type Dataset, type Sample, type Split } from "./dataset.ts";
import { decodeAll } from "./decode-all.node.ts";
import { type CrossSplitPictures, crossSplitPictures, pixelHash } from "./pixel-hash.node.ts";
import type { Unreadable } from "./unreadable.ts";

export interface Inspection {
  readonly classes: readonly string[];
  /** Number of listed images, including unreadable ones. */
  readonly pictures: number;
  /** Per split, one number per class. */
  readonly counts: Readonly<Record<Split, readonly number[]>>;
  readonly leftOut: Dataset["leftOut"];
  readonly notes: readonly string[];
  /**
   * Ratio of the largest class to the smallest one with images, in training (else over all splits); 1 is balanced.
   */
  readonly imbalance: number;
  /** Sizes in pixels before any reduction, the most frequent first. */
  readonly sizes: readonly { readonly width: number; readonly height: number; readonly count: number }[];
  /** Number of images without colour. */
  readonly grey: number;
  readonly unreadable: readonly Unreadable[];
  readonly crossSplitPictures: CrossSplitPictures;
  readonly fingerprint: string;
}

/** Decodes every image at full size in one pass, without keeping pixels. */
export async function inspectDataset(
  dataset: Dataset,
  onProgress?: (done: number, total: number) => void,
): Promise<Inspection> {
  const { classes, samples, leftOut, notes, fingerprint } = dataset;
  const sizes = new Map<string, { width: number; height: number; count: number }>();
  const hashes: string[] = [];
  const sides: Split[] = [];
  let grey = 0;
  const unreadable = await decodeAll(samples, onProgress ? { onProgress } : {}, (index, picture) => {
    const { width, height, channels } = picture;
    const key = `${width} ${height}`;
    const size = sizes.get(key) ?? { width, height, count: 0 };
    size.count++;
    sizes.set(key, size);
    if (channels === 1) grey++;
    hashes.push(pixelHash(picture));
    sides.push((samples[index] as Sample).split);
  });
  const count = (split: Split): number[] =>
    classCounts(
      samples.filter((sample) => sample.split === split),
      classes.length,
    );
  const counts = { train: count("train"), validation: count("validation"), test: count("test") };
  const weighed = counts.train.some(Boolean) ? counts.train : classCounts(samples, classes.length);
  return {
    classes,
    pictures: samples.length,
    counts,
    leftOut,
    notes,
    imbalance: Math.max(...weighed) / Math.min(...weighed.filter(Boolean)),
    sizes: [...sizes.values()].sort((a, b) => b.count - a.count || a.width - b.width || a.height - b.height),
    grey,
    unreadable,
    crossSplitPictures: crossSplitPictures(hashes, sides),
    fingerprint,
  };
}
