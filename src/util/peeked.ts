/** Reads the beginning of a stream without consuming it. */

export interface Peeked {
  /** At least as many bytes as requested, unless the stream is shorter. */
  readonly head: Uint8Array;
  /** Yields the whole stream, including `head`; can be called once. */
  all(): AsyncGenerator<Uint8Array>;
}

/** Reads the first bytes of a stream; the rest is read on demand. */
export async function peeked(stream: AsyncIterable<Uint8Array | string>, length: number): Promise<Peeked> {
  const iterator = stream[Symbol.asyncIterator]();
  const bytes = (chunk: Uint8Array | string): Uint8Array =>
    typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk;
  const parts: Uint8Array[] = [];
  let size = 0;
  let isAtEnd = false;
  while (size < length && !isAtEnd) {
    const { done, value } = await iterator.next();
    if (done) isAtEnd = true;
    else {
      parts.push(bytes(value));
      size += value.length;
    }
  }
  const head = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    head.set(part, offset);
    offset += part.length;
  }
  return {
    head,
    async *all() {
      yield head;
      while (!isAtEnd) {
        const { done, value } = await iterator.next();
        if (done) isAtEnd = true;
        else yield bytes(value);
      }
    },
  };
}
