/** Gathers single items of many requests into batches: one waits no longer than a small deadline for company. */

export interface BatcherSettings {
  /** Items in one batch. */
  readonly most: number;
  /** Milliseconds that an item waits for others. */
  readonly delay: number;
  /** Batches that run at a time. While that many run, items gather beyond the deadline: more would only queue up elsewhere. */
  readonly atOnce: number;
}

export interface Batcher<Item, Result> {
  /** Items that wait for a batch. */
  readonly waiting: number;
  /** The result of one item. @throws the signal's reason where it is aborted before the batch starts. */
  add(item: Item, signal: AbortSignal): Promise<Result>;
}

interface Entry<Item, Result> {
  readonly item: Item;
  readonly since: number;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/** `run` answers a batch in its order; where it fails, all items of that batch fail. */
export function createBatcher<Item, Result>(
  run: (items: readonly Item[]) => Promise<readonly Result[]>,
  { most, delay, atOnce }: BatcherSettings,
): Batcher<Item, Result> {
  let waiting: Entry<Item, Result>[] = [];
  let running = 0;
  let timer: NodeJS.Timeout | undefined;

  const consider = (): void => {
    clearTimeout(timer);
    const [first] = waiting;
    if (!first || running >= atOnce) return;
    const left = first.since + delay - performance.now();
    if (waiting.length >= most || left <= 0) void start();
    else timer = setTimeout(consider, left);
  };

  const start = async (): Promise<void> => {
    const batch = waiting.slice(0, most);
    waiting = waiting.slice(most);
    running++;
    consider();
    try {
      const results = await run(batch.map(({ item }) => item));
      for (const [i, { resolve }] of batch.entries()) resolve(results[i] as Result);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      running--;
      consider();
    }
  };

  return {
    get waiting() {
      return waiting.length;
    },
    add(item, signal) {
      return new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason as Error);
        const leave = (): void => {
          waiting = waiting.filter((other) => other !== entry);
          reject(signal.reason as Error);
        };
        const settled = <T>(settle: (value: T) => void): ((value: T) => void) => {
          return (value) => {
            signal.removeEventListener("abort", leave);
            settle(value);
          };
        };
        const entry = {
          item,
          since: performance.now(),
          resolve: settled<Result>(resolve),
          reject: settled<unknown>(reject),
        };
        signal.addEventListener("abort", leave, { once: true });
        waiting.push(entry);
        consider();
      });
    },
  };
}
