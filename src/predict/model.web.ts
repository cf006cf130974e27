/** The entry point for browsers: load a model once, then pass images and get faces with probabilities. */

import { readWebPhoto, type WebPhoto } from "../data/photo.web.ts";
import { bundleInput } from "../evaluate/run-bundle.ts";
import { agreesOnWebGpu, bundleAgrees, madeUp } from "../evaluate/web-gpu.web.ts";
import type { PriorChoice } from "../metrics/prior.ts";
import { withPrior } from "../program/bundle-prior.ts";
import { type Bundle, decodeBundle } from "../program/decode-bundle.ts";
import { decodeProgram } from "../program/onnx-program.ts";
import type { Engine } from "../runtime/engine.ts";
import { webEngine } from "../runtime/engine.web.ts";
import { hasWebGpu, type WebDevice } from "../runtime/session.web.ts";
import { fetchBytes, type ModelSource, nameOf } from "../util/bytes.web.ts";
import { asyncDispose } from "../util/dispose.ts";
import { VultusError } from "../util/errors.ts";
import { EYES_INPUT } from "./eyes.ts";
import type { FaceDetector } from "./face-detector.ts";
import {
  type DetectorModel,
  type DetectorSettings,
  decodeDetector,
  detectorInput,
  openDetector,
  openLiveDetector,
} from "./onnx-detector.ts";
import type { Prediction } from "./prediction.ts";
import { type OpenClassifier, type PredictOptions, predictPhotos } from "./predictor.ts";

export interface WebDetectorOptions extends Partial<DetectorSettings> {
  readonly source: ModelSource;
  /** The landmark network that ships as `eyes.onnx`. Without it, tilted faces are not rotated upright. */
  readonly eyes?: ModelSource;
  /** Treats images as consecutive frames of one camera or video. Faces are tracked between frames, which is faster. */
  readonly live?: boolean;
}

export interface WebModelOptions {
  /** The face detector; `false` or left out treats every image as a face crop. */
  readonly detector?: ModelSource | WebDetectorOptions | false | undefined;
  /** `auto`: WebGPU if it is available and agrees with the CPU, else the CPU. */
  readonly device?: WebDevice | "auto" | undefined;
  /** Number of CPU threads. Default: as many as the browser allows. */
  readonly threads?: number | undefined;
  /**
   * The class prior that probabilities are shifted to: `trained`, `uniform`, `uniform:0.5` (half way), or shares such
   * as `{ happy: 0.3 }`; the other classes divide the rest as in training. Default: the prior of the model's file.
   */
  readonly prior?: PriorChoice | undefined;
}

export interface WebLoadOptions extends WebModelOptions {
  /** A bundle written by `vultus export`, or a model that ships. */
  readonly model: ModelSource;
}

/**
 * A classifier and its face detector. They run on the calling thread; load them in a worker to keep a page responsive.
 * `await using` closes it.
 */
export interface WebModel extends AsyncDisposable {
  /** Class names of the probabilities. */
  readonly classes: readonly string[];
  readonly device: WebDevice;
  /** The decoded file, and its bytes. */
  readonly bundle: Bundle;
  readonly classifier: OpenClassifier;
  readonly detector: FaceDetector | undefined;
  close(): Promise<void>;
}

/**
 * Loads a model: `await using model = await loadModel({ model: "/model.onnx" })`. The source may also be passed on its
 * own, before the options.
 *
 * @throws VultusError if it cannot be fetched; FormatError for a file that is not a model; UsageError for a prior that
 * it cannot be shifted to.
 */
export function loadModel(options: WebLoadOptions): Promise<WebModel>;
export function loadModel(source: ModelSource, options?: WebModelOptions): Promise<WebModel>;
export async function loadModel(
  first: WebLoadOptions | ModelSource,
  more: WebModelOptions = {},
): Promise<WebModel> {
  const { model: source, ...options } = isLoadOptions(first) ? first : { ...more, model: first };
  const { detector: asked } = options;
  const finder =
    asked === undefined || asked === false ? undefined : isOptions(asked) ? asked : { source: asked };
  const [read, found] = await Promise.all([fetchBundle(source), finder && fetchDetector(finder)]);
  const bundle = withPrior(read, options.prior);
  const { device = "auto", threads = 0 } = options;
  const chosen = device === "auto" ? await chooseDevice(bundle, found) : device;
  const engine = webEngine(chosen, threads);
  const detector = found && (await (finder?.live ? openLiveDetector : openDetector)(engine, found));
  return openModel(bundle, engine, chosen, detector);
}

/** Opens a fetched classifier. Closing it also closes the detector. */
export async function openModel(
  bundle: Bundle,
  engine: Engine,
  device: WebDevice,
  detector?: FaceDetector,
): Promise<WebModel> {
  const open = await engine.open(bundle.program);
  let closed: Promise<unknown> | undefined;
  const close = async (): Promise<void> => {
    closed ??= Promise.all([open.release(), detector?.release()]);
    await closed;
  };
  const model = { classes: bundle.architecture.classes, device, bundle };
  return { ...model, classifier: { open, bundle }, detector, close, [asyncDispose]: close };
}

/** Fetches a classifier, to be opened on an engine. @throws as `loadModel` */
export async function fetchBundle(source: ModelSource): Promise<Bundle> {
  return decodeBundle(await fetchBytes(source), nameOf(source));
}

/** Fetches a detector and its landmark network, to be opened on an engine. */
export async function fetchDetector(options: WebDetectorOptions): Promise<DetectorModel> {
  const { source, eyes, live: _, ...settings } = options;
  const [bytes, eyesBytes] = await Promise.all([fetchBytes(source), eyes && fetchBytes(eyes)]);
  return {
    ...decodeDetector(bytes, nameOf(source), settings),
    ...(eyes && eyesBytes ? { eyes: decodeProgram(eyesBytes, nameOf(eyes)).program } : {}),
  };
}

/**
 * Returns the model's prediction for one image: its faces, largest first. @throws FormatError for bytes that are not an
 * image
 */
export async function predict(
  { classifier, detector }: Pick<WebModel, "classifier" | "detector">,
  photo: WebPhoto,
  options: PredictOptions = {},
): Promise<Prediction> {
  const read = await readWebPhoto(photo, photo instanceof File ? photo.name : "photo");
  for await (const { prediction } of predictPhotos([read], classifier, detector, options)) return prediction;
  throw new VultusError("there is no prediction");
}

/** Input side for comparing a detector that accepts any size: the side of the smallest, most frequent looks. */
const COMPARED_SIDE = 160;

/**
 * Returns WebGPU if it is available and every network agrees with the CPU on a synthetic image. If one network differs
 * or does not run on WebGPU, all of them use the CPU.
 */
export async function chooseDevice(bundle: Bundle, detector: DetectorModel | undefined): Promise<WebDevice> {
  if (!(await hasWebGpu())) return "cpu";
  try {
    const works =
      (await bundleAgrees(bundle)) &&
      (!detector ||
        (await agreesOnWebGpu(detector.program, detectorInput(detector, madeUp(sideOf(detector)))))) &&
      (!detector?.eyes || (await agreesOnWebGpu(detector.eyes, bundleInput([madeUp(EYES_INPUT)], "uint8"))));
    return works ? "webgpu" : "cpu";
  } catch {
    return "cpu";
  }
}

function sideOf({ side, settings: { size, sees } }: DetectorModel): number {
  return side ?? (sees ? COMPARED_SIDE : size);
}

function isOptions(detector: ModelSource | WebDetectorOptions): detector is WebDetectorOptions {
  return typeof detector === "object" && "source" in detector;
}

function isLoadOptions(first: WebLoadOptions | ModelSource): first is WebLoadOptions {
  return typeof first === "object" && "model" in first;
}
