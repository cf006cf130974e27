/** New weights are distributed as in torch.nn.init, with gain 1 for a linear layer and √2 before a ReLU. */

import { expect, test } from "vitest";
import { describe, withNewWeights } from "../models/classifier.ts";
import { backboneNamed } from "../models/registry.ts";
import type { StateDict } from "../util/tensor.ts";

/** Returns some tensors of a six-emotion classifier with the reference head. */
function drawn(backbone: string, layers: readonly string[], seed = 0): StateDict {
  const classes = ["angry", "fear", "happy", "neutral", "sad", "surprise"];
  const design = { head: "reference", classes, dropout: 0.4, inputSize: 64, resize: 1 } as const;
  const { specs } = describe({ backbone: backboneNamed(backbone), ...design });
  const asked = specs.filter(({ name }) => layers.some((layer) => name.startsWith(`${layer}.`)));
  return withNewWeights(asked, new Map(), seed);
}

const numbers = (weights: StateDict, name: string): Float32Array => weights.get(name)?.data as Float32Array;

/** Returns mean, variance and kurtosis (1.8 for a uniform distribution, 3 for a normal one). */
function moments(values: Float32Array): { mean: number; variance: number; kurtosis: number } {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const central = (power: number): number =>
    values.reduce((sum, v) => sum + (v - mean) ** power, 0) / values.length;
  return { mean, variance: central(2), kurtosis: central(4) / central(2) ** 2 };
}

/** Expects a uniform distribution over ±`bound`, within four standard errors. */
function expectUniform(values: Float32Array, bound: number): void {
  const largest = values.reduce((top, v) => Math.max(top, Math.abs(v)), 0);
  expect(largest).toBeLessThanOrEqual(Math.fround(bound));
  expect(largest).toBeGreaterThan(bound * (1 - 10 / values.length));
  const { mean, variance } = moments(values);
  const deviation = bound / Math.sqrt(3);
  expect(Math.abs(mean) / deviation).toBeLessThan(4 / Math.sqrt(values.length));
  expect(Math.abs(variance / deviation ** 2 - 1)).toBeLessThan(4 * Math.sqrt(0.8 / values.length));
}

test("a new reference head: xavier_uniform_, biases of 0, batch norm that changes nothing", () => {
  const weights = drawn("resnet18", ["head"]);
  for (const [name, out, into] of [
    ["head.fc1", 512, 512],
    ["head.fc2", 6, 512],
  ] as const) {
    expect(weights.get(`${name}.weight`)?.shape).toEqual([out, into]);
    // The deviation is calculate_gain("linear") · √(2 / (fan_in + fan_out)); the bound is √3 times that.
    expectUniform(numbers(weights, `${name}.weight`), Math.sqrt(3) * Math.sqrt(2 / (into + out)));
    expect(new Set(numbers(weights, `${name}.bias`))).toEqual(new Set([0]));
  }
  for (const norm of ["head.bn1", "head.bn2"]) {
    for (const [name, value] of Object.entries({ weight: 1, bias: 0, running_mean: 0, running_var: 1 }))
      expect(new Set(numbers(weights, `${norm}.${name}`)), `${norm}.${name}`).toEqual(new Set([value]));
  }
});

test("the seed draws the head, and each layer its own numbers", () => {
  const head = (seed: number, layer = "fc2"): Float32Array =>
    numbers(drawn("resnet18", ["head"], seed), `head.${layer}.weight`).slice(0, 512);
  expect(head(1)).toEqual(head(1));
  expect(head(1)).not.toEqual(head(2));
  const scale = Math.sqrt(1024 / 518);
  expect(head(1)[0]).not.toBeCloseTo((head(1, "fc1")[0] as number) * scale, 5);
});

test("new convolutions: kaiming_normal_ by fan_out in ResNets, kaiming_uniform_ by fan_in in SqueezeNet", () => {
  const conv = numbers(drawn("resnet18", ["layer2.0.conv1"]), "layer2.0.conv1.weight");
  const { mean, variance, kurtosis } = moments(conv);
  const expected = 2 / (128 * 9);
  expect(Math.abs(mean)).toBeLessThan(4 * Math.sqrt(expected / conv.length));
  expect(Math.abs(variance / expected - 1)).toBeLessThan(4 * Math.sqrt(2 / conv.length));
  expect(Math.abs(kurtosis - 3)).toBeLessThan(4 * Math.sqrt(24 / conv.length));
  const fire = numbers(drawn("squeezenet1_1", ["features.3.expand3x3"]), "features.3.expand3x3.weight");
  expectUniform(fire, Math.SQRT2 * Math.sqrt(3 / (16 * 9)));
});
