/** Chooses and decodes the labelled images for jobs that score models. */

import { tmpdir } from "node:os";
import type { Dataset, Sample, Split } from "../data/dataset.ts";
import { hasFingerprint } from "../data/former.ts";
import { loadPixels, type PixelCache } from "../data/pixel-cache.node.ts";
import type { ReadOptions } from "../data/read.node.ts";
import { type Evaluation, LARGEST_SIDE } from "../evaluate/evaluate.ts";
import { findLeaked, type Leaks, leaksOf } from "../evaluate/leaks.node.ts";
import { votesNotes } from "../evaluate/people-votes.ts";
import { seenIn, seenNotes, unknownNote } from "../evaluate/seen.node.ts";
import { recut } from "../train/recut.node.ts";
import { UsageError } from "../util/errors.ts";
import { option } from "../util/spelling.ts";
import { cutOf, namingIn, temperatureOf, trainingImagesIn } from "../weights/classifier-file.ts";
import { networksIn, readEnsemble, type TrainedNetwork } from "../weights/ensemble-file.ts";
import { knownImages } from "../weights/known-images.node.ts";
import { type DataSource, type NamingOptions, openKnownDataset, withClasses } from "./data.ts";
import { defaults } from "./defaults.ts";
import type { Teller } from "./events.ts";

/** Which images are scored, and how they are read. */
export interface LabelledOptions extends NamingOptions {
  /** The split to score. Default: validation if there is one, else all images. */
  readonly split?: Split | "all" | undefined;
  /** Continue even if more than 1 % of the images cannot be read. Default: false. */
  readonly allowUnreadable?: boolean | undefined;
  /** Gigabytes of decoded images to keep in memory. Default: 2. */
  readonly memory?: number | undefined;
  /** A file that lists images to leave out, one id per line, as an audit writes it. */
  readonly exclude?: string | undefined;
}

export interface LabelledPictures {
  readonly dataset: Dataset;
  /** The chosen split, or "all". */
  readonly split: string;
  /** The caller closes them. */
  readonly pixels: PixelCache;
  /**
   * For each image, whether the first model or one of its members saw it in a training on other data; undefined if no file records
   * its training images.
   */
  readonly isSeen: readonly boolean[] | undefined;
}

/** A model to score, with what its file records about its training. */
export type Judged = TrainedNetwork;

/**
 * Reads and decodes the images on which to score `models`, which have the same classes; labels are indices into these
 * classes. If the first model was trained on this data, the splits are those of its training. Notes report images that cannot be
 * read, and images that a model may have been trained on.
 */
export async function readLabelled(
  data: DataSource,
  models: readonly [Judged, ...Judged[]],
  { exclude, rename, notAClass, corrections, split: asked, ...reading }: LabelledOptions,
  teller: Teller,
): Promise<LabelledPictures> {
  const [model] = models;
  const { classes } = model.architecture;
  const read = await openFor(models, data, { classes, exclude, rename, notAClass, corrections });
  const dataset = await asCutFor(model, read, teller);
  for (const note of dataset.notes) teller.note(note);
  const { samples, split: found } = choose(dataset.samples, asked);
  const all = await decoded(samples, reading, teller);
  const rest =
    asked === undefined && found === "all" ? notTrainedOn(models, dataset, all, teller) : undefined;
  const { pixels, split } = rest ? { pixels: rest, split: NOT_TRAINED_ON } : { pixels: all, split: found };
  const seen = models.map((judged) =>
    seenBy(judged, dataset, read, { samples: pixels.samples, split }, pixels),
  );
  for (const { notes } of seen) for (const note of notes) teller.note(note);
  for (const note of votesNotes(pixels.samples, classes.length)) teller.note(note);
  return { dataset, split, pixels, isSeen: seen[0]?.isSeen };
}

/** The "split" for data that changed since the training: its splits are unknown, so the training images are left out. */
const NOT_TRAINED_ON = "not trained on";

/** Decodes the images as bundles take them, and reports those that cannot be read. The caller closes them. */
export async function decoded(
  samples: readonly Sample[],
  { memory = defaults.memory, allowUnreadable = false }: Pick<LabelledOptions, "memory" | "allowUnreadable">,
  teller: Pick<Teller, "progress" | "unreadable">,
): Promise<PixelCache> {
  const pixels = await loadPixels(samples, {
    maxSide: LARGEST_SIDE,
    memoryBudget: memory * 1e9,
    spillDir: tmpdir(),
    allowUnreadable,
    onProgress: (done, total) => teller.progress("reading", done, total),
  });
  teller.unreadable(pixels.unreadable);
  return pixels;
}

/** Data with at least this share of a model's training images counts as the data of that training, changed since. */
const SAME_DATA = 0.5;

/**
 * Returns the images that no model was trained on, for data without splits that changed since a model's training, and closes
 * `all`. Undefined for other data, or if no image is left.
 */
function notTrainedOn(
  models: readonly Judged[],
  dataset: Dataset,
  all: PixelCache,
  teller: Teller,
): PixelCache | undefined {
  const leftOut = new Set<number>();
  for (const { architecture, metadata, path } of models.flatMap(networksIn)) {
    const record = trainingImagesIn(metadata, path);
    if (!record || hasFingerprint(inOrderOf(architecture.classes, dataset), metadata.data_fingerprint))
      continue;
    const known = knownImages(record, "own");
    if (all.samples.length < SAME_DATA * known.count) continue;
    const trained = [...seenIn(all, known).entries()].flatMap(([index, isSeen]) => (isSeen ? [index] : []));
    if (trained.length < SAME_DATA * known.count || trained.length === 0) continue;
    for (const index of trained) leftOut.add(index);
    teller.note(
      `the data has changed since ${path} was trained on it: ${trained.length} of the ${all.samples.length} images are training images and are left out; ` +
        `${option("split", "all")} scores every image`,
    );
  }
  const rest = [...all.samples.keys()].filter((index) => !leftOut.has(index));
  if (leftOut.size === 0 || rest.length === 0) return undefined;
  const pixels = all.part(rest);
  all.close();
  return pixels;
}

/**
 * Opens data to score `models` on; classes may be missing. Names map to the same classes as in the training of the models, unless
 * `rename` or `notAClass` differs.
 */
export function openFor(
  models: readonly Judged[],
  data: DataSource,
  options: Pick<ReadOptions, "classes" | "exclude" | "rename" | "notAClass" | "corrections">,
): Promise<Dataset> {
  const networks = models.flatMap(networksIn);
  const known = networks.map(({ metadata, path }) => namingIn(metadata, path));
  const remembered = {
    rename: Object.assign({}, ...known.map(({ rename }) => rename)),
    notAClass: known.flatMap(({ notAClass = [] }) => notAClass),
  };
  return openKnownDataset(data, { ...options, allowMissing: true, remembered }, (dataset) =>
    networks.some(({ architecture: { classes }, metadata, path }) => {
      const own = inOrderOf(classes, dataset);
      return [metadata.data_fingerprint, cutOf(metadata, path)?.from].some((known) =>
        hasFingerprint(own, known),
      );
    }),
  );
}

/**
 * Returns the data with the splits that the training of `model`, or of one of its members, cut from it. If they are not found,
 * returns the data unchanged, with a note.
 */
export async function asCutFor(model: Judged, dataset: Dataset, teller: Teller): Promise<Dataset> {
  for (const network of networksIn(model)) {
    const again = await asCutForNetwork(network, inOrderOf(network.architecture.classes, dataset), teller);
    if (again) return inOrderOf(dataset.classes, again);
  }
  return dataset;
}

/** Returns the data with its classes in this order, which fingerprints and cuts depend on. */
function inOrderOf(classes: readonly string[], dataset: Dataset): Dataset {
  return withClasses(dataset, { classes, allowMissing: true });
}

async function asCutForNetwork(
  { architecture, metadata, path }: TrainedNetwork,
  dataset: Dataset,
  teller: Teller,
): Promise<Dataset | undefined> {
  const cut = cutOf(metadata, path);
  if (!cut || !hasFingerprint(dataset, cut.from)) return undefined;
  const trainedOn = { cut, fingerprint: metadata.data_fingerprint };
  const again = await recut(dataset, trainedOn, architecture.inputSize, (done, total) =>
    teller.progress("finding the splits", done, total),
  );
  if (again) return again;
  teller.note(
    cut.from === dataset.fingerprint
      ? `the splits that ${path} was trained with cannot be cut again, because images have changed since. Restore them, or score the model on other images`
      : `the splits that ${path} was trained with cannot be cut again, because they depend on the order of folders and rows, which has changed. ` +
          'Name the data in the order of "data" in environment.json of its run, or score the model on other images',
  );
  return undefined;
}

/** Which of the images to score a model was trained on, and notes on it. */
interface Seen {
  readonly notes: readonly string[];
  readonly isSeen: readonly boolean[] | undefined;
}

function seenBy(judged: Judged, dataset: Dataset, uncut: Dataset, chosen: Chosen, pixels: PixelCache): Seen {
  const each = networksIn(judged).map((network) => seenByNetwork(network, dataset, uncut, chosen, pixels));
  const notes = each.flatMap((one) => one.notes);
  const known = each.flatMap(({ isSeen }) => (isSeen ? [isSeen] : []));
  const isSeen =
    known.length === 0 ? undefined : pixels.samples.map((_, i) => known.some((flags) => flags[i] === true));
  if (!areWeightsFittedOn(judged, dataset, chosen.split)) return { notes, isSeen };
  const fitted = `the weights of ${judged.path} were fitted on these images, so its score is slightly too high`;
  return { notes: [...notes, fitted], isSeen };
}

/** In its own data, a model's training images are known by name; in other data, by the record in its file. */
function seenByNetwork(
  { architecture: { classes }, metadata, path }: TrainedNetwork,
  dataset: Dataset,
  uncut: Dataset,
  { samples }: Chosen,
  pixels: PixelCache,
): Seen {
  const training = samples.filter(({ split }) => split === "train").length;
  const isOwn = hasFingerprint(inOrderOf(classes, dataset), metadata.data_fingerprint);
  const record = trainingImagesIn(metadata, path);
  const known = record && knownImages(record, isOwn ? "before" : "all");
  const isSeen = known && seenIn(pixels, known);
  const notes = isSeen ? seenNotes(isOwn ? `the weights that ${path} started from` : path, isSeen) : [];
  if (isOwn) {
    if (training > 0)
      notes.push(
        `${path} was trained on ${training} of these ${samples.length} images, so its score is too high`,
      );
  } else if (hasFingerprint(inOrderOf(classes, uncut), cutOf(metadata, path)?.from))
    notes.push(
      `${path} was trained on this data with other splits, including some of these images, so its score is too high`,
    );
  else if (training > 0 && !known?.isComplete) notes.push(unknownNote(path, samples.length));
  return { notes, isSeen };
}

/** Whether an ensemble's weights were fitted on images of this split, or on all images. */
function areWeightsFittedOn(
  { architecture: { classes }, metadata, path }: Judged,
  dataset: Dataset,
  split: string,
): boolean {
  const fitted = readEnsemble(metadata, path)?.fitted;
  if (!fitted || !hasFingerprint(inOrderOf(classes, dataset), fitted.fingerprint)) return false;
  return fitted.split === split || fitted.split === "all" || split === "all";
}

/**
 * Whether the temperature of a model or of a member, or the weights of its members, were fitted on these images. A run fits
 * its temperature on its validation images, and its bundle records the fingerprint of their data set.
 */
export function isFittedOn(model: Judged, { dataset, split }: LabelledPictures): boolean {
  const isFitted = ({ architecture: { classes }, metadata, path }: TrainedNetwork): boolean =>
    split === "validation" &&
    hasFingerprint(inOrderOf(classes, dataset), metadata.data_fingerprint) &&
    temperatureOf(metadata, path) !== 1;
  return networksIn(model).some(isFitted) || areWeightsFittedOn(model, dataset, split);
}

/** Finds the scored images that are also training images of the data; undefined if it has no training images. */
export async function leaksIn(
  { samples }: Dataset,
  split: string,
  pixels: PixelCache,
  { labels, predicted }: Evaluation,
  teller: Teller,
): Promise<{ leaks?: Leaks }> {
  const training = samples.filter((sample) => sample.split === "train");
  if (training.length === 0 || [NOT_TRAINED_ON, "train", "all"].includes(split)) return {};
  const isLeaked = await findLeaked(pixels, training, {
    maxSide: LARGEST_SIDE,
    onProgress: (done, total) => teller.progress("looking for leaks", done, total),
  });
  return { leaks: leaksOf(labels, predicted, isLeaked) };
}

/** Returns the score without the images that the model was trained on; nothing if its file does not record them. */
export function withoutSeen(
  { labels, predicted }: Evaluation,
  isSeen: readonly boolean[] | undefined,
): { seen?: Leaks } {
  return isSeen ? { seen: leaksOf(labels, predicted, isSeen) } : {};
}

interface Chosen {
  readonly samples: readonly Sample[];
  readonly split: string;
}

/** Returns the samples of the requested split. Default: validation if there is one, else all. */
function choose(samples: readonly Sample[], asked: string | undefined): Chosen {
  const of = (split: string): Sample[] => samples.filter((sample) => sample.split === split);
  if (asked === "all") return { samples: [...samples], split: "all" };
  if (asked === undefined) {
    const validation = of("validation");
    return validation.length > 0
      ? { samples: validation, split: "validation" }
      : { samples: [...samples], split: "all" };
  }
  if (!["train", "validation", "test"].includes(asked))
    throw new UsageError(`--split ${asked}: valid are train, validation, test, all`);
  const chosen = of(asked);
  if (chosen.length === 0)
    throw new UsageError(
      `this data has no ${asked} images; leave out --split to score the validation images, or all of them`,
    );
  return { samples: chosen, split: asked };
}
