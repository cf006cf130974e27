/**
 * Compares calibration, AUC, intervals and comparisons with SciPy's and scikit-learn's results
 * (test/reference/measures.py).
 */

import { describe, expect, test } from "vitest";
import reference from "../../test/reference/measures.json" with { type: "json" };
import { random } from "../util/random.ts";
import { areaUnderCurves } from "./auc.ts";
import { accuracyInterval } from "./bootstrap.ts";
import { brierScore } from "./brier.ts";
import { expectedCalibrationError } from "./calibration.ts";
import { confusedPairs, confusedPairText } from "./confused-pairs.ts";
import { coverageCurve } from "./coverage.ts";
import { crossFittedProbabilities } from "./cross-fit.ts";
import { negativeLogLikelihood } from "./likelihood.ts";
import { mcnemarP } from "./mcnemar.ts";
import { pairedDifference } from "./paired.ts";
import { argmaxRows } from "./probabilities.ts";
import { reliabilityBins } from "./reliability.ts";
import { scoreIntervals } from "./score-intervals.ts";
import { summarize } from "./scores.ts";
import { softmaxRows } from "./softmax.ts";
import { fitTemperature } from "./temperature.ts";
import { topKAccuracy } from "./top-k.ts";

const indices = (digits: string): number[] => Array.from(digits, Number);
function expectClose(actual: readonly number[], expected: readonly number[], digits = 12): void {
  expect(actual).toHaveLength(expected.length);
  for (const [i, value] of expected.entries()) expect(actual[i]).toBeCloseTo(value, digits);
}

describe.each(reference.soft)("$name", (wanted) => {
  const { classes } = wanted;
  const labels = indices(wanted.labels);
  const logits = wanted.logits.flat().map((count) => count / 2 ** 20);
  const probabilities = softmaxRows(logits, classes);

  test("AUC, Brier score, top-2 accuracy", () => {
    expectClose(areaUnderCurves(probabilities, labels, classes), wanted.auc);
    expect(brierScore(probabilities, labels, classes)).toBeCloseTo(wanted.brier, 12);
    expect(topKAccuracy(probabilities, labels, classes, 2)).toBeCloseTo(wanted.top2, 12);
  });

  test("reliability bins hold equally many samples, and the calibration error is theirs", () => {
    const bins = reliabilityBins(probabilities, labels, classes, 10);
    expectClose(
      bins.flatMap(({ count, confidence, accuracy }) => [count, confidence, accuracy]),
      wanted.bins.flat(),
    );
    expect(expectedCalibrationError(probabilities, labels, classes, 10)).toBeCloseTo(wanted.ece, 12);
  });

  test("coverage and accuracy", () => {
    const points = coverageCurve(probabilities, labels, classes, [0.3, 0.4, 0.45]);
    expectClose(
      points.flatMap(({ threshold, coverage, accuracy }) => [threshold, coverage, accuracy]),
      wanted.coverage.flat(),
    );
  });

  test("the temperature is the one of least negative log likelihood", () => {
    const temperature = fitTemperature(logits, labels, classes);
    // A minimum is flat: SciPy, which only compares likelihoods, finds it to half the digits.
    expect(temperature / wanted.temperature).toBeCloseTo(1, 6);
    const likelihood = (t: number): number =>
      negativeLogLikelihood(softmaxRows(logits, classes, t), labels, classes);
    expect(likelihood(temperature)).toBeCloseTo(wanted.nll, 12);
    for (const factor of [0.99, 1.01])
      expect(likelihood(temperature)).toBeLessThan(likelihood(temperature * factor));
  });

  test("cross-fitting: each sample's temperature was fitted on the other folds", () => {
    const crossed = crossFittedProbabilities(logits, labels, classes);
    // ln p_0 − ln p_1 = (z_0 − z_1) / T: each row reveals its temperature, and rows with equal temperatures form a
    // fold.
    const temperatures = labels.map((_, i) => {
      const [p, q] = [crossed[i * classes] as number, crossed[i * classes + 1] as number];
      const gap = (logits[i * classes] as number) - (logits[i * classes + 1] as number);
      return (gap / Math.log(p / q)).toFixed(8);
    });
    const folds = [...new Set(temperatures.filter((t) => t !== "NaN"))];
    expect(folds).toHaveLength(5);
    for (const temperature of folds) {
      const fold = temperatures.flatMap((t, i) => (t === temperature ? [i] : []));
      expect(Math.abs(fold.length - labels.length / 5)).toBeLessThan(4);
    }
    // Changing a label does not change samples of the same fold.
    const changed = crossFittedProbabilities(
      logits,
      labels.map((label, i) => (i === 0 ? (label + 1) % classes : label)),
      classes,
    );
    for (const [i, temperature] of temperatures.entries()) {
      if (temperature === "NaN") continue; // Equal logits do not determine a temperature.
      const same = changed[i * classes] === crossed[i * classes];
      expect(same, `sample ${i}`).toBe(temperature === temperatures[0]);
    }
  });
});

describe("temperature", () => {
  test("with votes, probabilities come as near to how people are divided as they can", () => {
    const rng = random("divided");
    const count = 500;
    const logits = Float64Array.from({ length: 3 * count }, () => 3 * rng.normal());
    // Votes follow the logits at 1.7 times the temperature; two columns are not classes.
    const shares = softmaxRows(logits, 3, 1.7);
    const full = Array.from({ length: count }, (_, i) => [
      ...[0, 1, 2].map((k) => 1e6 * (shares[3 * i + k] as number)),
      ...[3e5, 1e5],
    ]);
    const votes = full.map((counts, i) => (i % 10 === 0 ? undefined : counts));
    const labels = argmaxRows(shares, 3);
    const rows = votes.flatMap((counts, i) => (counts ? [i] : []));
    expect(fitTemperature(logits, labels, 3, { rows, votes })).toBeCloseTo(1.7, 6);
    // The plurality always equals the model's answer, so there is nothing to fit to it.
    expect(fitTemperature(logits, labels, 3, { rows })).toBe(1);
    // A sample without votes counts by its label, which makes the model more confident.
    const all = fitTemperature(logits, labels, 3, { votes });
    expect(all).toBeLessThan(1.7);
    expect(all).toBeGreaterThan(1.3);
    const crossed = crossFittedProbabilities(logits, labels, 3, { votes: full });
    for (const [i, share] of shares.entries()) expect(crossed[i]).toBeCloseTo(share, 6);
  });

  test("votes that all agree are labels", () => {
    const rng = random("agreed");
    const logits = Float64Array.from({ length: 3 * 200 }, () => 2 * rng.normal());
    const labels = Array.from({ length: 200 }, () => rng.integer(3));
    const votes = labels.map((label) => [0, 1, 2].map((k) => (k === label ? 7 : 0)));
    expect(fitTemperature(logits, labels, 3)).not.toBe(1);
    expect(fitTemperature(logits, labels, 3, { votes })).toBe(fitTemperature(logits, labels, 3));
    expect(crossFittedProbabilities(logits, labels, 3, { votes })).toEqual(
      crossFittedProbabilities(logits, labels, 3),
    );
  });

  test("an honest model keeps its temperature, one that is too sure gets the factor back", () => {
    const rng = random("honest");
    const logits = Float64Array.from({ length: 3 * 20_000 }, () => 2 * rng.normal());
    const p = softmaxRows(logits, 3);
    const labels = Array.from({ length: 20_000 }, (_, i) => {
      const draw = rng.next();
      const [first = 0, second = 0] = p.subarray(3 * i);
      return draw < first ? 0 : draw < first + second ? 1 : 2;
    });
    expect(fitTemperature(logits, labels, 3)).toBeCloseTo(1, 1);
    const tooSure = logits.map((z) => 2.5 * z);
    expect(fitTemperature(tooSure, labels, 3)).toBeCloseTo(2.5 * fitTemperature(logits, labels, 3), 9);
    const before = expectedCalibrationError(softmaxRows(tooSure, 3), labels, 3);
    const after = expectedCalibrationError(crossFittedProbabilities(tooSure, labels, 3), labels, 3);
    expect(before).toBeGreaterThan(0.08);
    expect(after).toBeLessThan(0.015);
  });

  test.each([
    ["everything right", [3, 0, 0, 3], [0, 1]],
    ["no opinion", [1, 1, 1, 1], [0, 1]],
    ["one sample", [2, 1], [0]],
    ["few samples, one of them wrong", [3, 0, 0, 3, 3, 0], [0, 1, 1]],
  ])("%s: there is nothing to fit, and it stays 1", (_, logits, labels) => {
    expect(fitTemperature(logits, labels, 2)).toBe(1);
    expect([...crossFittedProbabilities(logits, labels, 2)]).toEqual([...softmaxRows(logits, 2)]);
  });

  const tenTimes = (values: readonly number[]): number[] => new Array(10).fill(values).flat();

  test("it takes ten wrong answers, however many are right", () => {
    const fit = (right: number, wrong: number): number =>
      fitTemperature(
        Array.from({ length: right + wrong }, () => [1, 0]).flat(),
        Array.from({ length: right + wrong }, (_, i) => (i < right ? 0 : 1)),
        2,
      );
    expect(fit(7, 1)).toBe(1);
    expect(fit(1000, 9)).toBe(1);
    // The ratio of right to wrong answers is e^(1/T).
    expect(fit(70, 10)).toBeCloseTo(1 / Math.log(7), 9);
  });

  test("a model that is right more often than its logits say is made as sure as the range allows", () => {
    // Two of three are right by a small margin: the best temperature is 0.001 / ln 2.
    expect(fitTemperature(tenTimes([0.001, 0, 0, 0.001, 0.001, 0]), tenTimes([0, 1, 1]), 2)).toBe(0.05);
  });

  test("a model that is no better than chance is made as unsure as the range allows", () => {
    expect(fitTemperature(tenTimes([3, 0, 0, 3]), tenTimes([1, 0]), 2)).toBe(20);
  });

  test("large logits do not overflow", () => {
    expect([...softmaxRows([1e4, -1e4, -1e4, 1e4], 2)]).toEqual([1, 0, 0, 1]);
    expect(fitTemperature(tenTimes([900, 0, 0, 900, 300, 0]), tenTimes([0, 1, 1]), 2)).toBe(20);
  });
});

describe("AUC", () => {
  test("ties count half", () => {
    const { labels, probabilities, auc } = reference.tied;
    expectClose(areaUnderCurves(probabilities.flat(), indices(labels), 3), auc);
    expect(areaUnderCurves([0.5, 0.5, 0.5, 0.5], [0, 1], 2)).toEqual([0.5, 0.5]);
  });

  test("a class that no sample or every sample has, has none", () => {
    expect(areaUnderCurves([0.6, 0.4, 0.3, 0.7], [0, 0], 2)).toEqual([Number.NaN, Number.NaN]);
    expect(areaUnderCurves([0.6, 0.2, 0.2, 0.1, 0.8, 0.1], [0, 1], 3)).toEqual([1, 1, Number.NaN]);
  });
});

test("the Brier score runs from 0 to 2, and a guess scores 1 − 1/K", () => {
  expect(brierScore([1, 0], [0], 2)).toBe(0);
  expect(brierScore([1, 0], [1], 2)).toBe(2);
  expect(brierScore([0.25, 0.25, 0.25, 0.25], [2], 4)).toBe(0.75);
});

test("if nothing is sure enough there is no accuracy", () => {
  expect(coverageCurve([0.6, 0.4], [0], 2, [0.6, 0.7])).toEqual([
    { threshold: 0.6, coverage: 1, accuracy: 1 },
    { threshold: 0.7, coverage: 0, accuracy: Number.NaN },
  ]);
});

test("confused pairs come by share, in words, and without what did not happen", () => {
  const matrix = [
    [80, 6, 14],
    [5, 45, 0],
    [0, 0, 0],
  ];
  const names = ["sad", "happy", "neutral"];
  expect(confusedPairs(matrix).map((pair) => confusedPairText(pair, names))).toEqual([
    "sad taken for neutral: 14 %",
    "happy taken for sad: 10 %",
    "sad taken for happy: 6 %",
  ]);
  expect(confusedPairText({ truth: 0, predicted: 1, count: 1, share: 0.5 }, names)).toBe(
    "sad taken for happy: 1 of 2",
  );
  expect(confusedPairs(matrix, 1)).toEqual([{ truth: 0, predicted: 2, count: 14, share: 0.14 }]);
});

describe("two models", () => {
  test.each(reference.mcnemar)("McNemar: %i against %i", (a = 0, b = 0, p = 0) => {
    expect(Math.abs(mcnemarP(a, b) / p - 1)).toBeLessThan(1e-9);
    expect(mcnemarP(b, a)).toBe(mcnemarP(a, b));
  });

  test("McNemar: no difference at all, and counts that are none", () => {
    expect(mcnemarP(0, 0)).toBe(1);
    expect(() => mcnemarP(-1, 2)).toThrow("the count -1");
    expect(() => mcnemarP(1, 2.5)).toThrow("the count 2.5");
  });

  test("the paired difference and its interval", () => {
    const { labels, a, b, difference, onlyA, onlyB, p, interval, deviation } = reference.paired;
    const found = pairedDifference(indices(labels), indices(a), indices(b));
    expect(found).toMatchObject({ n: 500, onlyA, onlyB });
    expect(found.bothRight + found.bothWrong + onlyA + onlyB).toBe(500);
    expect(found.difference).toBeCloseTo(difference, 12);
    expect(found.accuracyB - found.accuracyA).toBeCloseTo(difference, 12);
    expect(found.mcnemarP).toBeCloseTo(p, 12);
    for (const i of [0, 1])
      expect(Math.abs((found.interval[i] as number) - (interval[i] as number))).toBeLessThan(0.3 * deviation);
    expect(pairedDifference(indices(labels), indices(a), indices(b), { seed: 0 })).toEqual(found);
    const reverse = pairedDifference(indices(labels), indices(b), indices(a));
    expect(reverse.difference).toBeCloseTo(-difference, 12);
    expect(() => pairedDifference([0, 1], [0], [0, 1])).toThrow("2 labels but 1 and 2 predictions");
  });
});

describe("intervals of scores", () => {
  test("are SciPy's, but for the draw, and the accuracy's is accuracyInterval's", () => {
    const { labels, predicted, balancedAccuracy, macroF1 } = reference.scored;
    const found = scoreIntervals(indices(labels), indices(predicted), 4);
    for (const [own, wanted] of [
      [found.balancedAccuracy, balancedAccuracy],
      [found.macroF1, macroF1],
    ] as const) {
      for (const i of [0, 1]) {
        const gap = Math.abs((own[i] as number) - (wanted.interval[i] as number));
        expect(gap).toBeLessThan(0.3 * wanted.deviation);
      }
    }
    expect(found.accuracy).toEqual(accuracyInterval(indices(labels), indices(predicted)));
  });

  test("count every cell of 300 classes", () => {
    const labels = Array.from({ length: 300 }, (_, k) => k);
    const oneWrong = labels.with(0, 1);
    const [low, high] = scoreIntervals(labels, oneWrong, 300, { resamples: 10 }).accuracy;
    expect(low).toBeGreaterThan(0.9);
    expect(high).toBeLessThanOrEqual(1);
  });

  test("are not without width if all are right, or none", () => {
    const labels = [0, 1, 0, 1, 0, 1, 0, 1];
    const wilson = accuracyInterval(labels, labels);
    expect(scoreIntervals(labels, labels, 2)).toEqual({
      ...{ accuracy: wilson, balancedAccuracy: wilson, macroF1: wilson },
    });
    const wrong = labels.map((label) => 1 - label);
    expect(scoreIntervals(labels, wrong, 2).accuracy).toEqual([0, 1 - wilson[0]]);
  });

  test("leave a class that a resample lacks out of both means, and count one that no sample has in macro F1", () => {
    // Only the last of 20 samples has class 1, so about a third of the resamples lack the class.
    const labels = Array.from({ length: 20 }, (_, i) => (i === 19 ? 1 : 0));
    const oneWrong = labels.with(0, 1);
    const { balancedAccuracy, macroF1 } = scoreIntervals(labels, oneWrong, 2);
    expect(balancedAccuracy[0]).toBeGreaterThan(0.8);
    // Class 1 usually has an F1 of 2/3, and more than 0.4 with three wrong answers; it would be 0 if missing classes
    // counted.
    expect(macroF1[0]).toBeGreaterThan(0.6);
    const third = scoreIntervals(labels, oneWrong, 3);
    expect(third.balancedAccuracy).toEqual(balancedAccuracy);
    expect(third.macroF1[1]).toBeLessThanOrEqual(2 / 3);
  });

  test("cover the truth about as often as they say", () => {
    // Samples are drawn from a known confusion matrix of three unequal classes, whose true scores follow from its
    // shares.
    const shares = [
      [0.4, 0.06, 0.04],
      [0.07, 0.2, 0.03],
      [0.05, 0.03, 0.12],
    ];
    const truth = summarize(shares.map((row) => row.map((share) => Math.round(share * 100))));
    const cells = shares.flatMap((row, k) =>
      row.flatMap((share, p) => new Array<[number, number]>(Math.round(share * 100)).fill([k, p])),
    );
    const repetitions = 200;
    const hits = { accuracy: 0, balancedAccuracy: 0, macroF1: 0 };
    for (let repetition = 0; repetition < repetitions; repetition++) {
      const rng = random("coverage", repetition);
      const drawn = Array.from({ length: 200 }, () => cells[rng.integer(100)] as [number, number]);
      const found = scoreIntervals(
        drawn.map(([label]) => label),
        drawn.map(([, predicted]) => predicted),
        3,
        { seed: repetition, resamples: 250 },
      );
      const inside = ([low, high]: readonly [number, number], value: number): number =>
        Number(low <= value && value <= high);
      hits.accuracy += inside(found.accuracy, truth.accuracy);
      hits.balancedAccuracy += inside(found.balancedAccuracy, truth.balancedAccuracy);
      hits.macroF1 += inside(found.macroF1, truth.macro.f1);
    }
    // 200 repetitions estimate 95 % to ± 3 %; percentile intervals of so few samples are known to be slightly narrow.
    for (const [score, count] of Object.entries(hits)) {
      expect(count / repetitions, score).toBeGreaterThan(0.9);
      expect(count / repetitions, score).toBeLessThan(0.995);
    }
  });
});
