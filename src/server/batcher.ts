/** Collects items of many requests into batches; an item waits for others only until a short deadline. */

export interface BatcherSettings {
  /** Maximum number of items per batch. */
  readonly most: number;
  /** Milliseconds that an item waits for others. */
  readonly delay: number;
  /**
   * Maximum number of batches that run at once. While that many run, items keep collecting beyond the deadline, because
   * another batch would only queue up elsewhere.
   */
  readonly atOnce: number;
}

export interface Batcher<Item, Result> {
  /** Number of items that wait for a batch. */
  readonly waiting: number;
  /** Returns the result of one item. @throws the signal's reason if it is aborted before the batch starts */
  add(item: Item, signal: AbortSignal): Promise<Result>;
}

interface Entry<Item, Result> {
  readonly item: Item;
  readonly since: number;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/** `run` returns a batch's results in order. If it fails, all items of the batch fail. */
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
