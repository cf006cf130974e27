/** Backbones of every family train: with skipped blocks, resumed bit for bit, and with the same result on cached features. */

import { afterAll, describe, expect, test } from "vitest";
import { families, familyArchitecture, livelyWeights } from "../../test/support/families.ts";
import { packValidation } from "../augment/validation.ts";
import { adamwDefaults } from "../optim/optimizer.ts";
import { compileFeatures } from "../program/predict.ts";
import { compileTrain, type TrainOptions } from "../program/train.ts";
import { startEngine } from "../runtime/engine.node.ts";
import type { Tensors } from "../runtime/session.ts";
import { random } from "../util/random.ts";
import { floatTensor, type StateDict } from "../util/tensor.ts";
import { Stepper } from "./stepper.ts";
import { stageRates, trainableStages, trainsOnFeatures } from "./trainable.ts";

const engine = startEngine({ device: "cpu", threads: 1 });
afterAll(() => engine.close());

const [BATCH, SIZE] = [6, 32];
const canvas = { width: SIZE, height: SIZE, channels: 3 } as const;
const optimizer = { type: "adamw", learningRate: 1e-3, weightDecay: 0.01, ...adamwDefaults } as const;
const key = [7, "families"] as const;
const targets = floatTensor(
  [BATCH, 4],
  Array.from({ length: BATCH * 4 }, (_, i) => Number(i % 4 === (i >> 2) % 4)),
);

const pixelsOf = (step: number): Uint8Array => {
  const rng = random("pixels", step);
  return Uint8Array.from({ length: BATCH * 3 * SIZE ** 2 }, () => rng.next() * 255);
};

describe.each(families.map((backbone) => [backbone.name, backbone] as const))("%s", (name, backbone) => {
  const architecture = familyArchitecture(backbone, { head: "reference", dropout: 0.3 });
  const weights = livelyWeights(architecture);
  const { mean, std } = backbone.preprocessing;
  const normalised = (step: number): Tensors => {
    const data = Float32Array.from(pixelsOf(step), (byte, i) => {
      const c = Math.floor(i / SIZE ** 2) % 3;
      return (byte / 255 - (mean[c] as number)) / (std[c] as number);
    });
    return { pictures: floatTensor([BATCH, 3, SIZE, SIZE], data), targets };
  };
  const options = (changes: Partial<TrainOptions> = {}): TrainOptions => ({
    ...{ architecture, weights, batch: BATCH, trainable: () => true, optimizer, batchNorm: "batch" },
    input: { kind: "normalised" },
    stochasticDepth: 0.5,
    ...changes,
  });
  const trained = async (stepper: Stepper, steps: readonly number[]): Promise<StateDict> => {
    for (const step of steps) expect((await stepper.step(normalised(step))).loss).toBeGreaterThan(0);
    return stepper.state();
  };

  test("a resumed training draws the masks of one that was not interrupted, and ends with its bits", async () => {
    const program = compileTrain(options());
    const dropped = program.masks.filter(({ layer }) => !layer.startsWith("head"));
    expect(dropped.map(({ layer }) => layer)).toEqual(
      {
        own_mobile: ["block.1"],
        own_next: ["block"],
        own_transformer: ["blocks.1.drop1", "blocks.1.drop2"],
      }[name] ?? [],
    );
    for (const { probability, shape } of dropped) expect([probability, ...shape]).toEqual([0.5, BATCH]);
    const whole = await Stepper.open(engine, program, { key });
    await whole.load(weights);
    const first = await trained(whole, [0, 1]);
    const position = whole.position;
    const expected = await trained(whole, [2, 3]);
    await whole.release();
    const resumed = await Stepper.open(engine, compileTrain(options()), { key });
    await resumed.load(weights, first, position);
    const found = await trained(resumed, [2, 3]);
    await resumed.release();
    expect([...found.keys()]).toEqual([...expected.keys()]);
    for (const [tensor, { data }] of found) expect(data, tensor).toEqual(expected.get(tensor)?.data);
  });

  test("without stochastic depth only the head has masks", () => {
    const { masks } = compileTrain(options({ stochasticDepth: 0 }));
    expect(masks.map(({ layer }) => layer).every((layer) => layer.startsWith("head"))).toBe(true);
  });

  test("every number of groups trains, in float32 and in half precision", async () => {
    for (let groups = 1; groups <= backbone.unfreeze.length; groups++) {
      const stages = trainableStages(backbone, groups);
      for (const precision of ["fp32", "fp16"] as const) {
        const trainable = (stage: string): boolean => stages.has(stage);
        const rateFactor = stageRates(backbone, 0.8);
        const program = compileTrain(options({ trainable, precision, rateFactor, batchNorm: "running" }));
        const stepper = await Stepper.open(engine, program, { key });
        await stepper.load(weights);
        // In half precision the initial loss scale is too high, and is halved until nothing overflows.
        let updated = false;
        for (let step = 0; step < 12 && !updated; step++) ({ updated } = await stepper.step(normalised(0)));
        expect(updated).toBe(true);
        const after = await stepper.weights();
        await stepper.release();
        const changed = [...after].filter(([tensor, { data }]) =>
          data.some((value, i) => value !== weights.get(tensor)?.data[i]),
        );
        const moved = new Set(
          changed.map(([tensor]) => [...backbone.stages, "head"].find((s) => tensor.startsWith(`${s}.`))),
        );
        expect(moved).toEqual(stages);
      }
    }
  });

  test("a head learns from cached features what it learns behind the frozen backbone", async () => {
    const frozen = await engine.open(compileFeatures(architecture, weights, canvas, { batch: BATCH }));
    const { features } = await frozen.run({
      pictures: { dtype: "uint8", shape: [BATCH, 3, SIZE, SIZE], data: pixelsOf(0) },
      ...packValidation(new Array(BATCH).fill(canvas), SIZE, 1),
    });
    await frozen.release();
    expect(features?.shape).toEqual([BATCH, backbone.features]);
    const trainable = (stage: string): boolean => stage === "head";
    const losses: number[] = [];
    for (const input of ["features", "normalised"] as const) {
      const stepper = await Stepper.open(
        engine,
        compileTrain(options({ trainable, input: { kind: input } })),
        { key },
      );
      await stepper.load(weights);
      const feeds = input === "features" ? { features: features as Tensors[string], targets } : normalised(0);
      for (let step = 0; step < 2; step++) losses.push((await stepper.step(feeds)).loss);
      await stepper.release();
    }
    const [cached1, cached2, direct1, direct2] = losses as [number, number, number, number];
    expect(cached1).toBeCloseTo(direct1, 4);
    expect(cached2).toBeCloseTo(direct2, 4);
    expect(cached2).not.toBeCloseTo(cached1, 4);
  });

  test("features are cached only while every stage is frozen, those behind the pooling as well", () => {
    expect(trainsOnFeatures(trainableStages(backbone, "head"), true)).toBe(true);
    for (const stage of backbone.stages)
      expect(trainsOnFeatures(trainableStages(backbone, ["head", stage]), true), stage).toBe(false);
  });
});
