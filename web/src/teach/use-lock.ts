/** Ensures that only one tab works on a project at a time. */

import { useEffect, useState } from "preact/hooks";

/** `taken`: another tab has it; it becomes `held` when that tab releases it. */
export type LockState = "asking" | "held" | "taken";

/** Holds the lock of this name while the component is mounted; in a browser without locks it always has it. */
export function useLock(name: string): LockState {
  const [state, setState] = useState<LockState>("asking");
  useEffect(() => {
    const { locks } = navigator as Partial<Navigator>;
    if (!locks) return setState("held");
    setState("asking");
    const left = new AbortController();
    const hold = (): Promise<void> => {
      setState("held");
      return new Promise((resolve) => left.signal.addEventListener("abort", () => resolve()));
    };
    const ask = async (): Promise<void> => {
      const had = await locks.request(name, { ifAvailable: true }, async (lock) => {
        if (lock && !left.signal.aborted) await hold();
        return lock !== null;
      });
      if (had || left.signal.aborted) return;
      setState("taken");
      await locks.request(name, { signal: left.signal }, hold);
    };
    ask().catch(() => {});
    return () => left.abort();
  }, [name]);
  return state;
}

/** Runs `work` unless another tab has the lock. @returns whether it ran. */
export async function unlessTaken(name: string, work: () => Promise<void>): Promise<boolean> {
  const { locks } = navigator as Partial<Navigator>;
  if (!locks) return work().then(() => true);
  return locks.request(name, { ifAvailable: true }, async (lock) => {
    if (lock) await work();
    return lock !== null;
  });
}

export function projectLock(database: string, project: string): string {
  return `${database} ${project}`;
}
