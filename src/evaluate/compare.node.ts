/** Compares two classifiers on the same images: the difference, and whether it is statistically significant. */

import type { PixelCache } from "../data/pixel-cache.node.ts";
import { confusionMatrix } from "../metrics/confusion.ts";
import { type PairedDifference, pairedDifference } from "../metrics/paired.ts";
import { argmaxRows, reorderedColumns } from "../metrics/probabilities.ts";
import { type Metrics, metricEntries } from "../metrics/registry.ts";
import { summarize } from "../metrics/scores.ts";
import type { Votes } from "../metrics/votes.ts";
import type { Bundle } from "../program/decode-bundle.ts";
import type { Engine } from "../runtime/engine.ts";
import { UsageError } from "../util/errors.ts";
import { comparePeople, type PeopleComparison } from "./compare-people.ts";
import { bundleOutputs, labelsOf } from "./evaluate.ts";
import { votesOf } from "./people-votes.ts";

/** One model's answers, in the class order of the comparison. */
export interface ComparedAnswers {
  readonly predicted: readonly number[];
  /** [N, classes], row after row. */
  readonly probabilities: Float32Array;
  /** Per class, from 0 to 1. */
  readonly recall: readonly number[];
  /**
   * Metrics of the predicted classes only. Metrics of probabilities would flatter a model whose temperature was fitted
   * on these images.
   */
  readonly metrics: Partial<Metrics>;
}

export interface Comparison extends PairedDifference {
  /** In the class order of the first model. */
  readonly classes: readonly string[];
  readonly labels: readonly number[];
  readonly a: ComparedAnswers;
  readonly b: ComparedAnswers;
  /** Comparison with people's votes; missing if the images have none. */
  readonly people?: PeopleComparison;
}

/**
 * Runs both models over all images of `pixels`, whose labels must be indices into the classes of `a`.
 * @throws UsageError unless both models have the same classes, in any order.
 */
export async function compareBundles(
  engine: Engine,
  a: Bundle,
  b: Bundle,
  pixels: PixelCache,
  onBatch?: (done: number) => void,
): Promise<Comparison> {
  checkComparable(a, b);
  const { classes } = a.architecture;
  const count = pixels.samples.length;
  const first = await bundleOutputs(engine, a, pixels, onBatch);
  const second = await bundleOutputs(engine, b, pixels, (done) => onBatch?.(count + done));
  return comparison(
    labelsOf(pixels),
    first.probabilities,
    reorderedColumns(second.probabilities, b.architecture.classes, classes),
    classes,
    votesOf(pixels.samples),
  );
}

/** Compares one model with the answers [N, classes] of a baseline, in the model's class order. */
export async function compareWithAnswers(
  engine: Engine,
  a: Bundle,
  pixels: PixelCache,
  answers: Float32Array,
  onBatch?: (done: number) => void,
): Promise<Comparison> {
  const { probabilities } = await bundleOutputs(engine, a, pixels, onBatch);
  return comparison(
    labelsOf(pixels),
    probabilities,
    answers,
    a.architecture.classes,
    votesOf(pixels.samples),
  );
}

/** @throws UsageError unless both models have the same classes. */
export function checkComparable(
  a: Pick<Bundle, "architecture" | "path">,
  b: Pick<Bundle, "architecture" | "path">,
): void {
  const [first, second] = [a.architecture.classes, b.architecture.classes];
  if (first.length === second.length && first.every((name) => second.includes(name))) return;
  throw new UsageError(
    `${a.path} has the classes ${first.join(", ")}; ${b.path} has the classes ${second.join(", ")}. Models must have the same classes; retrain one of them with --classes to match the other`,
  );
}

/** Computes the comparison from the labels, both models' probabilities [N, classes], and the votes, if any. */
export function comparison(
  labels: readonly number[],
  probabilitiesA: Float32Array,
  probabilitiesB: Float32Array,
  classes: readonly string[],
  votes: Votes = [],
): Comparison {
  const answers = (probabilities: Float32Array): ComparedAnswers => {
    const predicted = [...argmaxRows(probabilities, classes.length)];
    const classCount = classes.length;
    const matrix = confusionMatrix(labels, predicted, classCount);
    return {
      predicted,
      probabilities,
      recall: summarize(matrix).perClass.map(({ recall }) => recall),
      metrics: Object.fromEntries(
        metricEntries.flatMap(([name, { judges, compute }]) =>
          judges === "answers"
            ? [[name, compute({ labels, predicted, probabilities, classCount, matrix })]]
            : [],
        ),
      ),
    };
  };
  const [a, b] = [answers(probabilitiesA), answers(probabilitiesB)];
  const people = comparePeople(votes, a, b, classes);
  return {
    ...pairedDifference(labels, a.predicted, b.predicted),
    ...{ classes, labels, a, b },
    ...(people && { people }),
  };
}
