/** The share of a job that one of several processes does: `3/16`. */

import { InvalidArgumentError } from "commander";
import { digestOf } from "../data/dataset.ts";

/** Whether this process handles the named file. */
export type IsOurs = (file: string) => boolean;

/**
 * Parses `index/count`. Indices may start at 1 or at 0: `0/16` equals `16/16`. A hash of a file's name assigns it to exactly one
 * of the `count` shards, whatever other files there are.
 */
export function shardOf(text: string): IsOurs {
  const [, index, count] = /^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? [];
  const [own, all] = [Number(index), Number(count)];
  if (index === undefined || all < 1 || own > all)
    throw new InvalidArgumentError("Give the index of this shard and the number of shards, such as 3/16.");
  return (file) => Number.parseInt(digestOf([file]).slice(0, 8), 16) % all === own % all;
}
