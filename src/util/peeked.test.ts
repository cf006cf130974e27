import { expect, test } from "vitest";
import { peeked } from "./peeked.ts";

async function* chunks(size: number, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < length; at += size)
    yield Uint8Array.from({ length: Math.min(size, length - at) }, (_, i) => at + i);
}

test.each([
  [1, 100],
  [7, 100],
  [64, 100],
  [100, 100],
  [3, 5],
  [1, 0],
])("chunks of %d bytes, %d in all: the head is seen and nothing is lost", async (size, length) => {
  const { head, all } = await peeked(chunks(size, length), 20);
  expect(head.length).toBeGreaterThanOrEqual(Math.min(20, length));
  expect([...head]).toEqual(Array.from({ length: head.length }, (_, i) => i));
  const bytes: number[] = [];
  for await (const part of all()) bytes.push(...part);
  expect(bytes).toEqual(Array.from({ length }, (_, i) => i));
});
