/** Whole trainings by the loop; the duration of their work is determined by a clock that the test sets. */

import { describe, expect, test } from "vitest";
import { type PhaseCost, totalOf } from "./forecast.ts";
import { type LoopHost, type PhaseSetup, runLoop } from "./loop.ts";
import { resolveRecipe } from "./override.ts";
import { Pace } from "./pace.ts";
import { PhasePlan } from "./phase-plan.ts";
import { newProgress, type Progress } from "./progress.ts";
import type { Cut, Phase, Recipe } from "./recipe.ts";
import type { Stepper } from "./stepper.ts";

const PER_EPOCH = 20;
const phaseOf = (name: string, epochs: number): object => ({
  ...{ name, train: "all", epochs, patience: epochs },
  optimizer: { type: "adamw", learningRate: 1 },
  schedule: { type: "cosine", warmup: 0, minimumFactor: 0 },
});
const recipeOf = (...epochs: number[]): Recipe =>
  resolveRecipe("scratch", [
    ...["model=vultus_s", "inputSize=32", "batchSize=4"],
    `phases=${JSON.stringify(epochs.map((count, i) => phaseOf(`phase-${i + 1}`, count)))}`,
  ]);
/** The forecast duration of every phase of these trainings. */
const costOf = (epochs: number): PhaseCost => ({
  ...{ setUp: 1, steps: epochs * PER_EPOCH, step: 0.1, epochs, validate: 0.5, views: 0, view: 0 },
});
const CLOSING = 4;

interface World {
  readonly budget?: number;
  /** Maximum number of epochs as a multiple of the planned number. */
  readonly most?: number;
  /** Actual duration of all work as a multiple of the forecast, by elapsed time. */
  readonly slowness?: (now: number) => number;
  /** Returns whether to interrupt the training, by seconds or other progress. */
  readonly until?: (now: number, progress: Progress) => boolean;
  readonly from?: Progress;
}

/** Runs a training and returns everything observable about it. */
async function trained(
  recipe: Recipe,
  { budget, most = 1, slowness = () => 1, until = () => false, from }: World,
) {
  let now = 0;
  const takes = async (seconds: number): Promise<void> => {
    for (let left = seconds; left > 1e-9; left -= 0.05) now += Math.min(left, 0.05) * slowness(now);
  };
  const stop = new AbortController();
  const updates: { phase: string; update: number; rate: number }[] = [];
  const notes: string[] = [];
  const reasons: string[] = [];
  let saved = recipe;
  let checkpoint: Progress | undefined;
  const progress = structuredClone(from ?? newProgress());
  let [batches, validated] = [0, 0];
  const setUp = async (phase: Phase): Promise<PhaseSetup> => {
    await takes(1);
    const plan = new PhasePlan(phase, PER_EPOCH);
    let made = 0;
    const stepper = {
      load: async (_weights: unknown, _saved: unknown, position = { batches: 0, updates: 0 }) => {
        made = position.updates;
      },
      async step() {
        await takes(0.1);
        batches++;
        const learningRate = plan.rate(made);
        updates.push({ phase: phase.name, update: made++, rate: learningRate });
        return { loss: 1, metrics: {}, finite: true, updated: true, learningRate, seconds: 0.1, outputs: {} };
      },
      get position() {
        return { batches: made, updates: made };
      },
      rate: (update: number) => plan.rate(update),
      state: async () => new Map(),
      release: async () => {},
    } as unknown as Stepper;
    const feeds = () => ({
      targets: { dtype: "float32" as const, shape: [4, 2], data: new Float32Array(8) },
    });
    return {
      weights: new Map(),
      plan,
      stepper,
      source: {
        batchesPerEpoch: PER_EPOCH,
        prepare: async () => {},
        rehearse: async () => ({ feeds: feeds(), prepareSeconds: 0 }),
        feeds,
      },
      async validate() {
        await takes(0.5);
        return { loss: 1, accuracy: ++validated / 1000, confusion: [], watched: [] };
      },
      close: async () => {},
    };
  };
  const host: LoopHost = {
    recipe,
    pace:
      budget === undefined
        ? undefined
        : new Pace({
            left: () => budget - now,
            costs: recipe.phases.map(({ epochs }) => costOf(epochs)),
            most: recipe.phases.map(({ epochs }) => most * epochs),
            closing: CLOSING,
          }),
    async emit(name, event) {
      // The loop times a few steps of a phase if nothing shortens it.
      if (name === "forecast") updates.splice(-3);
      if (name === "note") notes.push((event as { text: string }).text);
      if (name === "phaseEnd") reasons.push((event as { reason: string }).reason);
      if (name === "step" && until(now, progress)) stop.abort();
    },
    setUp,
    async saveCuts(index: number, cuts: readonly Cut[]) {
      const phases = saved.phases.map((phase, i) => (i === index ? { ...phase, cuts: [...cuts] } : phase));
      saved = { ...saved, phases };
    },
    saveCheckpoint: async (_, saving) => {
      checkpoint = structuredClone(saving);
    },
    saveBest: async () => {},
    loadBest: async () => new Map(),
    checkpointDue: () => false,
    signal: stop.signal,
  };
  const ending = await runLoop(host, new Map(), new Map(), progress);
  await takes(CLOSING);
  return { ending, now, updates, notes, reasons, batches, recipe: saved, checkpoint: checkpoint as Progress };
}

const needed = (...epochs: number[]): number =>
  epochs.reduce((sum, count) => sum + totalOf(costOf(count)), CLOSING);

test("a training that fits is not changed", async () => {
  const { now, batches, recipe } = await trained(recipeOf(10), { budget: needed(10) + 0.2 });
  expect(now).toBeCloseTo(needed(10));
  expect(batches).toBe(200);
  expect(recipe).toEqual(recipeOf(10));
});

describe("a training ends in its time, and little before", () => {
  const budget = 30;
  test.each<[string, (now: number) => number]>([
    ["as fast as forecast, but too long", () => 1],
    ["half as fast", () => 2],
    ["ever slower", (now) => 1 + now / 20],
    ["suddenly slow", (now) => (now > 12 ? 3 : 1)],
    ["slow for a while", (now) => (now > 5 && now < 12 ? 3 : 1)],
    ["jumping between fast and slow", (now) => (Math.floor(now) % 2 === 0 ? 0.6 : 1.8)],
    ["twice as fast", () => 0.5],
  ])("on a machine that is %s", async (_, slowness) => {
    const { now, updates, recipe, reasons } = await trained(recipeOf(20), { budget, slowness, most: 2 });
    // The work after the last step may be slower than everything measured before.
    expect(now).toBeLessThan(budget * 1.06);
    expect(now).toBeGreaterThan(budget * 0.8);
    expect(reasons).toEqual([expect.stringMatching(/^(time is up|all)/)]);
    // The rate has decreased nevertheless.
    expect(updates.at(-1)?.rate).toBeLessThan(0.25);
    expect(recipe.phases[0]?.cuts?.length).toBeLessThan(40);
  });
});

test("what was shortened is lengthened again if there is time after all", async () => {
  const slowness = (now: number): number => (now < 10 ? 4 : 1);
  const { now, batches } = await trained(recipeOf(10), { budget: 30, slowness });
  expect(now).toBeGreaterThan(26);
  expect(now).toBeLessThan(30.5);
  // With the plan of its tenth second, there would be half as many.
  expect(batches).toBeGreaterThan(100);
});

test("all phases are shortened by the same share, and those without any time are left out, which is said", async () => {
  const half = await trained(recipeOf(10, 10, 10), { budget: needed(10, 10, 10) / 2 });
  expect(half.now).toBeLessThan(needed(10, 10, 10) / 2 + 0.2);
  const counts = ["phase-1", "phase-2", "phase-3"].map(
    (name) => half.updates.filter(({ phase }) => phase === name).length,
  );
  for (const count of counts) expect(count).toBeGreaterThan(60);
  const short = await trained(recipeOf(10, 10, 10), { budget: 9, slowness: () => 1.2 });
  expect(short.now).toBeLessThan(9.5);
  expect(short.notes).toContain("phase phase-3 is left out: no time is left for it");
  expect(short.checkpoint.phase).toBe(3);
});

test("a phase that has begun when time is up is said to be left out too", async () => {
  let late = 0;
  for (let from = 5; from < 15; from += 0.1) {
    const slowness = (now: number): number => (now > from ? 20 : 1);
    const { notes, reasons, updates } = await trained(recipeOf(10, 10), { budget: 20, slowness });
    expect(reasons.length + notes.length, `slow from ${from} s`).toBe(2);
    if (notes.includes("phase phase-2 is left out: time was up before its first step")) late++;
    expect(updates.some(({ phase }) => phase === "phase-2")).toBe(reasons.length === 2);
  }
  expect(late).toBeGreaterThan(0);
});

test("a phase by which a run is extended trains something, whatever the time", async () => {
  const first = await trained(recipeOf(3), {});
  const [phase] = recipeOf(3).phases as [Phase];
  const extension = { ...phase, name: "phase-1-extended", earlierEpochs: 3 };
  const longer = { ...first.recipe, phases: [...first.recipe.phases, extension] };
  const { updates, reasons, recipe } = await trained(longer, { from: first.checkpoint, budget: 1 });
  expect(updates).toHaveLength(1);
  expect(reasons).toEqual(["time is up after 0.05 of 3 epochs"]);
  expect(recipe.phases[1]?.cuts).toEqual([{ update: 0, batches: 1 }]);
});

test("if all time is over at once, one update is made and measured: without it there would be no result", async () => {
  const { batches, checkpoint } = await trained(recipeOf(10), { budget: 0.5 });
  expect(batches).toBe(1);
  expect(checkpoint.best).not.toBeNull();
});

describe("what was run is recorded", () => {
  const slowness = (now: number): number => 1 + now / 20;

  test("the same recipe trains the same again, without a clock", async () => {
    const first = await trained(recipeOf(10, 10), { budget: 25, slowness });
    const again = await trained(first.recipe, {});
    expect(again.updates).toEqual(first.updates);
    expect(again.recipe).toEqual(first.recipe);
  });

  test.each([3, 9, 14])(
    "interrupted after %i s it goes on by its plan, whether or not it is repeated",
    async (seconds) => {
      const world = { budget: 25, slowness, until: (now: number) => now > seconds };
      const broken = await trained(recipeOf(10, 10), world);
      expect(broken.ending).toBe("interrupted");
      const resumed = await trained(broken.recipe, { from: broken.checkpoint });
      expect(resumed.ending).toBe("finished");
      const whole = await trained(resumed.recipe, {});
      expect([...broken.updates, ...resumed.updates]).toEqual(whole.updates);
    },
  );

  test("a resumed training with a time of its own is shortened to that", async () => {
    const broken = await trained(recipeOf(20), { until: (now) => now > 10 });
    const resumed = await trained(broken.recipe, { from: broken.checkpoint, budget: 12, slowness });
    expect(resumed.now).toBeLessThan(12 * 1.1);
    expect(resumed.now).toBeGreaterThan(9);
    const whole = await trained(resumed.recipe, {});
    expect([...broken.updates, ...resumed.updates]).toEqual(whole.updates);
  });
});
