/**
 * Inference workers: threads with the classifier and the detector. If one dies, it is replaced and its work is retried.
 */

import type { Model } from "../predict/model.node.ts";
import { EngineLost } from "../runtime/engine.ts";
import { messageOf } from "../util/errors.ts";
import { Problem } from "./problems.ts";

export interface Workers {
  readonly count: number;
  /**
   * Runs work on the least busy worker. If that worker dies, the work is retried once.
   *
   * @throws Problem `worker_lost` if the second worker dies too.
   */
  use<T>(work: (model: Model) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Milliseconds before a worker that failed to start is tried again. */
const RETRY_AFTER = 1000;

interface Place {
  model: Promise<Model>;
  ready: boolean;
  busy: number;
}

/**
 * Opens `count` workers. `onLost` is called for each that had to be replaced. @throws whatever `open` throws at first
 */
export async function openWorkers(
  count: number,
  open: () => Promise<Model>,
  onLost: (reason: string) => void,
): Promise<Workers> {
  const first = await Promise.allSettled(Array.from({ length: count }, open));
  const opened = first.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const failed = first.find((result) => result.status === "rejected");
  if (failed) {
    await Promise.all(opened.map((model) => model.close()));
    throw failed.reason;
  }
  const places = opened.map((model): Place => ({ model: Promise.resolve(model), ready: true, busy: 0 }));
  let closed = false;

  const better = (a: Place, b: Place): boolean => (a.ready === b.ready ? a.busy < b.busy : a.ready);
  const idlest = (): Place => places.reduce((best, place) => (better(place, best) ? place : best));

  const replace = (place: Place, lost: Promise<Model>, reason: string): void => {
    if (closed || place.model !== lost) return;
    onLost(reason);
    place.ready = false;
    const next = open().then(async (model) => {
      if (closed) await model.close();
      place.ready = true;
      return model;
    });
    place.model = next;
    // Handles the error here, because no request may be waiting for this slot.
    next.catch((error: unknown) => {
      setTimeout(() => replace(place, next, messageOf(error)), RETRY_AFTER).unref();
    });
  };

  return {
    count,
    async use(work) {
      for (let attempt = 1; ; attempt++) {
        const place = idlest();
        const { model } = place;
        place.busy++;
        try {
          const opened = await model.catch((error: unknown) => {
            throw new EngineLost(messageOf(error));
          });
          return await work(opened);
        } catch (error) {
          if (!(error instanceof EngineLost)) throw error;
          replace(place, model, error.message);
          if (attempt === 2)
            throw new Problem("worker_lost", "two workers died while running this request", 1);
        } finally {
          place.busy--;
        }
      }
    },
    async close() {
      closed = true;
      await Promise.allSettled(places.map(async ({ model }) => (await model).close()));
    },
  };
}
