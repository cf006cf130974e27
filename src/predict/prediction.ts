/** What is said of a photo: its faces, and the probabilities of each. */

import type { UnreadableCode } from "../data/unreadable.ts";
import type { DetectedFace } from "./boxes.ts";

/** One face. Probabilities sum to 1; the label is null where the greatest of them is below the asked threshold. */
export interface Face {
  /** In pixels of the photo as it is looked at, upright. */
  readonly box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
  /** How sure the detector is that this is a face, from 0 to 1; left out where faces were not looked for. */
  readonly score?: number;
  readonly probabilities: Readonly<Record<string, number>>;
  readonly label: string | null;
}

export type PredictionStatus = "ok" | "no_face" | "unreadable";

/** What became of one photo. */
export interface Prediction {
  readonly file: string;
  readonly status: PredictionStatus;
  /** The class prior that probabilities were shifted to; left out where it is the one that the model was trained for. */
  readonly prior?: Readonly<Record<string, number>>;
  /** The largest first. */
  readonly faces: readonly Face[];
  /** Why it could not be read: for programs, and in words. */
  readonly code?: UnreadableCode;
  readonly reason?: string;
  /** Where its annotated copy was written. */
  readonly annotated?: string;
}

/** A face from a row of a model's probabilities. */
export function faceOf(
  { box, score }: { readonly box: DetectedFace["box"]; readonly score?: number },
  shares: Float32Array,
  classes: readonly string[],
  threshold: number,
): Face {
  const probabilities = Object.fromEntries(classes.map((name, i) => [name, shares[i] as number]));
  const tenth = (value: number): number => Math.round(value * 10) / 10;
  return {
    box: { x: tenth(box.x), y: tenth(box.y), width: tenth(box.width), height: tenth(box.height) },
    ...(score === undefined ? {} : { score: Math.round(score * 1e4) / 1e4 }),
    probabilities,
    label: labelOf(probabilities, threshold),
  };
}

/** The most probable class, or null where even that is less probable than `threshold`. */
export function labelOf(probabilities: Face["probabilities"], threshold: number): string | null {
  const [label, greatest] = Object.entries(probabilities).reduce((a, b) => (b[1] > a[1] ? b : a));
  return greatest >= threshold ? label : null;
}
