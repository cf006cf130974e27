/**
 * Memory in huge pages. Linux offers them to programs that ask, and tensors of megabytes in pages of 4 KB cost the processor much
 * time to find: docs/performance.md has how much.
 */

import { readFileSync } from "node:fs";

/** Where Linux keeps whether every program gets huge pages, only one that asks, or none. */
const SETTING = "/sys/kernel/mm/transparent_hugepage/enabled";

/** The setting of glibc that asks for them in large allocations. glibc before 2.35 and other C libraries ignore it. */
const TUNABLE = "glibc.malloc.hugetlb";

/**
 * Allocations from this many bytes on go back to the system when they are freed. Without it, glibc raises the limit to 32 MB, and
 * keeps the memory of each large network's weights that are copied while a program is loaded.
 */
const RETURNED = "glibc.malloc.mmap_threshold=4194304";

/**
 * Returns `env` with huge pages asked for, and with freed memory returned; `undefined` if that changes nothing, or if `env` has decided it.
 * @param setting what Linux's file of that setting holds, such as `always [madvise] never`
 */
export function withHugePages(env: NodeJS.ProcessEnv, setting: string): NodeJS.ProcessEnv | undefined {
  const tunables = env.GLIBC_TUNABLES;
  if (!setting.includes("[madvise]") || tunables?.includes(TUNABLE)) return undefined;
  return { ...env, GLIBC_TUNABLES: [...(tunables ? [tunables] : []), `${TUNABLE}=1`, RETURNED].join(":") };
}

/** Replaces this process by another program. Node 22.15 and later; the types are those of Node 20. */
type Execve = (file: string, args: readonly string[], env: NodeJS.ProcessEnv) => never;

const node = process as NodeJS.Process & { readonly execve?: Execve };

/**
 * Starts this program again in this process, with the same arguments, if that gives it huge pages: glibc reads the setting only when
 * a program starts. Needs Node 22.15; with an older one, the program simply continues.
 */
export function restartWithHugePages(): void {
  const env = environmentToAskIn();
  // A channel to the parent process would be lost.
  if (!env || !node.execve || node.channel) return;
  try {
    node.execve(node.execPath, [node.execPath, ...node.execArgv, ...node.argv.slice(1)], env);
  } catch {
    // Node may not start programs here.
  }
}

/** Whether this machine has huge pages that this program could not ask for, because its Node is too old. */
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
