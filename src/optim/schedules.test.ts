import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { rateAt, type Schedule } from "./schedules.ts";

interface Case {
  readonly schedule: Schedule;
  readonly peak: number;
  readonly stepsPerEpoch: number;
  readonly totalSteps: number;
  readonly rates: readonly number[];
}

/** Made by test/reference/schedules.py with PyTorch's schedulers. */
const cases = JSON.parse(
  readFileSync(new URL("../../test/reference/schedules.json", import.meta.url), "utf8"),
) as Case[];

function ratesOf({ schedule, peak, stepsPerEpoch, totalSteps }: Omit<Case, "rates">): number[] {
  const length = { stepsPerEpoch, totalSteps };
  return Array.from({ length: totalSteps }, (_, step) => rateAt(schedule, peak, step, length));
}

test("every type of schedule has a reference", () => {
  const types = new Set(cases.map(({ schedule }) => schedule.type));
  expect([...types].sort()).toEqual(["constant", "cosine", "cosineRestarts", "oneCycle"]);
});

for (const reference of cases) {
  const { schedule, stepsPerEpoch, totalSteps } = reference;
  test(`PyTorch's rates: ${JSON.stringify(schedule)}, ${totalSteps} steps of ${stepsPerEpoch} an epoch`, () => {
    const rates = ratesOf(reference);
    expect(rates).toHaveLength(reference.rates.length);
    const worst = Math.max(...rates.map((rate, i) => Math.abs(rate - (reference.rates[i] ?? Number.NaN))));
    expect(worst / reference.peak).toBeLessThan(1e-6);
  });
}

test("one cycle whose peak is the first step, and one of a single step", () => {
  const schedule = { type: "oneCycle", pctStart: 0.1, divFactor: 10, finalDivFactor: 100 } as const;
  const rates = ratesOf({ schedule, peak: 1, stepsPerEpoch: 10, totalSteps: 10 });
  expect(rates[0]).toBe(1);
  expect(rates[9]).toBeCloseTo(1e-3, 12);
  expect(ratesOf({ schedule, peak: 1, stepsPerEpoch: 1, totalSteps: 1 })).toEqual([1e-3]);
});

test("a warm-up of three and a half steps climbs in four and stays below the peak", () => {
  const schedule = { type: "cosine", warmup: 0.5, minimumFactor: 0 } as const;
  const rates = ratesOf({ schedule, peak: 2, stepsPerEpoch: 7, totalSteps: 14 });
  expect(rates.slice(0, 5)).toEqual([0.5, 1, 1.5, 2, 2]);
  expect(rates[13]).toBeGreaterThan(0);
});

test("a warm-up longer than the training only climbs", () => {
  const schedule = { type: "cosine", warmup: 9, minimumFactor: 0 } as const;
  expect(ratesOf({ schedule, peak: 4, stepsPerEpoch: 2, totalSteps: 4 })).toEqual([1, 2, 3, 4]);
});

test("restarts come back to the peak after each cycle", () => {
  const schedule = { type: "cosineRestarts", firstCycle: 1, cycleFactor: 2, minimumFactor: 0.1 } as const;
  const rates = ratesOf({ schedule, peak: 1, stepsPerEpoch: 3, totalSteps: 21 });
  const peaks = rates.flatMap((rate, step) => (rate === 1 ? [step] : []));
  expect(peaks).toEqual([0, 3, 9]);
});

test("a cycle that is no whole number of epochs restarts where it should, whatever rounding says", () => {
  const schedule: Schedule = { type: "cosineRestarts", firstCycle: 0.1, cycleFactor: 1, minimumFactor: 0 };
  // 1 % 0.1 is almost 0.1.
  expect(rateAt(schedule, 0.5, 10, { stepsPerEpoch: 10, totalSteps: 20 })).toBe(0.5);
});

test("rates are positive and never above the peak", () => {
  const factor = fc.double({ min: 0, max: 1, noNaN: true });
  const schedule: fc.Arbitrary<Schedule> = fc.oneof(
    fc.record({
      type: fc.constant("oneCycle" as const),
      pctStart: fc.double({ min: 0.01, max: 0.99, noNaN: true }),
      divFactor: fc.double({ min: 1, max: 1e3, noNaN: true }),
      finalDivFactor: fc.double({ min: 1, max: 1e5, noNaN: true }),
    }),
    fc.record({
      type: fc.constant("cosineRestarts" as const),
      firstCycle: fc.double({ min: 0.1, max: 9, noNaN: true }),
      cycleFactor: fc.double({ min: 1, max: 3, noNaN: true }),
      minimumFactor: factor,
    }),
    fc.record({
      type: fc.constant("cosine" as const),
      warmup: fc.double({ min: 0, max: 9, noNaN: true }),
      minimumFactor: factor,
    }),
  );
  const steps = fc.integer({ min: 1, max: 60 });
  fc.assert(
    fc.property(schedule, steps, steps, (schedule, stepsPerEpoch, epochs) => {
      const rates = ratesOf({ schedule, peak: 0.5, stepsPerEpoch, totalSteps: stepsPerEpoch * epochs });
      expect(Math.min(...rates)).toBeGreaterThan(0);
      expect(Math.max(...rates)).toBeLessThanOrEqual(0.5 * (1 + 1e-12));
    }),
  );
});
