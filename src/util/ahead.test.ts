import { expect, test } from "vitest";
import { ahead } from "./ahead.ts";

test("looking ahead produces no more than asked for, and uses nothing up", () => {
  let produced = 0;
  const items = ahead(
    (function* () {
      for (;;) yield produced++;
    })(),
  );
  expect(items.peek(3)).toEqual([0, 1, 2]);
  expect(produced).toBe(3);
  expect(items.peek(2)).toEqual([0, 1]);
  const taken: number[] = [];
  for (const item of items) {
    taken.push(item);
    if (item === 4) break;
  }
  expect(taken).toEqual([0, 1, 2, 3, 4]);
  expect(produced).toBe(5);
});

test("a short sequence is shown whole", () => {
  const items = ahead(["a", "b"]);
  expect(items.peek(10)).toEqual(["a", "b"]);
  expect([...items]).toEqual(["a", "b"]);
  expect(items.peek(10)).toEqual([]);
});
