/** Optimizers, clipping, averages, schedules and losses against numbers from PyTorch (test/reference/*.py). */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { gradients } from "../src/autodiff/gradients.ts";
import { encode } from "../src/graph/encode.ts";
import { Graph } from "../src/graph/graph.ts";
import type { Value } from "../src/graph/types.ts";
import { type Distillation, distillation } from "../src/losses/distillation.ts";
import { type LossChoice, lossOf } from "../src/losses/registry.ts";
import { clipByGlobalNorm, movingAverage } from "../src/optim/gradient-tools.ts";
import {
  type OptimizerOptions,
  stepNumbers,
  stepScalars,
  type Update,
  update,
} from "../src/optim/optimizer.ts";
import { rateAt, type Schedule } from "../src/optim/schedules.ts";
import { openSession } from "../src/runtime/session.node.ts";
import { type FloatTensor, floatTensor, type Tensor } from "../src/util/tensor.ts";

function reference<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`reference/${name}.json`, import.meta.url), "utf8")) as T;
}

type Named = Record<string, number[]>;

interface OptimizerReference {
  initial: Named;
  shapes: Named;
  gradients: Named[];
  steps: number[];
  cases: {
    name: string;
    optimizer: OptimizerOptions;
    rateFactors: Record<string, number>;
    clip: number | null;
    norms: number[];
    weights: Named[];
    moments: Record<string, Named>;
  }[];
  ema: { decay: number; weights: Named[] };
}

/**
 * Compares every element with `tolerance` relative to its magnitude, or to `floor` if it is smaller: 1e-8 is far below all
 * meaningful values here (gradients are of 1e-4 to 1), and avoids division by zero.
 */
function expectClose(
  actual: ArrayLike<number>,
  expected: readonly number[],
  tolerance: number,
  what: string,
  floor = 1e-8,
): void {
  for (const [i, value] of expected.entries()) {
    const apart = Math.abs((actual[i] as number) - value) / Math.max(Math.abs(value), floor);
    expect(apart, `${what}[${i}]`).toBeLessThan(tolerance);
  }
}

/** The same for sums whose terms may cancel: where they do, few digits are left; elsewhere nearly all. */
function expectSumsClose(actual: ArrayLike<number>, expected: readonly number[], what: string): void {
  expectClose(actual, expected, 3e-5, what);
  expectClose(actual, expected, 1e-6, what, Math.max(...expected.map(Math.abs)) / 2);
}

const { initial, shapes, gradients: given, steps, cases, ema } = reference<OptimizerReference>("optimizers");

describe.each(cases.map((one) => [one.name, one] as const))("optimizer %s", (_, one) => {
  test("equals PyTorch after every step", async () => {
    const graph = new Graph();
    const names = Object.keys(shapes);
    const weights = names.map((name) => graph.input(name, "float32", shapes[name] as number[]));
    const grads = names.map((name) => graph.input(`g.${name}`, "float32", shapes[name] as number[]));
    const clipped = one.clip === null ? undefined : clipByGlobalNorm(grads, one.clip);
    if (clipped) graph.output("norm", clipped.norm);
    const scalars = stepScalars(graph);
    const averages = weights.map((weight, i) => graph.input(`a.${names[i]}`, "float32", weight.shape));
    const moments: string[] = [];
    for (const [i, weight] of weights.entries()) {
      const name = names[i] as string;
      const gradient = (clipped?.clipped ?? grads)[i] as Value;
      const factor = one.rateFactors[name] ?? 1;
      const result = update(one.optimizer, [weight], [gradient], scalars, factor)[0] as Update;
      graph.output(`next.${name}`, result.next);
      graph.output(`next.a.${name}`, movingAverage(averages[i] as Value, result.next, 1 - ema.decay));
      for (const moment of result.moments) {
        graph.output(`next.${moment.name}`, moment.next);
        moments.push(moment.name);
      }
    }
    const session = await openSession(encode(graph, "optimizer"), { device: "cpu", threads: 1 });
    const state: Record<string, Tensor> = {};
    for (const name of names) {
      const shape = shapes[name] as number[];
      state[name] = floatTensor(shape, initial[name] as number[]);
      state[`a.${name}`] = state[name];
    }
    for (const moment of moments) {
      const shape = shapes[moment.slice(moment.lastIndexOf(".") + 1)] as number[];
      state[moment] = floatTensor(shape, new Float32Array(shape.reduce((a, b) => a * b, 1)));
    }
    for (const [step, rate] of steps.entries()) {
      const numbers = stepNumbers(one.optimizer, step + 1, rate);
      const feeds: Record<string, Tensor> = { ...state };
      for (const [name, value] of Object.entries(numbers)) feeds[name] = floatTensor([], [value]);
      for (const name of names)
        feeds[`g.${name}`] = floatTensor(shapes[name] as number[], given[step]?.[name] as number[]);
      const results = await session.run(feeds);
      for (const [key, tensor] of Object.entries(results)) {
        if (key.startsWith("next.")) state[key.slice(5)] = tensor;
      }
      if (clipped) expect(Number(results.norm?.data[0])).toBeCloseTo(one.norms[step] as number, 5);
      for (const name of names) {
        expectClose(
          state[name]?.data as Float32Array,
          one.weights[step]?.[name] as number[],
          5e-7,
          `${name} at step ${step}`,
        );
        if (one === cases[0]) {
          expectClose(
            state[`a.${name}`]?.data as Float32Array,
            ema.weights[step]?.[name] as number[],
            5e-7,
            `average of ${name}`,
          );
        }
      }
    }
    for (const [kind, tensors] of Object.entries(one.moments)) {
      const { own, factor } = ownMoment(kind, one.optimizer);
      for (const [name, values] of Object.entries(tensors)) {
        const moment = state[`${own}.${name}`] as FloatTensor;
        const scaled = moment.data.map((value) => value * factor);
        if (kind === "exp_avg_sq") expectClose(scaled, values, 5e-7, `${kind} of ${name}`);
        else expectSumsClose(scaled, values, `${kind} of ${name}`);
      }
    }
    await session.release();
  });
});

/** Our name of one of PyTorch's moments, and the factor that converts ours to PyTorch's. */
function ownMoment(kind: string, optimizer: OptimizerOptions): { own: string; factor: number } {
  if (optimizer.type === "sgd") return { own: kind, factor: 1 };
  return kind === "exp_avg"
    ? { own: "exp_sum", factor: 1 - optimizer.beta1 }
    : { own: "exp_sum_sq", factor: 1 - optimizer.beta2 };
}

interface ScheduleReference {
  schedule: Schedule;
  peak: number;
  stepsPerEpoch: number;
  totalSteps: number;
  rates: number[];
}

test.each(
  reference<ScheduleReference[]>("schedules").map((one) => [JSON.stringify(one.schedule), one] as const),
)("schedule %s equals PyTorch's", (_, { schedule, peak, stepsPerEpoch, totalSteps, rates }) => {
  for (const [step, rate] of rates.entries()) {
    const own = rateAt(schedule, peak, step, { stepsPerEpoch, totalSteps });
    expect(Math.abs(own - rate) / peak, `step ${step}`).toBeLessThan(1e-6);
  }
});

interface LossReference {
  name: string;
  shape: [number, number];
  logits: number[];
  targets: number[];
  options: { labelSmoothing: number; classWeights: number[] | null; prior?: number[] };
  kind: LossChoice;
  teacher: number[] | null;
  distillation: Distillation | null;
  loss: number;
  gradient: number[];
}

test.each(reference<LossReference[]>("losses").map((one) => [one.name, one] as const))(
  "loss %s equals PyTorch's",
  async (_, one) => {
    const graph = new Graph();
    const logits = graph.input("logits", "float32", one.shape);
    const targets = graph.input("targets", "float32", one.shape);
    const { labelSmoothing, classWeights, prior } = one.options;
    const { loss: chosen, options } = lossOf(one.kind);
    const own = chosen.build(
      { logits, targets, labelSmoothing, classWeights: classWeights ?? undefined, prior },
      options,
    );
    const { teacher, distillation: numbers } = one;
    const loss =
      teacher && numbers
        ? distillation(logits, own, graph.constant("float32", one.shape, Float32Array.from(teacher)), numbers)
        : own;
    graph.output("loss", loss);
    graph.output("gradient", gradients(loss, [logits])[0] as Value);
    const session = await openSession(encode(graph, "loss"), { device: "cpu", threads: 1 });
    const results = await session.run({
      logits: floatTensor(one.shape, one.logits),
      targets: floatTensor(one.shape, one.targets),
    });
    expectClose([Number(results.loss?.data[0])], [one.loss], 5e-7, "loss");
    expectSumsClose(results.gradient?.data as Float32Array, one.gradient, "gradient");
    await session.release();
  },
);
