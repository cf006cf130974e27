/** The faces in a report: each scored picture once, small, within a budget of bytes. */

import type { Picture } from "../data/dataset.ts";
import { escape, thumbnailUri } from "./page.ts";
import type { Prediction } from "./run-data.ts";

/** Base64 text of all faces; the rest of a report is well below 1 MB, and a report is to stay below 8 MB. */
const BUDGET = 6e6;
/** Pictures that are encoded at a time. */
const AT_ONCE = 16;

export interface Face {
  readonly id: string;
  /** Indices into the classes. */
  readonly truth: number;
  readonly predicted: number;
  /** Of the answer, from 0 to 1. */
  readonly confidence: number;
  /** A data URI; undefined where the picture was not found or is over the budget. */
  readonly uri: string | undefined;
}

/** What was answered, in the order of the predictions; nothing has a picture yet. */
export function answersOf(predictions: readonly Prediction[], classes: readonly string[]): Face[] {
  return predictions.map(({ id, label, predicted, probabilities }) => ({
    id,
    truth: classes.indexOf(label),
    predicted: classes.indexOf(predicted),
    confidence: probabilities[classes.indexOf(predicted)] ?? Number.NaN,
    uri: undefined,
  }));
}

/**
 * Adds the pictures that `pictureOf` finds. Where the budget does not reach for all, the wrong answers come first and
 * then the least sure of the right ones.
 */
export async function withPictures(
  faces: readonly Face[],
  pictureOf: (id: string) => Picture | undefined,
  budget = BUDGET,
): Promise<Face[]> {
  // A few thousand faces of photos fit at 48 px, as large as FER2013's; fewer may be sharper.
  const side = faces.length > 2000 ? 48 : 64;
  const order = faces
    .map(({ id, truth, predicted, confidence }, index) => ({
      id,
      index,
      wrong: truth !== predicted,
      confidence,
    }))
    .sort((a, b) => Number(b.wrong) - Number(a.wrong) || a.confidence - b.confidence);
  const uris = new Map<number, string>();
  let left = budget;
  for (let start = 0; start < order.length && left > 0; start += AT_ONCE) {
    const some = order.slice(start, start + AT_ONCE);
    const encoded = await Promise.all(
      some.map(async ({ id }) => {
        const picture = pictureOf(id);
        return picture ? thumbnailUri(picture, side) : undefined;
      }),
    );
    for (const [k, uri] of encoded.entries()) {
      if (uri === undefined || uri.length > left) continue;
      left -= uri.length;
      uris.set((some[k] as { index: number }).index, uri);
    }
  }
  return faces.map((face, index) => ({ ...face, uri: uris.get(index) }));
}

/** A row of faces by their indices, each over its caption; the page's script puts the pictures in. */
export function facesHtml(
  faces: readonly Face[],
  indices: readonly number[],
  caption: (face: Face) => string,
): string {
  const items = indices.flatMap((index) => {
    const face = faces[index];
    if (!face?.uri) return [];
    return `<li><img data-face="${index}" alt="${escape(face.id)}" title="${escape(face.id)}" width="96" height="96">${caption(face)}</li>`;
  });
  return items.length === 0 ? "" : `<ul class="faces">${items.join("")}</ul>`;
}

/** What the page's script reads: the classes, and `[id, truth, predicted, confidence, picture]` of each face. */
export function facesData(faces: readonly Face[], classes: readonly string[]): object {
  return {
    classes,
    faces: faces.map(({ id, truth, predicted, confidence, uri }) => [
      id,
      truth,
      predicted,
      Number(confidence.toFixed(3)),
      uri ?? "",
    ]),
  };
}
