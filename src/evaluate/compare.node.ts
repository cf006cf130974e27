/** Two classifiers on the same images: how they differ, and whether by more than chance. */

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

/** One model's answers, in the order of the classes of the comparison. */
export interface ComparedAnswers {
  readonly predicted: readonly number[];
  /** [N, classes], row after row. */
  readonly probabilities: Float32Array;
  /** Per class, from 0 to 1. */
  readonly recall: readonly number[];
  /** Those of answers. Metrics of probabilities would flatter a model whose temperature was fitted on these images. */
  readonly metrics: Partial<Metrics>;
}

export interface Comparison extends PairedDifference {
  /** In the order of the first model. */
  readonly classes: readonly string[];
  readonly labels: readonly number[];
  readonly a: ComparedAnswers;
  readonly b: ComparedAnswers;
  /** Against people's votes; missing where the images have none. */
  readonly people?: PeopleComparison;
}

/**
 * Runs both over all images of `pixels`, whose labels must be indices into the classes of `a`.
 * @throws UsageError where the two tell different classes apart; their order may differ.
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

/** The same for one model and answers [N, classes] that no model gave, in the order of its classes. */
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

/** @throws UsageError unless both models tell the same classes apart. */
export function checkComparable(
  a: Pick<Bundle, "architecture" | "path">,
  b: Pick<Bundle, "architecture" | "path">,
): void {
  const [first, second] = [a.architecture.classes, b.architecture.classes];
  if (first.length === second.length && first.every((name) => second.includes(name))) return;
  throw new UsageError(
    `${a.path} tells apart ${first.join(", ")}; ${b.path} tells apart ${second.join(", ")}: only models of the same classes go together; train one again with the other's classes by --classes`,
  );
}

/** Every figure of a comparison, from labels, both models' probabilities [N, classes], and votes where there are any. */
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
