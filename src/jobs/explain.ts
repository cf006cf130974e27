/** Shows where a model looked, as heat maps over faces; on labelled images, also measures how far such maps can be trusted. */

import { join } from "node:path";
import { stratifiedSample } from "../data/stratified.ts";
import { averageMaps } from "../evaluate/average-maps.ts";
import { type MapScores, scoreMaps } from "../evaluate/deletion-insertion.ts";
import { labelsOf } from "../evaluate/evaluate.ts";
import { explainPictures } from "../evaluate/explain.ts";
import type { PriorChoice, PriorShift } from "../metrics/prior.ts";
import type { BackboneOptions } from "../models/registry.ts";
import type { DetectorChoice } from "../predict/detector-choice.node.ts";
import { openDetector } from "../predict/onnx-detector.ts";
import { readDetector } from "../predict/shipped-detector.node.ts";
import { priorShift, statedPrior } from "../program/bundle-prior.ts";
import type { ExplainMethod } from "../program/explain.ts";
import { averageMapsPng } from "../report/heat-map.ts";
import { startEngine } from "../runtime/engine.node.ts";
import type { Engine } from "../runtime/engine.ts";
import { UsageError } from "../util/errors.ts";
import { writeFileAtomic } from "../util/files.node.ts";
import { didYouMean } from "../util/nearest.ts";
import { makeOwnFolder } from "../util/own-folder.node.ts";
import { loadMembers } from "../weights/load.node.ts";
import type { MembersFile } from "../weights/members.ts";
import { type DataSource, type ModelSource, pathOf } from "./data.ts";
import { chooseDevice, type DeviceOptions } from "./device.ts";
import { type OnEvent, type Teller, telling } from "./events.ts";
import { type ExplainedPhoto, explainPhotos } from "./explained-photos.ts";
import { type LabelledOptions, readLabelled } from "./labelled-pictures.ts";

/** Defaults. */
export const explainDefaults = { method: "grad-cam", out: "explained", pictures: 100 } as const;

export interface ExplainOptions extends LabelledOptions, DeviceOptions, BackboneOptions {
  /** Run folder, file written by a run or an export, name of a shipped model, or a loaded model. Default: the shipped model. */
  readonly model?: ModelSource | undefined;
  /** Files, folders and patterns. At least one of `photos` and `data` is needed. */
  readonly photos?: string | readonly string[] | undefined;
  /** Labelled images, for the mean map of each class and the deletion and insertion scores. */
  readonly data?: DataSource | undefined;
  /** Number of images of `data`, sampled from every class. Default: 100. */
  readonly pictures?: number | undefined;
  /** How to compute the maps. Default: grad-cam. */
  readonly method?: ExplainMethod | undefined;
  /** The class prior that probabilities are shifted to, as for `evaluate`. Default: the prior in the model's file. */
  readonly prior?: PriorChoice | undefined;
  /** The class to explain. Default: the predicted one. */
  readonly class?: string | undefined;
  /**
   * How faces are found in photos: `thorough` (the default), `fast`, `yunet`, the path of an ONNX detector, or options; `false`
   * treats every photo as one face crop.
   */
  readonly detector?: DetectorChoice | false | undefined;
  /** Folder into which images are written. Default: explained. */
  readonly out?: string | undefined;
  readonly onEvent?: OnEvent | undefined;
}

/** Results on labelled images. */
export interface ExplainedData {
  readonly split: string;
  readonly pictures: number;
  /** The image with the mean map of each class. */
  readonly average: string;
  readonly scores: MapScores;
}

/** What `explain --json` prints. */
export interface ExplainResult {
  readonly method: ExplainMethod;
  /** The class prior that probabilities were shifted to; left out if it is the trained one. */
  readonly prior?: Readonly<Record<string, number>>;
  readonly photos: readonly ExplainedPhoto[];
  readonly data?: ExplainedData;
}

/**
 * Writes one overlay per face. A photo that cannot be read is a result, not an error.
 *
 * @throws UsageError if there is nothing to explain, or for a class that the model does not have.
 */
export function explain(options: ExplainOptions): Promise<ExplainResult> {
  return telling(options.onEvent, (teller) => explained(options, teller));
}

async function explained(options: ExplainOptions, teller: Teller): Promise<ExplainResult> {
  const { data, method = explainDefaults.method, out = explainDefaults.out, detector: finder } = options;
  const photos = typeof options.photos === "string" ? [options.photos] : (options.photos ?? []);
  if (photos.length === 0 && data === undefined)
    throw new UsageError("no photos given; name some, or a folder of labelled images with --data");
  const classifier = loadMembers(pathOf(options.model), options);
  const shift = options.prior === undefined ? undefined : priorShift(classifier, options.prior);
  const target = classNamed(options.class, classifier.architecture.classes);
  const { device, threads } = chooseDevice(options, teller.note);
  const engine = startEngine({ device, threads });
  try {
    const detector =
      photos.length > 0 && finder !== false
        ? await openDetector(engine, await readDetector(finder, { onNote: teller.note }))
        : undefined;
    if (photos.length > 0) makeOwnFolder(out);
    const rows: ExplainedPhoto[] = [];
    for await (const row of explainPhotos(engine, classifier, photos, {
      method,
      target,
      shift,
      detector,
      out,
    })) {
      rows.push(row);
      const { file: id, code, reason } = row;
      if (code !== undefined && reason !== undefined) teller.unreadable([{ id, code, reason }]);
      teller.progress("explaining", rows.length);
    }
    const found =
      data === undefined
        ? undefined
        : await explainData(engine, classifier, { ...options, data, method, shift, out }, teller);
    const prior = statedPrior({ ...classifier, shift });
    const about = prior ? { prior } : {};
    return { method, ...about, photos: rows, ...(found ? { data: found } : {}) };
  } finally {
    await engine.close();
  }
}

function classNamed(name: string | undefined, classes: readonly string[]): number | undefined {
  if (name === undefined) return undefined;
  const found = classes.indexOf(name);
  if (found < 0)
    throw new UsageError(
      `the model has no class "${name}".${didYouMean(name, classes)} Valid: ${classes.join(", ")}`,
    );
  return found;
}

interface DataOptions extends ExplainOptions {
  readonly data: DataSource;
  readonly method: ExplainMethod;
  readonly shift: PriorShift | undefined;
  readonly out: string;
}

/** The mean map of each class over its own images, and the scores of the maps of the predicted classes. */
async function explainData(
  engine: Engine,
  classifier: MembersFile,
  options: DataOptions,
  teller: Teller,
): Promise<ExplainedData> {
  const { data, method, shift, out, pictures = explainDefaults.pictures } = options;
  const { classes } = classifier.architecture;
  const { split, pixels } = await readLabelled(data, [classifier], options, teller);
  try {
    const labels = labelsOf(pixels);
    const chosen = stratifiedSample(labels, pictures, "explain");
    if (chosen.length === 0) throw new UsageError("no images to explain; check the folder and --split");
    teller.note(`${chosen.length} of ${labels.length} images of ${split}`);
    const ofTruth = await explainPictures(engine, classifier, pixels, chosen, {
      method,
      target: (index) => labels[index],
    });
    makeOwnFolder(out);
    const average = join(out, `mean-${method === "grad-cam" ? "grad-cam" : "grad-cam-plus-plus"}.png`);
    writeFileAtomic(average, await averageMapsPng(averageMaps(ofTruth, classes.length), classes, method));
    teller.wrote(average);
    const ofAnswer = await explainPictures(engine, classifier, pixels, chosen, { method, shift });
    const scores = await scoreMaps(engine, classifier, ofAnswer, (done) =>
      teller.progress("deletion and insertion", done, chosen.length),
    );
    return { split, pictures: chosen.length, average, scores };
  } finally {
    pixels.close();
  }
}
