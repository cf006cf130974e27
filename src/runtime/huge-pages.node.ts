/**
 * Memory in huge pages. Linux offers them to programs that request them. For tensors of megabytes, looking up 4 KB pages costs
 * the processor much time; docs/performance.md has measurements.
 */

import { readFileSync } from "node:fs";

/** The Linux file that states whether all programs get huge pages, only those that request them, or none. */
const SETTING = "/sys/kernel/mm/transparent_hugepage/enabled";

/** The glibc setting that requests them for large allocations. glibc before 2.35 and other C libraries ignore it. */
const TUNABLE = "glibc.malloc.hugetlb";

/**
 * Freed allocations of at least this many bytes are returned to the system. Without it, glibc raises the limit to 32 MB and keeps
 * the memory of weights that are copied while a program is loaded.
 */
const RETURNED = "glibc.malloc.mmap_threshold=4194304";

/**
 * Returns `env` with settings that request huge pages and return freed memory; undefined if they change nothing, or if `env`
 * already has them.
 * @param setting the content of the Linux file for huge pages, such as `always [madvise] never`
 */
export function withHugePages(env: NodeJS.ProcessEnv, setting: string): NodeJS.ProcessEnv | undefined {
  const tunables = env.GLIBC_TUNABLES;
  if (!setting.includes("[madvise]") || tunables?.includes(TUNABLE)) return undefined;
  return { ...env, GLIBC_TUNABLES: [...(tunables ? [tunables] : []), `${TUNABLE}=1`, RETURNED].join(":") };
}

/**
 * Replaces this process by another program. Available from Node 22.15 on, but missing in the types, which are those
 * of Node 20.
 */
type Execve = (file: string, args: readonly string[], env: NodeJS.ProcessEnv) => never;

const node = process as NodeJS.Process & { readonly execve?: Execve };

/**
 * Restarts this program in the same process with the same arguments, if that gives it huge pages: glibc reads the setting only at
 * program start. Requires Node 22.15; with an older version the program simply continues.
 */
export function restartWithHugePages(): void {
  const env = environmentToAskIn();
  // A restart would lose the channel to the parent process.
  if (!env || !node.execve || node.channel) return;
  try {
    node.execve(node.execPath, [node.execPath, ...node.execArgv, ...node.argv.slice(1)], env);
  } catch {
    // Node may not be allowed to start programs here.
  }
}

/** Whether this machine has huge pages that this program cannot request because its Node version is too old. */
export function missesHugePages(): boolean {
  return environmentToAskIn() !== undefined && !node.execve;
}

function environmentToAskIn(): NodeJS.ProcessEnv | undefined {
  try {
    return withHugePages(process.env, readFileSync(SETTING, "utf8"));
  } catch {
    return undefined;
  }
}
