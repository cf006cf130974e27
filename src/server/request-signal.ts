/** Aborts work on a request when the client has disconnected or the time limit has passed. */

import { setMaxListeners } from "node:events";
import type { FastifyReply } from "fastify";
import { Problem } from "./problems.ts";

/** Its reason is always a Problem. */
export interface RequestSignal {
  readonly signal: AbortSignal;
  /** Must be called when the work is done. */
  end(): void;
}

export function requestSignal({ raw }: FastifyReply, timeout: number): RequestSignal {
  const controller = new AbortController();
  // Every image and face of the request adds a listener; Node would warn about a leak.
  setMaxListeners(0, controller.signal);
  const timer = setTimeout(() => {
    controller.abort(new Problem("timeout", `no response within ${timeout / 1000} s`, 1));
  }, timeout);
  const leave = (): void => {
    // Nobody receives this response.
    if (!raw.writableFinished)
      controller.abort(new Problem("damaged_body", "the client disconnected before the response"));
  };
  if (raw.destroyed) leave();
  else raw.once("close", leave);
  return {
    signal: controller.signal,
    end() {
      clearTimeout(timer);
      raw.off("close", leave);
    },
  };
}

/**
 * Returns the result of the work, or rejects with the signal's reason as soon as it aborts. The work may still continue
 * for a while.
 */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject);
  });
}
