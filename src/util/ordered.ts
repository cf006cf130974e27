/** Processes a stream, several items at a time, and yields the results in order as soon as they are ready. */

/**
 * Yields the result of `work` for every item, in order, with up to `atOnce` in progress. A result is yielded as soon as it is
 * ready, even if the source is slow to give the next item. Items are read from `source` only as results are consumed, so a
 * slow reader does not fill the memory. If `source` fails, the results of earlier items come first.
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
          // A failure is reported when its turn comes; until then it must not count as unhandled.
          result.catch(() => {});
          underWay.push(result);
        }
      } else yield await (underWay.shift() as Promise<B>);
    }
    if (failure) throw failure.error;
  } finally {
    next?.catch(() => {});
    // Not awaited: a source that is waiting for an item would block its reader.
    const closed = isAtEnd ? undefined : Promise.resolve(items.return?.());
    if (next) closed?.catch(() => {});
    else await closed;
  }
}

/**
 * Yields items in lists: each contains the items that arrived while the reader worked on the previous list, at least one.
 * Reading ahead pauses while `isFull` is true for the waiting items.
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

/** Returns whether the first of two promises settles before the other. */
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
