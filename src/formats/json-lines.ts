/** JSON lines: one JSON value per line, the form of a log that only grows and may be cut off by a kill. */

import { FormatError, messageOf } from "../util/errors.ts";

export interface JsonLines {
  readonly values: readonly unknown[];
  /** A message about what was left out; undefined if every line was read. */
  readonly warning: string | undefined;
}

/**
 * Encodes one value per line; the last line also has a line end. @throws FormatError for values that JSON cannot represent
 * (undefined, functions).
 */
export function encodeJsonLines(values: readonly unknown[]): string {
  return values.map((value) => `${encodeJsonLine(value)}\n`).join("");
}

/** Encodes one value as a line without its line end. */
export function encodeJsonLine(value: unknown): string {
  const line = JSON.stringify(value) as string | undefined;
  if (line === undefined) throw new FormatError(`a ${typeof value} cannot be written as a line of JSON`);
  return line;
}

/**
 * Returns the values in a file's text; `name` is the file name used in error messages. Empty lines are skipped. A last line
 * without a line end was cut off by a kill: it is dropped, with a warning.
 *
 * @throws FormatError for any other line that is not JSON, by its number.
 */
export function parseJsonLines(text: string, name: string): JsonLines {
  const lines = text.split("\n");
  const torn = lines.pop() ?? "";
  const values: unknown[] = [];
  for (const [index, line] of lines.entries()) {
    if (line.trim() === "") continue;
    try {
      values.push(JSON.parse(line));
    } catch (error) {
      throw new FormatError(`${name}, line ${index + 1} is not JSON: ${messageOf(error)}`);
    }
  }
  const warning =
    torn.trim() === ""
      ? undefined
      : `${name}: the last line (${lines.length + 1}) was cut off and is left out`;
  return { values, warning };
}
