/** Ids and order of samples that don't depend on how their source was named, listed or copied. */

import { UsageError } from "../util/errors.ts";

/** Returns the id in Unicode NFC, without redundant path segments such as `./`. */
export function canonicalId(id: string): string {
  return id
    .normalize("NFC")
    .replace(/\/(?:\.?\/)+/g, "/")
    .replace(/^(?:\.\/)+/, "");
}

/** Sorts items by id: files before folders in every folder, both by code unit, independent of the locale. */
export function sortedById<T extends { readonly id: string }>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, path: item.id.split("/") }))
    .sort((a, b) => comparePaths(a.path, b.path))
    .map(({ item }) => item);
}

function comparePaths(a: readonly string[], b: readonly string[]): number {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  const [left, right] = [a.length - at, b.length - at];
  if (left === 0 || right === 0) return left - right;
  if ((left === 1) !== (right === 1)) return left === 1 ? -1 : 1;
  return (a[at] as string) < (b[at] as string) ? -1 : 1;
}

/**
 * Returns a name for each of several sources, independent of their order: the last part of its path, preceded by as many
 * parts as make it unique: `2019:photos` and `2020:photos`. Names have no slashes.
 *
 * @param paths absolute, with forward slashes.
 * @throws UsageError for sources that cannot be distinguished, such as one that is given twice.
 */
export function sourceNames(paths: readonly string[]): string[] {
  const parts = paths.map((path) => path.normalize("NFC").split("/").filter(Boolean));
  const lastOf = (path: readonly string[], depth: number): string => path.slice(-depth).join(":");
  const names = parts.map((path, i) => {
    let depth = 1;
    const isTaken = (other: readonly string[], j: number): boolean =>
      j !== i && lastOf(other, depth) === lastOf(path, depth);
    while (depth < path.length && parts.some(isTaken)) depth++;
    return lastOf(path, depth);
  });
  for (const [i, name] of names.entries()) {
    const earlier = names.indexOf(name);
    if (earlier < i)
      throw new UsageError(
        `${paths[earlier]} and ${paths[i]} cannot be distinguished by name. Name each source only once, or rename one.`,
      );
  }
  return names;
}
