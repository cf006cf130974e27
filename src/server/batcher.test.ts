import { expect, test } from "vitest";
import { createBatcher } from "./batcher.ts";

const { signal } = new AbortController();
const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A batcher that doubles numbers, and the batches that it ran. */
function doubling({ most = 4, delay = 5 } = {}) {
  const batches: number[][] = [];
  const batcher = createBatcher(
    async (items: readonly number[]) => {
      batches.push([...items]);
      if (items.includes(13)) throw new Error("thirteen");
      return items.map((item) => 2 * item);
    },
    { most, delay, atOnce: 1 },
  );
  return { batcher, batches };
}

test("items that come within the deadline go together, and each gets its own result", async () => {
  const { batcher, batches } = doubling({ delay: 20 });
  const first = batcher.add(1, signal);
  await pause(5);
  expect(await Promise.all([first, batcher.add(2, signal)])).toEqual([2, 4]);
  expect(batches).toEqual([[1, 2]]);
});

test("a full batch does not wait for the deadline", async () => {
  const { batcher, batches } = doubling({ delay: 60_000, most: 2 });
  expect(await Promise.all([1, 2, 3, 4].map((item) => batcher.add(item, signal)))).toEqual([2, 4, 6, 8]);
  expect(batches).toEqual([
    [1, 2],
    [3, 4],
  ]);
});

test("while as many batches run as may, items gather", async () => {
  const batches: number[][] = [];
  const running: (() => void)[] = [];
  const batcher = createBatcher(
    (items: readonly number[]) => {
      batches.push([...items]);
      return new Promise<readonly number[]>((resolve) => running.push(() => resolve(items)));
    },
    { most: 8, delay: 0, atOnce: 1 },
  );
  const first = batcher.add(1, signal);
  const later = [2, 3, 4].map((item) => batcher.add(item, signal));
  await pause(20);
  expect(batches).toEqual([[1]]);
  expect(batcher.waiting).toBe(3);
  running[0]?.();
  await first;
  await pause(0);
  running[1]?.();
  await Promise.all(later);
  expect(batches).toEqual([[1], [2, 3, 4]]);
});

test("a batch that fails fails its own items only", async () => {
  const { batcher } = doubling({ most: 2 });
  const results = await Promise.allSettled([1, 13, 3, 4].map((item) => batcher.add(item, signal)));
  expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected", "fulfilled", "fulfilled"]);
});

test("an item whose signal aborts leaves before its batch; one that has none left starts nothing", async () => {
  const { batcher, batches } = doubling({ delay: 10 });
  const controller = new AbortController();
  const left = batcher.add(1, controller.signal);
  controller.abort(new Error("gone"));
  await expect(left).rejects.toThrow("gone");
  expect(batcher.waiting).toBe(0);
  await pause(20);
  expect(batches).toEqual([]);
  await expect(batcher.add(1, controller.signal)).rejects.toThrow("gone");
  expect(await batcher.add(2, signal)).toBe(4);
});
