/** The rules of the audit, on lists that are small enough to check by eye. */

import { describe, expect, test } from "vitest";
import type { Picture, Sample, Split } from "../data/dataset.ts";
import { disjointSets, indicesByKey } from "../util/disjoint-sets.ts";
import { random } from "../util/random.ts";
import { balanceOf } from "./balance.ts";
import { excludeText, exclusionsOf } from "./exclude.ts";
import { groupOf } from "./groups.ts";
import { faultsOf, qualityOf } from "./quality.ts";

const picture = (id: string, label: string, split: Split) => ({ id, label, split });

test("groups are joined through any number of steps and listed in order", () => {
  const sets = disjointSets(7);
  sets.join(5, 2);
  sets.join(2, 6);
  sets.join(0, 4);
  expect(sets.groups()).toEqual([
    [0, 4],
    [2, 5, 6],
  ]);
  expect(sets.areJoined(6, 5)).toBe(true);
  expect(sets.areJoined(4, 5)).toBe(false);
  expect(indicesByKey(["a", "b", "a"])).toEqual([[0, 2], [1]]);
});

describe("what is excluded", () => {
  const leaked = groupOf([picture("t1", "happy", "train"), picture("v1", "happy", "validation")]);
  const repeated = groupOf(["a", "b", "c"].map((id) => picture(id, "sad", "train")));
  const disputed = groupOf([picture("x", "sad", "train"), picture("y", "fear", "validation")]);
  const black = groupOf([picture("n1", "sad", "train"), picture("n2", "fear", "test")]);

  test("is the training copy of a leak, all but the first copy, every disputed image and every blank one", () => {
    const ids = exclusionsOf([leaked, repeated, disputed, black], ["n1", "n2"]).map((one) => one.ids);
    expect(ids).toEqual([["x", "y"], ["t1"], ["b", "c"], ["n1", "n2"]]);
  });

  test("leaves one image of a leak that also repeats, in the split that is scored last", () => {
    const group = groupOf([
      picture("t1", "happy", "train"),
      picture("v1", "happy", "validation"),
      picture("e1", "happy", "test"),
      picture("e2", "happy", "test"),
    ]);
    expect(exclusionsOf([group], [])[0]?.ids).toEqual(["t1", "v1", "e2"]);
  });

  test("is written with a reason before each group", () => {
    const lines = excludeText(exclusionsOf([leaked, disputed], [])).split("\n");
    expect(lines.slice(2)).toEqual([
      "",
      "# the same image is labelled fear and sad",
      "x",
      "y",
      "",
      "# also in validation, where v1 is kept",
      "t1",
      "",
    ]);
    expect(lines[0]).toMatch(/^# 3 images/);
  });
});

describe("balance", () => {
  const samples = (counts: Partial<Record<Split, readonly number[]>>): Sample[] =>
    Object.entries(counts).flatMap(([split, list]) =>
      list.flatMap((count, label) =>
        Array.from({ length: count }, (_, i) => ({
          id: `${split}/${label}/${i}`,
          source: { kind: "file" as const, path: "" },
          label,
          split: split as Split,
        })),
      ),
    );

  test("reports how far apart the shares of two splits are", () => {
    // scipy.stats.chi2_contingency([[10, 20], [20, 10]], correction=False) gives 6.667 with one degree of freedom.
    const { shares, drift } = balanceOf(["a", "b"], samples({ train: [20, 10], validation: [10, 20] }));
    expect(shares.train).toEqual([2 / 3, 1 / 3]);
    expect(drift).toHaveLength(1);
    expect(drift[0]?.chiSquared).toBeCloseTo(20 / 3, 10);
    expect(drift[0]?.totalVariation).toBeCloseTo(1 / 3, 10);
    expect(drift[0]).toMatchObject({ split: "validation", against: "train", degreesOfFreedom: 1 });
  });

  test("has a threshold near the table's, and none if there is one split", () => {
    const even = balanceOf(
      ["a", "b", "c", "d", "e", "f", "g"],
      samples({ train: [2, 2, 2, 2, 2, 2, 2], validation: [1, 1, 1, 1, 1, 1, 1] }),
    );
    expect(even.drift[0]?.chiSquared).toBeCloseTo(0, 12);
    expect(even.drift[0]?.chiSquared95).toBeCloseTo(12.59, 1);
    expect(balanceOf(["a", "b"], samples({ train: [1, 2] })).drift).toEqual([]);
    expect(balanceOf(["a", "b"], []).drift).toEqual([]);
  });
});

describe("quality", () => {
  const rng = random("quality");
  const made = (side: number, value: (x: number, y: number) => number): Picture => ({
    pixels: Uint8Array.from({ length: side * side }, (_, i) => value(i % side, Math.floor(i / side))),
    width: side,
    height: side,
    channels: 1,
  });

  test.each([
    ["black", made(48, () => 0), ["blank"]],
    ["one grey with a little noise", made(48, () => 127 + rng.integer(4)), ["blank"]],
    ["one pixel", made(1, () => 9), ["blank"]],
    ["sixteen pixels wide", made(16, (x, y) => (x * 37 + y * 91) % 256), ["tiny"]],
    ["a slow wave", made(48, (x) => 128 + Math.round(60 * Math.sin(x / 8))), ["blurred"]],
    ["dark with detail", made(48, (x, y) => ((x * 37 + y * 91) % 7) * 5), ["underexposed"]],
    ["bright with detail", made(48, (x, y) => 255 - ((x * 37 + y * 91) % 7) * 5), ["overexposed"]],
    ["detailed", made(48, (x, y) => (x * 37 + y * 91) % 256), []],
    ["a photo with detail", made(400, (x, y) => ((x >> 3) * 37 + (y >> 3) * 91) % 256), []],
  ] as const)("%s", (_, shown, expected) => {
    expect(faultsOf(qualityOf(shown))).toEqual(expected);
  });
});
