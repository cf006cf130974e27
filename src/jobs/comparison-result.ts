/** What a comparison hands back: plain data, as `compare --json` prints it. */

import type { Comparison } from "../evaluate/compare.node.ts";
import type { PeopleComparison } from "../evaluate/compare-people.ts";
import type { PairedDifference } from "../metrics/paired.ts";
import type { Estimate } from "../metrics/ratio-intervals.ts";
import { type MetricName, metricEntries } from "../metrics/registry.ts";
import { peopleSentence } from "../report/people.ts";
import type { Baseline } from "./baselines.ts";
import type { Interval } from "./evaluation-result.ts";

/** Differences that chance alone gives this rarely count as more than chance. */
const SIGNIFICANT = 0.05;

/** A number of A and of B; `change` is B less A. */
export interface ComparedNumbers {
  readonly a: number;
  readonly b: number;
  readonly change: number;
}

/** Who is right of two, on the same images. */
interface PairedCounts {
  /** Images that one alone gets right, that both do, that neither does. */
  readonly onlyA: number;
  readonly onlyB: number;
  readonly bothRight: number;
  readonly bothWrong: number;
  /** The score of B less that of A, with its 95 % interval and McNemar's exact p. */
  readonly difference: number;
  readonly interval: Interval;
  readonly mcnemarP: number;
}

/** Both against people's votes, on the images that have a plurality; right is who answers it. */
export interface ComparedPeople extends PairedCounts {
  readonly n: number;
  /** How often each answers the plurality. */
  readonly agreementA: number;
  readonly agreementB: number;
  /** Mean share of the votes that the answer got, on all images with votes; the 95 % interval is that of the change. */
  readonly voteShare: ComparedNumbers & { readonly interval: Interval };
  /** Agreement by plurality. */
  readonly perClass: Readonly<Record<string, ComparedNumbers>>;
  /** One person against the others. */
  readonly onePerson?: Estimate;
  /** Of each, whether it is better than one more person. */
  readonly verdictA: string;
  readonly verdictB: string;
  /** Whether the difference is more than chance. */
  readonly verdict: string;
}

/** Shares are fractions from 0 to 1. */
export interface ComparisonResult extends PairedCounts {
  /** Images on which both were scored. */
  readonly n: number;
  /** The split that they are of, or "all". */
  readonly split: string;
  readonly accuracyA: number;
  readonly accuracyB: number;
  readonly classes: readonly string[];
  readonly recall: Readonly<Record<string, ComparedNumbers>>;
  /** Those that judge answers. Those of probabilities are what an evaluation of each model gives. */
  readonly metrics: Readonly<Partial<Record<MetricName, ComparedNumbers>>>;
  /** One sentence: whether the difference is more than chance. */
  readonly verdict: string;
  /** Missing where the images have no votes of people. */
  readonly people?: ComparedPeople;
  /** What B is, where it is not a model. */
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
    return `A and B ${words.right} on the same images: nothing tells them apart on these ${n}.`;
  if (mcnemarP < SIGNIFICANT)
    return `${better} ${words.better} by ${points}, which is more than chance would give (${p}).`;
  return `The difference of ${points} is no more than chance would give (${p}): ${n} images cannot tell A and B apart.`;
}

/** A p value to four digits. */
export function pText(p: number): string {
  return p < 0.0001 ? "< 0.0001" : p.toFixed(4);
}
