/** The images that a run's log names, by number; nothing else of the disk can be had. */

import { constants, open, realpath } from "node:fs/promises";
import { watchedPath } from "../../train/watched.node.ts";

/** An image of at most 160 px has a few kilobytes. */
const MOST_BYTES = 1 << 20;

/** The bytes of a WebP image; undefined where there is none, or something else lies in its place. */
export async function watchedPicture(folder: string, number: number): Promise<Buffer | undefined> {
  try {
    const path = watchedPath(folder, number);
    // A run folder may come from elsewhere: no link in it, of the file or of its folder, is followed out of it.
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
