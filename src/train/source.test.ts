import { expect, test } from "vitest";
import type { Sample } from "../data/dataset.ts";
import { floatTensor } from "../util/tensor.ts";
import { dropoutMasks, mixTargets, targetsOf } from "./source.ts";

const sample = (label: number, votes?: readonly number[]): Sample => ({
  id: "",
  source: { kind: "pixels", picture: { width: 1, height: 1, channels: 1, pixels: new Uint8Array(1) } },
  label,
  split: "train",
  ...(votes && { votes }),
});

test("a target is the votes for an image, or 1 for its label", () => {
  const targets = targetsOf([sample(2), sample(0, [0.5, 0.25, 0.25]), sample(1)], 3);
  expect(targets).toEqual(floatTensor([3, 3], [0, 0, 1, 0.5, 0.25, 0.25, 0, 1, 0]));
});

test("a loss over votes is fed what was counted, and one vote for a label", () => {
  const ten = { ...sample(0, [0.7, 0.3]), voteCount: 10 };
  expect(targetsOf([ten, sample(1)], 2, "votes")).toEqual(floatTensor([2, 2], [7, 3, 0, 1]));
  expect(targetsOf([ten], 2)).toEqual(floatTensor([1, 2], [0.7, 0.3]));
});

test("mixed targets have their own share and the rest of their partner's", () => {
  const targets = floatTensor([3, 2], [1, 0, 0, 1, 0.5, 0.5]);
  const mixing = { partner: Int32Array.of(1, 2, 2), weight: Float32Array.of(0.3, 0.75, 0.3) };
  const mixed = mixTargets(targets, mixing);
  expect(mixed.shape).toEqual([3, 2]);
  // 0.3·[1, 0] + 0.7·[0, 1]; 0.75·[0, 1] + 0.25·[0.5, 0.5]; one that is its own partner stays.
  const expected = [0.3, 0.7, 0.125, 0.875, 0.5, 0.5];
  for (const [i, value] of expected.entries()) expect(mixed.data[i]).toBeCloseTo(value, 6);
});

const layers = ["head.first", "head.second"].map((layer) => ({
  layer,
  name: `mask.${layer}`,
  shape: [100, 100],
  probability: 0.2,
}));
const masksOf = (...key: (string | number)[]) =>
  layers.map(({ name }) => dropoutMasks(layers, ...key)[name]?.data as Float32Array);

test("a dropout mask is 0 as often as its probability says, and 1/(1 − p) elsewhere", () => {
  for (const mask of masksOf("seed", 1)) {
    expect(new Set(mask)).toEqual(new Set([0, 1.25]));
    // Four standard deviations of 10,000 draws.
    expect(Math.abs(mask.filter((value) => value === 0).length / 10_000 - 0.2)).toBeLessThan(0.016);
  }
});

test("the same key gives the same masks; another step, and another layer, another", () => {
  const textsOf = (step: number): string[] => masksOf("seed", step).map(String);
  const [first, second] = textsOf(1);
  expect(textsOf(1)).toEqual([first, second]);
  expect(textsOf(2)[0] === first).toBe(false);
  expect(second === first).toBe(false);
});
