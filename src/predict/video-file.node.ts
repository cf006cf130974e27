/** Which files are videos. */

import { closeSync, openSync, readSync, type Stats, statSync } from "node:fs";
import { sniffPicture } from "../data/sniff.ts";
import { VIDEO_HEAD } from "../data/sniff-video.ts";
import { UnreadableImage } from "../data/unreadable.ts";
import { UsageError, VultusError } from "../util/errors.ts";
import { shellWord } from "../util/shell.ts";
import { callTo } from "../util/spelling.ts";
import { isGlob } from "./globs.node.ts";

/** Names of videos. `.ts` is TypeScript more often. */
const names =
  /\.(mp4|m4v|mov|qt|mkv|webm|avi|mpe?g|m1v|m2v|vob|ogv|3gp|3g2|wmv|asf|flv|f4v|mts|m2ts?|mxf|dv|gifv|rm)$/i;

/** Whether a file is a video by its name alone; one named `.ts` by its content. Nothing else is opened. */
export function isNamedAsVideo(file: string): boolean {
  return /\.ts$/i.test(file) ? contentOf(file) === "video" : hasNameOfVideo(file);
}

/** Whether a file is a video: by its content where it can be read and is recognised, else by its name. */
export function isVideo(file: string): boolean {
  const content = contentOf(file);
  return content === undefined ? hasNameOfVideo(file) : content === "video";
}

/** Folders, patterns and addresses are no videos, whatever their names end in. */
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

/** What bytes begin as; undefined where they are neither. @param head the first `VIDEO_HEAD` bytes. */
export function kindOf(head: Uint8Array): "video" | "image" | undefined {
  try {
    sniffPicture(head);
    return "image";
  } catch (error) {
    if (error instanceof UnreadableImage) return error.code === "video" ? "video" : undefined;
    throw error;
  }
}

/** The first bytes of a file that lies on disk; reading a pipe would take them away from its reader. */
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

/** @throws VultusError for an empty file; UsageError where ffmpeg could not read `file` from any place, as it must: what is there instead, and the way out. */
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
  if (stat.isDirectory()) throw new UsageError(`${name} is a folder; name a video in it`);
  const kind = stat.isFIFO() ? "a named pipe" : stat.isSocket() ? "a socket" : "a device";
  const call = callTo("predict", { data: ["-"] });
  throw new UsageError(
    `${name} is ${kind}; a video is a file, or comes on standard input: \`cat ${shellWord(name, process.platform)} | ${call}\``,
  );
}
