/** Which folders trainings write to: one each, also where several begin at once. */

import { mkdirSync, readdirSync, rmdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { checkNewRunFolder } from "../train/run-folder.node.ts";
import { lockRunFolder } from "../train/run-lock.node.ts";
import { VultusError } from "../util/errors.ts";
import { makeFolder, reasonOf } from "../util/files.node.ts";

/**
 * Runs a new training in `folder`, which must be new or empty, or, where none is given, in `runs/<name>-<number>` with the first
 * number that is free. It is made and locked at once, so that no other training takes it, and folders that were made are removed
 * again if nothing came to lie in them.
 *
 * @throws UsageError where the folder is in use; VultusError where it cannot be made or written to.
 */
export async function inNewRunFolder<R>(
  folder: string | undefined,
  name: string,
  work: (folder: string) => Promise<R>,
): Promise<R> {
  const { path, made } = folder === undefined ? freeFolder(name) : newFolder(folder);
  try {
    return await locked(path, async () => {
      // Another training may have come and gone before it was locked.
      checkNewRunFolder(path);
      return work(path);
    });
  } catch (error) {
    removeEmpty(join(path, "checkpoints"));
    for (let at = resolve(path); made !== undefined && at.startsWith(made); at = dirname(at)) removeEmpty(at);
    throw error;
  }
}

/** Goes on with the run in `folder`. @throws UsageError where another training writes to it. */
export function inRunFolder<R>(folder: string, work: (folder: string) => Promise<R>): Promise<R> {
  return locked(folder, () => work(folder));
}

async function locked<R>(folder: string, work: () => Promise<R>): Promise<R> {
  const lock = lockRunFolder(folder);
  try {
    return await work();
  } finally {
    lock.release();
  }
}

/** A folder of a new run, and the topmost that had to be made for it. */
interface NewFolder {
  readonly path: string;
  readonly made: string | undefined;
}

function newFolder(path: string): NewFolder {
  checkNewRunFolder(path);
  return { path, made: makeFolder(path) };
}

function freeFolder(name: string): NewFolder {
  try {
    const made = makeFolder("runs");
    for (let number = 1; ; number++) {
      const path = join("runs", `${name}-${number}`);
      if (madeAnew(path)) return { path, made: made ?? resolve(path) };
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
