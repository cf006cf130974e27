/**
 * Class priors: the class shares that a model's probabilities assume, and the shift of probabilities to other shares.
 */

import { UsageError } from "../util/errors.ts";
import { didYouMean } from "../util/nearest.ts";

/**
 * The prior to shift to: `trained`, `uniform`, `uniform:0.5` (half way from trained to uniform), or class shares, as
 * `happy=0.3,neutral=0.4` or as an object. Classes without a share divide the rest in proportion to the trained prior.
 */
export type PriorChoice = string | Readonly<Record<string, number>>;

/** Tolerance for the sum of shares, because people round them. */
const ROUNDING = 0.005;
/** Minimum total share of the classes without a given share; a smaller total is a rounding error. */
const LEAST_REST = 1e-9;

const kinds = ["trained", "uniform"] as const;

/**
 * Returns the prior that `choice` asks for: one share per class, summing to 1. `uniform:t` is proportional to
 * trained^(1 − t)·uniform^t, which interpolates log priors. Every form depends on the trained prior, except `uniform`
 * and shares for all classes.
 *
 * @param trained one share above 0 per class, summing to 1
 * @throws UsageError for a misspelt choice, an unknown class, or shares that are not a valid prior
 */
export function chosenPrior(
  choice: PriorChoice,
  classes: readonly string[],
  trained: readonly number[],
): number[] {
  if (choice === "trained") return [...trained];
  if (typeof choice === "string" && !choice.includes("=")) {
    const part = partToUniform(choice);
    return normalised(trained.map((share) => share ** (1 - part)));
  }
  const given = sharesOf(choice, classes);
  const total = sum([...given.values()]);
  const rest = classes.map((name, k) => (given.has(name) ? 0 : (trained[k] as number)));
  const left = 1 - total;
  const isWhole = given.size === classes.length;
  if (isWhole ? Math.abs(left) > ROUNDING : left < LEAST_REST) {
    const must = isWhole
      ? "shares of all classes must add up to 1"
      : "they must add up to less than 1 because the other classes share the rest";
    throw wrong(choice, `its shares add up to ${Number(total.toFixed(6))}; ${must}`);
  }
  const ofRest = sum(rest);
  return normalised(classes.map((name, k) => given.get(name) ?? (left * (rest[k] as number)) / ofRest));
}

/** Returns a prior given as shares for every class. @throws UsageError like `chosenPrior`, and for a missing class. */
export function wholePrior(choice: PriorChoice, classes: readonly string[]): number[] {
  const given = sharesOf(choice, classes, "trained prior");
  const missing = classes.filter((name) => !given.has(name));
  if (missing.length > 0) throw wrong(choice, `it has no share for ${missing.join(", ")}`, "trained prior");
  const total = sum([...given.values()]);
  if (Math.abs(total - 1) > ROUNDING)
    throw wrong(
      choice,
      `its shares add up to ${Number(total.toFixed(6))}; they must add up to 1`,
      "trained prior",
    );
  return normalised(classes.map((name) => given.get(name) as number));
}

/** Returns the factors by which the odds of each class change between two priors. */
export function priorFactors(from: readonly number[], to: readonly number[]): number[] {
  return from.map((share, k) => (to[k] as number) / share);
}

/**
 * Shifts probabilities `[N, classes]` to another prior: p'(y|x) ∝ p(y|x)·to(y)/from(y), with `factors` from
 * `priorFactors` (Saerens, Latinne and Decaestecker 2002, "Adjusting the outputs of a classifier to new a priori
 * probabilities", equation 4). The shift is exact if only the class shares differ, not the appearance of the classes.
 */
export function shiftedProbabilities(
  probabilities: Float32Array,
  factors: readonly number[],
): Float32Array<ArrayBuffer> {
  const out = new Float32Array(probabilities.length);
  const count = factors.length;
  for (let row = 0; row < out.length; row += count) {
    const odds = factors.map((factor, k) => factor * (probabilities[row + k] as number));
    const total = sum(odds);
    for (const [k, value] of odds.entries()) out[row + k] = value / total;
  }
  return out;
}

/** The change of a classifier's outputs under a shift to another prior. */
export interface PriorShift {
  /** The prior of the shifted probabilities. */
  readonly prior: readonly number[];
  /** Factor of the odds of each class. */
  readonly factors: readonly number[];
  /**
   * Added to the logits of each class. Their softmax at the classifier's temperature then gives the shifted
   * probabilities.
   */
  readonly offset: readonly number[];
}

/** Returns the shifted rows of probabilities and logits [N, classes]. */
export function shiftedOutputs(
  { probabilities, logits }: { readonly probabilities: Float32Array; readonly logits: Float32Array },
  { factors, offset }: PriorShift,
): { readonly probabilities: Float32Array; readonly logits: Float32Array } {
  return {
    probabilities: shiftedProbabilities(probabilities, factors),
    logits: logits.map((logit, i) => logit + (offset[i % offset.length] as number)),
  };
}

/** Returns whether two priors are equal up to rounding. */
export function isSamePrior(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((share, k) => Math.abs(share - (b[k] as number)) < 1e-9);
}

/** Returns a prior by class name, rounded to four digits for display. */
export function namedPrior(classes: readonly string[], prior: readonly number[]): Record<string, number> {
  return Object.fromEntries(classes.map((name, k) => [name, Number((prior[k] as number).toPrecision(4))]));
}

/** Formats a prior: `angry 0.125, happy 0.3`. */
export function priorText(classes: readonly string[], prior: readonly number[]): string {
  return classes.map((name, k) => `${name} ${(prior[k] as number).toFixed(3)}`).join(", ");
}

/** Returns how far `uniform` or `uniform:0.5` moves from the trained prior, from 0 to 1. */
function partToUniform(text: string): number {
  const [kind = "", amount, ...more] = text.trim().split(":");
  if (kind !== "uniform" || more.length > 0)
    throw wrong(
      text,
      `expected trained, uniform, uniform:0.5, or shares such as happy=0.3,neutral=0.4.${didYouMean(kind, kinds)}`,
    );
  if (amount === undefined) return 1;
  const part = amount.trim() === "" ? Number.NaN : Number(amount);
  if (!(part >= 0 && part <= 1))
    throw wrong(text, "uniform: must be followed by a number from 0 (trained) to 1 (uniform)");
  return part;
}

function sharesOf(
  choice: PriorChoice,
  classes: readonly string[],
  noun: Noun = "prior",
): Map<string, number> {
  const pairs =
    typeof choice === "string"
      ? choice.split(",").map((text) => pairOf(text, choice, noun))
      : Object.entries(choice);
  const shares = new Map<string, number>();
  for (const [className, share] of pairs) {
    if (!classes.includes(className))
      throw wrong(
        choice,
        `the model has no class "${className}".${didYouMean(className, classes)} Valid: ${classes.join(", ")}`,
        noun,
      );
    if (shares.has(className)) throw wrong(choice, `it lists ${className} twice`, noun);
    if (!(typeof share === "number" && share > 0 && share < 1))
      throw wrong(choice, `the share of ${className} must be a number above 0 and below 1`, noun);
    shares.set(className, share);
  }
  return shares;
}

/** Splits `happy=0.3` at the last `=`. */
function pairOf(text: string, whole: string, noun: Noun): [string, number] {
  const at = text.lastIndexOf("=");
  if (at < 0) throw wrong(whole, `"${text.trim()}" is not a share such as happy=0.3`, noun);
  const number = text.slice(at + 1).trim();
  return [text.slice(0, at).trim(), number === "" ? Number.NaN : Number(number)];
}

type Noun = "prior" | "trained prior";

function wrong(choice: PriorChoice, why: string, noun: Noun = "prior"): UsageError {
  const text = typeof choice === "string" ? choice : JSON.stringify(choice);
  return new UsageError(`the ${noun} ${text}: ${why}`);
}

function normalised(shares: readonly number[]): number[] {
  const total = sum(shares);
  return shares.map((share) => share / total);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
