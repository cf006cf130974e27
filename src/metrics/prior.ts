/** Class priors: the shares of the classes that a model's probabilities are for, and the shift of probabilities to others. */

import { UsageError } from "../util/errors.ts";
import { didYouMean } from "../util/nearest.ts";

/**
 * The prior to shift to: `trained`, `uniform`, `uniform:0.5` (half way from trained to uniform), or shares of classes, as
 * `happy=0.3,neutral=0.4` or as an object. Classes without a share divide the rest in proportion to the trained prior.
 */
export type PriorChoice = string | Readonly<Record<string, number>>;

/** How far shares that must sum to 1 may be from it, since people round them. */
const ROUNDING = 0.005;

const kinds = ["trained", "uniform"] as const;

/**
 * The prior that `choice` asks for, one share per class, summing to 1. `uniform:t` is proportional to
 * trained^(1 − t)·uniform^t, so that log priors are interpolated. A prior depends on the trained one in every form but
 * `uniform` and shares for all classes.
 *
 * @param trained one share above 0 per class, summing to 1
 * @throws UsageError for a choice that is misspelt, names an unknown class, or whose shares are not those of a prior
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
  if (isWhole ? Math.abs(left) > ROUNDING : left <= 0) {
    const must = isWhole
      ? "the shares of all classes must add up to 1"
      : "they must add up to less than 1, since the other classes share the rest";
    throw wrong(choice, `its shares add up to ${Number(total.toFixed(6))}; ${must}`);
  }
  const ofRest = sum(rest);
  return normalised(classes.map((name, k) => given.get(name) ?? (left * (rest[k] as number)) / ofRest));
}

/** Shares for every class, as a trained prior is given. @throws UsageError as `chosenPrior`, and for a class without one. */
export function wholePrior(choice: PriorChoice, classes: readonly string[]): number[] {
  const given = sharesOf(choice, classes, "trained prior");
  const missing = classes.filter((name) => !given.has(name));
  if (missing.length > 0) throw wrong(choice, `it lacks a share for ${missing.join(", ")}`, "trained prior");
  const total = sum([...given.values()]);
  if (Math.abs(total - 1) > ROUNDING)
    throw wrong(choice, `its shares add up to ${Number(total.toFixed(6))}, not to 1`, "trained prior");
  return normalised(classes.map((name) => given.get(name) as number));
}

/** What the odds of each class change by when probabilities are shifted from one prior to another. */
export function priorFactors(from: readonly number[], to: readonly number[]): number[] {
  return from.map((share, k) => (to[k] as number) / share);
}

/**
 * Probabilities `[N, classes]` for another prior: p'(y|x) ∝ p(y|x)·to(y)/from(y), with `factors` as `priorFactors` gives them
 * (Saerens, Latinne and Decaestecker 2002, "Adjusting the outputs of a classifier to new a priori probabilities", equation 4).
 * Exact where only the shares of the classes differ between two worlds, not what each class looks like.
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

/** What the outputs of a classifier change by when they are shifted to another prior. */
export interface PriorShift {
  /** The prior that the shifted probabilities are for. */
  readonly prior: readonly number[];
  /** Of the odds of each class. */
  readonly factors: readonly number[];
  /** Added to the logits of each class, so that their softmax at the classifier's temperature is the shifted probabilities. */
  readonly offset: readonly number[];
}

/** Rows of probabilities and logits [N, classes] after the shift. */
export function shiftedOutputs(
  { probabilities, logits }: { readonly probabilities: Float32Array; readonly logits: Float32Array },
  { factors, offset }: PriorShift,
): { readonly probabilities: Float32Array; readonly logits: Float32Array } {
  return {
    probabilities: shiftedProbabilities(probabilities, factors),
    logits: logits.map((logit, i) => logit + (offset[i % offset.length] as number)),
  };
}

/** Whether two priors are the same but for rounding. */
export function isSamePrior(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((share, k) => Math.abs(share - (b[k] as number)) < 1e-9);
}

/** A prior by the names of its classes, to four digits: what results show. */
export function namedPrior(classes: readonly string[], prior: readonly number[]): Record<string, number> {
  return Object.fromEntries(classes.map((name, k) => [name, Number((prior[k] as number).toPrecision(4))]));
}

/** `angry 0.125, happy 0.3`. */
export function priorText(classes: readonly string[], prior: readonly number[]): string {
  return classes.map((name, k) => `${name} ${(prior[k] as number).toFixed(3)}`).join(", ");
}

/** How far `uniform` or `uniform:0.5` goes from the trained prior, 0 to 1. */
function partToUniform(text: string): number {
  const [kind = "", amount, ...more] = text.trim().split(":");
  if (kind !== "uniform" || more.length > 0)
    throw wrong(
      text,
      `it is none of trained, uniform, uniform:0.5, or shares such as happy=0.3,neutral=0.4.${didYouMean(kind, kinds)}`,
    );
  if (amount === undefined) return 1;
  const part = amount.trim() === "" ? Number.NaN : Number(amount);
  if (!(part >= 0 && part <= 1))
    throw wrong(text, "after uniform: there must be a number from 0 (trained) to 1 (uniform)");
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
    if (shares.has(className)) throw wrong(choice, `it gives ${className} twice`, noun);
    if (!(typeof share === "number" && share > 0 && share < 1))
      throw wrong(choice, `the share of ${className} must be a number above 0 and below 1`, noun);
    shares.set(className, share);
  }
  return shares;
}

/** `happy=0.3`: what follows the last `=` is the share. */
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
