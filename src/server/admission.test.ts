import { expect, test } from "vitest";
import { createAdmission } from "./admission.ts";
import type { Problem } from "./problems.ts";

const { signal } = new AbortController();
const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return (error as Problem).code;
  }
  return "none";
};

test("images are accepted up to the queue's length, and again when others were answered", () => {
  const admission = createAdmission({ queue: 4, heldBytes: 100 }, 1);
  const leave = admission.accept(3);
  expect(codeOf(() => admission.accept(2))).toBe("queue_full");
  admission.accept(1);
  expect(codeOf(() => admission.check())).toBe("queue_full");
  leave();
  expect(admission.accepted).toBe(1);
  admission.check();
});

test("a request larger than the whole queue comes in when it is alone", () => {
  const admission = createAdmission({ queue: 2, heldBytes: 100 }, 1);
  const leave = admission.accept(5);
  expect(codeOf(() => admission.accept(1))).toBe("queue_full");
  leave();
  admission.accept(1);
});

test("being full says when to come back", () => {
  const admission = createAdmission({ queue: 1, heldBytes: 100 }, 1);
  admission.accept(1);
  try {
    admission.accept(1);
  } catch (error) {
    expect((error as Problem).retryAfter).toBeGreaterThanOrEqual(1);
  }
  expect.assertions(1);
});

test("bytes are counted over all bodies", () => {
  const admission = createAdmission({ queue: 4, heldBytes: 100 }, 1);
  admission.hold(60);
  expect(codeOf(() => admission.hold(50))).toBe("queue_full");
  admission.hold(-60);
  admission.hold(50);
  expect(admission.heldBytes).toBe(50);
});

test("turns are given in order, returned once, and not to those who left", async () => {
  const admission = createAdmission({ queue: 9, heldBytes: 100 }, 1);
  const order: string[] = [];
  const end = await admission.turn(signal);
  const controller = new AbortController();
  const left = admission.turn(controller.signal).catch((error: Error) => order.push(error.message));
  const second = admission.turn(signal).then((done) => (order.push("second"), done));
  const third = admission.turn(signal).then(() => order.push("third"));
  expect(admission.waiting).toBe(3);
  controller.abort(new Error("left"));
  await left;
  end();
  end();
  (await second)();
  await third;
  expect(order).toEqual(["left", "second", "third"]);
  expect(admission.waiting).toBe(0);
});
