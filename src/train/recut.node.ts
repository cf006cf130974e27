/** Cuts a data set's splits as a training does, and again as one did: so that nothing is scored that was trained on. */

import { trainingSide } from "../augment/canvas.ts";
import { type Dataset, fingerprintOf } from "../data/dataset.ts";
import { decodeAll } from "../data/decode-all.node.ts";
import { areFormerIdsUnsure, asFormerly } from "../data/former.ts";
import { pixelHash } from "../data/pixel-hash.node.ts";
import { byIdentity, cutSplits, type SplitShares } from "../data/split.ts";
import type { TrainingCut } from "../weights/classifier-file.ts";

export interface CutOptions extends SplitShares {
  readonly seed: number;
}

/** Cuts the splits that the data lacks; a person, and pictures of equal pixels (`hashes`, by id), stay on one side. */
export function cutPictures(dataset: Dataset, cut: CutOptions, hashes: ReadonlyMap<string, string>): Dataset {
  return cutSplits(dataset, { ...cut, groupings: [byIdentity, ({ id }) => hashes.get(id)] });
}

/** What a model says of its training data. */
export interface TrainedOn {
  readonly cut: TrainingCut;
  /** Of the data with the splits that were cut. */
  readonly fingerprint: string | undefined;
}

/**
 * The data with the splits that a training at `inputSize` cut from it. Reads the pictures, since equal ones were kept
 * together. What a version cut that followed the order of reading is cut in that order, as far as it is known.
 *
 * Undefined where this is not the data that it was cut from, and where the cut does not give the splits of the training:
 * sources or rows came in another order then or had the same names, or pictures have changed.
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
  const options = { maxSide: trainingSide(inputSize), onProgress };
  await decodeAll(pool, options, (index, picture) =>
    hashes.set(pool[index]?.id as string, pixelHash(picture)),
  );
  const done = cutPictures(data, cut, hashes);
  if (data === dataset) return done.fingerprint === fingerprint ? done : undefined;
  return asFormerly(done).fingerprint === fingerprint ? withSplitsOf(dataset, done) : undefined;
}

/** The data with the splits, the notes and the fingerprint that follow from `former`, the same data cut under former ids. */
function withSplitsOf(dataset: Dataset, former: Dataset): Dataset {
  const splits = new Map(former.samples.map(({ id, split }) => [id, split]));
  const samples = dataset.samples.map((sample) => ({
    ...sample,
    split: splits.get(dataset.formerIds?.get(sample.id) ?? sample.id) ?? sample.split,
  }));
  return { ...dataset, samples, notes: former.notes, fingerprint: fingerprintOf(dataset.classes, samples) };
}
