/** The faces in a report: each scored image once, small, within a budget of bytes. */

import type { Picture } from "../data/dataset.ts";
import { escape, thumbnailUri } from "./page.ts";
import type { Prediction } from "./run-data.ts";

/** Maximum Base64 text of all faces, in bytes. The rest of a report is well below 1 MB, so a report stays below 8 MB. */
const BUDGET = 6e6;
/** Number of images encoded at a time. */
const AT_ONCE = 16;

export interface Face {
  readonly id: string;
  /** Indices into the classes. */
  readonly truth: number;
  readonly predicted: number;
  /** Of the predicted class, from 0 to 1. */
  readonly confidence: number;
  /** The image as a data URI. */
  readonly uri: string;
}

/**
 * Returns the faces that `pictureOf` finds by their ids, in the order of the predictions. If the budget is too small for all,
 * wrong predictions come first, and then the least confident right ones.
 */
export async function facesOf(
  predictions: readonly Prediction[],
  classes: readonly string[],
  pictureOf: (id: string) => Picture | undefined,
  budget = BUDGET,
): Promise<Face[]> {
  // A few thousand faces of photos fit at 48 px, the size of FER2013's images; fewer faces can be larger.
  const side = predictions.length > 2000 ? 48 : 64;
  const answers = predictions.map(({ id, label, predicted, probabilities }, index) => {
    const [truth, answer] = [classes.indexOf(label), classes.indexOf(predicted)];
    return { index, id, truth, predicted: answer, confidence: probabilities[answer] ?? Number.NaN };
  });
  const isWrong = ({ truth, predicted }: (typeof answers)[number]): number => Number(truth !== predicted);
  const order = answers.toSorted((a, b) => isWrong(b) - isWrong(a) || a.confidence - b.confidence);
  const faces = new Map<number, Face>();
  let left = budget;
  for (let start = 0; start < order.length && left > 0; start += AT_ONCE) {
    const encoded = order.slice(start, start + AT_ONCE).map(async ({ index, ...face }) => {
      const picture = pictureOf(face.id);
      return picture ? { index, face: { ...face, uri: await thumbnailUri(picture, side) } } : undefined;
    });
    for (const one of await Promise.all(encoded)) {
      if (!one) continue;
      left -= one.face.uri.length;
      if (left >= 0) faces.set(one.index, one.face);
    }
  }
  return [...faces].sort(([a], [b]) => a - b).map(([, face]) => face);
}

/** Returns a row of faces by their indices, each with its caption below; the page's script inserts the images. */
export function facesHtml(
  faces: readonly Face[],
  indices: readonly number[],
  caption: (face: Face) => string,
): string {
  const items = indices.map((index) => {
    const face = faces[index] as Face;
    return `<li><img data-face="${index}" alt="${escape(face.id)}" title="${escape(face.id)}" width="96" height="96">${caption(face)}</li>`;
  });
  return items.length === 0 ? "" : `<ul class="faces">${items.join("")}</ul>`;
}

/** Data for the page's script: the classes, and `[id, truth, predicted, confidence, image]` for each face. */
export function facesData(faces: readonly Face[], classes: readonly string[]): object {
  return {
    classes,
    faces: faces.map(({ id, truth, predicted, confidence, uri }) => [
      id,
      truth,
      predicted,
      Number(confidence.toFixed(3)),
      uri,
    ]),
  };
}
