/** The library's way in: load a model once, then photos go in and faces with probabilities come out. */

import { availableParallelism } from "node:os";
import type { Picture } from "../data/dataset.ts";
import { fitted } from "../data/decode.node.ts";
import { MOST_PHOTO_PIXELS } from "../data/photo-size.ts";
import type { PriorChoice } from "../metrics/prior.ts";
import { withPrior } from "../program/bundle-prior.ts";
import type { Bundle } from "../program/decode-bundle.ts";
import { loadBundle } from "../program/read-bundle.node.ts";
import { usualDevice } from "../runtime/cuda.node.ts";
import { startEngine } from "../runtime/engine.node.ts";
import type { Engine } from "../runtime/engine.ts";
import type { Device } from "../runtime/session.ts";
import { asyncDispose } from "../util/dispose.ts";
import { VultusError } from "../util/errors.ts";
import { shippedModel } from "../weights/shipped.node.ts";
import type { DetectedFace } from "./boxes.ts";
import { scaled } from "./boxes.ts";
import type { DetectorChoice } from "./detector-choice.node.ts";
import type { FaceDetector } from "./face-detector.ts";
import { fileSource, type PhotoSource, readPhoto, readPhotos } from "./inputs.node.ts";
import { openDetector } from "./onnx-detector.ts";
import type { Prediction } from "./prediction.ts";
import {
  inOriginal,
  type OpenClassifier,
  type PredictOptions,
  predictPhotos,
  type ReadPhoto,
} from "./predictor.ts";
import { readDetector } from "./shipped-detector.node.ts";

/** A photo: the path of a file, the bytes of one, or pixels. */
export type Photo = string | Uint8Array | Picture;

export interface ModelOptions {
  /** Where it runs; `auto` (the default) is CUDA where programs run on it, else the CPU. */
  readonly device?: Device | "auto" | undefined;
  /** Threads of the CPU provider; all cores where it is left out. */
  readonly threads?: number | undefined;
  /**
   * How faces are found: `thorough` (the default), `fast`, `yunet`, the path of an ONNX detector, or options; `false` where every
   * photo is a face crop.
   */
  readonly detector?: DetectorChoice | false | undefined;
  /**
   * The class prior that probabilities are shifted to: `trained`, `uniform`, `uniform:0.5` (half way), or shares such as
   * `{ happy: 0.3 }`, of which the other classes divide the rest as they were trained. Default: that of the model's file.
   */
  readonly prior?: PriorChoice | undefined;
}

export interface LoadOptions extends ModelOptions {
  /** Run folder, file that a run or an export wrote, or name of a model that ships. Default: the one that ships. */
  readonly model?: string | undefined;
}

/** A classifier and its face detector on a worker thread of their own. `await using` closes it. */
export interface Model extends AsyncDisposable {
  /** Names of the probabilities. */
  readonly classes: readonly string[];
  readonly device: Device;
  /** What its file says, and the program that is run. */
  readonly bundle: Bundle;
  readonly classifier: OpenClassifier;
  readonly detector: FaceDetector | undefined;
  /** Ends its thread; may be called again. */
  close(): Promise<void>;
}

/**
 * Loads a model: `await using model = await loadModel({ model: "runs/first" })`. A path may also stand alone, before the
 * options.
 *
 * @throws UsageError for a model or a device that is not there, or a prior that the model cannot be shifted to; FormatError for
 * a file that is no model.
 */
export function loadModel(options?: LoadOptions): Promise<Model>;
export function loadModel(model: string | undefined, options?: ModelOptions): Promise<Model>;
export async function loadModel(first?: LoadOptions | string, more: ModelOptions = {}): Promise<Model> {
  const options: LoadOptions = typeof first === "object" ? first : { ...more, model: first };
  return openModel(loadBundle(options.model ?? shippedModel()), options);
}

/** Opens a model that was read, on a worker thread of its own. */
export async function openModel(read: Bundle, options: ModelOptions = {}): Promise<Model> {
  const bundle = withPrior(read, options.prior);
  const device = deviceOf(options);
  const engine = engineOf({ ...options, device });
  try {
    const { detector: asked } = options;
    const [open, detector] = await Promise.all([
      engine.open(bundle.program),
      asked === false ? undefined : readDetector(asked).then((found) => openDetector(engine, found)),
    ]);
    const { classes } = bundle.architecture;
    let closed: Promise<void> | undefined;
    const close = (): Promise<void> => (closed ??= engine.close());
    const model = { classes, device, bundle, classifier: { open, bundle }, detector };
    return { ...model, close, [asyncDispose]: close };
  } catch (error) {
    await engine.close();
    throw error;
  }
}

/** What the model says of one photo: its faces, the largest first. A photo that cannot be read is a result, no error. */
export async function predict(model: Model, photo: Photo, options: PredictOptions = {}): Promise<Prediction> {
  const one = (async function* () {
    yield await photoOf(photo);
  })();
  for await (const { prediction } of predictPhotos(one, model.classifier, model.detector, options))
    return prediction;
  throw new VultusError("there is no prediction");
}

/** The same of many files, in their order: decoded ahead, classified in batches, none kept. */
export async function* predictFiles(
  model: Model,
  files: Iterable<string> | AsyncIterable<string>,
  options: PredictOptions = {},
): AsyncGenerator<Prediction> {
  const sources = (async function* (): AsyncGenerator<PhotoSource> {
    for await (const file of files) yield fileSource(file);
  })();
  for await (const { prediction } of predictPhotos(
    readPhotos(sources),
    model.classifier,
    model.detector,
    options,
  ))
    yield prediction;
}

export interface DetectOptions {
  /** How faces are found, as `ModelOptions` describes it. Default: `thorough`. */
  readonly detector?: DetectorChoice | undefined;
}

let sharedEngine: Engine | undefined;
const sharedDetectors = new Map<string, Promise<FaceDetector>>();

/** The detector of this choice, opened at the first call for it; one that cannot be opened is tried again at the next. */
function sharedDetector(choice: DetectorChoice = {}): Promise<FaceDetector> {
  const options = typeof choice === "string" ? { path: choice } : choice;
  const key = JSON.stringify(Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1)));
  let opened = sharedDetectors.get(key);
  if (opened) return opened;
  opened = readDetector(options).then((found) => openDetector((sharedEngine ??= engineOf({})), found));
  sharedDetectors.set(key, opened);
  opened.catch(() => sharedDetectors.delete(key));
  return opened;
}

/**
 * The faces of one photo, the surest first, their boxes and squares in its pixels. A detector is loaded once for each choice, kept, and keeps
 * no process alive; to release one, see `loadDetector` and `openDetector`.
 *
 * @throws UsageError for a detector that is not there or settings that it cannot have; VultusError where the photo cannot be read.
 */
export async function detectFaces(
  photo: Photo,
  { detector }: DetectOptions = {},
): Promise<readonly DetectedFace[]> {
  const opened = await sharedDetector(detector);
  const read = await photoOf(photo);
  if ("reason" in read) throw new VultusError(`${read.file}: ${read.reason}`);
  const found = await opened.detect(read.picture);
  const { picture } = read;
  return found.map((face) => ({
    ...face,
    box: inOriginal(face.box, picture, read),
    // A square may reach over the border.
    ...(face.square && { square: scaled(face.square, read.width / picture.width) }),
  }));
}

function engineOf({ device, threads = availableParallelism() }: ModelOptions): Engine {
  // Between two runs of a model images are decoded: threads that wait by spinning would take the cores for nothing.
  return startEngine({ device: deviceOf({ device }), threads, spinning: false });
}

function deviceOf({ device = "auto" }: Pick<ModelOptions, "device">): Device {
  return device === "auto" ? usualDevice() : device;
}

async function photoOf(photo: Photo): Promise<ReadPhoto> {
  if (typeof photo === "string") return readPhoto(fileSource(photo));
  if (photo instanceof Uint8Array) return readPhoto({ file: "photo", bytes: () => Promise.resolve(photo) });
  return { file: "photo", ...(await fitted(photo, MOST_PHOTO_PIXELS)) };
}
