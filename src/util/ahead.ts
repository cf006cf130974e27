/** Looks ahead in a sequence without consuming it. */

export interface Ahead<T> extends Iterable<T> {
  /** Returns the next items, at most `count`, without consuming them. */
  peek(count: number): readonly T[];
}

/** Returns a sequence that supports looking ahead. Each item is produced once, on demand. */
export function ahead<T>(items: Iterable<T>): Ahead<T> {
  const iterator = items[Symbol.iterator]();
  const seen: T[] = [];
  return {
    peek(count) {
      while (seen.length < count) {
        const { done, value } = iterator.next();
        if (done) break;
        seen.push(value);
      }
      return seen.slice(0, count);
    },
    *[Symbol.iterator]() {
      for (;;) {
        while (seen.length > 0) yield seen.shift() as T;
        const { done, value } = iterator.next();
        if (done) return;
        yield value;
      }
    },
  };
}
