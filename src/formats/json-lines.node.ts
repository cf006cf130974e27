/** Logs of JSON lines on disk, which mend themselves after a kill. */

import { closeSync, fstatSync, ftruncateSync, openSync, readSync } from "node:fs";
import { appendLine, readBytes } from "../util/files.node.ts";
import { encodeJsonLine, type JsonLines, parseJsonLines } from "./json-lines.ts";

/** Reads a log; a torn last line is left out and said. */
export function readJsonLines(path: string): JsonLines {
  return parseJsonLines(new TextDecoder().decode(readBytes(path)), path);
}

/** Adds one value to a log. A line that a kill tore is cut off first: otherwise it would swallow the new one. */
export function appendJsonLine(path: string, value: unknown): void {
  const line = encodeJsonLine(value);
  cutTornLine(path);
  appendLine(path, line);
}

const NEWLINE = 10;

/** Cuts off what follows the last end of a line: what a kill tore. */
export function cutTornLine(path: string): void {
  let file: number;
  try {
    file = openSync(path, "r+");
  } catch {
    return; // There is no log yet, or appending will say why it cannot be opened.
  }
  try {
    const byte = new Uint8Array(1);
    const { size } = fstatSync(file);
    let end = size;
    while (end > 0 && readSync(file, byte, 0, 1, end - 1) === 1 && byte[0] !== NEWLINE) end--;
    if (end < size) ftruncateSync(file, end);
  } finally {
    closeSync(file);
  }
}
