/** The entry point of the library: load a model once, then pass photos and get faces with probabilities. */

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

/** A photo: a file path, the bytes of a file, or pixels. */
export type Photo = string | Uint8Array | Picture;

export interface ModelOptions {
  /** Where the model runs; `auto` (the default) is CUDA if it is usable, else the CPU. */
  readonly device?: Device | "auto" | undefined;
  /** Number of threads of the CPU provider. Default: all cores. */
  readonly threads?: number | undefined;
  /**
   * The face detector: `thorough` (the default), `fast`, `yunet`, the path of an ONNX detector, or options. `false`
   * treats every photo as a face crop.
   */
  readonly detector?: DetectorChoice | false | undefined;
  /**
   * The class prior that probabilities are shifted to: `trained`, `uniform`, `uniform:0.5` (half way), or shares such
   * as `{ happy: 0.3 }`; the other classes divide the rest as in training. Default: the prior of the model's file.
   */
  readonly prior?: PriorChoice | undefined;
}

export interface LoadOptions extends ModelOptions {
  /**
   * A run folder, a file written by a run or an export, or the name of a model that ships. Default: the model that
   * ships.
   */
  readonly model?: string | undefined;
}

/** A classifier and its face detector, running on their own worker thread. `await using` closes it. */
export interface Model extends AsyncDisposable {
  /** Class names of the probabilities. */
  readonly classes: readonly string[];
  readonly device: Device;
  /** The decoded file: its metadata and the program to run. */
  readonly bundle: Bundle;
  readonly classifier: OpenClassifier;
  readonly detector: FaceDetector | undefined;
  /** Stops its thread. May be called more than once. */
  close(): Promise<void>;
}

/**
 * Loads a model: `await using model = await loadModel({ model: "runs/first" })`. The path may also be passed on its
 * own, before the options.
 *
 * @throws UsageError for a missing model or device, or a prior that the model cannot be shifted to; FormatError for a
 * file that is not a model.
 */
export function loadModel(options?: LoadOptions): Promise<Model>;
export function loadModel(model: string | undefined, options?: ModelOptions): Promise<Model>;
export async function loadModel(first?: LoadOptions | string, more: ModelOptions = {}): Promise<Model> {
  const options: LoadOptions = typeof first === "object" ? first : { ...more, model: first };
  return openModel(loadBundle(options.model ?? shippedModel()), options);
}

/** Starts a decoded model on its own worker thread. */
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

/**
 * Returns the model's prediction for one photo: its faces, largest first. An unreadable photo is a result, not an
 * error.
 */
export async function predict(model: Model, photo: Photo, options: PredictOptions = {}): Promise<Prediction> {
  const one = (async function* () {
    yield await photoOf(photo);
  })();
  for await (const { prediction } of predictPhotos(one, model.classifier, model.detector, options))
    return prediction;
  throw new VultusError("there is no prediction");
}

/** Predicts many files, in order. Files are decoded ahead and classified in batches; none is kept in memory. */
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
  /** The face detector, as in `ModelOptions`. Default: `thorough`. */
  readonly detector?: DetectorChoice | undefined;
}

let sharedEngine: Engine | undefined;
const sharedDetectors = new Map<string, Promise<FaceDetector>>();

/** Returns the detector for this choice, opened on first use. If opening fails, the next call tries again. */
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
 * Returns the faces of one photo by decreasing score, with boxes and squares in its pixels. A detector is loaded once
 * per choice and kept; it does not keep the process alive. To release one, see `loadDetector` and `openDetector`.
 *
 * @throws UsageError for a missing detector or invalid settings; VultusError if the photo cannot be read.
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
    // A square may extend beyond the border.
    ...(face.square && { square: scaled(face.square, read.width / picture.width) }),
  }));
}

function engineOf({ device, threads = availableParallelism() }: ModelOptions): Engine {
  // Images are decoded between runs of a model; spinning threads would waste these cores.
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
