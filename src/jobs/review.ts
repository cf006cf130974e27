/** Serves a page for correcting labels, or for labelling unlabelled images. */

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { labelNext } from "../audit/label-next.ts";
import { unitRows } from "../audit/nearest.ts";
import type { Features } from "../audit/out-of-sample.ts";
import { blindSplit, reviewOrder } from "../audit/review-order.ts";
import type { Sample, Split } from "../data/dataset.ts";
import { picturesBelow } from "../data/folder.node.ts";
import { classKey } from "../data/names.ts";
import type { PixelCache } from "../data/pixel-cache.node.ts";
import { bundleOutputs } from "../evaluate/evaluate.ts";
import { explainPictures } from "../evaluate/explain.ts";
import { featuresOf } from "../evaluate/features.ts";
import { heatOverlay } from "../evaluate/heat-overlay.ts";
import { argmaxRows } from "../metrics/probabilities.ts";
import type { Bundle } from "../program/decode-bundle.ts";
import { startEngine } from "../runtime/engine.node.ts";
import type { Engine } from "../runtime/engine.ts";
import { openDecisionBook } from "../server/review/decision-book.ts";
import type { Opinion, ReviewImage } from "../server/review/protocol.ts";
import type { Review } from "../server/review/routes.ts";
import { type ReviewServer, startReview } from "../server/review/server.ts";
import { correctionsStore, manifestStore } from "../server/review/stores.ts";
import { UsageError } from "../util/errors.ts";
import { isFolder } from "../util/files.node.ts";
import { loadMembers } from "../weights/load.node.ts";
import { DEFAULT_MODEL } from "../weights/shipped.node.ts";
import { bundleOf, type DataSource, type ModelSource, openDataset, pathOf } from "./data.ts";
import { chooseDevice, type DeviceOptions } from "./device.ts";
import { type OnEvent, type Teller, telling } from "./events.ts";
import { asCutFor, decoded, type LabelledOptions, openFor, readLabelled } from "./labelled-pictures.ts";
import { type Suggestion, suggestionsIn } from "./review-suspects.ts";

/** Default files for decisions. */
export const reviewDefaults = { corrections: "corrections.csv", out: "labels.csv" } as const;

/** Maximum number of classes that a message names. */
const MOST_NAMED = 5;

export interface ReviewOptions extends Omit<LabelledOptions, "split">, DeviceOptions {
  /** Labelled images. One of `data` and `unlabelled` is needed. */
  readonly data?: DataSource | undefined;
  /** A folder of face crops without labels. */
  readonly unlabelled?: string | undefined;
  /**
   * The model whose predictions are shown: a run folder, a file, or the name of a shipped model. Default: the shipped model, if
   * it knows all classes of the data.
   */
  readonly model?: ModelSource | undefined;
  /** The labels.csv or audit.json of an audit; its suspects come first. */
  readonly suspects?: string | undefined;
  /** The file of decisions on labels; existing decisions are shown and continued. Default: corrections.csv. */
  readonly corrections?: string | undefined;
  /** The manifest for the new labels of the images in `unlabelled`. Default: labels.csv. */
  readonly out?: string | undefined;
  /** Whether to show the model's predictions for test images too. */
  readonly showTest?: boolean | undefined;
  /** 0 selects a free port. Default: 8091, or a free one if 8091 is in use. */
  readonly port?: number | undefined;
  readonly onEvent?: OnEvent | undefined;
}

/**
 * Reads the images, runs the model, and serves the page to this machine only, until it is closed. Images are never moved or
 * changed.
 *
 * @throws UsageError for missing data, a missing model or a missing file; FormatError for an invalid file.
 */
export function review(options: ReviewOptions): Promise<ReviewServer> {
  return telling(options.onEvent, (teller) => reviewing(options, teller));
}

async function reviewing(options: ReviewOptions, teller: Teller): Promise<ReviewServer> {
  const { data, unlabelled, port } = options;
  if ((data === undefined) === (unlabelled === undefined))
    throw new UsageError(
      "name folders of labelled images, or one folder of unlabelled images with --unlabelled",
    );
  const notes: string[] = [];
  const noting: Teller = {
    ...teller,
    note(text) {
      notes.push(text);
      teller.note(text);
    },
  };
  const read =
    data === undefined
      ? await readUnlabelled(unlabelled as string, options, noting)
      : await readData(data, options, noting);
  const engine = startEngine(chooseDevice(options, teller.note));
  const close = async (): Promise<void> => {
    read.pixels.close();
    await engine.close();
  };
  try {
    const model = read.bundle && (await asked(engine, read.bundle, read, options, teller));
    const own =
      data === undefined
        ? await labelling(read, model, options)
        : await correcting(read, model, options, noting);
    const server = await startReview(
      {
        ...own,
        set: {
          ...own.set,
          id: idOf(own, read),
          classes: read.classes,
          ...(model && { model: nameOf(options.model) }),
          notes,
        },
        pixels: read.pixels,
        look: model?.look,
        features: model?.features,
      },
      port,
    );
    return {
      url: server.url,
      async close() {
        await server.close();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The images, and the model that classifies them. */
interface Read {
  readonly sources: readonly string[];
  readonly classes: readonly string[];
  /** The caller closes them. If the images are unlabelled, their labels are placeholders. */
  readonly pixels: PixelCache;
  readonly bundle: Bundle | undefined;
}

async function readData(data: DataSource, options: ReviewOptions, teller: Teller): Promise<Read> {
  const { corrections: _, ...reading } = options;
  const bundle = options.model === undefined ? await shippedFor(data, options) : bundleOf(options.model);
  if (bundle) {
    const { dataset, pixels } = await readLabelled(data, [bundle], { ...reading, split: "all" }, teller);
    const splits = await splitsAfterCorrections(data, bundle, options, teller);
    const samples = pixels.samples.map((sample) => ({
      ...sample,
      split: splits.get(sample.id) ?? sample.split,
    }));
    const { sources, classes } = dataset;
    return { sources, classes, pixels: { ...pixels, samples }, bundle };
  }
  const { rename, notAClass, exclude } = options;
  const dataset = await openDataset(data, { rename, notAClass, exclude });
  const { corrections = reviewDefaults.corrections } = options;
  // Rejects corrected labels that are not classes; the review shows the original labels of the data.
  if (existsSync(corrections)) await openDataset(data, { rename, notAClass, exclude, corrections });
  for (const note of dataset.notes) teller.note(note);
  teller.note(unknownClasses(dataset.classes));
  const pixels = await decoded(dataset.samples, options, teller);
  return { sources: dataset.sources, classes: dataset.classes, pixels, bundle: undefined };
}

/** Returns the shipped model if it knows all classes of the data. */
async function shippedFor(
  data: DataSource,
  { rename, notAClass, exclude }: ReviewOptions,
): Promise<Bundle | undefined> {
  const { classes } = await openDataset(data, { rename, notAClass, exclude });
  const bundle = bundleOf(undefined);
  return classes.every((name) => bundle.architecture.classes.includes(name)) ? bundle : undefined;
}

/** Explains why the shipped model gives no predictions for data with these classes, and what to do. */
function unknownClasses(classes: readonly string[]): string {
  const known = new Set(bundleOf(undefined).architecture.classes);
  const unknown = classes.filter((name) => !known.has(name));
  const named = unknown.slice(0, MOST_NAMED).map((name) => `"${name}"`);
  const more = unknown.length > MOST_NAMED ? ` and ${unknown.length - MOST_NAMED} more classes` : "";
  const others =
    unknown.length < classes.length
      ? `, or --model ${DEFAULT_MODEL} to review images of its classes only`
      : "";
  return `${DEFAULT_MODEL} does not know ${named.join(", ")}${more}: no answers are shown. Name another model with --model${others}`;
}

/**
 * Returns, by id, the splits cut by a run that was trained after an earlier review. Such a run knows only the
 * corrected labels.
 */
async function splitsAfterCorrections(
  data: DataSource,
  bundle: Bundle,
  { corrections = reviewDefaults.corrections, rename, notAClass, exclude }: ReviewOptions,
  teller: Teller,
): Promise<ReadonlyMap<string, Split>> {
  if (!existsSync(corrections)) return new Map();
  const { classes } = bundle.architecture;
  const corrected = await openFor([bundle], data, { classes, rename, notAClass, exclude, corrections });
  const cut = await asCutFor(bundle, corrected, { ...teller, note: () => {} });
  return new Map((cut === corrected ? [] : cut.samples).map(({ id, split }) => [id, split]));
}

async function readUnlabelled(folder: string, options: ReviewOptions, teller: Teller): Promise<Read> {
  if (!isFolder(folder)) throw new UsageError(`--unlabelled ${folder} is not a folder`);
  const bundle = bundleOf(options.model);
  const samples = [...picturesBelow(folder)].map(
    (path): Sample => ({ id: path, source: { kind: "file", path }, label: 0, split: "train" }),
  );
  if (samples.length === 0) throw new UsageError(`--unlabelled ${folder} contains no images`);
  const labels = labelsIn(samples, bundle.architecture.classes);
  if (labels.length > 1)
    teller.note(
      `${folder} has folders named after classes (${labels.join(", ")}): these labels are not used. vultus review ${folder} shows them`,
    );
  const pixels = await decoded(samples, options, teller);
  return { sources: [folder], classes: bundle.architecture.classes, pixels, bundle };
}

/** Returns the folders that are named after classes, whose images therefore have labels. */
function labelsIn(samples: readonly Sample[], classes: readonly string[]): string[] {
  const known = new Set(classes.map(classKey));
  const folders = new Set(samples.map(({ id }) => basename(dirname(id))));
  return [...folders].filter((name) => known.has(classKey(name))).sort();
}

/** A model's predictions, and its features and heat maps on request. */
interface Asked {
  /** [N, classes], row after row. */
  readonly probabilities: Float32Array;
  look: NonNullable<Review["look"]>;
  features: () => Promise<Features>;
}

async function asked(
  engine: Engine,
  bundle: Bundle,
  { pixels }: Read,
  { model }: ReviewOptions,
  teller: Teller,
): Promise<Asked> {
  const { probabilities } = await bundleOutputs(engine, bundle, pixels, (done) =>
    teller.progress("scoring", done, pixels.samples.length),
  );
  const classifier = loadMembers(pathOf(model));
  // The first member represents the whole ensemble: its features only have to show which images look alike.
  const [first] = classifier.members;
  let features: Promise<Features> | undefined;
  return {
    probabilities,
    async look(image) {
      const [explanation] = await explainPictures(engine, classifier, pixels, [image], {
        method: "grad-cam",
      });
      return heatOverlay(explanation as NonNullable<typeof explanation>);
    },
    features() {
      features ??= featuresOf(engine, first as NonNullable<typeof first>, pixels).then(unitRows);
      return features;
    },
  };
}

function nameOf(model: ModelSource | undefined): string {
  return typeof model === "string" ? model : model === undefined ? DEFAULT_MODEL : model.bundle.path;
}

type Own = Pick<Review, "images" | "book"> & {
  readonly set: Omit<Review["set"], "id" | "classes" | "notes" | "model">;
};

/** Returns an id that depends only on the images, their labels and the file of decisions. */
function idOf({ set: { task, file } }: Own, { classes, pixels: { samples, hashes } }: Read): string {
  const images = samples.map(({ id, label }, image) => [id, label, hashes[image]]);
  return createHash("sha256")
    .update(JSON.stringify([task, resolve(file), classes, images]))
    .digest("hex");
}

/** Sets up the review of existing labels. */
async function correcting(
  { sources, classes, pixels: { samples } }: Read,
  model: Asked | undefined,
  { suspects: list, corrections: file = reviewDefaults.corrections, showTest = false }: ReviewOptions,
  teller: Teller,
): Promise<Own> {
  const suggested: ReadonlyMap<number, Suggestion> =
    list === undefined ? new Map() : await suggestionsIn(list, samples, classes, teller);
  const blind = showTest ? undefined : blindSplit(samples);
  const images = samples.map(({ id, split, label, votes }, image): Omit<ReviewImage, "decision"> => {
    const open = split !== blind;
    const opinion = open && model && opinionOf(model.probabilities, image, classes.length, label);
    const suggestion = open && suggested.get(image);
    return {
      id,
      split,
      label,
      ...(opinion && { opinion }),
      ...(suggestion && { suggested: suggestion.label }),
      ...(votes && { votes }),
    };
  });
  const margins = samples.map(
    ({ label }, image) => model && marginOf(model.probabilities, image, classes.length, label),
  );
  const places = new Map([...suggested].map(([image, { place }]) => [image, place]));
  const store = correctionsStore(
    file,
    samples.map(({ id, label }) => ({ id, label: classes[label] as string })),
    classes,
  );
  const book = await openDecisionBook(store);
  for (const note of store.notes()) teller.note(note);
  return {
    set: {
      task: "labels",
      sources,
      file,
      order: reviewOrder(margins, (image) => images[image]?.split === blind, places),
      ...(list !== undefined && { suspects: list }),
      ...(blind && { blind }),
    },
    images,
    book,
  };
}

/** Sets up the labelling of unlabelled images. */
async function labelling(
  { sources, classes, pixels: { samples } }: Read,
  model: Asked | undefined,
  { out: file = reviewDefaults.out }: ReviewOptions,
): Promise<Own> {
  const { probabilities, features } = model as Asked;
  const images = samples.map(({ id, split }, image) => ({
    id,
    split,
    opinion: opinionOf(probabilities, image, classes.length),
  }));
  return {
    set: {
      task: "unlabelled",
      sources,
      file,
      order: labelNext(probabilities, classes.length, await features()),
    },
    images,
    book: await openDecisionBook(
      manifestStore(
        file,
        samples.map(({ id }) => id),
        classes,
      ),
    ),
  };
}

function opinionOf(probabilities: Float32Array, image: number, classes: number, label?: number): Opinion {
  const row = probabilities.subarray(image * classes, (image + 1) * classes);
  const [answer = 0] = argmaxRows(row, classes);
  return {
    answer,
    probability: row[answer] as number,
    ...(label !== undefined && { ofLabel: row[label] as number }),
  };
}

/** Returns the label's probability minus the highest of the others. */
function marginOf(probabilities: Float32Array, image: number, classes: number, label: number): number {
  const row = [...probabilities.subarray(image * classes, (image + 1) * classes)];
  const [own = 0] = row.splice(label, 1);
  return own - Math.max(...row);
}
