/** From decoded photos to predictions: faces are found photo by photo; those found meanwhile are classified together. */

import type { Picture } from "../data/dataset.ts";
import type { WhyUnreadable } from "../data/unreadable.ts";
import { inMemory, runBundle } from "../evaluate/run-bundle.ts";
import type { PriorChoice } from "../metrics/prior.ts";
import { statedPrior, withPrior } from "../program/bundle-prior.ts";
import type { Bundle } from "../program/decode-bundle.ts";
import type { OpenProgram } from "../runtime/engine.ts";
import { VultusError } from "../util/errors.ts";
import { gathered, inOrder } from "../util/ordered.ts";
import { type Box, clipped, type DetectedFace, scaled } from "./boxes.ts";
import type { FaceDetector } from "./face-detector.ts";
import { type CropFace, centreSquare, cropsFor } from "./framing.ts";
import { type Face, faceOf, type Prediction } from "./prediction.ts";

/** A photo that was read, perhaps reduced; `width` and `height` are those of the original. Or why it was not. */
export type ReadPhoto =
  | { readonly file: string; readonly picture: Picture; readonly width: number; readonly height: number }
  | ({ readonly file: string } & WhyUnreadable);

/** A classifier that is ready to run. */
export interface OpenClassifier {
  readonly open: OpenProgram;
  readonly bundle: Omit<Bundle, "program">;
}

export interface PredictOptions {
  /** All faces of a photo, or the largest only. */
  readonly faces?: "all" | "largest";
  /** A face whose greatest probability is smaller has no label. */
  readonly threshold?: number;
  /** The class prior that probabilities are shifted to. Default: that of the model's file, or of its loading. */
  readonly prior?: PriorChoice | undefined;
}

/** Faces in one run of the classifier, and what may be held until there are as many. */
const BATCH = 32;
const MOST_PHOTOS = 64;
const MOST_PIXELS = 16e6;

/** A face in pixels of the original photo, and as the classifier wants to see it. */
export interface FramedFace {
  readonly box: Box;
  /** Left out where faces were not looked for. */
  readonly score?: number;
  readonly crop: Picture;
}

/** A photo with its faces, before they are classified. */
interface Found<P extends ReadPhoto> {
  readonly photo: P;
  readonly faces: readonly FramedFace[];
}

/**
 * Predictions in the order of the photos, each with the photo that it is of. Without a detector every photo is taken as one
 * face. Two detections are under way at a time, so that the engine has work while the next image is prepared. The classifier
 * runs on whatever was found while it was busy, so that no photo that is done waits for another.
 *
 * @throws UsageError for a prior that the model cannot be shifted to.
 */
export async function* predictPhotos<P extends ReadPhoto>(
  photos: AsyncIterable<P> | Iterable<P>,
  classifier: OpenClassifier,
  detector: FaceDetector | undefined,
  options: PredictOptions = {},
): AsyncGenerator<{ readonly prediction: Prediction; readonly photo: P }> {
  const { open } = classifier;
  const shifted = { open, bundle: withPrior(classifier.bundle, options.prior) };
  const find = (photo: P): Promise<Found<P>> => findFaces(photo, classifier, detector, options);
  for await (const batch of gathered(inOrder(photos, 2, find), isBatch))
    yield* classified(batch, shifted, options);
}

/** Whether faces are enough for a run of the classifier, or photos for the memory. */
function isBatch(waiting: readonly Found<ReadPhoto>[]): boolean {
  const faces = waiting.reduce((sum, { faces }) => sum + faces.length, 0);
  const pixels = waiting.reduce((sum, { photo }) => sum + pixelsOf(photo), 0);
  return faces >= BATCH || waiting.length >= MOST_PHOTOS || pixels >= MOST_PIXELS;
}

async function findFaces<P extends ReadPhoto>(
  photo: P,
  { bundle: { architecture } }: OpenClassifier,
  detector: FaceDetector | undefined,
  { faces = "all" }: PredictOptions,
): Promise<Found<P>> {
  if ("reason" in photo) return { photo, faces: [] };
  const found = await framedFaces(photo, detector, cropsFor(architecture));
  return { photo, faces: faces === "largest" ? found.slice(0, 1) : found };
}

/** The faces of a photo as `crop` cuts them out, the largest first; without a detector the whole photo is one. */
export async function framedFaces(
  { picture, width, height }: Extract<ReadPhoto, { picture: Picture }>,
  detector: FaceDetector | undefined,
  crop: CropFace,
): Promise<readonly FramedFace[]> {
  if (!detector) return [{ box: { x: 0, y: 0, width, height }, crop: centreSquare(picture) }];
  const found = [...(await detector.detect(picture))].sort((a, b) => area(b) - area(a));
  return found.map((face) => ({
    box: inOriginal(face.box, picture, { width, height }),
    score: face.score,
    crop: crop(picture, face),
  }));
}

/** A box of a photo that may have been reduced, in pixels of the original, within its borders. */
export function inOriginal(
  box: Box,
  picture: Pick<Picture, "width" | "height">,
  original: Pick<Picture, "width" | "height">,
): Box {
  const own = scaled(box, original.width / picture.width, original.height / picture.height);
  return clipped(own, original) ?? own;
}

async function* classified<P extends ReadPhoto>(
  batch: readonly Found<P>[],
  { open, bundle }: OpenClassifier,
  { threshold = 0 }: PredictOptions,
): AsyncGenerator<{ readonly prediction: Prediction; readonly photo: P }> {
  const { classes } = bundle.architecture;
  const crops = batch.flatMap(({ faces }) => faces.map(({ crop }) => crop));
  const { probabilities } = await runBundle(open, bundle, inMemory(crops));
  requireNumbers(probabilities);
  const prior = statedPrior(bundle);
  const about = prior ? { prior } : {};
  let row = 0;
  for (const { photo, faces: found } of batch) {
    const { file } = photo;
    if ("reason" in photo) {
      const { code, reason } = photo;
      yield { photo, prediction: { file, status: "unreadable", faces: [], code, reason } };
      continue;
    }
    const faces = found.map((face): Face => {
      const shares = probabilities.subarray(row * classes.length, ++row * classes.length);
      return faceOf(face, shares, classes, threshold);
    });
    yield { photo, prediction: { file, status: faces.length > 0 ? "ok" : "no_face", ...about, faces } };
  }
}

/** @throws VultusError where a model's probabilities are none. */
export function requireNumbers(probabilities: Float32Array): void {
  if (probabilities.some(Number.isNaN))
    throw new VultusError("the model answers NaN: its weights are damaged; train or export it again");
}

function pixelsOf(photo: ReadPhoto): number {
  return "reason" in photo ? 0 : photo.picture.width * photo.picture.height;
}

function area({ box }: DetectedFace): number {
  return box.width * box.height;
}
