/** Logs of JSON lines on disk, which recover after a kill. */

import { closeSync, fstatSync, ftruncateSync, openSync, readSync } from "node:fs";
import { appendLine, readBytes } from "../util/files.node.ts";
import { encodeJsonLine, type JsonLines, parseJsonLines } from "./json-lines.ts";

/** Reads a log; leaves out and reports an incomplete last line. */
export function readJsonLines(path: string): JsonLines {
  return parseJsonLines(new TextDecoder().decode(readBytes(path)), path);
}

/** Appends one value to a log. An incomplete last line is removed first: otherwise it would merge with the new one. */
export function appendJsonLine(path: string, value: unknown): void {
  const line = encodeJsonLine(value);
  cutTornLine(path);
  appendLine(path, line);
}

const NEWLINE = 10;

/** Removes an incomplete line after the last line end, left by a kill. */
export function cutTornLine(path: string): void {
  let file: number;
  try {
    file = openSync(path, "r+");
  } catch {
    return; // There is no log yet, or appending will report why it cannot be opened.
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
