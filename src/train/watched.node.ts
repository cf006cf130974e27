/** The watched images as files of a run folder. */

import { join } from "node:path";
import type { Pixels } from "../data/pixels.ts";
import { makeFolder, writeFileAtomic } from "../util/files.node.ts";
import { sharp } from "../util/sharp.node.ts";

/** Greatest side of their images as files, in pixels. */
const SIDE = 160;

/** Where image `number` (from 0) lies in a run folder. */
export function watchedPath(folder: string, number: number): string {
  return join(folder, "watched", `${number}.webp`);
}

/** Writes their images into the run folder, since those that they were made of may move, or lie in no file of their own. */
export async function writeWatched(
  folder: string,
  pixels: Pick<Pixels, "get">,
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
