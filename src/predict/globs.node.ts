/** Expands file patterns, for shells that do not expand them, and for quoted ones. */

import { existsSync } from "node:fs";
import { relative } from "node:path";
import { Minimatch } from "minimatch";
import { picturesBelow } from "../data/folder.node.ts";

/** Returns whether a path is a pattern, i.e. contains `*`, `?`, `[…]` or `{…,…}`. */
export function isGlob(path: string): boolean {
  return /[*?]|\[.+\]|\{.*,.*\}/.test(path);
}

/** Treats names such as `IMG (1).jpg`, `#3.jpg` and `!.jpg` literally. */
const syntax = { noext: true, nocomment: true, nonegate: true };

/** Yields the matching files, sorted by name. `*` and `?` stay within a folder, `**` does not. */
export function* globbed(pattern: string): Generator<string> {
  const cut = pattern.lastIndexOf("/", pattern.search(/[*?[{]/)) + 1;
  const folder = pattern.slice(0, cut) || ".";
  // The trailing slash makes this true only for a folder.
  if (!existsSync(`${folder}/`)) return;
  const rest = new Minimatch(pattern.slice(cut), syntax);
  for (const path of picturesBelow(folder)) if (rest.match(relative(folder, path))) yield path;
}
