/**
 * Compares every metric with scikit-learn's results in test/reference/metrics.json (written by metrics.py in the same
 * folder).
 */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import reference from "../../test/reference/metrics.json" with { type: "json" };
import { majorityBaseline } from "./baseline.ts";
import { accuracyInterval, bootstrapInterval } from "./bootstrap.ts";
import { expectedCalibrationError } from "./calibration.ts";
import { classificationReport, toFixedHalfEven } from "./classification-report.ts";
import { confusionMatrix } from "./confusion.ts";
import { negativeLogLikelihood } from "./likelihood.ts";
import { argmaxRows } from "./probabilities.ts";
import { metrics } from "./registry.ts";
import { type Scores, summarize } from "./scores.ts";
import { topKAccuracy } from "./top-k.ts";

const indices = (digits: string): Int32Array => Int32Array.from(digits, Number);
const row = ({ precision, recall, f1, support }: Scores): number[] => [precision, recall, f1, support];
function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  for (const [i, value] of expected.entries()) expect(actual[i]).toBeCloseTo(value, 12);
}

describe.each(reference.hard)("$name", (wanted) => {
  const [labels, predicted] = [indices(wanted.labels), indices(wanted.predicted)];
  const classCount = wanted.names.length;
  const matrix = confusionMatrix(labels, predicted, classCount);
  // Scores of predicted classes do not read probabilities.
  const answers = { labels, predicted, probabilities: [], classCount, matrix };
  const n = labels.length;

  test("scores are scikit-learn's", () => {
    expect(matrix).toEqual(wanted.confusion);
    const found = summarize(matrix);
    expect(found.n).toBe(n);
    expectClose([found.accuracy, found.balancedAccuracy], [wanted.accuracy, wanted.balancedAccuracy]);
    expectClose(found.perClass.flatMap(row), wanted.perClass.flat());
    expectClose(row(found.macro), [...wanted.macro, n]);
    expectClose(row(found.weighted), [...wanted.weighted, n]);
    expect(metrics.mcc.compute(answers)).toBeCloseTo(wanted.mcc, 12);
    expect(metrics.kappa.compute(answers)).toEqual(
      wanted.kappa === null ? Number.NaN : expect.closeTo(wanted.kappa, 12),
    );
  });

  test("the report is scikit-learn's to the character", () => {
    // If nothing is right, scikit-learn writes supports as floats; this bug is not reproduced.
    const text = wanted.accuracy > 0 ? wanted.report : wanted.report.replace(/ {2}(\d+)\.0$/gm, "    $1");
    expect(classificationReport(matrix, wanted.names)).toBe(text);
  });
});

describe("probabilities", () => {
  const labels = indices(reference.soft.labels);
  const classCount = 6;
  const probabilities = Float32Array.from(reference.soft.counts64.flat(), (count) => count / 64);

  test("negative log likelihood, calibration error and top-k are the reference's", () => {
    expect(negativeLogLikelihood(probabilities, labels, classCount)).toBeCloseTo(reference.soft.nll, 12);
    expect(expectedCalibrationError(probabilities, labels, classCount)).toBeCloseTo(reference.soft.ece15, 12);
    expect(expectedCalibrationError(probabilities, labels, classCount, 4)).toBeCloseTo(
      reference.soft.ece4,
      12,
    );
    for (const [i, wanted] of reference.soft.topK.entries()) {
      expect(topKAccuracy(probabilities, labels, classCount, i + 1)).toBeCloseTo(wanted, 12);
    }
    expect(topKAccuracy(probabilities, labels, classCount, classCount)).toBe(1);
  });

  test("the calibration error does not depend on the order of the samples", () => {
    const rows = Array.from(labels, (label, i) => ({
      label,
      row: reference.soft.counts64[i] ?? [],
    })).reverse();
    const reversed = expectedCalibrationError(
      rows.flatMap(({ row }) => row.map((count) => count / 64)),
      rows.map(({ label }) => label),
      classCount,
    );
    expect(reversed).toBeCloseTo(reference.soft.ece15, 12);
  });

  test("fewer samples than bins, a probability of zero, and ties", () => {
    expect(expectedCalibrationError([0.75, 0.25], [0], 2)).toBe(0.25);
    expect(negativeLogLikelihood([0, 1], [0], 2)).toBeCloseTo(24 * Math.LN2, 12);
    expect([...argmaxRows([0.5, 0.5, 0.2, 0.8], 2)]).toEqual([0, 1]);
    expect(topKAccuracy([0.5, 0.5], [0], 2, 1)).toBe(1);
    expect(topKAccuracy([0.5, 0.5], [1], 2, 1)).toBe(0);
  });

  test("top-1 accuracy is the accuracy of the most probable class", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(2), fc.array(fc.nat(4), { minLength: 3, maxLength: 3 })), { minLength: 1 }),
        (samples) => {
          const truths = samples.map(([truth]) => truth);
          const p = samples.flatMap(([, values]) => values);
          const { accuracy } = summarize(confusionMatrix(truths, argmaxRows(p, 3), 3));
          expect(topKAccuracy(p, truths, 3, 1)).toBeCloseTo(accuracy, 12);
        },
      ),
    );
  });
});

describe("bootstrap", () => {
  test.each(reference.intervals)("$right right of $n", ({ n, right, interval }) => {
    const labels = new Int32Array(n);
    const predicted = Int32Array.from({ length: n }, (_, i) => (i < right ? 0 : 1));
    const found = accuracyInterval(labels, predicted);
    // A quantile of 2000 resamples has a standard error of 0.06 standard deviations; five of them are allowed.
    const deviation = Math.sqrt(((right / n) * (1 - right / n)) / n);
    for (const i of [0, 1]) {
      expect(Math.abs((found[i] ?? 0) - (interval[i] ?? 0))).toBeLessThanOrEqual(0.3 * deviation + 0.5 / n);
    }
    expect(accuracyInterval(labels, predicted)).toEqual(found);
  });

  test("if all or none are right, every resample is alike, and the interval is Wilson's", () => {
    const eight = new Array<number>(8).fill(1);
    const [low, high] = accuracyInterval(eight, eight);
    expect(low).toBeCloseTo(0.6756, 4);
    expect(high).toBe(1);
    const [none, most] = accuracyInterval(eight, new Array<number>(8).fill(0));
    expect(none).toBe(0);
    expect(most).toBeCloseTo(1 - low, 12);
  });

  test("another seed gives another interval, a lower level a narrower one", () => {
    const values = Array.from({ length: 997 }, (_, i) => Math.sin(i));
    const [low, high] = bootstrapInterval(values);
    expect(bootstrapInterval(values, { seed: 1 })).not.toEqual([low, high]);
    const [innerLow, innerHigh] = bootstrapInterval(values, { level: 0.5 });
    expect(low).toBeLessThan(innerLow);
    expect(innerHigh).toBeLessThan(high);
  });
});

test("the majority baseline is the share of the most frequent class", () => {
  expect(majorityBaseline([3, 5, 2])).toBe(0.5);
  expect(() => majorityBaseline([0, 0])).toThrow("no samples");
});

test("halves are rounded to even, as Python rounds", () => {
  expect([1, 3, 5, 31].map((m) => toFixedHalfEven(m / 32, 4))).toEqual([
    "0.0312",
    "0.0938",
    "0.1562",
    "0.9688",
  ]);
  expect([0, 0.5, 1, 0.00005, 2 / 3].map((x) => toFixedHalfEven(x, 4))).toEqual([
    "0.0000",
    "0.5000",
    "1.0000",
    "0.0001",
    "0.6667",
  ]);
});

describe("wrong input is refused by name", () => {
  test.each([
    ["no samples", () => confusionMatrix([], [], 6), "There are no samples to score"],
    ["lengths", () => confusionMatrix([0], [0, 1], 2), "1 labels but 2 predictions"],
    ["a label out of range", () => confusionMatrix([0, 6], [0, 0], 6), "label of sample 1 is 6"],
    ["a prediction of -1", () => confusionMatrix([0], [-1], 6), "prediction of sample 0 is -1"],
    ["an empty matrix", () => summarize([[0]]), "matrix is empty"],
    ["names", () => classificationReport([[1]], ["a", "b"]), "2 class names"],
    ["probabilities", () => negativeLogLikelihood([1], [0], 2), "expected 2"],
    ["no probabilities", () => expectedCalibrationError([], [], 2), "no samples"],
    ["k", () => topKAccuracy([1, 0], [0], 2, 3), "from 1 to 2"],
    ["no values", () => bootstrapInterval([]), "no samples"],
    ["interval lengths", () => accuracyInterval([1], []), "1 labels but 0 predictions"],
  ])("%s", (_, act, message) => {
    expect(act).toThrow(message);
  });
});
