/** Work on a stream, several items at a time, with the results in order. */

/**
 * `work` of every item, in their order; while one result is waited for, up to `atOnce` are under way. Items are taken from
 * `source` only as results are taken from here, so that a slow reader holds nothing up in memory.
 */
export async function* inOrder<A, B>(
  source: AsyncIterable<A> | Iterable<A>,
  atOnce: number,
  work: (item: A) => Promise<B>,
): AsyncGenerator<B> {
  const underWay: Promise<B>[] = [];
  for await (const item of source) {
    const result = work(item);
    // Its failure is told when its turn comes; until then it is not an unhandled one.
    result.catch(() => {});
    underWay.push(result);
    if (underWay.length >= atOnce) yield await (underWay.shift() as Promise<B>);
  }
  for (const result of underWay) yield await result;
}
