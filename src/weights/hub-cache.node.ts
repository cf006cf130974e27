/**
 * The cache folder of huggingface_hub, shared by Python and vultus: `models--<owner>--<name>/` with `blobs/<hash>`,
 * `snapshots/<commit>/<file>` linking to them, and `refs/<revision>` naming a commit.
 */

import { randomUUID } from "node:crypto";
import { copyFileSync, existsSync, readFileSync, renameSync, symlinkSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { makeFolder, writeFileAtomic } from "../util/files.node.ts";
import type { HubFile } from "./sources.ts";

export interface Cached {
  readonly path: string;
  readonly commit: string;
}

export const isCommit = (text: string): boolean => /^[0-9a-f]{40}$/.test(text);

const folderOf = (cache: string, repo: string): string =>
  join(cache, `models--${repo.replaceAll("/", "--")}`);

export const blobPath = (cache: string, repo: string, hash: string): string =>
  join(folderOf(cache, repo), "blobs", hash);

export const snapshotPath = (cache: string, { repo, file }: HubFile, commit: string): string =>
  join(folderOf(cache, repo), "snapshots", commit, ...file.split("/"));

/** Returns the file at the commit found when the revision was last looked up. */
export function findCached(cache: string, source: HubFile): Cached | undefined {
  const commit = isCommit(source.revision) ? source.revision : readRef(cache, source);
  if (!commit) return undefined;
  const path = snapshotPath(cache, source, commit);
  return existsSync(path) ? { path, commit } : undefined;
}

const refPath = (cache: string, { repo, revision }: HubFile): string =>
  join(folderOf(cache, repo), "refs", ...revision.split("/"));

function readRef(cache: string, source: HubFile): string | undefined {
  const path = refPath(cache, source);
  const commit = existsSync(path) ? readFileSync(path, "utf8").trim() : "";
  return isCommit(commit) ? commit : undefined;
}

/** Records the current commit of a revision. Writes nothing if it is already recorded, so a cache may be read-only. */
export function writeRef(cache: string, source: HubFile, commit: string): void {
  if (source.revision === commit || readRef(cache, source) === commit) return;
  const path = refPath(cache, source);
  makeFolder(dirname(path));
  writeFileAtomic(path, commit);
}

/** Makes `path` a relative link to `blob`, or a copy if links are not supported. */
export function linkToBlob(blob: string, path: string, symlink: typeof symlinkSync = symlinkSync): void {
  makeFolder(dirname(path));
  const beside = `${path}.${randomUUID()}.tmp`;
  try {
    symlink(relative(dirname(path), blob), beside);
  } catch {
    copyFileSync(blob, beside);
  }
  renameSync(beside, path);
}
