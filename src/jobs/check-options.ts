/** Checks options from programs without types: each must have a valid value, or the error lists what is valid. */

import { UsageError } from "../util/errors.ts";
import { didYouMean } from "../util/nearest.ts";

/** The valid values of an option. */
export interface Kind {
  /** In words, to follow "must be". */
  readonly valid: string;
  readonly is: (value: unknown) => boolean;
}

const isText = (value: unknown): value is string => typeof value === "string" && value !== "";
const areTexts = (value: unknown): boolean => value instanceof Array && value.every(isText);

/** Accepts a finite number for which `fits` returns true. */
function numberWhere(valid: string, fits: (value: number) => boolean): Kind {
  return { valid, is: (value) => typeof value === "number" && Number.isFinite(value) && fits(value) };
}

export const kinds = {
  /** Checked where it is used. */
  unchecked: { valid: "anything", is: () => true },
  text: { valid: "text", is: isText },
  texts: { valid: "a list of strings", is: areTexts },
  textOrTexts: { valid: "a string or a list of strings", is: (value) => isText(value) || areTexts(value) },
  textsByName: {
    valid: "an object that maps names to names",
    is: (value) => typeof value === "object" && value !== null && Object.values(value).every(isText),
  },
  textOrFlag: { valid: "text, true or false", is: (value) => isText(value) || typeof value === "boolean" },
  flag: { valid: "true or false", is: (value) => typeof value === "boolean" },
  positive: numberWhere("a number above 0", (value) => value > 0),
  atLeast0: numberWhere("a number of 0 or more", (value) => value >= 0),
  count: numberWhere("a whole number of 1 or more", (value) => Number.isInteger(value) && value >= 1),
  call: { valid: "a function", is: (value) => typeof value === "function" },
  signal: {
    valid: "an AbortSignal",
    is: (value) =>
      typeof value === "object" && value !== null && "aborted" in value && "addEventListener" in value,
  },
} satisfies Readonly<Record<string, Kind>>;

export function oneOf(...names: readonly string[]): Kind {
  return { valid: `one of ${names.join(", ")}`, is: (value) => names.some((name) => name === value) };
}

/** @throws UsageError for an option that does not exist, or for an invalid value; undefined counts as left out. */
export function checkOptions<T extends object>(
  options: T,
  expected: { readonly [K in keyof Required<T>]: Kind },
): void {
  if (typeof options !== "object" || options === null)
    throw new UsageError('no options given; give at least the data, such as { data: "photos/" }');
  const known = new Map<string, Kind>(Object.entries(expected));
  for (const [name, value] of Object.entries(options)) {
    const kind = known.get(name);
    const names = [...known.keys()];
    if (!kind)
      throw new UsageError(
        `there is no option "${name}".${didYouMean(name, names)} Valid: ${names.join(", ")}`,
      );
    if (value !== undefined && !kind.is(value))
      throw new UsageError(`${name} is ${shown(value)}; it must be ${kind.valid}`);
  }
}

function shown(value: unknown): string {
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
