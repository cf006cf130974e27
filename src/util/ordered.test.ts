/** Streams yield results as they are ready: in order, without unnecessary waiting, and in bounded memory. */

import { describe, expect, test } from "vitest";
import { gathered, inOrder } from "./ordered.ts";

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

describe("inOrder", () => {
  test("results come in the order of the items, several under way at a time", async () => {
    let [underWay, most] = [0, 0];
    const work = async (item: number): Promise<number> => {
      most = Math.max(most, ++underWay);
      await pause((item % 3) * 4);
      underWay--;
      return 10 * item;
    };
    const results: number[] = [];
    for await (const result of inOrder([0, 1, 2, 3, 4, 5, 6], 3, work)) results.push(result);
    expect(results).toEqual([0, 10, 20, 30, 40, 50, 60]);
    expect(most).toBe(3);
  });

  test("a result is there before the source gives its next item", async () => {
    const second = gate();
    const source = (async function* () {
      yield 1;
      await second.opened;
      yield 2;
    })();
    const results = inOrder(source, 8, (item) => Promise.resolve(item));
    expect((await results.next()).value).toBe(1);
    second.open();
    expect((await results.next()).value).toBe(2);
    expect((await results.next()).done).toBe(true);
  });

  test("a slow reader stops the source", async () => {
    let given = 0;
    const source = (function* () {
      for (;;) yield given++;
    })();
    for await (const result of inOrder(source, 4, (item) => Promise.resolve(item))) {
      await pause(1);
      expect(given).toBeLessThanOrEqual(result + 5);
      if (result === 20) break;
    }
  });

  test("a source that fails: what came before is given first", async () => {
    const source = (async function* () {
      yield 1;
      yield 2;
      throw new Error("the disk is gone");
    })();
    const results: number[] = [];
    const read = async (): Promise<void> => {
      for await (const result of inOrder(source, 8, async (item) => (await pause(5), item)))
        results.push(result);
    };
    await expect(read()).rejects.toThrow("the disk is gone");
    expect(results).toEqual([1, 2]);
  });

  test("a reader that stops closes the source", async () => {
    let closed = false;
    const source = (async function* () {
      try {
        for (let i = 0; ; i++) yield i;
      } finally {
        closed = true;
      }
    })();
    for await (const result of inOrder(source, 2, (item) => Promise.resolve(item))) if (result === 3) break;
    await pause(5);
    expect(closed).toBe(true);
  });
});

describe("gathered", () => {
  test("the first list has one item; the next what came while the reader was busy, up to full", async () => {
    let given = 0;
    const source = (async function* () {
      while (given < 30) {
        yield given++;
        await pause(0);
      }
    })();
    const lists: (readonly number[])[] = [];
    for await (const list of gathered(source, (waiting) => waiting.length >= 4)) {
      lists.push(list);
      await pause(20);
      expect(given).toBeLessThanOrEqual(lists.flat().length + 5);
    }
    expect(lists.flat()).toEqual(Array.from({ length: 30 }, (_, i) => i));
    expect(lists[0]).toEqual([0]);
    expect(lists[1]).toHaveLength(4);
    for (const list of lists) expect(list.length).toBeLessThanOrEqual(4);
  });

  test("a slow source is not waited for, and its failure comes after its items", async () => {
    const second = gate();
    const source = (async function* () {
      yield "a";
      await second.opened;
      yield "b";
      throw new Error("broken");
    })();
    const lists = gathered(source, () => false);
    expect((await lists.next()).value).toEqual(["a"]);
    second.open();
    expect((await lists.next()).value).toEqual(["b"]);
    await expect(lists.next()).rejects.toThrow("broken");
  });

  test("a reader that stops closes the source", async () => {
    let closed = false;
    const source = (async function* () {
      try {
        for (let i = 0; ; i++) {
          yield i;
          await pause(0);
        }
      } finally {
        closed = true;
      }
    })();
    for await (const _ of gathered(source, (waiting) => waiting.length > 2)) break;
    await pause(20);
    expect(closed).toBe(true);
  });
});
