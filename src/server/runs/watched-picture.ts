/** Serves the images that a run's log names, by number, and no other file. */

import { constants, open, realpath } from "node:fs/promises";
import { watchedPath } from "../../train/watched.node.ts";

/** An image of at most 160 px has a few kilobytes. */
const MOST_BYTES = 1 << 20;

/** Returns the bytes of a WebP image; undefined if there is none, or the file is something else. */
export async function watchedPicture(folder: string, number: number): Promise<Buffer | undefined> {
  try {
    const path = watchedPath(folder, number);
    // A run folder may come from elsewhere, so a symbolic link out of it, of the file or its folder, is not followed.
    if ((await realpath(path)) !== watchedPath(await realpath(folder), number)) return undefined;
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const { size } = await file.stat();
      if (size > MOST_BYTES) return undefined;
      const bytes = await file.readFile();
      const head = bytes.toString("latin1", 0, 12);
      return head.startsWith("RIFF") && head.endsWith("WEBP") ? bytes : undefined;
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}
