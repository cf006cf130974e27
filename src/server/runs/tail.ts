/** Reads a log that another process writes: the complete lines after a mark, and whether it is still the same log. */

import { type FileHandle, open } from "node:fs/promises";
import { crc32 } from "../../formats/crc32.ts";

/**
 * A position in a log, at the end of a line. The checksum of the preceding bytes distinguishes a log that has grown
 * from one that was replaced, even across a restart of this process.
 */
export interface Mark {
  readonly offset: number;
  readonly checksum: number;
}

export const beginning: Mark = { offset: 0, checksum: 0 };

export interface Tail {
  readonly lines: readonly string[];
  readonly mark: Mark;
  /** The log was replaced or truncated: the lines are its first ones, and those read before are void. */
  readonly restarted: boolean;
  /** Whether there may be more lines to read now. */
  readonly more: boolean;
}

/** Bytes per read. A longer line is split, so it is not valid JSON and is skipped. */
const CHUNK = 1 << 20;
/** Number of bytes before a mark that its checksum covers. */
const COVERED = 512;

/** An incomplete last line is left for later: it is still being written, or the writer was killed. */
export async function linesAfter(path: string, mark: Mark, chunk = CHUNK): Promise<Tail> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, "r");
    return await tailOf(file, mark, chunk);
  } catch {
    // The file does not exist yet, no longer exists, or is unreadable.
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

/** Reads at a position; returns fewer bytes at the end of the file. */
async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await file.read(bytes, 0, length, position);
  return bytes.subarray(0, bytesRead);
}
