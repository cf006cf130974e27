/** Reads a log that others write to: the whole lines after a mark, and whether the log still is the one of the mark. */

import { type FileHandle, open } from "node:fs/promises";
import { crc32 } from "../../formats/crc32.ts";

/**
 * A place in a log, just behind a line. The checksum of what lies before it tells a log that has grown from one that was
 * replaced, even across a restart of this process.
 */
export interface Mark {
  readonly offset: number;
  readonly checksum: number;
}

export const beginning: Mark = { offset: 0, checksum: 0 };

export interface Tail {
  readonly lines: readonly string[];
  readonly mark: Mark;
  /** The log was replaced or cut: the lines are its first ones, and those that were read before are void. */
  readonly restarted: boolean;
  /** There may be more lines to read at once. */
  readonly more: boolean;
}

/** Bytes read at a time; a longer line is broken, so it is no JSON and nobody misses it. */
const CHUNK = 1 << 20;
/** Bytes before a mark that its checksum covers. */
const COVERED = 512;

/** A line without its end is left for later: it is still being written, or a kill tore it. */
export async function linesAfter(path: string, mark: Mark, chunk = CHUNK): Promise<Tail> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, "r");
    return await tailOf(file, mark, chunk);
  } catch {
    // Not there yet, no longer, or nothing that can be read.
    return { lines: [], mark: beginning, restarted: mark.offset > 0, more: false };
  } finally {
    await file?.close();
  }
}

async function tailOf(file: FileHandle, mark: Mark, chunk: number): Promise<Tail> {
  const covered = await readAt(file, coveredBy(mark.offset), mark.offset - coveredBy(mark.offset));
  const same = mark.offset === 0 || crc32(covered) === mark.checksum;
  const from = same ? mark.offset : 0;
  const bytes = await readAt(file, from, chunk);
  const full = bytes.length === chunk;
  const end = bytes.lastIndexOf(0x0a) + 1;
  const used = end === 0 && full ? bytes.length : end;
  if (used === 0) return { lines: [], mark: same ? mark : beginning, restarted: !same, more: false };
  const text = new TextDecoder().decode(bytes.subarray(0, used));
  const offset = from + used;
  const before = await readAt(file, coveredBy(offset), offset - coveredBy(offset));
  return {
    lines: text.split("\n").filter((line) => line.trim() !== ""),
    mark: { offset, checksum: crc32(before) },
    restarted: !same,
    more: full,
  };
}

function coveredBy(offset: number): number {
  return Math.max(0, offset - COVERED);
}

/** Fewer bytes where the file ends before. */
async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await file.read(bytes, 0, length, position);
  return bytes.subarray(0, bytesRead);
}
