import { afterAll, describe, expect, test } from "vitest";
import { families, familyArchitecture, livelyWeights } from "../../test/support/families.ts";
import type { Sample } from "../data/dataset.ts";
import { loadPixels } from "../data/pixel-cache.node.ts";
import type { Pixels } from "../data/pixels.ts";
import { validationFeeds } from "../evaluate/score.ts";
import { type Architecture, describe as describeNetwork, withNewWeights } from "../models/classifier.ts";
import { backboneNamed } from "../models/registry.ts";
import { adamwDefaults } from "../optim/optimizer.ts";
import { compileNormStatistics, ofBatch } from "../program/norm-statistics.ts";
import { compileFeatures } from "../program/predict.ts";
import { compileTrain } from "../program/train.ts";
import { startEngine } from "../runtime/engine.node.ts";
import type { Tensors } from "../runtime/session.ts";
import { random } from "../util/random.ts";
import { type FloatTensor, floatTensor, type StateDict, type TypedArray } from "../util/tensor.ts";
import { isFolded, unfoldNorms } from "./folded-norms.ts";
import { Stepper } from "./stepper.ts";

const engine = startEngine({ device: "cpu", threads: 1 });
afterAll(() => engine.close());

const canvas = { width: 32, height: 32, channels: 1 } as const;
const optimizer = { type: "adamw", learningRate: 1e-3, weightDecay: 0.01, ...adamwDefaults } as const;

const facesOf = (count: number) =>
  loadPixels(
    Array.from({ length: count }, (_, i): Sample => {
      const rng = random("folded norms", i);
      const [level, contrast] = [rng.uniform(40, 200), rng.uniform(5, 40)];
      const pixels = Uint8Array.from({ length: 32 * 32 }, () => level + rng.uniform(-contrast, contrast));
      return {
        id: String(i),
        source: { kind: "pixels", picture: { ...canvas, pixels } },
        label: i % 4,
        split: "train",
      };
    }),
    { memoryBudget: 1e7, spillDir: "never made" },
  );

/** Returns all images as input for a network, and their targets. */
function normalised(images: Pixels, { backbone, classes }: Architecture): Tensors {
  const { mean, std } = backbone.preprocessing;
  const count = images.samples.length;
  const pictures = images.samples.flatMap((_, i) =>
    mean.flatMap((m, c) => Array.from(images.get(i).pixels, (byte) => (byte / 255 - m) / (std[c] as number))),
  );
  const targets = images.samples.flatMap(({ label }) => classes.map((_, c) => Number(c === label)));
  return {
    pictures: floatTensor([count, mean.length, 32, 32], pictures),
    targets: floatTensor([count, classes.length], targets),
  };
}

const numbers = (weights: StateDict, name: string): Float32Array => (weights.get(name) as FloatTensor).data;

/** Returns the same network with each norm folded into the convolution before it, as converters do. */
function folded(architecture: Architecture, weights: StateDict): StateDict {
  const { norms } = compileNormStatistics(architecture, weights, canvas, 1);
  const result = new Map(
    [...weights].map(([name, { shape, data }]) => [name, floatTensor(shape, data.slice())]),
  );
  for (const { name, epsilon } of norms) {
    const conv = convolutionBefore(name, weights);
    const [scale, shift, mean, variance, weight] = [
      ...["weight", "bias", "running_mean", "running_var"].map((tensor) =>
        numbers(result, `${name}.${tensor}`),
      ),
      numbers(result, conv),
    ] as [Float32Array, Float32Array, Float32Array, Float32Array, Float32Array];
    for (let channel = 0; channel < scale.length; channel++) {
      const factor = (scale[channel] as number) / Math.sqrt((variance[channel] as number) + epsilon);
      const taps = weight.length / scale.length;
      for (let i = channel * taps; i < (channel + 1) * taps; i++) weight[i] = (weight[i] as number) * factor;
      shift[channel] = (shift[channel] as number) - (mean[channel] as number) * factor;
    }
    scale.fill(1);
    mean.fill(0);
    variance.fill(1 - epsilon);
  }
  return result;
}

/** Returns the convolution whose tensor comes before a norm's: layer order is the order of the tensors. */
function convolutionBefore(norm: string, weights: StateDict): string {
  const names = [...weights.keys()];
  const before = names.slice(0, names.indexOf(`${norm}.weight`));
  return before.findLast((name) => weights.get(name)?.shape.length === 4) as string;
}

const resnet: Architecture = {
  ...{ backbone: backboneNamed("resnet18"), head: "linear", classes: ["a", "b", "c", "d"] },
  ...{ dropout: 0, inputSize: 32, resize: 1 },
};
const architectures = [resnet, ...families.map((backbone) => familyArchitecture(backbone))].filter(
  (architecture) =>
    compileNormStatistics(architecture, livelyWeights(architecture), canvas, 1).norms.length > 0,
);

describe.each(architectures.map((one) => [one.backbone.name, one] as const))("%s", (_, architecture) => {
  const original = livelyWeights(architecture);
  const before = folded(architecture, original);
  const context = { architecture, engine, canvas, seed: 0 };

  test("computes after unfolding what it computed before, as it did before it was folded", async () => {
    const training = await facesOf(40);
    const after = await unfoldNorms({ ...context, training }, before);
    const feeds = validationFeeds(training, [0, 1, 2, 3], canvas, architecture);
    const features: (TypedArray | undefined)[] = [];
    for (const weights of [original, before, after]) {
      const open = await engine.open(compileFeatures(architecture, weights, canvas, { batch: 4 }));
      features.push((await open.run(feeds)).features?.data);
      await open.release();
    }
    const [wanted, ...got] = features as [Float32Array, Float32Array, Float32Array];
    const largest = Math.max(...wanted.map(Math.abs));
    for (const one of got)
      for (const [i, value] of one.entries())
        expect(Math.abs(value - (wanted[i] as number)) / largest).toBeLessThan(1e-4);
  });

  test("by batch statistics gives what it gives by running ones, which it does not if it stays folded", async () => {
    const training = await facesOf(48);
    const after = await unfoldNorms({ ...context, training }, before);
    const lossOf = async (weights: StateDict, batchNorm: "running" | "batch"): Promise<number> => {
      const stepper = await Stepper.open(
        engine,
        compileTrain({
          ...{ architecture, weights, batch: 48, trainable: () => true, batchNorm },
          ...{ input: { kind: "normalised" }, optimizer },
        }),
      );
      await stepper.load(weights);
      const { loss } = await stepper.step(normalised(training, architecture));
      await stepper.release();
      return loss;
    };
    const loss = await lossOf(original, "running");
    expect(Math.abs((await lossOf(after, "batch")) / loss - 1)).toBeLessThan(1e-3);
    expect(Math.abs((await lossOf(before, "batch")) / loss - 1)).toBeGreaterThan(0.05);
  });

  test("has the statistics of all images, and not those of one batch", async () => {
    const training = await facesOf(128);
    const after = await unfoldNorms({ ...context, training }, before);
    const { program, norms } = compileNormStatistics(architecture, before, canvas, 128);
    const running = Object.fromEntries([...before].filter(([name]) => name.includes(".running_")));
    const open = await engine.open(program);
    const all = training.samples.map((_, i) => i);
    const whole = await open.run({ ...validationFeeds(training, all, canvas, architecture), ...running });
    await open.release();
    for (const { name } of norms) {
      for (const statistic of [`${name}.running_mean`, `${name}.running_var`]) {
        const wanted = whole[ofBatch(statistic)]?.data as Float32Array;
        const largest = Math.max(...wanted.map(Math.abs));
        for (const [i, value] of numbers(after, statistic).entries())
          expect(Math.abs(value - (wanted[i] as number)) / largest).toBeLessThan(1e-4);
      }
    }
  });
});

test("measures the mean and the variance that a plain computation finds", async () => {
  const before = folded(resnet, livelyWeights(resnet));
  const training = await facesOf(8);
  const after = await unfoldNorms({ architecture: resnet, engine, canvas, seed: 0, training }, before);
  const images = normalised(training, resnet).pictures?.data as Float32Array;
  const weight = numbers(before, "conv1.weight");
  for (const channel of [0, 33]) {
    const seen: number[] = [];
    for (let n = 0; n < 8; n++)
      for (let y = 0; y < 16; y++)
        for (let x = 0; x < 16; x++) {
          let sum = 0;
          for (let c = 0; c < 3; c++)
            for (let i = 0; i < 7; i++)
              for (let j = 0; j < 7; j++) {
                const [v, u] = [2 * y + i - 3, 2 * x + j - 3];
                if (v < 0 || v >= 32 || u < 0 || u >= 32) continue;
                sum +=
                  (weight[((channel * 3 + c) * 7 + i) * 7 + j] as number) *
                  (images[((n * 3 + c) * 32 + v) * 32 + u] as number);
              }
          seen.push(sum);
        }
    const mean = seen.reduce((a, b) => a + b, 0) / seen.length;
    const variance = seen.reduce((a, b) => a + (b - mean) ** 2, 0) / seen.length;
    expect(numbers(after, "bn1.running_mean")[channel]).toBeCloseTo(mean, 4);
    expect((numbers(after, "bn1.running_var")[channel] as number) / variance).toBeCloseTo(1, 4);
  }
});

test("weights that are new, and weights with statistics of their own, stay as they are", async () => {
  const training = await facesOf(4);
  const unfold = (weights: StateDict) =>
    unfoldNorms({ architecture: resnet, engine, canvas, seed: 0, training }, weights);
  const drawn = withNewWeights(describeNetwork(resnet).specs, new Map(), 0);
  const trained = livelyWeights(resnet);
  expect(await unfold(drawn)).toBe(drawn);
  expect(await unfold(trained)).toBe(trained);
  expect(isFolded(folded(resnet, trained), "bn1")).toBe(true);
});
