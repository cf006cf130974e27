/** What Ctrl-C does to a long job: the step under way ends and everything is saved; once more stops at once. */

import { say } from "./output.ts";

/** Runs `work` with a signal that Ctrl-C and SIGTERM abort. @param step what is still ended then. */
export async function untilInterrupted<R>(
  work: (signal: AbortSignal) => Promise<R>,
  step = "step",
): Promise<R> {
  const stop = new AbortController();
  const onSignal = (): void => {
    // A worker in the middle of a step cannot be ended in an orderly way; what is on disk is whole at any moment.
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
