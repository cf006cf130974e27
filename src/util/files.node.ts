/** Atomic file writes: a temporary file next to the target is synced, then renamed over it. */

import {
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { FormatError, messageOf, VultusError } from "./errors.ts";
import { shortName } from "./file-name.ts";

/** The file-system calls that writing needs; tests pass failing ones. */
export interface FileCalls {
  open(path: string, flags: string): number;
  write(file: number, data: Uint8Array, offset: number, length: number): number;
  sync(file: number): void;
  close(file: number): void;
  rename(from: string, to: string): void;
  remove(path: string): void;
}

export const realCalls: FileCalls = {
  open: (path, flags) => openSync(path, flags),
  write: (file, data, offset, length) => writeSync(file, data, offset, length),
  sync: (file) => fsyncSync(file),
  close: (file) => closeSync(file),
  rename: (from, to) => renameSync(from, to),
  remove: (path) => rmSync(path, { force: true }),
};

/** Remedies for errors when writing. */
const remedies: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full; free some space",
  EDQUOT: "the quota of the disk is used up; free some space",
  EACCES: "permission denied; check who owns the folder",
  EPERM: "permission denied; check who owns the folder",
  EROFS: "the file system is read-only; choose another folder",
  ENOENT: "no such file or folder",
  EEXIST: "a file of that name exists",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of its path is a file, not a folder",
  EIO: "the disk reports an error",
};

/**
 * Replaces the file at `path` by `data`, given as a whole or in parts. If anything fails, the old file is unchanged, no
 * temporary file remains, and the error states why.
 */
export function writeFileAtomic(path: string, data: FileData, calls: FileCalls = realCalls): void {
  writeFilesAtomic([[path, data]], calls);
}

type FileData = string | Uint8Array | readonly Uint8Array[];

/** Replaces several files like `writeFileAtomic`, none before there is space on the disk for all. */
export function writeFilesAtomic(
  files: readonly (readonly [path: string, data: FileData])[],
  calls: FileCalls = realCalls,
): void {
  const written: { readonly path: string; readonly beside: string }[] = [];
  const attempt = (path: string, work: () => void): void => {
    try {
      work();
    } catch (error) {
      for (const { beside } of written) removeQuietly(beside, calls);
      throw new VultusError(
        `${path} was not written: ${reasonOf(error)}. What was there before is untouched`,
      );
    }
  };
  for (const [path, data] of files)
    attempt(path, () => {
      const beside = besideOf(path);
      written.push({ path, beside });
      withFile(beside, "w", calls, (file) => {
        for (const part of partsOf(data)) writeAll(file, part, calls);
        calls.sync(file);
      });
    });
  for (const { path, beside } of written) attempt(path, () => calls.rename(beside, behindLink(path)));
  for (const { path } of written) syncFolder(behindLink(path), calls);
}

function partsOf(data: FileData): readonly Uint8Array[] {
  if (typeof data === "string") return [new TextEncoder().encode(data)];
  return data instanceof Uint8Array ? [data] : data;
}

/** Returns the path of the temporary file: in the same folder, because a rename cannot cross disks. */
function besideOf(path: string): string {
  const file = behindLink(path);
  return join(dirname(file), `.${shortName(basename(file))}.${process.pid}.tmp`);
}

/** Resolves a symbolic link, so that its target is replaced rather than the link. */
function behindLink(path: string): string {
  const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
  return isLink && existsSync(path) ? realpathSync(path) : path;
}

/** A file that grows under a temporary name, and gets its own name when it is complete. */
export interface GrowingFile {
  append(text: string): void;
  /** Replaces the file at its path. */
  finish(): void;
  /** Removes the temporary file; does nothing after `finish`. */
  discard(): void;
}

/**
 * Begins a file at `path`; an existing file stays until `finish`. @throws VultusError with the reason, as do the returned
 * functions.
 */
export function growingFile(path: string, calls: FileCalls = realCalls): GrowingFile {
  const beside = besideOf(path);
  let file: number | undefined;
  let isOver = false;
  const discard = (): void => {
    if (isOver) return;
    isOver = true;
    try {
      if (file !== undefined) calls.close(file);
    } catch {}
    removeQuietly(beside, calls);
  };
  const attempt = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      discard();
      throw new VultusError(`${path} was not written: ${reasonOf(error)}`);
    }
  };
  attempt(() => (file = calls.open(beside, "w")));
  return {
    append: (text) => attempt(() => writeAll(file as number, new TextEncoder().encode(text), calls)),
    finish() {
      attempt(() => {
        calls.sync(file as number);
        const open = file as number;
        file = undefined;
        calls.close(open);
        calls.rename(beside, behindLink(path));
      });
      isOver = true;
      syncFolder(behindLink(path), calls);
    },
    discard,
  };
}

/** Appends one line to a file in a single write. */
export function appendLine(path: string, line: string, calls: FileCalls = realCalls): void {
  try {
    withFile(path, "a", calls, (file) => writeAll(file, new TextEncoder().encode(`${line}\n`), calls));
  } catch (error) {
    throw new VultusError(`${path} was not written: ${reasonOf(error)}`);
  }
}

/**
 * Creates a folder and its missing parents; returns the topmost created one, if any. Node's own `recursive` never returns if
 * the file system reports a new folder as missing, as `/proc` does.
 *
 * @throws VultusError if it cannot be created.
 */
export function makeFolder(path: string): string | undefined {
  const missing: string[] = [];
  for (let at = resolve(path); !existsSync(at) && dirname(at) !== at; at = dirname(at)) missing.unshift(at);
  let made: string | undefined;
  try {
    for (const folder of missing) if (madeAlone(folder)) made ??= folder;
    // The error states that it is a file, or that its drive is missing.
    if (!isFolder(path)) mkdirSync(path);
  } catch (error) {
    throw new VultusError(`the folder ${path} cannot be created: ${reasonOf(error)}`, { cause: error });
  }
  return made;
}

/** Creates one folder; returns false if another process created it in the meantime. */
function madeAlone(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch (error) {
    if (isFolder(folder)) return false;
    throw error;
  }
}

/** Whether the path is a folder; a path that cannot be examined, such as a loop of links, is not. */
export function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** Reads a file; the error names the file if it cannot be read. */
export function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new VultusError(`${path} cannot be read: ${reasonOf(error)}`);
  }
}

/** Returns the first line of a text file; reads at most 64 KiB. Empty if the file is empty. */
export function readFirstLine(path: string): string {
  const file = openSync(path, "r");
  try {
    const head = new Uint8Array(65536);
    const length = readSync(file, head, 0, head.length, 0);
    return new TextDecoder().decode(head.subarray(0, length)).split(/\r?\n/, 1)[0] as string;
  } finally {
    closeSync(file);
  }
}

/** Returns the value in a JSON file. @throws FormatError with the position of the first invalid character. */
export function readJson(path: string): unknown {
  const bytes = readBytes(path);
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new FormatError(`${path} is not JSON (${bytes.length} bytes): ${messageOf(error)}`);
  }
}

/** Opens a file, does the work and closes the file. An error of the work takes precedence over an error on close. */
function withFile(path: string, flags: string, calls: FileCalls, work: (file: number) => void): void {
  const file = calls.open(path, flags);
  try {
    work(file);
  } catch (error) {
    try {
      calls.close(file);
    } catch {}
    throw error;
  }
  calls.close(file);
}

function writeAll(file: number, data: Uint8Array, calls: FileCalls): void {
  for (let offset = 0; offset < data.length; ) {
    const written = calls.write(file, data, offset, data.length - offset);
    if (written === 0) throw new Error("the system wrote nothing and gave no reason");
    offset += written;
  }
}

function removeQuietly(path: string, calls: FileCalls): void {
  try {
    calls.remove(path);
  } catch {
    // The reason why writing failed matters more than a leftover temporary file.
  }
}

/** A rename survives a power cut only if the folder is synced too. Windows cannot open folders, and need not. */
function syncFolder(path: string, calls: FileCalls): void {
  if (process.platform === "win32") return;
  try {
    withFile(dirname(path), "r", calls, (folder) => calls.sync(folder));
  } catch (error) {
    throw new VultusError(
      `${path} is written, but its folder could not be synced: ${reasonOf(error)}. A power cut now may bring the old file back`,
    );
  }
}

/** Returns the file system's reason, and what the user can do about it. */
export function reasonOf(error: unknown): string {
  // The original reason, without the context that an error of ours added.
  if (error instanceof VultusError && error.cause !== undefined) return reasonOf(error.cause);
  const code = (error as NodeJS.ErrnoException).code ?? "";
  return remedies[code] ?? messageOf(error);
}
