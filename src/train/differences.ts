/** Finds where two JSON values differ. */

export interface Difference {
  /** For example `phases.1.epochs`. */
  readonly key: string;
  /** As JSON; undefined if a value lacks the key. */
  readonly one: string | undefined;
  readonly other: string | undefined;
}

export function differences(one: unknown, other: unknown, key = ""): Difference[] {
  if (isObject(one) && isObject(other)) {
    return [...new Set([...Object.keys(one), ...Object.keys(other)])].flatMap((inner) =>
      differences(one[inner], other[inner], key ? `${key}.${inner}` : inner),
    );
  }
  const [a, b] = [JSON.stringify(one), JSON.stringify(other)];
  return a === b ? [] : [{ key, one: a, other: b }];
}

/** Lists are objects too: their keys are positions. */
function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
