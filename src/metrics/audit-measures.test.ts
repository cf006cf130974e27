/** Compares confident learning and subgroup gaps with numpy's results (test/reference/audit.py). */

import { describe, expect, test } from "vitest";
import reference from "../../test/reference/audit.json" with { type: "json" };
import { VultusError } from "../util/errors.ts";
import { confidentLearning } from "./confident-learning.ts";
import { subgroupScores } from "./subgroups.ts";

describe.each(reference.confidentLearning)("confident learning, $classes classes", (wanted) => {
  const labels = Array.from(wanted.labels, Number);
  const probabilities = wanted.probabilities.flat().map((count) => count / 2 ** 20);
  const found = confidentLearning(probabilities, labels, wanted.classes);

  test("thresholds and confident joint", () => {
    for (const [k, threshold] of wanted.thresholds.entries())
      expect(found.thresholds[k]).toBeCloseTo(threshold, 12);
    expect(found.joint).toEqual(wanted.joint);
  });

  test("suspects, in order", () => {
    expect(found.suspects.map(({ index, suggested }) => [index, suggested])).toEqual(
      wanted.suspects.map(([index, suggested]) => [index, suggested]),
    );
    for (const [i, [, , margin]] of wanted.suspects.entries())
      expect(found.suspects[i]?.margin).toBeCloseTo(margin as number, 12);
  });
});

describe("confident learning", () => {
  test("a class without samples has no threshold and is never suggested", () => {
    const { thresholds, suspects } = confidentLearning([0.1, 0.1, 0.8, 0.2, 0.7, 0.1], [0, 1], 3);
    expect(thresholds).toEqual([0.1, 0.7, Number.NaN]);
    expect(suspects).toEqual([]);
  });

  test("a label that the model is sure against is suspected, and a mere mistake is not", () => {
    // Sample 3 is labelled 0 and looks like 1; sample 4 leans towards 1, but less than samples of class 1 do.
    const rows = [0.9, 0.1, 0.8, 0.2, 0.1, 0.9, 0.05, 0.95, 0.4, 0.6, 0.1, 0.9];
    const { suspects } = confidentLearning(rows, [0, 0, 1, 0, 0, 1], 2);
    expect(suspects).toEqual([{ index: 3, suggested: 1, margin: 0.05 - 0.95 }]);
  });
});

describe("subgroups", () => {
  const wanted = reference.subgroups;
  const groups = Array.from(wanted.groups);
  const right = Array.from(wanted.right, (digit) => digit === "1");
  const found = subgroupScores(groups, right);

  test("accuracies and gaps are numpy's, intervals to the noise of resampling", () => {
    expect(found.accuracy).toBeCloseTo(wanted.accuracy, 12);
    expect(found.groups.map(({ name }) => name)).toEqual(wanted.scores.map(({ name }) => name));
    for (const [i, score] of wanted.scores.entries()) {
      const own = found.groups[i];
      for (const key of ["accuracy", "toAll", "toBest"] as const)
        expect(own?.[key]).toBeCloseTo(score[key], 12);
      for (const key of ["interval", "toAllInterval", "toBestInterval"] as const) {
        for (const end of [0, 1] as const)
          expect(
            Math.abs((own?.[key][end] as number) - (score[key][end] as number)),
            `${score.name} ${key}`,
          ).toBeLessThan(0.015);
      }
    }
  });

  test("groups below the minimum are named and not scored", () => {
    expect(found.suppressed).toEqual([
      { name: "3", n: 29 },
      { name: "4", n: 5 },
    ]);
    expect(subgroupScores(groups, right, { minimum: 5, resamples: 10 }).suppressed).toEqual([]);
  });

  test("samples in no group count for all only, and the best group is no distance from itself", () => {
    const some = subgroupScores(["a", "a", undefined, "b"], [true, true, false, false], {
      minimum: 1,
      resamples: 50,
    });
    expect(some).toMatchObject({ n: 4, accuracy: 0.5, without: 1 });
    expect(some.groups[0]).toMatchObject({ name: "a", toAll: 0.5, toBest: 0, toBestInterval: [0, 0] });
    expect(some.groups[1]).toMatchObject({ name: "b", n: 1, toBest: -1 });
    expect(subgroupScores([undefined], [true]).groups).toEqual([]);
    expect(() => subgroupScores([], [])).toThrow(VultusError);
  });
});
