/** The share of a long work that one of several processes does: `3/16`. */

import { InvalidArgumentError } from "commander";
import { digestOf } from "../data/dataset.ts";

/** Whether this process does the work on the file of a name. */
export type IsOurs = (file: string) => boolean;

/**
 * Reads `index/count`. Indices may begin with 1 or with 0: `0/16` is `16/16`. A file belongs to exactly one of the `count` shards, by
 * a hash of its name, so that it does not matter which others there are.
 */
export function shardOf(text: string): IsOurs {
  const [, index, count] = /^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? [];
  const [own, all] = [Number(index), Number(count)];
  if (index === undefined || all < 1 || own > all)
    throw new InvalidArgumentError("Give the number of this shard and of all, such as 3/16.");
  return (file) => Number.parseInt(digestOf([file]).slice(0, 8), 16) % all === own % all;
}
