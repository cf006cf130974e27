/** Parses the vote cells of a manifest: numbers, as programs and spreadsheets write them, or true and false. */

import type { FormatError } from "../util/errors.ts";
import { emotionNamed } from "./names.ts";

const decided: Readonly<Record<string, number>> = { true: 1, yes: 1, false: 0, no: 0 };
const written = /^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
/** A decimal comma: 0,75. */
const withComma = /^\d+,\d+$/;
/** 1234 in some locales and 1.234 in others. */
const ambiguous = /^[1-9]\d{0,2},\d{3}$/;

/** Returns the votes of a row by column; an empty cell is 0. @throws the error that `wrong` returns. */
export function parseVotes(
  cells: Readonly<Record<string, string>>,
  columns: readonly string[],
  wrong: (problem: string) => FormatError,
): Map<string, number> {
  const votes = new Map<string, number>();
  for (const name of columns) {
    const text = cells[name] ?? "";
    if (ambiguous.test(text))
      throw wrong(
        `${name} is "${text}", which could mean ${text.replace(",", "")} or ${text.replace(",", ".")}; write one of them`,
      );
    const count = text === "" ? 0 : (decided[text.toLowerCase()] ?? numberIn(text));
    if (count === undefined)
      throw wrong(
        `${name} is "${text}", expected a number of votes, 0 or more, or True or False${hint(name)}`,
      );
    votes.set(name, count);
  }
  if ([...votes.values()].every((count) => count === 0)) throw wrong("no class has a vote");
  return votes;
}

function numberIn(text: string): number | undefined {
  const plain = withComma.test(text) ? text.replace(",", ".") : text;
  const count = written.test(plain) ? Number(plain) : Number.NaN;
  // Larger numbers are not exact, and their sum may be infinite.
  return count <= Number.MAX_SAFE_INTEGER ? count : undefined;
}

/** Suggests what a column may be if its name is not an emotion. */
function hint(name: string): string {
  return emotionNamed(name) === undefined
    ? `. If ${name} does not contain votes, rename it to subgroup:${name}, or to label if it contains the labels`
    : "";
}
