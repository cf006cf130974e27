/** Lets one process at a time write to a folder, by a lock file that does not block others after a kill. */

import {
  closeSync,
  linkSync,
  openSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { threadId } from "node:worker_threads";
import { z } from "zod";
import { UsageError, VultusError } from "./errors.ts";
import { reasonOf } from "./files.node.ts";

/**
 * A process on another machine counts as ended if it has not renewed its lock for this long. Both are in
 * milliseconds.
 */
const RENEWED_EVERY = 15_000;
const OVER_AFTER = 120_000;
/** More than two processes rarely take over the same lock at once. */
const TRIES = 5;

const holderSchema = z.object({
  pid: z.number().int(),
  /** Start time of the process, in the system's units, because a later process may have the same id. */
  start: z.string(),
  /** For messages. */
  host: z.string(),
  /** Distinguishes process ids of one boot and one container from all others. */
  machine: z.string(),
  since: z.string(),
});
type Holder = z.infer<typeof holderSchema>;

export interface FolderLock {
  release(): void;
}

/** The work that locks a folder. */
export interface LockedWork {
  /** Name of the lock file in the folder. */
  readonly file: string;
  /** Name of the work in errors, such as "training". */
  readonly work: string;
}

/**
 * Locks `folder`, which must exist. A lock whose process has ended, for whatever reason, is taken over: at once on the same
 * machine, and after two minutes without a renewal if the process was on another machine (or in another container).
 *
 * @throws UsageError if another process, or this one, holds the lock; VultusError if the folder cannot be written to.
 */
export function lockFolder(folder: string, { file, work }: LockedWork): FolderLock {
  const path = join(folder, file);
  const beside = join(folder, `.${file}.${process.pid}.${threadId}.tmp`);
  const own = JSON.stringify(thisProcess());
  try {
    for (let attempt = 0; attempt < TRIES; attempt++) {
      writeFileSync(beside, own);
      if (taken(beside, path, own)) return held(path, own);
      const there = readIfThere(path);
      if (there === undefined) continue;
      refuseIfHeld(folder, work, path, there, statSync(beside).mtimeMs);
      takeAway(path, beside, there);
    }
  } catch (error) {
    if (error instanceof VultusError) throw error;
    throw new VultusError(`${folder} cannot be written to: ${reasonOf(error)}`);
  } finally {
    rmSync(beside, { force: true });
  }
  throw new UsageError(`several processes want to write to ${folder} at once; start one of them again`);
}

function thisProcess(): Holder {
  return {
    pid: process.pid,
    start: startOf(process.pid) ?? "",
    host: hostname(),
    machine: machine(),
    since: new Date().toISOString(),
  };
}

/**
 * Tries to take the lock at `path`; returns whether it is ours now. If the file system supports hard links, it
 * appears with its content at once.
 */
function taken(beside: string, path: string, own: string): boolean {
  try {
    try {
      linkSync(beside, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
      writeFileSync(path, own, { flag: "wx" });
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Renews the lock periodically until it is released. */
function held(path: string, own: string): FolderLock {
  const renew = setInterval(() => {
    // Writing it sets the file system's timestamp, from a clock that all machines share.
    try {
      const file = openSync(path, "r+");
      writeSync(file, own, 0);
      closeSync(file);
    } catch {
      // The lock was removed, or the disk has a temporary problem, which the work itself will reveal.
    }
  }, RENEWED_EVERY);
  renew.unref();
  return {
    release() {
      clearInterval(renew);
      if (readIfThere(path) === own) rmSync(path, { force: true });
    },
  };
}

/** @throws UsageError if the process that wrote `there` is still running. `now` is in the file system's time. */
function refuseIfHeld(folder: string, work: string, path: string, there: string, now: number): void {
  const holder = holderOf(there);
  const state = holder ? stateOf(holder) : "unknown";
  if (state === "ended") return;
  if (holder && state === "running") {
    throw new UsageError(
      holder.pid === process.pid
        ? `another ${work} of this program writes to ${folder}; wait until it ends, or choose another folder`
        : `process ${holder.pid} has been writing to ${folder} since ${holder.since}; wait until it ends, or stop it: its work up to then is saved`,
    );
  }
  const quiet = now - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Number.NEGATIVE_INFINITY);
  if (quiet > OVER_AFTER) return;
  const who = holder ? `process ${holder.pid} on ${holder.host}` : "another process";
  throw new UsageError(
    `${who} writes to ${folder}: it renewed ${path} ${Math.max(0, Math.round(quiet / 1000))} s ago; wait until it ends. If it has ended, the folder ` +
      `is free ${OVER_AFTER / 1000} s after that, or as soon as you delete the file`,
  );
}

/** Removes the lock, unless another process has taken it over since `there` was read. */
function takeAway(path: string, beside: string, there: string): void {
  try {
    renameSync(path, beside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  const moved = readFileSync(beside, "utf8");
  if (moved !== there) taken(beside, path, moved);
}

function holderOf(text: string): Holder | undefined {
  try {
    return holderSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function stateOf({ pid, start, machine: where }: Holder): "running" | "ended" | "unknown" {
  if (where !== machine()) return "unknown";
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Any other error, such as a missing permission, means that the process exists.
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return "ended";
  }
  const now = startOf(pid);
  return now === undefined || now === start ? "running" : "ended";
}

/** Returns the start time of a process; "" for a zombie. Known on Linux only. */
function startOf(pid: number): string | undefined {
  const stat = readIfThere(`/proc/${pid}/stat`);
  // The name, in parentheses, may contain any characters.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields && (fields[0] === "Z" || fields[0] === "X" ? "" : fields[19]);
}

/** Returns an id of the scope within which process ids are unique. */
function machine(): string {
  return [hostname(), readIfThere("/proc/sys/kernel/random/boot_id")?.trim(), pidNamespace()]
    .join(" ")
    .trim();
}

function pidNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
