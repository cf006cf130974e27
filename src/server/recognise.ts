/** Processes one image: waiting for its turn, decoding, face detection, and classification in a batch. */

import { decodeFitted, type FittedPicture } from "../data/decode.node.ts";
import { MOST_PHOTO_PIXELS } from "../data/photo-size.ts";
import { UnreadableImage } from "../data/unreadable.ts";
import { type PriorShift, shiftedProbabilities } from "../metrics/prior.ts";
import type { FaceDetector } from "../predict/face-detector.ts";
import { cropsFor } from "../predict/framing.ts";
import { faceOf } from "../predict/prediction.ts";
import { type FramedFace, framedFaces, requireNumbers } from "../predict/predictor.ts";
import type { Admission } from "./admission.ts";
import type { Limits } from "./limits.ts";
import type { Search } from "./metrics.ts";
import { Problem } from "./problems.ts";
import type { PictureAnswer, Query } from "./schemas.ts";
import type { ServedModel } from "./served-model.ts";

/**
 * An image with a face larger than this, in pixels, keeps its turn until it is classified, so that memory stays
 * bounded.
 */
const SMALL_FACE = 256 * 256;

/** A request's options, and the shift of its probabilities to its class prior. */
export interface Asked extends Omit<Query, "prior" | "model"> {
  readonly shift: PriorShift | undefined;
}

/**
 * Returns the answer for one image, including an unreadable one. @throws the signal's reason, or a Problem that ends
 * the whole request
 */
export async function recognise(
  bytes: Uint8Array,
  model: ServedModel,
  admission: Admission,
  limits: Limits,
  { faces: which, threshold, detect, shift }: Asked,
  signal: AbortSignal,
  onSearch: (search: Search) => void,
): Promise<PictureAnswer> {
  const took = stopwatch();
  const end = await admission.turn(signal);
  try {
    const queue = took();
    const read = await decoded(bytes, limits.pixels);
    if ("status" in read) return read;
    const { width, height } = read;
    const decode = took();
    signal.throwIfAborted();
    const found = await facesOf(read, model, detect, onSearch);
    const all = which === "largest" ? found.slice(0, 1) : found;
    const kept = all.slice(0, limits.faces);
    const detection = took();
    if (kept.every(({ crop }) => crop.width * crop.height <= SMALL_FACE)) end();
    const answered = await Promise.all(kept.map(({ crop }) => model.classify.add(crop, signal)));
    answered.forEach(requireNumbers);
    const shares = answered.map((row) => (shift ? shiftedProbabilities(row, shift.factors) : row));
    const { classes } = model.bundle.architecture;
    return {
      status: kept.length > 0 ? "ok" : "no_face",
      width,
      height,
      faces: kept.map((face, i) => faceOf(face, shares[i] as Float32Array, classes, threshold)),
      ...(all.length > kept.length ? { omitted: all.length - kept.length } : {}),
      timings: { queue, decode, detect: detection, classify: took() },
    };
  } finally {
    end();
  }
}

/** Returns the decoded image, or an answer that states why it is unreadable. */
async function decoded(bytes: Uint8Array, mostPixels: number): Promise<FittedPicture | PictureAnswer> {
  try {
    return await decodeFitted(bytes, MOST_PHOTO_PIXELS, mostPixels);
  } catch (error) {
    if (!(error instanceof UnreadableImage)) throw error;
    const code = error.code === "too_many_pixels" ? error.code : "unreadable_picture";
    return { status: "unreadable", faces: [], code, reason: error.message };
  }
}

/** Detects faces if the service has a detector, unless the request turns it off. */
function facesOf(
  { picture, width, height }: FittedPicture,
  { bundle, workers }: ServedModel,
  detect: Query["detect"],
  onSearch: (search: Search) => void,
): Promise<readonly FramedFace[]> {
  const photo = { file: "", picture, width, height };
  const crop = cropsFor(bundle.architecture);
  if (detect === "false") return framedFaces(photo, undefined, crop);
  return workers.use(({ detector }) => {
    if (!detector && detect === "true")
      throw new Problem(
        "invalid_request",
        "this service runs without a face detector; leave out detect=true",
      );
    return framedFaces(photo, detector && measured(detector, onSearch), crop);
  });
}

/** Wraps the detector so that it reports the cost of each search. */
function measured(detector: FaceDetector, onSearch: (search: Search) => void): FaceDetector {
  return {
    ...detector,
    async detect(picture) {
      const started = performance.now();
      let looks = 0;
      const found = await detector.detect(picture, () => looks++);
      onSearch({ milliseconds: performance.now() - started, looks, faces: found.length });
      return found;
    },
  };
}

/** Returns the milliseconds since its previous call, rounded to tenths. */
function stopwatch(): () => number {
  let last = performance.now();
  return () => {
    const now = performance.now();
    const took = Math.round(10 * (now - last)) / 10;
    last = now;
    return took;
  };
}
