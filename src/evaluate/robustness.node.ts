/** How much accuracy a model loses on spoilt pictures: every corruption at every severity. */

import type { Picture } from "../data/dataset.ts";
import { reduced } from "../data/decode.node.ts";
import type { PixelCache } from "../data/pixel-cache.node.ts";
import { argmaxRows } from "../metrics/probabilities.ts";
import type { Bundle } from "../program/decode-bundle.ts";
import type { Engine } from "../runtime/engine.ts";
import { type CorruptionGroup, corruptionGroups, SEVERITIES } from "./corruptions/corruption.ts";
import { corrupted, corruptions } from "./corruptions/registry.node.ts";
import { inMemory, runBundle } from "./run-bundle.ts";

/** Spoilt pictures in memory at a time. */
const CHUNK = 256;

export interface CorruptionResult {
  readonly name: string;
  readonly title: string;
  readonly group: CorruptionGroup;
  readonly parameter: string;
  /** The parameter, and the accuracy, at severities 1 to 5. */
  readonly values: readonly number[];
  readonly accuracy: readonly number[];
  /** Mean over severities of (clean - accuracy)/clean; below 0 where a corruption helps, 0 where nothing was right. */
  readonly relativeDrop: number;
}

export interface Robustness {
  readonly n: number;
  /** Accuracy on the same pictures as they are. */
  readonly clean: number;
  /** Mean over the corruptions. */
  readonly meanRelativeDrop: number;
  /** Means over the corruptions of a group. */
  readonly groups: readonly { readonly group: CorruptionGroup; readonly relativeDrop: number }[];
  readonly corruptions: readonly CorruptionResult[];
}

/**
 * Scores `bundle` on the pictures at `indices` of `pixels`, as they are and spoilt. A picture larger than what the
 * network resizes to is reduced to that first, so that noise and blur mean the same for a photo and for a thumbnail.
 * `onPass` hears, after each pass over the pictures, how many are done and how many there are.
 */
export async function measureRobustness(
  engine: Engine,
  bundle: Bundle,
  pixels: Pick<PixelCache, "samples" | "get">,
  indices: readonly number[],
  onPass?: (done: number, total: number) => void,
): Promise<Robustness> {
  const { classes, inputSize, resize } = bundle.architecture;
  const passes = 1 + SEVERITIES * corruptions.length;
  const open = await engine.open(bundle.program);
  let done = 0;
  const accuracyOf = async (spoil: (picture: Picture, id: string) => Promise<Picture>): Promise<number> => {
    let right = 0;
    for (let start = 0; start < indices.length; start += CHUNK) {
      const chunk = indices.slice(start, start + CHUNK);
      const pictures = await Promise.all(
        chunk.map(async (index) => {
          const picture = await reduced(pixels.get(index), Math.round(inputSize * resize));
          return spoil(picture, (pixels.samples[index] as { id: string }).id);
        }),
      );
      const { probabilities } = await runBundle(open, bundle, inMemory(pictures));
      const predicted = argmaxRows(probabilities, classes.length);
      right += chunk.filter((index, i) => pixels.samples[index]?.label === predicted[i]).length;
    }
    onPass?.(++done, passes);
    return right / indices.length;
  };
  try {
    const clean = await accuracyOf(async (picture) => picture);
    const results: CorruptionResult[] = [];
    for (const corruption of corruptions) {
      const { name, title, group, parameter, values } = corruption;
      const accuracy: number[] = [];
      for (let severity = 1; severity <= SEVERITIES; severity++)
        accuracy.push(await accuracyOf((picture, id) => corrupted(corruption, picture, severity, id)));
      const relativeDrop = clean > 0 ? mean(accuracy.map((value) => (clean - value) / clean)) : 0;
      results.push({ name, title, group, parameter, values, accuracy, relativeDrop });
    }
    return { n: indices.length, clean, ...dropsOf(results), corruptions: results };
  } finally {
    await open.release();
  }
}

function dropsOf(results: readonly CorruptionResult[]): Pick<Robustness, "meanRelativeDrop" | "groups"> {
  const drop = (some: readonly CorruptionResult[]): number =>
    mean(some.map(({ relativeDrop }) => relativeDrop));
  const groups = corruptionGroups.flatMap((group) => {
    const own = results.filter((result) => result.group === group);
    return own.length > 0 ? [{ group, relativeDrop: drop(own) }] : [];
  });
  return { meanRelativeDrop: drop(results), groups };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
