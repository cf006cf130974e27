/** Who may come in: a bounded number of images and bytes at a time, and of those a few that are worked on. */

import type { Limits } from "./limits.ts";
import { Problem } from "./problems.ts";

export interface Admission {
  /** Images that were accepted and are not answered. */
  readonly accepted: number;
  /** Images among them that wait for their turn. */
  readonly waiting: number;
  /** Bytes of bodies in memory. */
  readonly heldBytes: number;
  /** Refuses a request before its body is read. @throws Problem `queue_full`. */
  check(): void;
  /** Accepts a request's images until the returned function is called. @throws Problem `queue_full`. */
  accept(pictures: number): () => void;
  /** Counts bytes that have arrived until they are given back, as a negative number. @throws Problem `queue_full`. */
  hold(bytes: number): void;
  /** Waits for the turn of one image, which ends when the returned function is called. @throws the signal's reason. */
  turn(signal: AbortSignal): Promise<() => void>;
}

/** `turns` is how many images are worked on at a time: the others wait with their bytes, not decoded. */
export function createAdmission(limits: Pick<Limits, "queue" | "heldBytes">, turns: number): Admission {
  let accepted = 0;
  let heldBytes = 0;
  let free = turns;
  const waiting = new Set<() => void>();
  // Seconds that requests have lately taken: the best guess of when there is room again.
  let usualSeconds = 1;

  const full = (): Problem =>
    new Problem(
      "queue_full",
      `${accepted} images are waiting for their answers; try again a little later`,
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
      // A request that is larger than the whole queue is accepted when nothing else is there.
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
