/** The prediction for a photo: its faces, and the probabilities of each. */

import type { UnreadableCode } from "../data/unreadable.ts";
import type { DetectedFace } from "./boxes.ts";

/** One face. Probabilities sum to 1. The label is null if the highest of them is below the requested threshold. */
export interface Face {
  /** In pixels of the upright photo. */
  readonly box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
  /** The detector's confidence, from 0 to 1; left out if detection was off. */
  readonly score?: number;
  readonly probabilities: Readonly<Record<string, number>>;
  readonly label: string | null;
}

export type PredictionStatus = "ok" | "no_face" | "unreadable";

/** The result for one photo. */
export interface Prediction {
  readonly file: string;
  readonly status: PredictionStatus;
  /** The class prior that probabilities were shifted to; left out if it is the prior that the model was trained for. */
  readonly prior?: Readonly<Record<string, number>>;
  /** Largest first. */
  readonly faces: readonly Face[];
  /** Why the photo could not be read: as a code, and in words. */
  readonly code?: UnreadableCode;
  readonly reason?: string;
  /** Path of its annotated copy. */
  readonly annotated?: string;
}

/** Builds a face from a row of a model's probabilities. */
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

/** Returns the most probable class, or null if even that is less probable than `threshold`. */
export function labelOf(probabilities: Face["probabilities"], threshold: number): string | null {
  const [label, greatest] = Object.entries(probabilities).reduce((a, b) => (b[1] > a[1] ? b : a));
  return greatest >= threshold ? label : null;
}
