/** Lets one training at a time write to a run folder. */

import { type FolderLock, lockFolder } from "../util/folder-lock.node.ts";

export const LOCK_FILE = "training.lock";

/** Locks the folder of a run; errors as those of `lockFolder`. */
export function lockRunFolder(folder: string): FolderLock {
  return lockFolder(folder, { file: LOCK_FILE, work: "training" });
}
