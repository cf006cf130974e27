/** A layer of patches that takes up another normalisation gives the same numbers. */

import { expect, test } from "vitest";
import { formulaTensor } from "../../test/reference/formula.ts";
import { imagenet, symmetric } from "../models/backbone.ts";
import type { StateDict } from "../util/tensor.ts";
import { renormalised, sameNormalisation } from "./normalisation.ts";

const patch: StateDict = new Map([
  ["patch_embed.proj.weight", formulaTensor("kernel", [4, 3, 2, 2])],
  ["patch_embed.proj.bias", formulaTensor("bias", [4], "uniform")],
  ["cls_token", formulaTensor("token", [1, 1, 4], "uniform")],
]);
const pixels = formulaTensor("pixels", [3, 2, 2], "uniform").data.map((u) => (u + 1) / 2);

/** What the layer makes of one patch of pixels. */
function outputs(tensors: StateDict, { mean, std }: typeof symmetric): number[] {
  const [kernel, bias] = ["weight", "bias"].map((part) => tensors.get(`patch_embed.proj.${part}`)?.data);
  return Array.from({ length: 4 }, (_, o) => {
    const terms = [...pixels].map((pixel, i) => {
      const channel = Math.floor(i / 4);
      return (
        ((kernel?.[o * 12 + i] as number) * (pixel - (mean[channel] as number))) / (std[channel] as number)
      );
    });
    return terms.reduce((sum, term) => sum + term, bias?.[o] as number);
  });
}

test("the numbers are those of the other normalisation", () => {
  const taken = renormalised(patch, symmetric, imagenet) as StateDict;
  const expected = outputs(patch, symmetric);
  for (const [o, value] of outputs(taken, imagenet).entries())
    expect(value).toBeCloseTo(expected[o] as number, 5);
  expect(outputs(patch, imagenet)[0]).not.toBeCloseTo(expected[0] as number, 2);
  expect(taken.get("cls_token")).toBe(patch.get("cls_token"));
});

test("a network that begins otherwise cannot take it up", () => {
  expect(
    renormalised(new Map([["conv1.weight", formulaTensor("k", [4, 3, 2, 2])]]), symmetric, imagenet),
  ).toBeUndefined();
});

test("equal normalisations are told from others", () => {
  expect(sameNormalisation(imagenet, { ...imagenet })).toBe(true);
  expect(sameNormalisation(imagenet, symmetric)).toBe(false);
  expect(sameNormalisation(symmetric, { ...symmetric, std: [0.5] })).toBe(false);
});
