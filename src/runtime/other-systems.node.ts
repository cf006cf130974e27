/** onnxruntime-node contains libraries for every system; those for other systems can be deleted. */

import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { messageOf, VultusError } from "../util/errors.ts";
import { runtimeFolder } from "./cuda.node.ts";

export interface OtherSystems {
  /** One folder per system, `…/bin/napi-v6/win32/x64`. */
  readonly folders: readonly string[];
  readonly bytes: number;
}

/**
 * Finds the libraries of other systems next to those in `own`, `…/bin/napi-v6/linux/x64`; none if this system's
 * libraries are missing.
 */
export function otherSystems(own: string | undefined = runtimeFolder()): OtherSystems {
  if (own === undefined || !existsSync(join(own, "onnxruntime_binding.node")))
    return { folders: [], bytes: 0 };
  const all = dirname(dirname(own));
  const folders = foldersIn(all)
    .flatMap(foldersIn)
    .filter((folder) => folder !== own && existsSync(join(folder, "onnxruntime_binding.node")));
  const files = folders.flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
  return { folders, bytes: files.reduce((sum, file) => sum + statSync(file).size, 0) };
}

/**
 * Deletes the libraries of other systems; a new installation restores them.
 *
 * @throws VultusError if a folder cannot be deleted.
 */
export function removeOtherSystems(own?: string): OtherSystems {
  const found = otherSystems(own);
  for (const folder of found.folders) {
    try {
      rmSync(folder, { recursive: true });
    } catch (error) {
      throw new VultusError(`the libraries of ${systemOf(folder)} cannot be deleted: ${messageOf(error)}`);
    }
  }
  return found;
}

/** Returns `win32/x64`, in Node's names of systems. */
export const systemOf = (folder: string): string => `${basename(dirname(folder))}/${basename(folder)}`;

function foldersIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(folder, name));
}
