/** Writes contact sheets of a comparison: images that only one of the two models gets right. */

import { join } from "node:path";
import type { PixelCache } from "../data/pixel-cache.node.ts";
import type { ComparedAnswers, Comparison } from "../evaluate/compare.node.ts";
import { writeFileAtomic } from "../util/files.node.ts";
import { makeOwnFolder } from "../util/own-folder.node.ts";
import { random, shuffled } from "../util/random.ts";
import { samplePrediction, samplesPng } from "./samples.ts";

/** Maximum number of images in a grid. */
const SHOWN = 32;

/**
 * Writes only-a.png and only-b.png, each with the wrong answers of the other model under the faces, and returns their
 * paths; a grid without a face is not written.
 */
export async function writeComparison(
  folder: string,
  comparison: Comparison,
  pixels: PixelCache,
): Promise<string[]> {
  makeOwnFolder(folder);
  const { a, b } = comparison;
  const paths: string[] = [];
  for (const [name, right, wrong] of [
    ["only-a.png", a, b],
    ["only-b.png", b, a],
  ] as const) {
    const indices = onlyRight(comparison.labels, right, wrong);
    if (indices.length === 0) continue;
    const path = join(folder, name);
    writeFileAtomic(
      path,
      await samplesPng(indices.map((i) => samplePrediction(comparison, wrong, pixels, i))),
    );
    paths.push(path);
  }
  return paths;
}

/** Draws images that one gets right and the other wrong; the same ones every time. */
function onlyRight(labels: readonly number[], right: ComparedAnswers, wrong: ComparedAnswers): number[] {
  const all = labels.flatMap((label, i) =>
    right.predicted[i] === label && wrong.predicted[i] !== label ? [i] : [],
  );
  return shuffled(all, random("samples")).slice(0, SHOWN);
}
