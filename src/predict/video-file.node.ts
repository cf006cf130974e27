/** Detects which files are videos. */

import { closeSync, openSync, readSync, type Stats, statSync } from "node:fs";
import { sniffPicture } from "../data/sniff.ts";
import { VIDEO_HEAD } from "../data/sniff-video.ts";
import { UnreadableImage } from "../data/unreadable.ts";
import { UsageError, VultusError } from "../util/errors.ts";
import { shellWord } from "../util/shell.ts";
import { callTo } from "../util/spelling.ts";
import { isGlob } from "./globs.node.ts";

/** File extensions of videos. `.ts` is more often TypeScript. */
const names =
  /\.(mp4|m4v|mov|qt|mkv|webm|avi|mpe?g|m1v|m2v|vob|ogv|3gp|3g2|wmv|asf|flv|f4v|mts|m2ts?|mxf|dv|gifv|rm)$/i;

/** Returns whether a file is a video by its name alone, or by its content if it is named `.ts`. Opens no other file. */
export function isNamedAsVideo(file: string): boolean {
  return /\.ts$/i.test(file) ? contentOf(file) === "video" : hasNameOfVideo(file);
}

/** Returns whether a file is a video: by its content if it is readable and recognised, else by its name. */
export function isVideo(file: string): boolean {
  const content = contentOf(file);
  return content === undefined ? hasNameOfVideo(file) : content === "video";
}

/** Folders, patterns and URLs are not videos, regardless of how their names end. */
function hasNameOfVideo(file: string): boolean {
  if (!names.test(file) || /^https?:/i.test(file)) return false;
  try {
    return !statSync(file).isDirectory();
  } catch {
    return !isGlob(file);
  }
}

function contentOf(file: string): "video" | "image" | undefined {
  try {
    const head = headOf(file);
    return head && kindOf(head);
  } catch {
    return undefined;
  }
}

/** Returns what the bytes are; undefined if they are neither. @param head the first `VIDEO_HEAD` bytes */
export function kindOf(head: Uint8Array): "video" | "image" | undefined {
  try {
    sniffPicture(head);
    return "image";
  } catch (error) {
    if (error instanceof UnreadableImage) return error.code === "video" ? "video" : undefined;
    throw error;
  }
}

/** Returns the first bytes of a regular file. Reading from a pipe would take them away from its reader. */
function headOf(file: string): Uint8Array | undefined {
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) return undefined;
  const open = openSync(file, "r");
  try {
    const head = new Uint8Array(VIDEO_HEAD);
    return head.subarray(0, readSync(open, head, 0, head.length, 0));
  } finally {
    closeSync(open);
  }
}

/**
 * Checks that ffmpeg can seek in `file`. @throws VultusError for an empty file; UsageError, with a suggestion, for
 * anything that is not a regular file.
 */
export function checkVideoFile(file: string, name: string): void {
  let stat: Stats;
  try {
    stat = statSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`${name}: ${code === "ENOENT" ? "no such file" : `cannot be opened (${code})`}`);
  }
  if (stat.isFile()) {
    if (stat.size === 0) throw new VultusError(`${name} is empty`);
    return;
  }
  if (stat.isDirectory()) throw new UsageError(`${name} is a folder; give a video in it`);
  const kind = stat.isFIFO() ? "a named pipe" : stat.isSocket() ? "a socket" : "a device";
  const call = callTo("predict", { data: ["-"] });
  throw new UsageError(
    `${name} is ${kind}; give a file, or pipe the video to standard input: \`cat ${shellWord(name, process.platform)} | ${call}\``,
  );
}
