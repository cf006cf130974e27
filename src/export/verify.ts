/** Compares an exported file with the trained model on images, before the file counts as written. */

import { type Pictures, runBundle } from "../evaluate/run-bundle.ts";
import { argmaxRows } from "../metrics/probabilities.ts";
import type { Bundle } from "../program/decode-bundle.ts";
import type { Engine } from "../runtime/engine.ts";

export interface Answers {
  /** [N, classes], row after row. */
  readonly probabilities: Float32Array;
  readonly picturesPerSecond: number;
}

/** Runs a bundle on images and measures its speed. */
export async function answersOf(engine: Engine, bundle: Bundle, pictures: Pictures): Promise<Answers> {
  const open = await engine.open(bundle.program);
  try {
    const run = (count: number) => runBundle(open, bundle, { ...pictures, count });
    // The first run allocates memory that later runs reuse.
    await run(Math.min(8, pictures.count));
    const started = performance.now();
    const { probabilities } = await run(pictures.count);
    return { probabilities, picturesPerSecond: pictures.count / ((performance.now() - started) / 1000) };
  } finally {
    await open.release();
  }
}

export interface Agreement {
  readonly maxProbabilityDifference: number;
  /** Share of images with the same predicted class. */
  readonly top1Agreement: number;
}

/**
 * Explains why a file with this difference is refused. Float32 differs only if vultus has a bug; half precision may be too coarse
 * for a network's weights.
 */
export function refusal({ maxProbabilityDifference }: Agreement, allowed: number, half: boolean): string {
  const reason = half
    ? "half precision is too coarse for this network; write it in float32 or as int8"
    : "this is a bug in vultus, please report it";
  return `by up to ${maxProbabilityDifference}, more than the allowed ${allowed}; ${reason}`;
}

export function agreement(a: Float32Array, b: Float32Array, classes: number): Agreement {
  let greatest = 0;
  for (const [i, p] of a.entries()) greatest = Math.max(greatest, Math.abs(p - (b[i] as number)));
  const [first, second] = [argmaxRows(a, classes), argmaxRows(b, classes)];
  const same = [...first].filter((label, row) => label === second[row]).length;
  return { maxProbabilityDifference: greatest, top1Agreement: same / first.length };
}
