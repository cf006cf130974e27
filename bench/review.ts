/**
 * Measures the benefit of reviewing, with a simulated person (docs/results.md):
 *
 *     node --import tsx bench/review.ts DATA EXCLUDE MODEL WEIGHTS [SEEDS]
 *
 * DATA is FER2013 with train/ and validation/, EXCLUDE an audit's list for it, WEIGHTS are weights for MODEL that were trained
 * without the labels. Heads are trained on its features, to answer two questions:
 *
 * - Wrong labels: one training label in twenty is changed to another class. A person looks at the first 2 and 5 % of the
 *   images, in the order that `vultus review` shows them after `data audit --labels`, or in random order, and corrects planted
 *   errors.
 * - Missing labels: a head knows 600 labels. A person labels 600 more images, in the order of `vultus review --unlabelled`, or at
 *   random.
 *
 * Each row is a mean over the seeds with the 95 % interval of that mean (Student's t).
 */

import { labelNext } from "../src/audit/label-next.ts";
import { labelNetwork, stageFeatures } from "../src/audit/labels.node.ts";
import { unitRows } from "../src/audit/nearest.ts";
import { type Features, outOfSampleProbabilities } from "../src/audit/out-of-sample.ts";
import { reviewOrder } from "../src/audit/review-order.ts";
import { indicesOf, type Sample } from "../src/data/dataset.ts";
import { stratifiedFolds } from "../src/data/folds.ts";
import { readDataset } from "../src/data/read.node.ts";
import { confidentLearning } from "../src/metrics/confident-learning.ts";
import { argmaxRows } from "../src/metrics/probabilities.ts";
import { startEngine } from "../src/runtime/engine.node.ts";
import { random, shuffled } from "../src/util/random.ts";

const PLANTED = 0.05;
const LOOKED_AT = [0.02, 0.05];
const LABELLED = 600;

const [data, exclude, model, weights, seedCount = "5"] = process.argv.slice(2);
if (!data || !exclude || !model || !weights)
  throw new Error("usage: node --import tsx bench/review.ts DATA EXCLUDE MODEL WEIGHTS [SEEDS]");
const classes = ["angry", "fear", "happy", "neutral", "sad", "surprise"];
const dataset = await readDataset([data], { classes, exclude });
const { samples } = dataset;
const engine = startEngine({ device: "cpu", threads: 2 });
const network = labelNetwork(model, weights, dataset);
const features = await stageFeatures(engine, network, samples, 2e9, () => {});
const [training, validation] = [indicesOf(samples, "train"), indicesOf(samples, "validation")];
console.log(
  `${model}: ${training.length} training images, ${validation.length} validation images, ${features.width} features`,
);

/** The features and samples at `indices`. */
function part(indices: readonly number[], of: readonly Sample[]): [Features, Sample[]] {
  const rows = new Float32Array(indices.length * features.width);
  for (const [row, i] of indices.entries())
    rows.set(features.rows.subarray(i * features.width, (i + 1) * features.width), row * features.width);
  return [{ rows, width: features.width }, indices.map((i) => of[i] as Sample)];
}

/** The predictions of a head for some images after training on others. */
async function answers(
  learned: readonly number[],
  asked: readonly number[],
  of: readonly Sample[],
  seed: number,
) {
  const [rows, chosen] = part([...learned, ...asked], of);
  // Only fold 0 is judged; the head learns from the images that belong to no fold.
  const foldOf = [...learned.map(() => -1), ...asked.map(() => 0)];
  const all = await outOfSampleProbabilities(engine, network.architecture, rows, chosen, foldOf, seed);
  return all.subarray(learned.length * classes.length);
}

/** Accuracy on the validation images, whose labels are unchanged, in percent. */
async function accuracyOf(learned: readonly number[], of: readonly Sample[], seed: number): Promise<number> {
  const predicted = argmaxRows(await answers(learned, validation, of, seed), classes.length);
  const right = validation.filter((index, row) => samples[index]?.label === predicted[row]).length;
  return (100 * right) / validation.length;
}

const figures = new Map<string, number[]>();
function note(name: string, value: number): void {
  const values = figures.get(name) ?? [];
  values.push(value);
  figures.set(name, values);
}

async function wrongLabels(seed: number): Promise<void> {
  const rng = random("review", "planted", seed);
  const planted = new Set(training.filter(() => rng.chance(PLANTED)));
  const wrong = samples.map((sample, i): Sample => {
    if (!planted.has(i)) return sample;
    return { ...sample, label: (sample.label + 1 + rng.integer(classes.length - 1)) % classes.length };
  });
  const [rows, chosen] = part(training, wrong);
  const foldOf = stratifiedFolds(chosen, classes.length, { folds: 5, seed, groupings: [] });
  const probabilities = await outOfSampleProbabilities(
    engine,
    network.architecture,
    rows,
    chosen,
    foldOf,
    seed,
  );
  const { suspects } = confidentLearning(
    probabilities,
    chosen.map(({ label }) => label),
    classes.length,
  );
  const places = new Map(suspects.map(({ index }, place) => [index, place]));
  const bySuspicion = reviewOrder(
    chosen.map(() => undefined),
    () => false,
    places,
  ).map((row) => training[row] as number);
  const atRandom = shuffled(training, random("review", "random", seed));
  const before = await accuracyOf(training, wrong, seed);
  note("accuracy with the planted errors", before);
  note("gain if all planted errors are put right", (await accuracyOf(training, samples, seed)) - before);
  for (const share of LOOKED_AT)
    for (const [name, order] of [
      ["the surest first", bySuspicion],
      ["at random", atRandom],
    ] as const) {
      const seen = new Set(order.slice(0, Math.round(share * training.length)));
      const found = [...planted].filter((index) => seen.has(index)).length;
      const what = `${100 * share} % reviewed, ${name}`;
      note(`${what}: share that was wrong, %`, (100 * found) / seen.size);
      note(`${what}: of all planted errors, %`, (100 * found) / planted.size);
      const reviewed = wrong.map((sample, i) => (seen.has(i) ? (samples[i] as Sample) : sample));
      note(`${what}: gain`, (await accuracyOf(training, reviewed, seed)) - before);
    }
}

async function missingLabels(seed: number): Promise<void> {
  const order = shuffled(training, random("review", "unlabelled", seed));
  const [known, pool] = [order.slice(0, LABELLED), order.slice(LABELLED)];
  const before = await accuracyOf(known, samples, seed);
  const probabilities = Float32Array.from(await answers(known, pool, samples, seed));
  const [rows] = part(pool, samples);
  const next = labelNext(probabilities, classes.length, unitRows(rows)).map((row) => pool[row] as number);
  note(`accuracy with ${LABELLED} labels`, before);
  for (const [name, chosen] of [
    ["as suggested", next],
    ["at random", pool],
  ] as const)
    note(
      `${LABELLED} more labels, ${name}: gain`,
      (await accuracyOf([...known, ...chosen.slice(0, LABELLED)], samples, seed)) - before,
    );
}

for (let seed = 0; seed < Number(seedCount); seed++) {
  await wrongLabels(seed);
  await missingLabels(seed);
}
await engine.close();

/** Student's t at 95 % for 1 to 9 degrees of freedom. */
const T = [12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26];
for (const [name, values] of figures) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  const half = (T[values.length - 2] ?? 2) * Math.sqrt(variance / values.length);
  console.log(`${name}: ${mean.toFixed(2)} (${(mean - half).toFixed(2)} to ${(mean + half).toFixed(2)})`);
}
