/** The guarantees of a train step: half precision with loss scaling, accumulation, frozen stages, and constant memory. */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import type { Role } from "../src/program/program.ts";
import { compileTrain, type TrainOptions } from "../src/program/train.ts";
import { startEngine } from "../src/runtime/engine.node.ts";
import { localEngine } from "../src/runtime/engine.ts";
import { openSession } from "../src/runtime/session.node.ts";
import { Stepper } from "../src/train/stepper.ts";
import { random } from "../src/util/random.ts";
import { floatTensor, type StateDict, type Tensor } from "../src/util/tensor.ts";
import { architecture, optimizer, weights } from "./support/small-step.ts";

const BATCH = 8;
const engine = localEngine((program) => openSession(program.model, { device: "cpu", threads: 1 }));

const base: TrainOptions = {
  architecture,
  weights,
  batch: BATCH,
  trainable: () => true,
  input: { kind: "normalised" },
  batchNorm: "running",
  optimizer,
};

/** Bright images belong to class 1; `fill` replaces all pixels of the first image. */
function batch(seed: number, fill?: number, count = BATCH): Record<string, Tensor> {
  const rng = random("step", seed);
  const pixels = new Float32Array(count * 16 * 16);
  const targets = new Float32Array(count * 2);
  for (let n = 0; n < count; n++) {
    const label = n % 2;
    targets[n * 2 + label] = 1;
    for (let i = 0; i < 256; i++) pixels[n * 256 + i] = rng.normal() * 0.5 + (label ? 0.7 : -0.7);
  }
  if (fill !== undefined) pixels.fill(fill, 0, 256);
  return { pictures: floatTensor([count, 1, 16, 16], pixels), targets: floatTensor([count, 2], targets) };
}

async function open(options: Partial<TrainOptions>): Promise<Stepper> {
  const stepper = await Stepper.open(engine, compileTrain({ ...base, ...options }), { rate: 1e-3 });
  await stepper.load(weights);
  return stepper;
}

const bytes = (tensor: Tensor | undefined): number[] => Array.from(tensor?.data as Float32Array);

test("fp16 trains, and its losses follow fp32", async () => {
  const half = await open({ precision: "fp16" });
  const full = await open({});
  let last = 0;
  for (let step = 1; step <= 12; step++) {
    const [a, b] = [await half.step(batch(step)), await full.step(batch(step))];
    expect(a.finite).toBe(true);
    expect(Math.abs(a.loss - b.loss)).toBeLessThan(0.03);
    last = a.loss;
  }
  expect(last).toBeLessThan(0.2);
});

test("an infinite gradient changes nothing but halves the loss scale", async () => {
  const half = await open({ precision: "fp16" });
  await half.step(batch(1));
  const before = await half.state();
  const { finite, updated } = await half.step(batch(2, Number.POSITIVE_INFINITY));
  expect([finite, updated]).toEqual([false, false]);
  expect(half.position).toEqual({ batches: 2, updates: 1 });
  const after = await half.state();
  const kept = half.program.tensors.filter(({ role }) => role === "parameter" || role === "moment");
  expect(kept.some(({ name }) => name === "exp_sum.stem.conv.weight")).toBe(true);
  for (const { name } of kept) expect(bytes(after.get(name)), name).toEqual(bytes(before.get(name)));
  expect(bytes(after.get("scaler.scale"))[0]).toBe((bytes(before.get("scaler.scale"))[0] as number) / 2);
  expect(bytes(after.get("scaler.run"))[0]).toBe(0);
  expect((await half.step(batch(3))).finite).toBe(true);
});

test("the 2000th finite gradient in a row doubles the loss scale and starts the count again", async () => {
  const half = await open({ precision: "fp16" });
  const scale = bytes((await half.state()).get("scaler.scale"))[0] as number;
  const after = async (run: number, fill?: number): Promise<(number | undefined)[]> => {
    const saved = await half.state();
    saved.set("scaler.scale", floatTensor([], [scale])).set("scaler.run", floatTensor([], [run]));
    await half.load(weights, saved);
    await half.step(batch(1, fill));
    const state = await half.state();
    return [bytes(state.get("scaler.scale"))[0], bytes(state.get("scaler.run"))[0]];
  };
  expect(await after(1998)).toEqual([scale, 1999]);
  expect(await after(1999)).toEqual([2 * scale, 0]);
  expect(await after(1999, Number.POSITIVE_INFINITY)).toEqual([scale / 2, 0]);
});

test("a step that overflows leaves batch norm's running statistics and all averages as they were", async () => {
  const half = await open({ precision: "fp16", batchNorm: "batch", ema: 0.5 });
  await half.step(batch(1));
  const before = await half.state();
  expect((await half.step(batch(2, Number.POSITIVE_INFINITY))).finite).toBe(false);
  const after = await half.state();
  const kept = half.program.tensors.filter(({ role }) => role === "statistic" || role === "average");
  expect(kept.some(({ name }) => name === "average.stem.bn.running_var")).toBe(true);
  for (const { name } of kept) expect(bytes(after.get(name)), name).toEqual(bytes(before.get(name)));
});

test("two accumulated batches make the update of one batch of both", async () => {
  const [first, second] = [batch(1), batch(2)];
  const both: Record<string, Tensor> = {};
  for (const name of ["pictures", "targets"] as const) {
    const [a, b] = [first[name] as Tensor, second[name] as Tensor];
    both[name] = floatTensor(
      [BATCH * 2, ...a.shape.slice(1)],
      [...(a.data as Float32Array), ...(b.data as Float32Array)],
    );
  }
  const whole = await open({ batch: BATCH * 2 });
  await whole.step(both);
  const parts = await open({ accumulate: 2 });
  expect((await parts.step(first)).updated).toBe(false);
  const midway = await parts.state();
  expect(bytes(midway.get("stem.conv.weight"))).toEqual(bytes(weights.get("stem.conv.weight")));
  expect((await parts.step(second)).updated).toBe(true);
  const [a, b] = [await whole.state(), await parts.state()];
  for (const { name, role } of whole.program.tensors) {
    if (role !== "moment" || !name.startsWith("exp_sum.")) continue;
    const [x, y] = [bytes(a.get(name)), bytes(b.get(name))];
    const scale = x.reduce((top, v) => Math.max(top, Math.abs(v)), 1e-12);
    const worst = x.reduce((top, v, i) => Math.max(top, Math.abs(v - (y[i] as number))), 0);
    expect(worst / scale, name).toBeLessThan(1e-4);
  }
  expect(bytes(b.get("accumulator.stem.conv.weight")).every((v) => v === 0)).toBe(true);
});

test("a batch that overflows is left out of what accumulates, and completes no update", async () => {
  const half = await open({ precision: "fp16", accumulate: 2 });
  const named = (...roles: Role[]): string[] =>
    roles.flatMap((role) => {
      const names = half.program.tensors.filter((tensor) => tensor.role === role).map(({ name }) => name);
      expect(names.some((name) => name.endsWith("stem.conv.weight"))).toBe(true);
      return names;
    });
  const step = async (seed: number, completes: boolean, fill?: number) => {
    // Only its position determines which batch completes an update.
    await half.load(weights, seen, { batches: completes ? 1 : 0, updates: 0 });
    const { finite } = await half.step(batch(seed, fill));
    seen = await half.state();
    return { finite, state: seen };
  };
  let seen: StateDict = new Map();
  const first = await step(1, false);
  const spoilt = await step(2, false, Number.POSITIVE_INFINITY);
  expect(spoilt.finite).toBe(false);
  for (const name of named("accumulator", "parameter", "moment"))
    expect(bytes(spoilt.state.get(name)), name).toEqual(bytes(first.state.get(name)));
  const last = await step(3, true, Number.POSITIVE_INFINITY);
  for (const name of named("parameter", "moment"))
    expect(bytes(last.state.get(name)), name).toEqual(bytes(first.state.get(name)));
  for (const name of named("accumulator"))
    expect(
      bytes(last.state.get(name)).every((v) => v === 0),
      name,
    ).toBe(true);
  await step(4, false);
  const next = await step(5, true);
  for (const name of named("parameter")) {
    expect(bytes(next.state.get(name)).every(Number.isFinite), name).toBe(true);
    expect(bytes(next.state.get(name)), name).not.toEqual(bytes(first.state.get(name)));
  }
});

test("what is frozen is not part of the state, and has no gradient nodes", async () => {
  const program = compileTrain({ ...base, trainable: (stage) => stage === "head" || stage === "layer4" });
  const names = program.tensors.map((tensor) => tensor.name);
  expect(names.some((name) => name.startsWith("layer3") || name.startsWith("stem"))).toBe(false);
  const text = new TextDecoder("latin1").decode(program.model);
  expect(text).toContain("layer4.0.conv1.gradient");
  expect(text).not.toContain("layer3.0.conv1.gradient");
});

test("500 steps in a worker leave heap and resident memory flat", { timeout: 300_000 }, async () => {
  const worker = startEngine({ device: "cpu", threads: 1 });
  const stepper = await Stepper.open(worker, compileTrain(base), { rate: 1e-3 });
  await stepper.load(weights);
  // Only here: no other test has access to gc.
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const measure = (): Record<"heap" | "arrays" | "resident", number> => {
    // A thread frees collected arrays with a delay; a second collection waits for it.
    for (let time = 0; time < 2; time++) collect();
    const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
    return { heap: heapUsed / 1e6, arrays: arrayBuffers / 1e6, resident: rss / 1e6 };
  };
  let start = measure();
  for (let step = 1; step <= 600; step++) {
    await stepper.step(batch(step));
    if (step === 100) start = measure();
  }
  const end = measure();
  await worker.close();
  // 500 steps that kept their images would hold 4 MB of arrays here; if they kept their state, 500 × 9 MB in the worker.
  expect(end.heap - start.heap).toBeLessThan(2);
  expect(end.arrays - start.arrays).toBeLessThan(1);
  expect(end.resident - start.resident).toBeLessThan(80);
});
