/** The result of a comparison: plain data, as `compare --json` prints it. */

import type { Comparison } from "../evaluate/compare.node.ts";
import type { PeopleComparison } from "../evaluate/compare-people.ts";
import type { PairedDifference } from "../metrics/paired.ts";
import type { Estimate } from "../metrics/ratio-intervals.ts";
import { type MetricName, metricEntries } from "../metrics/registry.ts";
import { peopleSentence } from "../report/people.ts";
import type { Baseline } from "./baselines.ts";
import type { Interval } from "./evaluation-result.ts";

/** Significance level: a difference with a smaller p value counts as significant. */
const SIGNIFICANT = 0.05;

/** A number for A and for B; `change` is B minus A. */
export interface ComparedNumbers {
  readonly a: number;
  readonly b: number;
  readonly change: number;
}

/** How often each of two is right on the same images. */
interface PairedCounts {
  /** Number of images that only one gets right, that both get right, and that neither gets right. */
  readonly onlyA: number;
  readonly onlyB: number;
  readonly bothRight: number;
  readonly bothWrong: number;
  /** The score of B minus the score of A, with its 95 % interval and McNemar's exact p. */
  readonly difference: number;
  readonly interval: Interval;
  readonly mcnemarP: number;
}

/** Both against people's votes, on the images that have a plurality; predicting the plurality counts as right. */
export interface ComparedPeople extends PairedCounts {
  readonly n: number;
  /** How often each predicts the plurality. */
  readonly agreementA: number;
  readonly agreementB: number;
  /** Mean share of the votes for the prediction, on all images with votes; the 95 % interval is for the change. */
  readonly voteShare: ComparedNumbers & { readonly interval: Interval };
  /** Agreement by plurality. */
  readonly perClass: Readonly<Record<string, ComparedNumbers>>;
  /** One person against the others. */
  readonly onePerson?: Estimate;
  /** Whether each is better than one more person. */
  readonly verdictA: string;
  readonly verdictB: string;
  /** Whether the difference is statistically significant. */
  readonly verdict: string;
}

/** Shares are fractions from 0 to 1. */
export interface ComparisonResult extends PairedCounts {
  /** Number of images on which both were scored. */
  readonly n: number;
  /** The split of these images, or "all". */
  readonly split: string;
  readonly accuracyA: number;
  readonly accuracyB: number;
  readonly classes: readonly string[];
  readonly recall: Readonly<Record<string, ComparedNumbers>>;
  /** The metrics of predictions. For metrics of probabilities, evaluate each model. */
  readonly metrics: Readonly<Partial<Record<MetricName, ComparedNumbers>>>;
  /** One sentence: whether the difference is statistically significant. */
  readonly verdict: string;
  /** Missing if the images have no votes of people. */
  readonly people?: ComparedPeople;
  /** Which baseline B is, if it is not a model. */
  readonly baseline?: Baseline;
}

export function comparisonResult(comparison: Comparison, split: string): ComparisonResult {
  const { n, accuracyA, accuracyB, difference, interval, mcnemarP, onlyA, onlyB } = comparison;
  const { bothRight, bothWrong, classes, a, b } = comparison;
  return {
    n,
    split,
    accuracyA,
    accuracyB,
    difference,
    interval,
    mcnemarP,
    onlyA,
    onlyB,
    bothRight,
    bothWrong,
    classes,
    recall: Object.fromEntries(
      classes.map((name, k) => [name, numbers(a.recall[k] as number, b.recall[k] as number)]),
    ),
    metrics: Object.fromEntries(
      metricEntries.flatMap(([name]) => {
        const [ofA, ofB] = [a.metrics[name], b.metrics[name]];
        return ofA === undefined || ofB === undefined ? [] : [[name, numbers(ofA, ofB)]];
      }),
    ),
    verdict: verdictOn(comparison),
    ...(comparison.people && { people: comparedPeople(comparison.people) }),
  };
}

function comparedPeople({
  a,
  b,
  voteShareInterval,
  accuracyA,
  accuracyB,
  ...paired
}: PeopleComparison): ComparedPeople {
  const { agreement: onePerson } = a.onePerson ?? {};
  return {
    ...{ agreementA: accuracyA, agreementB: accuracyB, ...paired },
    voteShare: { ...numbers(a.voteShare.value, b.voteShare.value), interval: voteShareInterval },
    perClass: Object.fromEntries(
      Object.entries(a.perClass).flatMap(([name, { agreement }]) => {
        const other = b.perClass[name];
        return other ? [[name, numbers(agreement.value, other.agreement.value)]] : [];
      }),
    ),
    ...(onePerson && { onePerson }),
    verdictA: peopleSentence(a),
    verdictB: peopleSentence(b),
    verdict: verdictOn(paired, { better: "agrees with people more often", right: "agree with people" }),
  };
}

function numbers(a: number, b: number): ComparedNumbers {
  return { a, b, change: b - a };
}

function verdictOn(
  { difference, mcnemarP, onlyA, onlyB, n }: Omit<PairedDifference, "accuracyA" | "accuracyB">,
  words = { better: "is better", right: "are right" },
): string {
  const better = difference > 0 ? "B" : "A";
  const p = `McNemar's p ${mcnemarP < 0.0001 ? "" : "= "}${pText(mcnemarP)}`;
  const points = `${(Math.abs(difference) * 100).toFixed(1)} points`;
  if (onlyA + onlyB === 0)
    return `A and B ${words.right} on exactly the same images: no difference on these ${n} images.`;
  if (mcnemarP < SIGNIFICANT)
    return `${better} ${words.better} by ${points}, which is statistically significant (${p}).`;
  return `The difference of ${points} on these ${n} images is not statistically significant (${p}).`;
}

/** Formats a p value with four digits. */
export function pText(p: number): string {
  return p < 0.0001 ? "< 0.0001" : p.toFixed(4);
}
