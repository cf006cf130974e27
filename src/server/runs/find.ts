/** Finds the runs to watch: the named folders, and the runs in folders that contain several, as they appear. */

import { readdir, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { runPaths } from "../../train/run-folder.node.ts";

export interface WatchedRun {
  /** Identifies the run in URLs; consists of letters, digits, `.`, `_` and `-`. */
  readonly id: string;
  readonly folder: string;
}

export interface Found {
  readonly runs: readonly WatchedRun[];
  /** Number of runs that are not watched because too many are newer. */
  readonly leftOut: number;
}

const MOST = 100;

/** The returned function looks again at each call. A path without a run may still become one. */
export function runFinder(paths: readonly string[], most = MOST): () => Promise<Found> {
  const ids = new Map<string, string>();
  const idOf = (folder: string): string => {
    const known = ids.get(folder);
    if (known !== undefined) return known;
    const taken = new Set(ids.values());
    const name = basename(folder).replaceAll(/[^\w.-]/g, "-") || "run";
    let id = name;
    for (let number = 2; taken.has(id); number++) id = `${name}-${number}`;
    ids.set(folder, id);
    return id;
  };
  return async () => {
    const folders = (await Promise.all(paths.map((path) => runsAt(resolve(path))))).flat();
    const unique = [...new Set(folders)];
    const kept = unique.length > most ? await newest(unique, most) : unique;
    return {
      runs: kept.map((folder) => ({ id: idOf(folder), folder })),
      leftOut: unique.length - kept.length,
    };
  };
}

async function runsAt(folder: string): Promise<string[]> {
  if (await isRun(folder)) return [folder];
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const inside = entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
  const runs = await Promise.all(inside.sort().map(async (path) => ((await isRun(path)) ? [path] : [])));
  const found = runs.flat();
  return found.length > 0 ? found : [folder];
}

async function isRun(folder: string): Promise<boolean> {
  const { events, environment, recipe } = runPaths(folder);
  const times = await Promise.all([events, environment, recipe].map(changedAt));
  return times.some((time) => time > 0);
}

async function newest(folders: readonly string[], most: number): Promise<string[]> {
  const dated = await Promise.all(
    folders.map(async (folder) => ({ folder, time: await changedAt(runPaths(folder).events) })),
  );
  const kept = new Set(
    dated
      .sort((a, b) => b.time - a.time)
      .slice(0, most)
      .map(({ folder }) => folder),
  );
  return folders.filter((folder) => kept.has(folder));
}

/** Returns the modification time of a file in milliseconds; 0 if there is none. */
export async function changedAt(path: string): Promise<number> {
  try {
    const found = await stat(path);
    return found.isFile() ? Math.max(1, found.mtimeMs) : 0;
  } catch {
    return 0;
  }
}
