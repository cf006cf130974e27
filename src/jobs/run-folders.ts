/** Run folders: each training gets its own, even if several start at once. */

import { mkdirSync, readdirSync, rmdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { checkNewRunFolder } from "../train/run-folder.node.ts";
import { lockRunFolder } from "../train/run-lock.node.ts";
import { VultusError } from "../util/errors.ts";
import { makeFolder, reasonOf } from "../util/files.node.ts";

/**
 * Runs a new training in `folder`, which must be new or empty, or, if none is given, in `runs/<name>-<number>` with the first free
 * number. The folder is created and locked at once, so that no other training takes it. Created folders are removed again if they
 * stay empty.
 *
 * @throws UsageError if the folder is in use; VultusError if it cannot be created or written to.
 */
export async function inNewRunFolder<R>(
  folder: string | undefined,
  name: string,
  work: (folder: string) => Promise<R>,
): Promise<R> {
  const { path, made } = folder === undefined ? freeFolder(name) : newFolder(folder);
  try {
    return await locked(path, async () => {
      // Another training may have used the folder before it was locked.
      checkNewRunFolder(path);
      return work(path);
    });
  } catch (error) {
    removeEmpty(join(path, "checkpoints"));
    for (let at = resolve(path); made !== undefined && at.startsWith(made); at = dirname(at)) removeEmpty(at);
    throw error;
  }
}

/** Continues the run in `folder`. @throws UsageError if another training is writing to it. */
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

/** The folder of a new run, and the topmost folder that was created for it. */
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
    throw new VultusError(`cannot create a folder in ${resolve("runs")}: ${reasonOf(error)}`);
  }
}

/** Creates a folder; returns false if something with that name exists. */
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
