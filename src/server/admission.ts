/** Admission control: limits the images and bytes held at a time, and the number of images processed at once. */

import type { Limits } from "./limits.ts";
import { Problem } from "./problems.ts";

export interface Admission {
  /** Number of images that were accepted but not answered yet. */
  readonly accepted: number;
  /** Number of accepted images that wait for their turn. */
  readonly waiting: number;
  /** Bytes of request bodies held in memory. */
  readonly heldBytes: number;
  /** Rejects a request before its body is read. @throws Problem `queue_full` */
  check(): void;
  /** Accepts a request's images until the returned function is called. @throws Problem `queue_full` */
  accept(pictures: number): () => void;
  /** Adds received bytes; a negative number releases them. @throws Problem `queue_full` */
  hold(bytes: number): void;
  /** Waits for one image's turn, which ends when the returned function is called. @throws the signal's reason */
  turn(signal: AbortSignal): Promise<() => void>;
}

/** `turns` is the number of images processed at once. The others wait as undecoded bytes. */
export function createAdmission(limits: Pick<Limits, "queue" | "heldBytes">, turns: number): Admission {
  let accepted = 0;
  let heldBytes = 0;
  let free = turns;
  const waiting = new Set<() => void>();
  // Duration of recent requests in seconds: the best estimate of when there is room again.
  let usualSeconds = 1;

  const full = (): Problem =>
    new Problem(
      "queue_full",
      `${accepted} images are already queued; try again later`,
      Math.max(1, Math.ceil(usualSeconds)),
    );

  const end = (): (() => void) => {
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      free++;
      const [next] = waiting;
      next?.();
    };
  };

  return {
    get accepted() {
      return accepted;
    },
    get waiting() {
      return waiting.size;
    },
    get heldBytes() {
      return heldBytes;
    },
    check() {
      if (accepted >= limits.queue) throw full();
    },
    accept(pictures) {
      // A request that is larger than the whole queue is accepted only if the queue is empty.
      if (accepted > 0 && accepted + pictures > limits.queue) throw full();
      accepted += pictures;
      const started = performance.now();
      return () => {
        accepted -= pictures;
        usualSeconds += 0.1 * ((performance.now() - started) / 1000 - usualSeconds);
      };
    },
    hold(bytes) {
      if (bytes > 0 && heldBytes + bytes > limits.heldBytes) throw full();
      heldBytes += bytes;
    },
    turn(signal) {
      return new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason as Error);
        const start = (): void => {
          waiting.delete(start);
          signal.removeEventListener("abort", leave);
          free--;
          resolve(end());
        };
        const leave = (): void => {
          waiting.delete(start);
          reject(signal.reason as Error);
        };
        if (free > 0) return start();
        waiting.add(start);
        signal.addEventListener("abort", leave, { once: true });
      });
    },
  };
}
