/** Stores the watched images in a run folder. */

import { join } from "node:path";
import type { Pixels } from "../data/pixels.ts";
import { makeFolder, writeFileAtomic } from "../util/files.node.ts";
import { sharp } from "../util/sharp.node.ts";

/** Maximum side of the stored images, in pixels. */
const SIDE = 160;

/** The path of image `number` (from 0) in a run folder. */
export function watchedPath(folder: string, number: number): string {
  return join(folder, "watched", `${number}.webp`);
}

/** Writes the watched images to the run folder, because the original files may move, or the data may not consist of image files. */
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
