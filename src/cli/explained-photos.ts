/** The faces of photos with the heat map of each written as a picture, as rows for a person and for JSON. */

import { basename, extname, join } from "node:path";
import type { Picture } from "../data/dataset.ts";
import { type Explanation, explainPictures } from "../evaluate/explain.ts";
import { inMemory } from "../evaluate/run-bundle.ts";
import type { Box } from "../predict/boxes.ts";
import type { FaceDetector } from "../predict/face-detector.ts";
import { photoSources, readPhotos } from "../predict/inputs.node.ts";
import { type Face, faceOf } from "../predict/prediction.ts";
import { framedFaces } from "../predict/predictor.ts";
import type { ExplainMethod } from "../program/explain.ts";
import { explanationPng } from "../report/heat-map.ts";
import type { Engine } from "../runtime/engine.ts";
import { writeFileAtomic } from "../util/files.node.ts";
import type { Classifier } from "../weights/load.node.ts";
import { liveLine, percent } from "./output.ts";

export interface ExplainedFace extends Face {
  /** The class that the map is of. */
  readonly explained: string;
  /** The picture that was written. */
  readonly overlay: string;
}

/** What became of one photo. */
export interface ExplainedPhoto {
  readonly file: string;
  readonly status: "ok" | "no_face" | "unreadable";
  readonly reason?: string;
  readonly faces: readonly ExplainedFace[];
}

export interface ExplainPhotosOptions {
  readonly method: ExplainMethod;
  /** Index of the class to explain; the predicted one where it is left out. */
  readonly target: number | undefined;
  /** Without one every photo is taken as one face. */
  readonly detector: FaceDetector | undefined;
  /** An existing folder. */
  readonly out: string;
}

/** Explains every face of the photos that `inputs` name, in order, the largest face of a photo first. */
export async function explainPhotos(
  engine: Engine,
  classifier: Classifier,
  inputs: readonly string[],
  { method, target, detector, out }: ExplainPhotosOptions,
): Promise<ExplainedPhoto[]> {
  const photos: { file: string; reason?: string; boxes: readonly Box[] }[] = [];
  const crops: Picture[] = [];
  for await (const photo of readPhotos(photoSources(inputs, { except: [out] }))) {
    if ("reason" in photo) photos.push({ file: photo.file, reason: photo.reason, boxes: [] });
    else {
      const faces = await framedFaces(photo, detector, classifier.architecture);
      photos.push({ file: photo.file, boxes: faces.map(({ box }) => box) });
      crops.push(...faces.map(({ crop }) => crop));
    }
  }
  const { classes } = classifier.architecture;
  const explanations = await explainPictures(engine, classifier, inMemory(crops), [...crops.keys()], {
    method,
    ...(target === undefined ? {} : { target }),
    onBatch: (done) => liveLine(`explaining ${done} of ${crops.length} faces`),
  });
  const nameOf = freeNames();
  const rows: ExplainedPhoto[] = [];
  let next = 0;
  for (const { file, reason, boxes } of photos) {
    const faces: ExplainedFace[] = [];
    for (const box of boxes) {
      const explanation = explanations[next++] as Explanation;
      const overlay = join(out, `${nameOf(file)}.png`);
      writeFileAtomic(overlay, await explanationPng(explanation, { classes, file: basename(file), method }));
      const explained = classes[explanation.target] as string;
      faces.push({ ...faceOf({ box }, explanation.probabilities, classes, 0), explained, overlay });
    }
    if (reason !== undefined) rows.push({ file, status: "unreadable", reason, faces });
    else rows.push({ file, status: faces.length > 0 ? "ok" : "no_face", faces });
  }
  return rows;
}

/** One line a face, or what became of a photo without one. */
export function explainedLines(rows: readonly ExplainedPhoto[]): string[] {
  const width = Math.max(0, ...rows.map(({ file }) => file.length));
  return rows.flatMap(({ file, status, faces }) => {
    if (status !== "ok") return [`${file.padEnd(width)}  ${status}`];
    return faces.map(({ label, explained, probabilities, overlay }) => {
      const shown = (name: string): string => `${name} ${percent(probabilities[name] as number)}`;
      const other = explained === label ? "" : `; explained: ${shown(explained)}`;
      return `${file.padEnd(width)}  ${shown(label as string)}${other}  ${overlay}`;
    });
  });
}

/** File names without their folder and ending; a name that occurs again gets a number. */
function freeNames(): (file: string) => string {
  const taken = new Set<string>();
  return (file) => {
    const stem = basename(file, extname(file));
    let name = stem;
    for (let count = 2; taken.has(name); count++) name = `${stem}-${count}`;
    taken.add(name);
    return name;
  };
}
