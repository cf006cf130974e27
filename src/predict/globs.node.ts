/** Files by pattern, for shells that do not expand patterns, and for quoted ones. */

import { existsSync } from "node:fs";
import { relative } from "node:path";
import { Minimatch } from "minimatch";
import { picturesBelow } from "../data/folder.node.ts";

/** Whether a path is a pattern: it holds `*`, `?`, `[…]` or `{…,…}`. */
export function isGlob(path: string): boolean {
  return /[*?]|\[.+\]|\{.*,.*\}/.test(path);
}

/** Names as `IMG (1).jpg`, `#3.jpg` and `!.jpg` are no syntax. */
const syntax = { noext: true, nocomment: true, nonegate: true };

/** The files that match, in order of their names: `*` and `?` stay within a folder, `**` does not. */
export function* globbed(pattern: string): Generator<string> {
  const cut = pattern.lastIndexOf("/", pattern.search(/[*?[{]/)) + 1;
  const folder = pattern.slice(0, cut) || ".";
  // Ends in a slash, so that it is there only if it is a folder.
  if (!existsSync(`${folder}/`)) return;
  const rest = new Minimatch(pattern.slice(cut), syntax);
  for (const path of picturesBelow(folder)) if (rest.match(relative(folder, path))) yield path;
}
