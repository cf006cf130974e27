/** Votes of several people on an image: the counts and the plurality. */

/**
 * For each image the vote counts: first of each class, in class order, then of every other name, in any order.
 * Undefined for an image with fewer than two votes; empty if no image has votes.
 */
export type Votes = readonly (readonly number[] | undefined)[];

/** Returns the index of the highest count; undefined for a tie. */
export function pluralityOf(counts: readonly number[]): number | undefined {
  const most = Math.max(...counts);
  const first = counts.indexOf(most);
  return counts.indexOf(most, first + 1) < 0 ? first : undefined;
}

/**
 * Returns the class that most people chose; undefined for a tie, or if that name is not one of the `classCount`
 * classes.
 */
export function chosenClass(counts: readonly number[], classCount: number): number | undefined {
  const top = pluralityOf(counts);
  return top !== undefined && top < classCount ? top : undefined;
}
