import fc from "fast-check";
import { expect, test } from "vitest";
import { UsageError } from "../util/errors.ts";
import { classCounts, type Dataset, fingerprintOf, type Sample, type Split } from "./dataset.ts";
import { byIdentity, cutSplits } from "./split.ts";

function dataset(counts: readonly number[], more: (index: number) => Partial<Sample> = () => ({})): Dataset {
  const classes = counts.map((_, label) => `class${label}`);
  const labels = counts.flatMap((count, label) => Array<number>(count).fill(label));
  const samples = labels.map((label, index): Sample => {
    const source = { kind: "file", path: `/${index}` } as const;
    return { id: `${index}`, source, label, split: "train", ...more(index) };
  });
  return {
    sources: [],
    classes,
    samples,
    leftOut: [],
    notes: [],
    fingerprint: fingerprintOf(classes, samples),
  };
}

function countsOf({ samples, classes }: Dataset, split: Split): number[] {
  return classCounts(
    samples.filter((sample) => sample.split === split),
    classes.length,
  );
}

test("every class gives its share, exactly", () => {
  const cut = cutSplits(dataset([100, 51, 7]), { validation: 0.2, test: 0.1, seed: 1 });
  expect(countsOf(cut, "validation")).toEqual([20, 10, 1]);
  expect(countsOf(cut, "test")).toEqual([10, 5, 1]);
  expect(countsOf(cut, "train")).toEqual([70, 36, 5]);
  expect(cut.notes).toEqual([
    "validation: 31 images cut from training (0.2 of each class, seed 1)",
    "test: 16 images cut from training (0.1 of each class, seed 1)",
  ]);
});

test("the seed decides which, and the fingerprint tells", () => {
  const whole = dataset([50, 50]);
  const a = cutSplits(whole, { validation: 0.2, seed: 1 });
  const again = cutSplits(whole, { validation: 0.2, seed: 1 });
  const b = cutSplits(whole, { validation: 0.2, seed: 2 });
  expect(again).toEqual(a);
  expect(b.fingerprint).not.toBe(a.fingerprint);
  expect(a.fingerprint).not.toBe(whole.fingerprint);
  const chosen = a.samples
    .filter((sample) => sample.split === "validation")
    .map((sample) => Number(sample.id));
  expect(Math.max(...chosen)).toBeGreaterThan(60);
  expect(Math.min(...chosen)).toBeLessThan(40);
});

test("splits that exist are kept and nothing is cut for them", () => {
  const given = dataset([30, 30], (index) => (index % 10 === 0 ? { split: "validation" } : {}));
  const kept = cutSplits(given, { validation: 0.5, seed: 1 });
  expect(kept.samples).toEqual(given.samples);
  expect(kept.fingerprint).toBe(given.fingerprint);
  expect(kept.notes).toEqual(["the validation split of the data is kept"]);
  const both = cutSplits(given, { validation: 0.5, test: 0.1, seed: 1 });
  expect(countsOf(both, "validation")).toEqual([3, 3]);
  expect(countsOf(both, "test")).toEqual([3, 3]);
});

test("a person stays on one side, and the shares stay near", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 2, max: 8 }), (seed, size) => {
      const people = dataset([120, 80], (index) => ({ identity: `p${index % Math.ceil(200 / size)}` }));
      const cut = cutSplits(people, { validation: 0.2, test: 0.1, seed });
      const sides = new Map<string, Set<Split>>();
      for (const { identity = "", split } of cut.samples)
        sides.set(identity, (sides.get(identity) ?? new Set()).add(split));
      expect([...sides.values()].every((side) => side.size === 1)).toBe(true);
      for (const [label, want] of [24, 16].entries()) {
        expect(Math.abs((countsOf(cut, "validation")[label] as number) - want)).toBeLessThanOrEqual(8);
      }
    }),
    { numRuns: 30 },
  );
});

test("any other grouping may be asked for, such as equal pixels", () => {
  const cut = cutSplits(dataset([20, 20]), {
    validation: 0.25,
    seed: 3,
    groupings: [({ id }) => `${Number(id) >> 1}`],
  });
  for (let i = 0; i < 40; i += 2) expect(cut.samples[i]?.split).toBe(cut.samples[i + 1]?.split);
  expect(countsOf(cut, "validation").reduce((a, b) => a + b)).toBeGreaterThan(7);
});

test("groups of several kinds are joined, and what they cost is said", () => {
  // Images 0 to 4 are one person, 4 and 5 have equal pixels, 5 to 9 are another person.
  const people = dataset([20, 20], (index) =>
    index < 5 ? { identity: "a" } : index < 10 ? { identity: "b" } : {},
  );
  const cut = cutSplits(people, {
    validation: 0.2,
    seed: 1,
    groupings: [byIdentity, ({ id }) => (id === "4" || id === "5" ? "equal" : undefined)],
  });
  expect(new Set(cut.samples.slice(0, 10).map(({ split }) => split)).size).toBe(1);
  expect(countsOf(cut, "validation")).toEqual([4, 4]);
  const blocks = dataset([30, 30], (index) => ({ identity: `p${Math.floor(index / 10)}` }));
  expect(cutSplits(blocks, { validation: 0.2, seed: 1 }).notes.at(-1)).toBe(
    "validation: groups that stay together make its share of class0 33.3 % instead of 20.0 %; no class is further off",
  );
});

test.each([
  [
    "a class with one image",
    [10, 1],
    { validation: 0.2 },
    /"class1" has 1 training image, too few to cut validation/,
  ],
  [
    "two images for three sides",
    [10, 2],
    { validation: 0.2, test: 0.1 },
    /"class1" has 2.*validation and test/,
  ],
  ["a share of 0", [10, 10], { validation: 0 }, /`validation` is 0/],
  ["a share above 1", [10, 10], { test: 20 }, /`test` is 20, expected a share like 0\.2/],
  ["shares that leave nothing", [10, 10], { validation: 0.6, test: 0.5 }, /add up to 1\.1/],
])("%s is refused", (_, counts, shares, message) => {
  expect(() => cutSplits(dataset(counts), { ...shares, seed: 1 })).toThrow(UsageError);
  expect(() => cutSplits(dataset(counts), { ...shares, seed: 1 })).toThrow(message);
});

test("a class that one person holds cannot be on both sides", () => {
  const one = dataset([20, 5], (index) => (index >= 20 ? { identity: "only" } : {}));
  expect(() => cutSplits(one, { validation: 0.2, seed: 1 })).toThrow(
    /No images of "class1" are left for .* each person/,
  );
});
