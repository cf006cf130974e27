/** Serves a page on which a person puts labels right, or gives images without labels their first ones. */

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { labelNext } from "../audit/label-next.ts";
import { unitRows } from "../audit/nearest.ts";
import type { Features } from "../audit/out-of-sample.ts";
import { blindSplit, reviewOrder } from "../audit/review-order.ts";
import { readSuspects } from "../audit/suspects.node.ts";
import type { Sample, Split } from "../data/dataset.ts";
import { picturesBelow } from "../data/folder.node.ts";
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

/** The files that decisions are written to, if no other is named. */
export const reviewDefaults = { corrections: "corrections.csv", out: "labels.csv" } as const;

export interface ReviewOptions extends Omit<LabelledOptions, "split">, DeviceOptions {
  /** Labelled images. One of `data` and `unlabelled` is needed. */
  readonly data?: DataSource | undefined;
  /** A folder of face crops without labels. */
  readonly unlabelled?: string | undefined;
  /**
   * The model whose opinion is shown: run folder, file, or name of a model that ships. Default: the one that ships, if it knows all
   * classes of the data.
   */
  readonly model?: ModelSource | undefined;
  /** labels.csv or audit.json of an audit, whose suspects come first. */
  readonly suspects?: string | undefined;
  /** The file of decisions on labels; what it holds already is shown and gone on from. Default: corrections.csv. */
  readonly corrections?: string | undefined;
  /** The manifest of the labels that images of `unlabelled` get. Default: labels.csv. */
  readonly out?: string | undefined;
  /** Show the model's opinion of test images too. */
  readonly showTest?: boolean | undefined;
  /** 0 takes a free port. Default: 8091, or a free one. */
  readonly port?: number | undefined;
  readonly onEvent?: OnEvent | undefined;
}

/**
 * Reads the images, asks the model, and serves the page to this machine until it is closed. Images are never moved or changed.
 *
 * @throws UsageError for data, a model or a file that is missing; FormatError for a file that is wrong inside.
 */
export function review(options: ReviewOptions): Promise<ReviewServer> {
  return telling(options.onEvent, (teller) => reviewing(options, teller));
}

async function reviewing(options: ReviewOptions, teller: Teller): Promise<ReviewServer> {
  const { data, unlabelled, port } = options;
  if ((data === undefined) === (unlabelled === undefined))
    throw new UsageError(
      "name either folders of labelled images, or one of images without labels with --unlabelled",
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

/** Images, and the model that is asked about them. */
interface Read {
  readonly sources: readonly string[];
  readonly classes: readonly string[];
  /** The caller closes them. Their labels mean nothing where there are none. */
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
  // Refuses labels that are no class; it is the labels of the data that are reviewed.
  if (existsSync(corrections)) await openDataset(data, { rename, notAClass, exclude, corrections });
  for (const note of dataset.notes) teller.note(note);
  teller.note(
    "the model that ships does not know all of these classes: there is no opinion to show. Name another with --model",
  );
  const pixels = await decoded(dataset.samples, options, teller);
  return { sources: dataset.sources, classes: dataset.classes, pixels, bundle: undefined };
}

/** The model that ships, where it knows all classes of the data. */
async function shippedFor(
  data: DataSource,
  { rename, notAClass, exclude }: ReviewOptions,
): Promise<Bundle | undefined> {
  const { classes } = await openDataset(data, { rename, notAClass, exclude });
  const bundle = bundleOf(undefined);
  return classes.every((name) => bundle.architecture.classes.includes(name)) ? bundle : undefined;
}

/** The splits that a run cut which was trained after a first review, by id: it knows the corrected labels only. */
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
  if (!isFolder(folder)) throw new UsageError(`--unlabelled ${folder} is no folder`);
  const bundle = bundleOf(options.model);
  const samples = [...picturesBelow(folder)].map(
    (path): Sample => ({ id: path, source: { kind: "file", path }, label: 0, split: "train" }),
  );
  if (samples.length === 0) throw new UsageError(`--unlabelled ${folder} holds no images`);
  const pixels = await decoded(samples, options, teller);
  return { sources: [folder], classes: bundle.architecture.classes, pixels, bundle };
}

/** A model's answers, and what else it can be asked. */
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
  // Of an ensemble the first member stands for all: its features are only to tell what looks alike.
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

/** The same for the same images with the same labels, whose decisions go into the same file. */
function idOf({ set: { task, file } }: Own, { classes, pixels: { samples, hashes } }: Read): string {
  const images = samples.map(({ id, label }, image) => [id, label, hashes[image]]);
  return createHash("sha256")
    .update(JSON.stringify([task, resolve(file), classes, images]))
    .digest("hex");
}

/** Labels that are put right. */
async function correcting(
  { sources, classes, pixels: { samples } }: Read,
  model: Asked | undefined,
  { suspects: list, corrections: file = reviewDefaults.corrections, showTest = false }: ReviewOptions,
  teller: Teller,
): Promise<Own> {
  const suggested =
    list === undefined
      ? new Map<string, { place: number; answer: number }>()
      : await suspectsOf(list, classes);
  if (list !== undefined && !samples.some(({ id }) => suggested.has(id)))
    throw new UsageError(`--suspects ${list}: none of its ${suggested.size} images is in the data`);
  const blind = showTest ? undefined : blindSplit(samples);
  const opinions = samples.map(({ id, label }, image): Opinion | undefined => {
    if (model) return opinionOf(model.probabilities, image, classes.length, label);
    const answer = suggested.get(id)?.answer;
    return answer === undefined ? undefined : { answer };
  });
  const images = samples.map(({ id, split, label, votes }, image): Omit<ReviewImage, "decision"> => {
    const opinion = split === blind ? undefined : opinions[image];
    return { id, split, label, ...(opinion && { opinion }), ...(votes && { votes }) };
  });
  const margins = samples.map(
    ({ label }, image) => model && marginOf(model.probabilities, image, classes.length, label),
  );
  const places = new Map(
    samples.flatMap(({ id }, image) => {
      const place = suggested.get(id)?.place;
      return place === undefined ? [] : [[image, place] as const];
    }),
  );
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

/** Places and suggestions by image id. */
async function suspectsOf(
  path: string,
  classes: readonly string[],
): Promise<Map<string, { place: number; answer: number }>> {
  const suspects = await readSuspects(path);
  return new Map(
    suspects.map(({ id, suggested }, place) => {
      const answer = classes.indexOf(suggested);
      if (answer < 0)
        throw new UsageError(`${path}: there is no class "${suggested}"; the data has ${classes.join(", ")}`);
      return [id, { place, answer }];
    }),
  );
}

/** Images that get their first labels. */
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

/** The label's probability less the greatest of the others. */
function marginOf(probabilities: Float32Array, image: number, classes: number, label: number): number {
  const row = [...probabilities.subarray(image * classes, (image + 1) * classes)];
  const [own = 0] = row.splice(label, 1);
  return own - Math.max(...row);
}
