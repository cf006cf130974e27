/** Folders of results, which later commands must not read as data. */

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { makeFolder, writeFileAtomic } from "./files.node.ts";

const MARK = ".vultus";

/**
 * Creates a folder for results and marks it. A folder that already has files may contain a user's data, and is not marked.
 */
export function makeOwnFolder(path: string): void {
  makeFolder(path);
  if (readdirSync(path).length === 0)
    writeFileAtomic(
      join(path, MARK),
      "vultus wrote this folder and does not read its images as data. To change that, delete this file.\n",
    );
}

/** Whether vultus wrote the folder: it is marked, or it is a run. */
export function isOwnFolder(path: string): boolean {
  const has = (name: string): boolean => existsSync(join(path, name));
  return has(MARK) || (has("recipe.json") && has("environment.json"));
}
