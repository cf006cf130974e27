/** Explains the faces of photos: each heat map is written as an image, and each photo becomes a row of the result. */

import { basename, extname, join } from "node:path";
import type { Picture } from "../data/dataset.ts";
import type { UnreadableCode, WhyUnreadable } from "../data/unreadable.ts";
import { type Explanation, explainPictures } from "../evaluate/explain.ts";
import { inMemory } from "../evaluate/run-bundle.ts";
import type { PriorShift } from "../metrics/prior.ts";
import type { FaceDetector } from "../predict/face-detector.ts";
import { cropsFor } from "../predict/framing.ts";
import { photoSources, readPhotos } from "../predict/inputs.node.ts";
import { type Face, faceOf } from "../predict/prediction.ts";
import { type FramedFace, framedFaces } from "../predict/predictor.ts";
import type { ExplainMethod } from "../program/explain.ts";
import { explanationPng } from "../report/heat-map.ts";
import type { Engine } from "../runtime/engine.ts";
import { shortName } from "../util/file-name.ts";
import { writeFileAtomic } from "../util/files.node.ts";
import type { Classifier } from "../weights/load.node.ts";
import type { MembersFile } from "../weights/members.ts";

export interface ExplainedFace extends Face {
  /** The class that the map explains. */
  readonly explained: string;
  /** The image that was written. */
  readonly overlay: string;
}

/** The result for one photo. */
export interface ExplainedPhoto {
  readonly file: string;
  readonly status: "ok" | "no_face" | "unreadable";
  readonly code?: UnreadableCode;
  readonly reason?: string;
  readonly faces: readonly ExplainedFace[];
}

export interface ExplainPhotosOptions {
  readonly method: ExplainMethod;
  /** Index of the class to explain; undefined for the predicted one. */
  readonly target: number | undefined;
  /** Without a detector every photo is treated as one face. */
  readonly detector: FaceDetector | undefined;
  /** Shifts probabilities to another class prior. */
  readonly shift?: PriorShift | undefined;
  /** An existing folder. */
  readonly out: string;
}

/** Maximum faces explained together, and how many photos and pixels may wait for them. */
const MOST_FACES = 64;
const MOST_PHOTOS = 64;
const MOST_PIXELS = 16e6;

/** A photo with its faces, before they are explained. */
interface Found {
  readonly file: string;
  readonly why?: WhyUnreadable;
  readonly faces: readonly FramedFace[];
}

/**
 * Explains every face of the photos that `inputs` name, in order, the largest face of a photo first. The images of a photo
 * are written before it is yielded.
 */
export async function* explainPhotos(
  engine: Engine,
  classifier: Classifier | MembersFile,
  inputs: readonly string[],
  options: ExplainPhotosOptions,
): AsyncGenerator<ExplainedPhoto> {
  const nameOf = freeNames();
  const crop = cropsFor(classifier.architecture);
  let waiting: Found[] = [];
  for await (const photo of readPhotos(photoSources(inputs, { except: [options.out] }))) {
    const { file } = photo;
    if ("reason" in photo) waiting.push({ file, why: { code: photo.code, reason: photo.reason }, faces: [] });
    else waiting.push({ file, faces: await framedFaces(photo, options.detector, crop) });
    const crops = cropsOf(waiting);
    const pixels = crops.reduce((sum, { width, height }) => sum + width * height, 0);
    if (crops.length < MOST_FACES && waiting.length < MOST_PHOTOS && pixels < MOST_PIXELS) continue;
    yield* explainTogether(engine, classifier, waiting, nameOf, options);
    waiting = [];
  }
  yield* explainTogether(engine, classifier, waiting, nameOf, options);
}

async function* explainTogether(
  engine: Engine,
  classifier: Classifier | MembersFile,
  photos: readonly Found[],
  nameOf: (file: string) => string,
  { method, target, shift, out }: ExplainPhotosOptions,
): AsyncGenerator<ExplainedPhoto> {
  const { classes } = classifier.architecture;
  const crops = cropsOf(photos);
  const explanations = await explainPictures(engine, classifier, inMemory(crops), [...crops.keys()], {
    method,
    shift,
    ...(target === undefined ? {} : { target }),
  });
  let next = 0;
  for (const { file, why, faces: found } of photos) {
    const faces: ExplainedFace[] = [];
    for (const { box } of found) {
      const explanation = explanations[next++] as Explanation;
      const overlay = join(out, `${nameOf(file)}.png`);
      writeFileAtomic(overlay, await explanationPng(explanation, { classes, file: basename(file), method }));
      const explained = classes[explanation.target] as string;
      faces.push({ ...faceOf({ box }, explanation.probabilities, classes, 0), explained, overlay });
    }
    if (why) yield { file, status: "unreadable", ...why, faces };
    else yield { file, status: faces.length > 0 ? "ok" : "no_face", faces };
  }
}

function cropsOf(photos: readonly Found[]): Picture[] {
  return photos.flatMap(({ faces }) => faces.map(({ crop }) => crop));
}

/** Returns file names without folder and extension; a repeated name gets a number. */
function freeNames(): (file: string) => string {
  const taken = new Set<string>();
  return (file) => {
    const stem = shortName(basename(file, extname(file)));
    let name = stem;
    for (let count = 2; taken.has(name); count++) name = `${stem}-${count}`;
    taken.add(name);
    return name;
  };
}
