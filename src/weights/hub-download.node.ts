/** Downloads one blob into the cache: resumes an interrupted download, and verifies the content. */

import { createHash } from "node:crypto";
import { createReadStream, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { messageOf, VultusError } from "../util/errors.ts";
import { makeFolder } from "../util/files.node.ts";
import { type Fetch, type Patience, persist, reasonOf, request, watchdog } from "./hub-http.node.ts";

export interface Progress {
  readonly bytes: number;
  /** 0 until the hub states it. */
  readonly total: number;
  /** Why no data arrives at the moment, if that is the case. */
  readonly waiting?: string;
}

/** The hub's metadata of a file. */
export interface FileFacts {
  readonly size: number;
  /** The SHA-256 of the content, or git's SHA-1 for a file that lies in git itself. */
  readonly hash: string;
}

export interface Download extends FileFacts {
  readonly url: string;
  /** Where the file is to appear. */
  readonly blob: string;
  readonly token?: string | undefined;
  readonly fetch: Fetch;
  readonly patience: Patience;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Downloads and verifies; on failure the received part is kept for the next attempt, and the error states its size. */
export async function download(task: Download): Promise<void> {
  const { blob, size, hash, signal } = task;
  makeFolder(dirname(blob));
  const partial = claimPartial(blob);
  try {
    for (let resumed = bytesOf(partial) > 0; ; resumed = false) {
      await fill(partial, task);
      const found = await hashOf(partial, task);
      if (found === hash) break;
      rmSync(partial);
      // The leftovers of an earlier process may be damaged, for example by a power cut; a complete download must not be.
      if (!resumed) throw new VultusError(`its hash is ${found}, but the hub states ${hash}`);
    }
    renameSync(partial, blob);
  } catch (error) {
    const kept = bytesOf(partial);
    if (kept === 0) rmSync(partial, { force: true });
    const reason = signal?.aborted ? "it was stopped" : reasonOf(error);
    throw new VultusError(
      kept === 0
        ? reason
        : `${reason}; ${mb(kept)} of ${mb(size)} MB are kept, and the next attempt continues from there`,
      { cause: error },
    );
  } finally {
    writing.delete(partial);
  }
}

const mb = (bytes: number): string => (bytes / 1e6).toFixed(1);

/** Appends to `partial` until it is complete, over as many connections as needed. */
async function fill(partial: string, task: Download): Promise<void> {
  const { url, size, token, fetch, patience, signal, onProgress } = task;
  const file = await open(partial, "a");
  try {
    let bytes = (await file.stat()).size;
    const restart = async (): Promise<void> => {
      await file.truncate();
      bytes = 0;
    };
    if (bytes > size) await restart();
    const tell = (waiting?: string): void =>
      onProgress?.({ bytes, total: size, ...(waiting ? { waiting } : {}) });

    const connect = async (): Promise<void> => {
      tell();
      if (bytes === size) return;
      const watch = watchdog(patience.stall, signal);
      try {
        const headers: Record<string, string> = bytes > 0 ? { range: `bytes=${bytes}-` } : {};
        // Each attempt starts at the hub, because the address that it redirects to is signed and expires.
        const answers = await request(url, { method: "GET", headers, token, fetch, signal: watch.signal });
        const response = answers.at(-1) as Response;
        if (bytes > 0 && !continuesAt(response, bytes)) await restart();
        for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
          watch.alive();
          if (bytes + chunk.length > size)
            throw new VultusError(`the server sends more than the ${size} bytes that the hub states`);
          await append(file, chunk);
          bytes += chunk.length;
          tell();
        }
      } finally {
        watch.stop();
      }
      if (bytes < size) throw new Error(`the connection ended after ${bytes} of ${size} bytes`);
    };
    await persist(connect, { patience, signal, progress: () => bytes, onWait: tell });
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Whether the response is the requested part; a server without range support sends everything. */
function continuesAt(response: Response, bytes: number): boolean {
  if (response.status !== 206) return false;
  const range = response.headers.get("content-range");
  if (range?.startsWith(`bytes ${bytes}-`)) return true;
  throw new Error(`vultus requested bytes from ${bytes} on, but the server sent "${range}"`);
}

async function append(file: FileHandle, chunk: Uint8Array): Promise<void> {
  try {
    await file.appendFile(chunk);
  } catch (error) {
    throw new VultusError(
      `it could not be written: ${messageOf(error)}; free some space, or choose another folder with HF_HOME`,
    );
  }
}

async function hashOf(path: string, { hash, size }: Download): Promise<string> {
  // git hashes the kind and the size of a file before its content.
  const digest = hash.length === 40 ? createHash("sha1").update(`blob ${size}\0`) : createHash("sha256");
  for await (const chunk of createReadStream(path)) digest.update(chunk as Buffer);
  return digest.digest("hex");
}

const bytesOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

/** The partial files that this process writes at the moment. */
const writing = new Set<string>();
let claims = 0;

/**
 * Returns a partial file that nobody else writes to: the longest of those whose process has ended, or a new one. Its name
 * contains the process that writes it, and taking one over is a rename, so of two processes one succeeds, and no lock can be left behind.
 * Python's own partial files are left alone, because they do not show whether Python still writes to them.
 */
function claimPartial(blob: string): string {
  const folder = dirname(blob);
  const host = hostname().replaceAll(/[^\w-]/g, "-");
  const mine = `${blob}.${host}.${process.pid}.${claims++}.incomplete`;
  writing.add(mine);
  const abandoned = (name: string): boolean => {
    const [hash, at, pid, , ending] = name.split(".");
    if (ending !== "incomplete" || hash !== basename(blob) || at !== host) return false;
    return Number(pid) === process.pid ? !writing.has(join(folder, name)) : !isAlive(Number(pid));
  };
  const found = readdirSync(folder)
    .filter(abandoned)
    .map((name) => join(folder, name));
  for (const path of found.sort((a, b) => bytesOf(a) - bytesOf(b))) {
    try {
      // The longest comes last and replaces the others.
      renameSync(path, mine);
    } catch {
      // Another process was faster.
    }
  }
  return mine;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Another user's process may not be signalled.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
