/**
 * Turns decoded photos into predictions. Faces are detected photo by photo and classified in batches as they arrive.
 */

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

/**
 * A decoded photo, possibly reduced; `width` and `height` are those of the original. Alternatively, the reason why it
 * is unreadable.
 */
export type ReadPhoto =
  | { readonly file: string; readonly picture: Picture; readonly width: number; readonly height: number }
  | ({ readonly file: string } & WhyUnreadable);

/** A classifier that is ready to run. */
export interface OpenClassifier {
  readonly open: OpenProgram;
  readonly bundle: Omit<Bundle, "program">;
}

export interface PredictOptions {
  /** All faces of a photo, or only the largest. */
  readonly faces?: "all" | "largest";
  /** If a face's highest probability is below this, it has no label. */
  readonly threshold?: number;
  /**
   * The class prior that probabilities are shifted to. Default: the prior chosen at loading, or the prior in the
   * model's file.
   */
  readonly prior?: PriorChoice | undefined;
}

/** Faces per run of the classifier, and limits on what may be held until there are as many. */
const BATCH = 32;
const MOST_PHOTOS = 64;
const MOST_PIXELS = 16e6;

/** A face in pixels of the original photo, and cropped for the classifier. */
export interface FramedFace {
  readonly box: Box;
  /** Left out if detection was off. */
  readonly score?: number;
  /** Set if the position is from an earlier frame: the crop may show no face. */
  readonly missed?: true;
  readonly crop: Picture;
}

/** A photo with its faces, before they are classified. */
interface Found<P extends ReadPhoto> {
  readonly photo: P;
  readonly faces: readonly FramedFace[];
}

/**
 * Yields predictions in the order of the photos, each with its photo. Without a detector every photo is one face. Two
 * detections are in progress at a time, so that the engine is busy while the next image is prepared. The classifier
 * takes whatever was detected while it was busy, so that no finished photo waits for another.
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

/** Returns whether there are enough faces for a run of the classifier, or the photos fill the memory limit. */
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

/** Returns the faces of a photo, cropped by `crop`, largest first. Without a detector the whole photo is one face. */
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
    ...(face.missed && { missed: face.missed }),
    crop: crop(picture, face),
  }));
}

/** Converts a box of a possibly reduced photo to pixels of the original, clipped to its borders. */
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

/** @throws VultusError if a model's probabilities are NaN. */
export function requireNumbers(probabilities: Float32Array): void {
  if (probabilities.some(Number.isNaN))
    throw new VultusError("the model returns NaN: its weights are corrupted; train or export it again");
}

function pixelsOf(photo: ReadPhoto): number {
  return "reason" in photo ? 0 : photo.picture.width * photo.picture.height;
}

function area({ box }: DetectedFace): number {
  return box.width * box.height;
}
