/** Cuts a data set's splits as a training does, and again as one did: so that nothing is scored that was trained on. */

import type { Dataset } from "../data/dataset.ts";
import { decodeAll } from "../data/decode-all.node.ts";
import { pixelHash } from "../data/pixel-hash.node.ts";
import { byIdentity, cutSplits, type SplitShares } from "../data/split.ts";
import type { TrainingCut } from "../weights/classifier-file.ts";

export interface CutOptions extends SplitShares {
  readonly seed: number;
}

/** A training's pictures are decoded to at most this many pixels a side, room for augmentation included. */
export function trainingSide(inputSize: number): number {
  return Math.ceil(inputSize * 1.25);
}

/** Cuts the splits that the data lacks; a person, and pictures of equal pixels (`hashes`, by id), stay on one side. */
export function cutPictures(dataset: Dataset, cut: CutOptions, hashes: ReadonlyMap<string, string>): Dataset {
  return cutSplits(dataset, { ...cut, groupings: [byIdentity, ({ id }) => hashes.get(id)] });
}

/**
 * The data with the splits that a training at `inputSize` cut from it; undefined where this is not the data that it was cut
 * from. Reads the pictures, since equal ones were kept together.
 */
export async function recut(
  dataset: Dataset,
  cut: TrainingCut,
  inputSize: number,
  onProgress: (done: number, total: number) => void,
): Promise<Dataset | undefined> {
  if (dataset.fingerprint !== cut.from) return undefined;
  const pool = dataset.samples.filter(({ split }) => split === "train");
  const hashes = new Map<string, string>();
  const options = { maxSide: trainingSide(inputSize), onProgress };
  await decodeAll(pool, options, (index, picture) =>
    hashes.set(pool[index]?.id as string, pixelHash(picture)),
  );
  return cutPictures(dataset, cut, hashes);
}
