import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Model } from "../predict/model.node.ts";
import { EngineLost } from "../runtime/engine.ts";
import { openWorkers } from "./workers.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("a worker whose replacement does not start is tried again, though others are ready, until the end", async () => {
  let opened = 0;
  let broken = false;
  const open = async (): Promise<Model> => {
    opened++;
    if (broken) throw new Error("no memory");
    return { close: async () => {} } as Model;
  };
  const lost: string[] = [];
  const workers = await openWorkers(2, open, (reason) => lost.push(reason));
  let died = false;
  const dieOnce = async (): Promise<string> => {
    if (died) return "done";
    died = broken = true;
    throw new EngineLost("it died");
  };
  expect(await workers.use(dieOnce)).toBe("done");
  await vi.advanceTimersByTimeAsync(2500);
  expect([opened, lost]).toEqual([5, ["it died", "no memory", "no memory"]]);
  broken = false;
  await vi.advanceTimersByTimeAsync(5000);
  expect(opened).toBe(6);

  died = false;
  await workers.use(dieOnce);
  await workers.close();
  await vi.advanceTimersByTimeAsync(5000);
  expect(opened).toBe(7);
});
