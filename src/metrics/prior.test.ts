import { expect, test } from "vitest";
import reference from "../../test/reference/prior.json" with { type: "json" };
import { UsageError } from "../util/errors.ts";
import { chosenPrior, priorFactors, shiftedProbabilities, wholePrior } from "./prior.ts";

const classes = ["angry", "happy", "neutral"];
const trained = [0.2, 0.5, 0.3];

test.each(reference.to)("shifts posteriors as scikit-learn computes them for the prior $prior", (to) => {
  const factors = priorFactors(reference.from.prior, to.prior);
  const shifted = shiftedProbabilities(Float32Array.from(reference.from.posteriors), factors);
  for (const [i, p] of shifted.entries()) expect(p).toBeCloseTo(to.posteriors[i] as number, 6);
});

test("there and back again changes nothing", () => {
  const rows = Float32Array.of(0.7, 0.2, 0.1, 0.01, 0.98, 0.01, 1, 0, 0);
  const other = [0.1, 0.1, 0.8];
  const there = shiftedProbabilities(rows, priorFactors(trained, other));
  const back = shiftedProbabilities(there, priorFactors(other, trained));
  for (const [i, p] of back.entries()) expect(p).toBeCloseTo(rows[i] as number, 6);
});

test("knows the trained prior, the uniform one and what lies between them", () => {
  expect(chosenPrior("trained", classes, trained)).toEqual(trained);
  for (const share of chosenPrior("uniform", classes, trained)) expect(share).toBeCloseTo(1 / 3, 12);
  const half = chosenPrior("uniform:0.5", classes, trained);
  // Proportional to the square roots of the trained shares.
  const roots = trained.map(Math.sqrt);
  const total = roots.reduce((a, b) => a + b);
  for (const [k, share] of half.entries()) expect(share).toBeCloseTo((roots[k] as number) / total, 12);
  for (const [k, share] of chosenPrior("uniform:0", classes, trained).entries())
    expect(share).toBeCloseTo(trained[k] as number, 12);
});

test.each(["happy=0.6", { happy: 0.6 }])(
  "classes without a share divide the rest as they were trained: %j",
  (choice) => {
    const [angry, happy, neutral] = chosenPrior(choice, classes, trained) as [number, number, number];
    expect(happy).toBeCloseTo(0.6, 12);
    expect(angry).toBeCloseTo(0.16, 12);
    expect(neutral).toBeCloseTo(0.24, 12);
  },
);

test("shares of all classes may be rounded", () => {
  const prior = chosenPrior("angry=0.333, happy=0.333, neutral=0.333", classes, trained);
  expect(prior.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
});

test.each([
  ["unifrom", /expected trained, uniform.*Did you mean "uniform"/],
  ["", /expected trained/],
  ["uniform:", /number from 0 \(trained\) to 1/],
  ["uniform:1.5", /number from 0 \(trained\) to 1/],
  ["uniform:0.5:1", /expected trained/],
  ["hapy=0.3", /no class "hapy"\. Did you mean "happy"\? Valid: angry, happy, neutral/],
  [{ happy: 0.9999999999999999 }, /less than 1 because the other classes share the rest/],
  ["happy=0", /happy must be a number above 0 and below 1/],
  ["happy=-0.1", /happy must be a number above 0/],
  ["happy=", /happy must be a number above 0/],
  ["happy=much", /happy must be a number above 0/],
  ["happy=0.3,sad", /"sad" is not a share/],
  ["happy=0.3,happy=0.2", /lists happy twice/],
  ["happy=0.6,angry=0.4", /add up to 1; they must add up to less than 1/],
  ["happy=0.9,angry=0.4", /add up to 1\.3; they must add up to less than 1/],
  ["happy=0.2,angry=0.2,neutral=0.2", /add up to 0\.6; shares of all classes must add up to 1/],
] as const)("refuses %j", (choice, message) => {
  expect(() => chosenPrior(choice, classes, trained)).toThrow(UsageError);
  expect(() => chosenPrior(choice, classes, trained)).toThrow(message);
});

test("a trained prior names every class", () => {
  expect(wholePrior("angry=0.2,happy=0.5,neutral=0.3", classes)).toEqual(trained);
  expect(() => wholePrior("angry=0.2,happy=0.5", classes)).toThrow(/has no share for neutral/);
  expect(() => wholePrior("angry=0.2,happy=0.5,neutral=0.5", classes)).toThrow(
    /add up to 1\.2; they must add up to 1/,
  );
});

test("shares that add up to 1 leave nothing for the others, in whatever order binary fractions are added", () => {
  const four = ["sad", "happy", "neutral", "fear"];
  const even = [0.25, 0.25, 0.25, 0.25];
  for (const choice of ["happy=0.7,sad=0.2,neutral=0.1", "happy=0.1,sad=0.2,neutral=0.7"])
    expect(() => chosenPrior(choice, four, even)).toThrow(/add up to 1; they must add up to less than 1/);
});
