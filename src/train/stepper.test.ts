/** Incorrect use of a stepper throws, and leaves its state unchanged. */

import { afterAll, expect, test } from "vitest";
import { architecture, optimizer, weights } from "../../test/support/small-step.ts";
import { compileTrain, type TrainOptions } from "../program/train.ts";
import { startEngine } from "../runtime/engine.node.ts";
import { GraphError, UsageError, VultusError } from "../util/errors.ts";
import { floatTensor, type StateDict } from "../util/tensor.ts";
import { Stepper } from "./stepper.ts";

const engine = startEngine({ device: "cpu", threads: 1 });
afterAll(() => engine.close());

const options: TrainOptions = {
  architecture: { ...architecture, dropout: 0.5 },
  weights,
  batch: 2,
  trainable: () => true,
  input: { kind: "normalised" },
  batchNorm: "batch",
  optimizer,
};
const feeds = {
  pictures: floatTensor(
    [2, 1, 16, 16],
    Float32Array.from({ length: 512 }, (_, i) => Math.sin(i)),
  ),
  targets: floatTensor([2, 2], [1, 0, 0, 1]),
};
const open = (): Promise<Stepper> => Stepper.open(engine, compileTrain(options), { rate: 1e-2 });

test("steps and states before weights are loaded are refused", async () => {
  const stepper = await open();
  for (const use of [() => stepper.step(feeds), () => stepper.state(), () => stepper.weights()])
    await expect(use()).rejects.toThrow(/no weights yet: call load/);
  const lacking: StateDict = new Map([...weights].slice(1));
  const missing = [...weights.keys()][0] as string;
  await expect(stepper.load(lacking)).rejects.toThrow(UsageError);
  await expect(stepper.load(lacking)).rejects.toThrow(`the weights lack ${missing}`);
  await expect(stepper.step(feeds)).rejects.toThrow(/no weights yet/);
  await stepper.load(weights);
  expect((await stepper.step(feeds)).updated).toBe(true);
  await stepper.release();
});

test("a step while another is under way is refused, and neither changes the numbers of the next", async () => {
  const [stepper, alone] = [await open(), await open()];
  await stepper.load(weights);
  await alone.load(weights);
  const [first, second] = await Promise.allSettled([stepper.step(feeds), stepper.step(feeds)]);
  expect([first.status, second.status]).toEqual(["fulfilled", "rejected"]);
  expect(String((second as PromiseRejectedResult).reason)).toMatch(/under way; wait for it/);
  expect(stepper.position).toEqual({ batches: 1, updates: 1 });
  await expect(stepper.step({ pictures: feeds.pictures })).rejects.toThrow(/targets/);
  await alone.step(feeds);
  const [loss, expected] = [(await stepper.step(feeds)).loss, (await alone.step(feeds)).loss];
  expect(loss).toBe(expected);
  await Promise.all([stepper.release(), alone.release()]);
});

test("a stepper can be released twice, and then does nothing more", async () => {
  const stepper = await open();
  await stepper.load(weights);
  await Promise.all([stepper.release(), stepper.release()]);
  await stepper.release();
  await expect(stepper.step(feeds)).rejects.toThrow(VultusError);
});

test("what would train on no number is refused when it is compiled", () => {
  const teacher = { architecture, weights, temperature: 1, weight: 1 };
  const compile = (change: Partial<TrainOptions>) => () => compileTrain({ ...options, ...change });
  expect(compile({ accumulate: 0 })).toThrow(/accumulate is 0/);
  expect(compile({ accumulate: 1.5 })).toThrow(GraphError);
  expect(compile({ teachers: [{ ...teacher, weight: 0 }] })).toThrow(/weights of the teachers add up to 0/);
  const distillation = { temperature: 0, share: 0.5 };
  expect(compile({ teachers: [teacher], distillation })).toThrow(/temperature is 0/);
  expect(compile({ loss: { type: "focall" as "focal" } })).toThrow(UsageError);
  expect(compile({ loss: { type: "focall" as "focal" } })).toThrow(/Did you mean "focal"/);
});
