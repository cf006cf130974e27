/** Reads blocks of a known length from a stream of arbitrary chunks. */

export interface ByteReader {
  /** Returns the next `length` bytes in a new buffer; undefined if the stream ends earlier. */
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
