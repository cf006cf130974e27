/** Work on a stream, several items at a time, with the results in order and as soon as they are there. */

/**
 * `work` of every item, in their order; up to `atOnce` are under way. A result is passed on when it is there, even if the
 * source takes its time for the next item. Items are taken from `source` only as results are taken from here, so that a slow
 * reader holds nothing up in memory. Where `source` fails, the results of the items before come first.
 */
export async function* inOrder<A, B>(
  source: AsyncIterable<A> | Iterable<A>,
  atOnce: number,
  work: (item: A) => Promise<B>,
): AsyncGenerator<B> {
  const items = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  const take = async (): Promise<IteratorResult<A>> => items.next();
  const underWay: Promise<B>[] = [];
  let next: Promise<IteratorResult<A>> | undefined;
  let isAtEnd = false;
  let failure: { readonly error: unknown } | undefined;
  try {
    for (;;) {
      if (!isAtEnd && underWay.length < atOnce) next ??= take();
      const [oldest] = underWay;
      if (!next && !oldest) break;
      if (next && (!oldest || (await isFirst(next, oldest)))) {
        const taken = await next.catch((error: unknown) => void (failure = { error }));
        next = undefined;
        if (!taken || taken.done) isAtEnd = true;
        else {
          const result = work(taken.value);
          // Its failure is reported when its turn comes; until then it is not an unhandled one.
          result.catch(() => {});
          underWay.push(result);
        }
      } else yield await (underWay.shift() as Promise<B>);
    }
    if (failure) throw failure.error;
  } finally {
    next?.catch(() => {});
    // A source that still waits for an item would let its reader wait too.
    const closed = isAtEnd ? undefined : Promise.resolve(items.return?.());
    if (next) closed?.catch(() => {});
    else await closed;
  }
}

/**
 * Items as lists: each holds what has arrived while the reader worked on the list before, at least one. Reading ahead pauses
 * where `isFull` holds for what is waiting.
 */
export async function* gathered<A>(
  source: AsyncIterable<A>,
  isFull: (waiting: readonly A[]) => boolean,
): AsyncGenerator<readonly A[]> {
  let waiting: A[] = [];
  let isAtEnd = false;
  let failure: { readonly error: unknown } | undefined;
  let [hasNews, hasRoom] = [signal(), signal()];
  const read = async (): Promise<void> => {
    try {
      for await (const item of source) {
        waiting.push(item);
        hasNews.give();
        if (isFull(waiting)) await (hasRoom = signal()).given;
        if (isAtEnd) break;
      }
    } catch (error) {
      failure = { error };
    }
    isAtEnd = true;
    hasNews.give();
  };
  void read();
  try {
    for (;;) {
      await hasNews.given;
      hasNews = signal();
      const list = waiting;
      waiting = [];
      hasRoom.give();
      if (list.length > 0) yield list;
      if (isAtEnd && waiting.length === 0) break;
    }
    if (failure) throw failure.error;
  } finally {
    // The source is closed when its next item comes; it is not waited for.
    isAtEnd = true;
    hasRoom.give();
  }
}

/** Whether the first of two promises is settled before the other. */
function isFirst(a: Promise<unknown>, b: Promise<unknown>): Promise<boolean> {
  const settled = (promise: Promise<unknown>, value: boolean): Promise<boolean> =>
    promise.then(
      () => value,
      () => value,
    );
  return Promise.race([settled(a, true), settled(b, false)]);
}

function signal(): { readonly given: Promise<void>; readonly give: () => void } {
  let give = (): void => {};
  const given = new Promise<void>((resolve) => (give = resolve));
  return { given, give };
}
