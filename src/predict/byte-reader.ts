/** Blocks of a known length out of a stream that is cut into chunks anywhere. */

export interface ByteReader {
  /** The next `length` bytes, in a buffer of their own; undefined where the stream ends before. */
  read(length: number): Promise<Uint8Array | undefined>;
}

export function byteReader(chunks: AsyncIterable<Uint8Array>): ByteReader {
  const iterator = chunks[Symbol.asyncIterator]();
  let rest = new Uint8Array();
  return {
    async read(length) {
      const block = new Uint8Array(length);
      let filled = 0;
      for (;;) {
        const part = rest.subarray(0, length - filled);
        block.set(part, filled);
        filled += part.length;
        rest = rest.subarray(part.length);
        if (filled === length) return block;
        const { done, value } = await iterator.next();
        if (done) return undefined;
        rest = value as Uint8Array<ArrayBuffer>;
      }
    },
  };
}
