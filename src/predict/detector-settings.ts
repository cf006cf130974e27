/** Validates the settings of a detector, because untyped callers may pass anything. */

import { UsageError } from "../util/errors.ts";
import { option } from "../util/spelling.ts";

/** The valid values of a setting: in words that follow "must be", and as a test. */
type Valid = readonly [words: string, is: (value: unknown) => boolean];

const isShare = (value: unknown): boolean => typeof value === "number" && value >= 0 && value <= 1;

function oneOf(...names: readonly string[]): Valid {
  return [names.join(" or "), (value) => names.some((name) => name === value)];
}

const valid = {
  size: ["a whole number of 1 or more", (value) => Number.isInteger(value) && (value as number) >= 1],
  threshold: ["a number from 0 to 1", isShare],
  overlap: ["a number from 0 to 1", isShare],
  search: oneOf("thorough", "fast"),
  rotate: oneOf("auto", "none"),
} satisfies Readonly<Record<string, Valid>>;

/** @throws UsageError for a setting out of range or an unknown word; undefined counts as left out. */
export function checkDetectorSettings(
  settings: Readonly<Partial<Record<keyof typeof valid, unknown>>>,
): void {
  for (const [name, [words, is]] of Object.entries(valid) as [keyof typeof valid, Valid][]) {
    const value = settings[name];
    if (value !== undefined && !is(value))
      throw new UsageError(`${option(`detector.${name}`)} is ${shown(value)}; it must be ${words}`);
  }
}

function shown(value: unknown): string {
  return typeof value === "string" ? `"${value}"` : String(value);
}
