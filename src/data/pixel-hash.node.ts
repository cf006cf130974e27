/** Finds images with equal pixels on more than one side of a split: a leak that makes a score too optimistic. */

import { createHash } from "node:crypto";
import type { Picture, Split } from "./dataset.ts";

/** Returns a hash that is equal for images of equal size and pixels, regardless of their encoding. */
export function pixelHash({ pixels, width, height, channels }: Picture): string {
  return createHash("sha1").update(`${width} ${height} ${channels} `).update(pixels).digest("base64");
}

/** Returns a digest that is equal for the same ids with the same pixels in the same order. */
export function pixelsDigest(
  caches: readonly {
    readonly samples: readonly { readonly id: string }[];
    readonly hashes: readonly string[];
  }[],
): string {
  const digest = createHash("sha1");
  for (const { samples, hashes } of caches)
    digest.update(JSON.stringify(samples.map(({ id }, i) => [id, hashes[i]])));
  return digest.digest("hex");
}

/** Number of images of one split that are also in another. */
export type CrossSplitPictures = Record<
  "validation in train" | "test in train" | "test in validation",
  number
>;

/** `hashes` and `sides` contain one entry per image. */
export function crossSplitPictures(hashes: readonly string[], sides: readonly Split[]): CrossSplitPictures {
  const within = (split: Split): Set<string> => new Set(hashes.filter((_, index) => sides[index] === split));
  const inTrain = within("train");
  const inValidation = within("validation");
  const count = (split: Split, others: ReadonlySet<string>): number =>
    hashes.filter((hash, index) => sides[index] === split && others.has(hash)).length;
  return {
    "validation in train": count("validation", inTrain),
    "test in train": count("test", inTrain),
    "test in validation": count("test", inValidation),
  };
}
