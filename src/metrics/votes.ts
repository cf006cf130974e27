/** What several people called an image: counts of votes, and what most of them chose. */

/**
 * For each image how many people voted for each class, in their order, and then for every other name, in any order; undefined for
 * an image on which no two people voted.
 */
export type Votes = readonly (readonly number[] | undefined)[];

/** The index of the count that is above all others; undefined where several are the highest. */
export function pluralityOf(counts: readonly number[]): number | undefined {
  const most = Math.max(...counts);
  const first = counts.indexOf(most);
  return counts.indexOf(most, first + 1) < 0 ? first : undefined;
}

/** The class that most people chose; undefined for a tie, and for a name that is none of the `classCount` classes. */
export function chosenClass(counts: readonly number[], classCount: number): number | undefined {
  const top = pluralityOf(counts);
  return top !== undefined && top < classCount ? top : undefined;
}
