/** Compares mixture weights with a brute-force search, and with known solutions. */

import { describe, expect, test } from "vitest";
import { VultusError } from "../util/errors.ts";
import { random } from "../util/random.ts";
import { crossFittedMixture, mixtureWeights } from "./mixture-weights.ts";
import { softmaxRows } from "./softmax.ts";

const N = 60;
const CLASSES = 4;
const rng = random("mixture weights");
const labels = Array.from({ length: N }, () => rng.integer(CLASSES));
const targets = labels.flatMap((label) => Array.from({ length: CLASSES }, (_, k) => Number(k === label)));

/** A model that leans towards the truth by `skill`, with independent errors. */
function model(skill: number): Float64Array {
  const logits = targets.map((target) => skill * target + rng.normal());
  return softmaxRows(logits, CLASSES);
}

/** Returns the mean log likelihood of `goals` under the mixture. */
function likelihood(
  models: readonly ArrayLike<number>[],
  weights: readonly number[],
  goals: readonly number[],
) {
  const total = goals.reduce((a, b) => a + b);
  return goals.reduce((sum, goal, i) => {
    const mixed = models.reduce((p, rows, k) => p + (weights[k] as number) * (rows[i] as number), 0);
    return goal === 0 ? sum : sum + (goal / total) * Math.log(mixed);
  }, 0);
}

/** Returns the most likely weights of three models on a grid of `steps`. */
function bestOnGrid(models: readonly ArrayLike<number>[], goals: readonly number[], steps: number) {
  let best = { weights: [0, 0, 0], value: Number.NEGATIVE_INFINITY };
  for (let a = 0; a <= steps; a++)
    for (let b = 0; a + b <= steps; b++) {
      const weights = [a / steps, b / steps, (steps - a - b) / steps];
      const value = likelihood(models, weights, goals);
      if (value > best.value) best = { weights, value };
    }
  return best;
}

describe("mixtureWeights", () => {
  const models = [model(2), model(1.6), model(0.3)];

  test("finds the optimum that a search over all weights finds", () => {
    const found = mixtureWeights(models, targets);
    const { weights, value } = bestOnGrid(models, targets, 200);
    expect(likelihood(models, found, targets)).toBeGreaterThanOrEqual(value);
    for (const [k, weight] of found.entries())
      expect(Math.abs(weight - (weights[k] as number))).toBeLessThan(0.01);
    expect(found.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
  });

  test("counts each vote", () => {
    const votes = targets.map((target, i) => 5 * target + (i % 3));
    const found = mixtureWeights(models, votes);
    const { weights, value } = bestOnGrid(models, votes, 200);
    expect(likelihood(models, found, votes)).toBeGreaterThanOrEqual(value);
    for (const [k, weight] of found.entries())
      expect(Math.abs(weight - (weights[k] as number))).toBeLessThan(0.01);
    const tenfold = mixtureWeights(
      models,
      votes.map((vote) => 10 * vote),
    );
    for (const [k, weight] of found.entries()) expect(tenfold[k]).toBeCloseTo(weight, 9);
  });

  test("is never less likely than any model alone", () => {
    for (let trial = 0; trial < 20; trial++) {
      const three = [model(3 * rng.next()), model(3 * rng.next()), model(3 * rng.next())];
      const mixed = likelihood(three, mixtureWeights(three, targets), targets);
      for (const k of three.keys()) {
        const alone = three.map((_, j) => Number(j === k));
        expect(mixed).toBeGreaterThanOrEqual(likelihood(three, alone, targets) - 1e-9);
      }
    }
  });

  test("gives a model that only guesses nothing, and one that is always right everything", () => {
    const guess = new Float64Array(N * CLASSES).fill(1 / CLASSES);
    const right = softmaxRows(
      targets.map((target) => 12 * target),
      CLASSES,
    );
    const [useful = 0, useless = 1] = mixtureWeights([right, guess], targets);
    expect(useful).toBeGreaterThan(1 - 1e-6);
    expect(useless).toBeLessThan(1e-6);
  });

  test("gives models that answer alike equal weights, and one model all", () => {
    const [a, b] = mixtureWeights([models[0] as Float64Array, Float64Array.from(models[0] ?? [])], targets);
    expect(a).toBe(b);
    expect(mixtureWeights([models[1] as Float64Array], targets)).toEqual([1]);
  });

  test("bears a probability of 0 where the truth is", () => {
    const wrong = targets.map((target) => 1 - target);
    const weights = mixtureWeights([wrong, wrong, models[0] as Float64Array], targets);
    expect(weights.every(Number.isFinite)).toBe(true);
    expect(weights[2]).toBeGreaterThan(0.999);
    expect(mixtureWeights([wrong, wrong], targets)).toEqual([0.5, 0.5]);
  });

  test("refuses shapes that do not agree, and nothing at all", () => {
    expect(() => mixtureWeights([[0.5, 0.5]], [1, 0, 0])).toThrow(/2 probabilities for 3 targets/);
    expect(() => mixtureWeights([], [])).toThrow(VultusError);
    expect(() => mixtureWeights([[0.5, 0.5]], [0, 0])).toThrow(VultusError);
  });
});

describe("crossFittedMixture", () => {
  const models = [model(2), model(1.6)];

  test("gives each sample what weights fitted on the other folds give it", () => {
    const mixed = crossFittedMixture(models, targets, CLASSES, { folds: N });
    for (const row of [0, 7, N - 1]) {
      const others = (rows: ArrayLike<number>): number[] =>
        Array.from(rows).filter((_, i) => Math.floor(i / CLASSES) !== row);
      const [a = 0, b = 0] = mixtureWeights(models.map(others), others(targets));
      for (let i = row * CLASSES; i < (row + 1) * CLASSES; i++)
        expect(mixed[i]).toBeCloseTo(a * (models[0]?.[i] as number) + b * (models[1]?.[i] as number), 12);
    }
  });

  test("is less flattered than the fit itself", () => {
    const noise = Array.from({ length: 8 }, () => model(0));
    const fitted = likelihood(noise, mixtureWeights(noise, targets), targets);
    const fair = likelihood([crossFittedMixture(noise, targets, CLASSES)], [1], targets);
    expect(fair).toBeLessThan(fitted);
  });
});
