/** Cuts splits for a training, and reproduces the splits of an earlier training, so that no training image is scored. */

import { trainingSide } from "../augment/canvas.ts";
import { type Dataset, fingerprintOf } from "../data/dataset.ts";
import { decodeAll } from "../data/decode-all.node.ts";
import { areFormerIdsUnsure, asFormerly } from "../data/former.ts";
import { NearCopies } from "../data/near-copies.ts";
import { pixelHash } from "../data/pixel-hash.node.ts";
import { byIdentity, type CutShares, cutSplits, type Grouping } from "../data/split.ts";
import { UsageError } from "../util/errors.ts";
import type { TrainingCut } from "../weights/classifier-file.ts";

export interface CutOptions extends CutShares {
  readonly seed: number;
}

/**
 * Cuts missing splits. The images of a person, identical images (`hashes`, by id) and near copies (groups by id) stay on one
 * side. If a class has too few images apart from near copies, these are separated, which a note reports.
 */
export function cutPictures(
  dataset: Dataset,
  cut: CutOptions,
  hashes: ReadonlyMap<string, string>,
  nearCopies: ReadonlyMap<string, string> = new Map(),
): Dataset {
  const by =
    (groups: ReadonlyMap<string, string>): Grouping =>
    ({ id }) =>
      groups.get(id);
  const cutBy = (...groupings: readonly Grouping[]): Dataset =>
    cutSplits(dataset, { ...cut, groupings: [byIdentity, by(hashes), ...groupings] });
  if (nearCopies.size === 0) return cutBy();
  try {
    return cutBy(by(nearCopies));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const parted = cutBy();
    const note =
      "near copies of images are on both sides of the splits, because a class has too few others: scores are too good";
    return { ...parted, notes: [...parted.notes, note] };
  }
}

/** A model file's record of its training data. */
export interface TrainedOn {
  readonly cut: TrainingCut;
  /** The fingerprint of the data with the splits that were cut. */
  readonly fingerprint: string | undefined;
}

/**
 * Returns the data with the splits that a training at `inputSize` cut from it. Reads the images, because identical ones stay
 * together. Splits of versions that depended on the reading order are cut in that order, as far as it is known.
 *
 * Returns undefined for other data, and if the cut does not reproduce the splits of the training: sources or rows had another
 * order or the same names, or images have changed.
 */
export async function recut(
  dataset: Dataset,
  { cut, fingerprint }: TrainedOn,
  inputSize: number,
  onProgress: (done: number, total: number) => void,
): Promise<Dataset | undefined> {
  const former = asFormerly(dataset);
  const data = [dataset, former].find(({ fingerprint: from }) => from === cut.from);
  if (!data || (data === former && areFormerIdsUnsure(dataset))) return undefined;
  const pool = data.samples.filter(({ split }) => split === "train");
  const hashes = new Map<string, string>();
  const near = cut.nearCopies ? new NearCopies() : undefined;
  const options = { maxSide: trainingSide(inputSize), onProgress };
  await decodeAll(pool, options, (index, picture) => {
    const id = pool[index]?.id as string;
    hashes.set(id, pixelHash(picture));
    near?.add(id, picture);
  });
  const done = cutPictures(data, cut, hashes, near?.groups());
  if (data === dataset) return done.fingerprint === fingerprint ? done : undefined;
  return asFormerly(done).fingerprint === fingerprint ? withSplitsOf(dataset, done) : undefined;
}

/** Returns the data with the splits and notes of `former`, the same data cut under former ids, and the resulting fingerprint. */
function withSplitsOf(dataset: Dataset, former: Dataset): Dataset {
  const splits = new Map(former.samples.map(({ id, split }) => [id, split]));
  const samples = dataset.samples.map((sample) => ({
    ...sample,
    split: splits.get(dataset.formerIds?.get(sample.id) ?? sample.id) ?? sample.split,
  }));
  return { ...dataset, samples, notes: former.notes, fingerprint: fingerprintOf(dataset.classes, samples) };
}
