/** Fits text to the width of a terminal without breaking a word. */

import { stripVTControlCharacters } from "node:util";

/** Maximum hanging indent as a share of the width, so that enough room is left for the text. */
const MOST_INDENT = 0.5;

/** A word. Text in backticks counts as one word, so that a command stays on one line, and so does a number with its unit. */
const word = /(\s*)((?:`[^`]+`|\S)+(?:(?<=\d) (?:%|ms|s|min|h|px|MB|GB)(?!\w)\S*)?)/g;

/** Counts visible characters: escape sequences for colours and links have no width. */
export function lengthOf(text: string): number {
  return [...stripVTControlCharacters(text)].length;
}

/**
 * Breaks each line that is longer than `width` between words. Continuation lines are indented like the text of the line, or
 * like its second column. A word longer than the width is not broken.
 */
export function wrapped(text: string, width: number | undefined): string {
  if (width === undefined) return text;
  return text
    .split("\n")
    .map((line) => (lengthOf(line) <= width ? line : wrappedLine(line, width)))
    .join("\n");
}

function wrappedLine(line: string, width: number): string {
  const indent = " ".repeat(hangingIndent(stripVTControlCharacters(line), width));
  const lines: string[] = [];
  let current = "";
  for (const [, space = "", text = ""] of line.matchAll(word)) {
    if (current.trim() !== "" && lengthOf(current + space + text) > width) {
      lines.push(current);
      current = indent + text;
    } else current += space + text;
  }
  return [...lines, current].join("\n");
}

/** Returns where the second column begins, after a bullet or at least two spaces; else where the first one does, plus two. */
function hangingIndent(line: string, width: number): number {
  const [first = ""] = /^\s*/.exec(line) ?? [];
  const [column = ""] = /^\s*(?:[-*] |\S.*?\s{2,})/.exec(line) ?? [];
  return column.length > 0 && column.length <= width * MOST_INDENT ? column.length : first.length + 2;
}

/** Cuts a line to the width, between columns (separated by two spaces) or between words. */
export function cutToFit(line: string, width: number): string {
  if (lengthOf(line) <= width) return line;
  const start = line.slice(0, width + 1);
  const end = start.lastIndexOf("  ");
  const cut = end > width / 2 ? end : start.lastIndexOf(" ");
  return cut > 0 ? line.slice(0, cut).trimEnd() : line.slice(0, width);
}

/** Words of a command line; a quoted word may contain spaces. */
const commandWord = /(?:'[^']*'|"[^"]*"|\\.|[^\s'"\\])+/g;

/**
 * Breaks a command into as few lines as fit, ready to paste. Unix shells continue a line that ends with a backslash. On Windows,
 * where shells disagree about that, the command stays on one line.
 */
export function wrappedCommand(
  command: string,
  width: number | undefined,
  platform: NodeJS.Platform = process.platform,
): string {
  if (width === undefined || command.length <= width || platform === "win32") return command;
  const lines: string[] = [];
  let current = "";
  for (const [text] of command.matchAll(commandWord)) {
    if (current !== "" && `${current} ${text} \\`.length > width) {
      lines.push(`${current} \\`);
      current = `  ${text}`;
    } else current = current === "" ? text : `${current} ${text}`;
  }
  return [...lines, current].join("\n");
}
