/**
 * Compares answers with people's votes: SciPy's and scikit-learn's results (test/reference/people.py), and cases
 * counted by hand.
 */

import { describe, expect, test } from "vitest";
import reference from "../../test/reference/people.json" with { type: "json" };
import { differenceInterval } from "./difference-interval.ts";
import { leaveOneOut, pairAgreement } from "./leave-one-out.ts";
import { type PeopleScores, peopleScores } from "./people.ts";
import { argmaxRows } from "./probabilities.ts";
import type { Estimate } from "./ratio-intervals.ts";
import { jensenShannonDistance, voteEntropy, voteLogLoss } from "./vote-distance.ts";
import { pluralityOf, type Votes } from "./votes.ts";
import { wilsonInterval } from "./wilson.ts";

const classes = ["a", "b", "c", "d"];
const names = 6;
const votes = reference.votes.map((digits) => {
  const counts = new Array<number>(names).fill(0);
  for (const digit of digits) counts[Number(digit)] = (counts[Number(digit)] as number) + 1;
  return counts;
});
const probabilities = reference.probabilities.flat().map((count) => count / 2 ** 20);
const predicted = argmaxRows(probabilities, classes.length);

interface Wanted {
  readonly value: number;
  readonly interval: number[];
  readonly deviation: number;
  readonly n: number;
}

/** Compares values up to rounding, and interval ends up to the noise of 2000 and 4000 resamples. */
function expectSame(
  actual: (Omit<Estimate, "n"> & { n?: number }) | undefined,
  wanted: Wanted,
  what: string,
): void {
  expect(actual?.value, what).toBeCloseTo(wanted.value, 10);
  if (actual?.n !== undefined) expect(actual.n, what).toBe(wanted.n);
  for (const end of [0, 1] as const)
    expect(
      Math.abs((actual?.interval[end] ?? 9) - (wanted.interval[end] as number)),
      `${what} ${end}`,
    ).toBeLessThan(0.25 * wanted.deviation);
}

describe("equals the reference", () => {
  const wanted = reference.scores;
  const found = peopleScores({ classes, predicted, probabilities, votes }) as PeopleScores;

  test("counts", () => {
    const { n, votes: all, tied, onePerson } = found;
    expect([n, all, tied, onePerson?.leftOut]).toEqual([
      wanted.n,
      wanted.votes,
      wanted.tied,
      wanted.onePerson.leftOut,
    ]);
  });

  test.each(["agreement", "voteShare", "logLoss", "jensenShannon", "clear"] as const)("%s", (name) => {
    expectSame(found[name], wanted[name], name);
    expect(found.leastLogLoss).toBeCloseTo(wanted.leastLogLoss, 10);
  });

  test.each(["agreement", "voteShare", "clear", "model", "difference"] as const)("one person: %s", (name) => {
    expectSame(found.onePerson?.[name], wanted.onePerson[name], name);
  });

  test("per class", () => {
    for (const [k, name] of classes.entries()) {
      const [own, person] = wanted.perClass[k] as [Wanted, Wanted];
      expectSame(found.perClass[name]?.agreement, own, name);
      expectSame(found.perClass[name]?.onePerson, person, name);
    }
  });

  test("images without votes change nothing but the resamples", () => {
    const none: Votes = [undefined, ...votes, undefined];
    const more = peopleScores({
      classes,
      predicted: [1, ...predicted, 2],
      probabilities: [0, 1, 0, 0, ...probabilities, 0, 0, 1, 0],
      votes: none,
    });
    expect(more).toEqual(found);
  });
});

test("Newcombe's intervals, from Wilson's by SciPy", () => {
  for (const [a, m, b, n, low, high] of reference.newcombe as [
    number,
    number,
    number,
    number,
    number,
    number,
  ][]) {
    const side = (k: number, of: number) => ({ value: k / of, interval: wilsonInterval(k, of) });
    const found = differenceInterval(side(a, m), side(b, n));
    expect(found[0]).toBeCloseTo(low, 10);
    expect(found[1]).toBeCloseTo(high, 10);
  }
});

test("annotators are taken out one at a time", () => {
  expect(leaveOneOut([2, 1, 0])).toEqual([
    { chosen: 0, annotators: 2, plurality: undefined, agreed: 0.5 },
    { chosen: 1, annotators: 1, plurality: 0, agreed: 1 },
  ]);
  expect(pairAgreement([2, 1, 0])).toBeCloseTo(1 / 3, 12);
  expect(pairAgreement([4, 0])).toBe(1);
  expect([pluralityOf([3, 3, 1]), pluralityOf([0, 2, 1])]).toEqual([undefined, 1]);
});

test("distances are least when probabilities are the votes, and greatest when they have nothing in common", () => {
  const q = [0.5, 0.3, 0.2];
  expect(voteLogLoss(q, q)).toBeCloseTo(voteEntropy(q), 12);
  expect(voteLogLoss(q, [0.4, 0.4, 0.2])).toBeGreaterThan(voteEntropy(q));
  expect(jensenShannonDistance(q, q)).toBe(0);
  expect(jensenShannonDistance([1, 0], [0, 1])).toBe(1);
  // A float32 softmax may return 0.
  expect(voteLogLoss([0, 1], [1, 0])).toBeCloseTo(24 * Math.LN2, 10);
});

describe("if all are alike", () => {
  const alike = (count: number, answer: number) =>
    peopleScores({
      classes: ["a", "b"],
      predicted: new Array<number>(count).fill(answer),
      probabilities: Array.from({ length: 2 * count }, (_, i) => Number(i % 2 === answer)),
      votes: Array.from({ length: count }, () => [8, 2]),
    }) as PeopleScores;

  test("an agreement of all or none has Wilson's interval, and so has its difference to a person", () => {
    const { agreement, onePerson, clear } = alike(40, 0);
    expect(agreement).toEqual({ value: 1, interval: wilsonInterval(40, 40), n: 40 });
    expect(clear).toEqual(agreement);
    expect(onePerson?.agreement.value).toBeCloseTo(0.8, 12);
    expect(onePerson?.difference.value).toBeCloseTo(0.2, 12);
    const person = wilsonInterval(32, 40);
    expect(onePerson?.agreement.interval[0]).toBeCloseTo(person[0], 10);
    expect(onePerson?.agreement.interval[1]).toBeCloseTo(person[1], 10);
    const [low, high] = onePerson?.difference.interval ?? [0, 0];
    expect(low).toBeCloseTo(0.2 - Math.hypot(1 - wilsonInterval(40, 40)[0], person[1] - 0.8), 10);
    expect(high).toBeCloseTo(0.2 + (0.8 - person[0]), 10);
    expect(alike(5, 1).agreement).toEqual({ value: 0, interval: wilsonInterval(0, 5), n: 5 });
  });

  test("no share of a single image has an interval without a width", () => {
    const { onePerson, perClass, voteShare } = alike(1, 0);
    const shares = [onePerson?.agreement, onePerson?.voteShare, perClass.a?.onePerson, voteShare];
    for (const share of shares as Estimate[]) {
      const [low, high] = share.interval;
      expect(low).toBeLessThan(0.2);
      expect(high).toBeGreaterThan(0.95);
    }
  });
});

test("names that are no class count as people asked, and their plurality is nobody's class", () => {
  const one = (counts: number[], answer = 0): PeopleScores | undefined =>
    peopleScores({ classes: ["a", "b"], predicted: [answer], probabilities: [0.75, 0.25], votes: [counts] });
  const found = one([5, 1, 4]) as PeopleScores;
  expect(found.voteShare.value).toBe(0.5);
  expect(found.clear).toBeUndefined();
  expect(found.logLoss.value).toBeCloseTo(-(5 * Math.log(0.75) + Math.log(0.25)) / 6, 12);
  // Without one of the five, five are tied with four: left out. The four against 5, 1, 3 and the one against 5, 4 disagree.
  expect(found.onePerson).toMatchObject({ leftOut: 5, agreement: { value: 0 }, model: { value: 1 } });
  // A tie has no plurality; without other images there is nothing to agree with.
  expect(one([4, 1, 4])).toBeUndefined();
  expect(one([4, 1, 5])).toBeUndefined();
  // With two people, the other is the plurality.
  expect(one([2, 0, 0])?.onePerson?.agreement.value).toBe(1);
});

describe("votes that a program passes", () => {
  const two = { classes: ["a", "b"], predicted: [0, 0], probabilities: [0.7, 0.3, 0.6, 0.4] };

  test.each([[[0, 0, 5]], [[1, 0]], [[0, 0]]])("%j cannot be scored, and is left out", (counts) => {
    const alone = peopleScores({ ...two, votes: [[3, 1], undefined] });
    expect(alone?.n).toBe(1);
    expect(peopleScores({ ...two, votes: [[3, 1], counts] })).toEqual(alone);
  });

  test.each([
    [
      "negative",
      {
        votes: [
          [3, 0],
          [-2, 5],
        ],
      },
      /votes of sample 1 are -2, 5; expected whole numbers from 0/,
    ],
    [
      "fractions",
      {
        votes: [
          [0.5, 0.5],
          [3, 0],
        ],
      },
      /votes of sample 0 are 0\.5, 0\.5; expected whole numbers/,
    ],
    [
      "no numbers",
      {
        votes: [
          [3, 0],
          [Number.NaN, 5],
        ],
      },
      /votes of sample 1 are NaN, 5/,
    ],
    ["too few", { votes: [[3, 0], [5]] }, /votes of sample 1 are 5; .* one for each of the 2 classes/],
    ["for other images", { votes: [[3, 0]] }, /1 entry of votes but 2 predictions/],
    [
      "without probabilities",
      {
        probabilities: [1, 0],
        votes: [
          [3, 0],
          [3, 0],
        ],
      },
      /2 probabilities .* expected 4/,
    ],
  ])("%s are refused", (_, options, message) => {
    expect(() => peopleScores({ ...two, ...options })).toThrow(message);
  });
});

test("no votes, no scores", () => {
  expect(
    peopleScores({ classes: ["a", "b"], predicted: [0], probabilities: [1, 0], votes: [undefined] }),
  ).toBeUndefined();
  expect(
    peopleScores({ classes: ["a", "b"], predicted: [0], probabilities: [1, 0], votes: [] }),
  ).toBeUndefined();
});
