/** When work on a request has become pointless: its client has left, or its time is over. */

import { setMaxListeners } from "node:events";
import type { FastifyReply } from "fastify";
import { Problem } from "./problems.ts";

/** Its reason is always a Problem. */
export interface RequestSignal {
  readonly signal: AbortSignal;
  /** Must be called when the work is over. */
  end(): void;
}

export function requestSignal({ raw }: FastifyReply, timeout: number): RequestSignal {
  const controller = new AbortController();
  // Every image and every face of the request listens; Node would take so many for a mistake.
  setMaxListeners(0, controller.signal);
  const timer = setTimeout(() => {
    controller.abort(new Problem("timeout", `there was no answer within ${timeout / 1000} s`, 1));
  }, timeout);
  const leave = (): void => {
    // Nobody reads this answer.
    if (!raw.writableFinished)
      controller.abort(new Problem("damaged_body", "the client left before it was answered"));
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

/** The result of the work, or the signal's reason as soon as there is one; the work may then still go on for a while. */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject);
  });
}
