/** Which folders trainings write to: one each, also where several begin at once. */

import { mkdirSync, readdirSync, rmdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { UsageError, VultusError } from "../util/errors.ts";
import { makeFolder, reasonOf } from "../util/files.node.ts";

/** Folders that trainings of this process write to. */
const busy = new Set<string>();

/**
 * Runs a training that writes to `folder` or, where none is given, to `runs/<name>-<number>` with the first number that is
 * free. That one is made at once, so that no other training takes it, and removed again if nothing came to lie in it.
 *
 * @throws UsageError where another training of this process writes to the folder.
 */
export async function inRunFolder<R>(
  folder: string | undefined,
  name: string,
  work: (folder: string) => Promise<R>,
): Promise<R> {
  const taken = folder ?? takeFreeFolder(name);
  const place = resolve(taken);
  if (busy.has(place)) {
    throw new UsageError(
      `another training of this program writes to ${taken}; wait for its end, or give another folder with --out`,
    );
  }
  busy.add(place);
  try {
    return await work(taken);
  } catch (error) {
    // Also `runs` itself, if nothing else is in it.
    if (folder === undefined) for (const path of [taken, dirname(taken)]) removeEmpty(path);
    throw error;
  } finally {
    busy.delete(place);
  }
}

function takeFreeFolder(name: string): string {
  try {
    for (let number = 1; ; number++) {
      const folder = join("runs", `${name}-${number}`);
      makeFolder("runs");
      if (madeAnew(folder)) return folder;
    }
  } catch (error) {
    throw new VultusError(`no folder can be made in ${resolve("runs")}: ${reasonOf(error)}`);
  }
}

/** Makes a folder; false where there is something of that name. */
function madeAnew(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function removeEmpty(folder: string): void {
  try {
    if (readdirSync(folder).length === 0) rmdirSync(folder);
  } catch {}
}
