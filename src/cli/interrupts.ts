/** Ctrl-C during a long job: it completes the current step and saves everything. A second Ctrl-C stops at once. */

import { say } from "./output.ts";

/** Runs `work` with a signal that Ctrl-C and SIGTERM abort. @param step the unit of work that is still completed. */
export async function untilInterrupted<R>(
  work: (signal: AbortSignal) => Promise<R>,
  step = "step",
): Promise<R> {
  const stop = new AbortController();
  const onSignal = (): void => {
    // A worker cannot be ended cleanly during a step. The files on disk are complete at any moment.
    if (stop.signal.aborted) process.kill(process.pid, "SIGKILL");
    say(`stopping after this ${step}; press Ctrl-C again to stop at once`);
    stop.abort();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  try {
    return await work(stop.signal);
  } finally {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  }
}
