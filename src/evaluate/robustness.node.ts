/** Corruption robustness: the accuracy that a model loses under every corruption at every severity. */

import type { Picture, Sample } from "../data/dataset.ts";
import { reduced } from "../data/decode.node.ts";
import type { PixelCache } from "../data/pixel-cache.node.ts";
import { argmaxRows } from "../metrics/probabilities.ts";
import { chosenClass } from "../metrics/votes.ts";
import type { Bundle } from "../program/decode-bundle.ts";
import type { Engine } from "../runtime/engine.ts";
import { type CorruptionGroup, corruptionGroups, SEVERITIES } from "./corruptions/corruption.ts";
import { corrupted, corruptions } from "./corruptions/registry.node.ts";
import { votesOf } from "./people-votes.ts";
import { inMemory, runBundle } from "./run-bundle.ts";

/** Corrupted images kept in memory at a time. */
const CHUNK = 256;

export interface CorruptionResult {
  readonly name: string;
  readonly title: string;
  readonly group: CorruptionGroup;
  readonly parameter: string;
  /** The parameter and the accuracy at severities 1 to 5. */
  readonly values: readonly number[];
  readonly accuracy: readonly number[];
  /** Mean over severities of (clean - accuracy)/clean; negative if a corruption helps, 0 if the clean accuracy is 0. */
  readonly relativeDrop: number;
  /**
   * Agreement with the plurality of votes at severities 1 to 5, and its relative drop; missing if the images have no
   * votes.
   */
  readonly people?: { readonly agreement: readonly number[]; readonly relativeDrop: number };
}

/** The drop of a score, such as the accuracy, under corruptions. */
export interface Losses {
  /** Number of images. */
  readonly n: number;
  /** The score on the uncorrupted images. */
  readonly clean: number;
  /** Mean over all corruptions. */
  readonly meanRelativeDrop: number;
  /** Mean per group of corruptions. */
  readonly groups: readonly { readonly group: CorruptionGroup; readonly relativeDrop: number }[];
}

/** Drop of the accuracy. */
export interface Robustness extends Losses {
  readonly corruptions: readonly CorruptionResult[];
  /** Drop of the agreement with the plurality of votes, on images that have one. */
  readonly people?: Losses;
}

/**
 * Scores `bundle` on the images at `indices` of `pixels`, clean and corrupted. Images larger than the network's resize
 * are reduced to it first, so that noise and blur mean the same for a photo and a thumbnail. After each pass over the
 * images, `onPass` receives the number of finished passes and their total.
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
  const pluralities = new Map(
    indices.flatMap((index) => {
      const [counts] = votesOf([pixels.samples[index] as Sample]);
      const plurality = counts && chosenClass(counts, classes.length);
      return plurality === undefined ? [] : [[index, plurality] as const];
    }),
  );
  let done = 0;
  const scoresOf = async (
    corrupt: (picture: Picture, id: string) => Promise<Picture>,
  ): Promise<{ accuracy: number; agreement: number }> => {
    let [right, agreed] = [0, 0];
    for (let start = 0; start < indices.length; start += CHUNK) {
      const chunk = indices.slice(start, start + CHUNK);
      const pictures = await Promise.all(
        chunk.map(async (index) => {
          const picture = await reduced(pixels.get(index), Math.round(inputSize * resize));
          return corrupt(picture, (pixels.samples[index] as { id: string }).id);
        }),
      );
      const { probabilities } = await runBundle(open, bundle, inMemory(pictures));
      const predicted = argmaxRows(probabilities, classes.length);
      right += chunk.filter((index, i) => pixels.samples[index]?.label === predicted[i]).length;
      agreed += chunk.filter((index, i) => pluralities.get(index) === predicted[i]).length;
    }
    onPass?.(++done, passes);
    return { accuracy: right / indices.length, agreement: agreed / pluralities.size };
  };
  try {
    const clean = await scoresOf(async (picture) => picture);
    const hasVotes = pluralities.size > 0;
    const results: CorruptionResult[] = [];
    for (const corruption of corruptions) {
      const { name, title, group, parameter, values } = corruption;
      const accuracy: number[] = [];
      const agreement: number[] = [];
      for (let severity = 1; severity <= SEVERITIES; severity++) {
        const scores = await scoresOf((picture, id) => corrupted(corruption, picture, severity, id));
        accuracy.push(scores.accuracy);
        agreement.push(scores.agreement);
      }
      results.push({
        ...{ name, title, group, parameter, values, accuracy },
        relativeDrop: relativeDropOf(clean.accuracy, accuracy),
        ...(hasVotes && { people: { agreement, relativeDrop: relativeDropOf(clean.agreement, agreement) } }),
      });
    }
    return {
      ...{ n: indices.length, clean: clean.accuracy },
      ...dropsOf(results, ({ relativeDrop }) => relativeDrop),
      corruptions: results,
      ...(hasVotes && {
        people: {
          ...{ n: pluralities.size, clean: clean.agreement },
          ...dropsOf(results, ({ people }) => people?.relativeDrop ?? 0),
        },
      }),
    };
  } finally {
    await open.release();
  }
}

function relativeDropOf(clean: number, values: readonly number[]): number {
  return clean > 0 ? mean(values.map((value) => (clean - value) / clean)) : 0;
}

function dropsOf(
  results: readonly CorruptionResult[],
  of: (result: CorruptionResult) => number,
): Pick<Losses, "meanRelativeDrop" | "groups"> {
  const drop = (some: readonly CorruptionResult[]): number => mean(some.map(of));
  const groups = corruptionGroups.flatMap((group) => {
    const own = results.filter((result) => result.group === group);
    return own.length > 0 ? [{ group, relativeDrop: drop(own) }] : [];
  });
  return { meanRelativeDrop: drop(results), groups };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
