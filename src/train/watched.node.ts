/** The few validation pictures whose answers are told after each epoch, so that one can watch a model learn them. */

import { join } from "node:path";
import type { PixelCache } from "../data/pixel-cache.node.ts";
import { shuffledOrder } from "../data/sampler.ts";
import { makeFolder, writeFileAtomic } from "../util/files.node.ts";
import { sharp } from "../util/sharp.node.ts";

const MOST = 12;
/** Greatest side of their pictures as files, in pixels. */
const SIDE = 160;

/** Where picture `number` (from 0) lies in a run folder. */
export function watchedPath(folder: string, number: number): string {
  return join(folder, "watched", `${number}.webp`);
}

/** At most twelve, as many of each class as there are, drawn by the seed; in the order of the classes. */
export function watchedIndices(labels: readonly number[], classes: number, seed: number): number[] {
  const order = shuffledOrder(labels.length, seed, "watched");
  const ofClass = Array.from({ length: classes }, (_, label) => order.filter((i) => labels[i] === label));
  const each = Math.max(1, Math.floor(MOST / classes));
  return ofClass.flatMap((indices) => indices.slice(0, each)).slice(0, MOST);
}

/** Writes their pictures into the run folder, since those that they were made of may move, or lie in no file of their own. */
export async function writeWatched(
  folder: string,
  pixels: Pick<PixelCache, "get">,
  indices: readonly number[],
): Promise<void> {
  makeFolder(join(folder, "watched"));
  for (const [number, index] of indices.entries()) {
    const { pixels: bytes, width, height, channels } = pixels.get(index);
    const encoded = await sharp(bytes, { raw: { width, height, channels } })
      .resize({ width: SIDE, height: SIDE, fit: "inside", withoutEnlargement: true })
      .webp({ quality: 90 })
      .toBuffer();
    writeFileAtomic(watchedPath(folder, number), encoded);
  }
}
