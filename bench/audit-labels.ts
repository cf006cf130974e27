/**
 * Measures how well `vultus data audit --labels` finds planted label errors:
 *
 *     node --import tsx bench/audit-labels.ts DATA WEIGHTS [PICTURES]
 *
 * DATA is a folder of images, WEIGHTS are ImageNet's of SqueezeNet 1.1, PICTURES (default: all) are drawn at random. One label in
 * twenty is changed to another class, each equally likely. The suspects among the original labels are printed too: real errors
 * among them count as false alarms below, so the precision for planted errors is an underestimate.
 */

import { byLooks, findCopies } from "../src/audit/copies.node.ts";
import { labelNetwork, stageFeatures } from "../src/audit/labels.node.ts";
import { outOfSampleProbabilities } from "../src/audit/out-of-sample.ts";
import type { Sample } from "../src/data/dataset.ts";
import { stratifiedFolds } from "../src/data/folds.ts";
import { readDataset } from "../src/data/read.node.ts";
import { areaUnderCurves } from "../src/metrics/auc.ts";
import { confidentLearning } from "../src/metrics/confident-learning.ts";
import { argmaxRows } from "../src/metrics/probabilities.ts";
import { startEngine } from "../src/runtime/engine.node.ts";
import { random, shuffled } from "../src/util/random.ts";

const PLANTED = 0.05;
const SEEDS = [0, 1, 2];

const [data, weights, pictures] = process.argv.slice(2);
if (!data || !weights)
  throw new Error("usage: node --import tsx bench/audit-labels.ts DATA WEIGHTS [PICTURES]");
const dataset = await readDataset([data]);
const { classes } = dataset;
const drawn = shuffled(dataset.samples, random("bench labels")).slice(
  0,
  pictures ? Number(pictures) : undefined,
);
const copies = await findCopies(drawn, () => {});
const samples = copies.traces.map(({ sample }) => sample);
const engine = startEngine({ device: "cpu", threads: 2 });
const seconds = (since: number): string => ((performance.now() - since) / 1000).toFixed(0);

let started = performance.now();
const network = labelNetwork("squeezenet1_1", weights, dataset);
const { architecture } = network;
const features = await stageFeatures(engine, network, samples, 1e9, () => {});
console.log(`${samples.length} images; features [${features.width}]: ${seconds(started)} s`);

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
for (const seed of [undefined, ...SEEDS]) {
  started = performance.now();
  const rng = random("planted labels", seed ?? 0);
  const isPlanted = samples.map(() => seed !== undefined && rng.chance(PLANTED));
  const changed = samples.map((sample, i): Sample => {
    if (!isPlanted[i]) return sample;
    return { ...sample, label: (sample.label + 1 + rng.integer(classes.length - 1)) % classes.length };
  });
  const foldOf = stratifiedFolds(changed, classes.length, {
    folds: 5,
    seed: 0,
    groupings: [byLooks(copies)],
  });
  const rows = await outOfSampleProbabilities(engine, architecture, features, changed, foldOf, 0);
  const labels = changed.map(({ label }) => label);
  const { suspects } = confidentLearning(rows, labels, classes.length);
  const predicted = argmaxRows(rows, classes.length);
  const accuracy = labels.filter((label, i) => label === predicted[i]).length / labels.length;
  const what = `suspects ${suspects.length}, out-of-sample accuracy ${percent(accuracy)}, ${seconds(started)} s`;
  if (seed === undefined) {
    console.log(`labels as they are: ${what}`);
    continue;
  }
  const planted = isPlanted.filter(Boolean).length;
  const hits = suspects.filter(({ index }) => isPlanted[index]).length;
  // All images by margin, suspected or not: the ranking independent of the cutoff.
  const margins = labels.map((label, i) => {
    const own = rows.subarray(i * classes.length, (i + 1) * classes.length);
    return (own[label] as number) - Math.max(...own.filter((_, k) => k !== label));
  });
  const order = margins.map((_, i) => i).sort((a, b) => (margins[a] as number) - (margins[b] as number));
  const top = (share: number): string => {
    const first = order.slice(0, Math.round(share * order.length));
    const found = first.filter((i) => isPlanted[i]).length;
    return `first ${percent(share)}: precision ${percent(found / first.length)}, recall ${percent(found / planted)}`;
  };
  const scores = margins.flatMap((margin) => [(1 + margin) / 2, (1 - margin) / 2]);
  const [, area] = areaUnderCurves(scores, isPlanted.map(Number), 2);
  console.log(
    `${planted} planted, seed ${seed}: precision ${percent(hits / suspects.length)}, recall ${percent(hits / planted)}; ` +
      `${[0.01, 0.05, 0.1, 0.2].map(top).join("; ")}; AUC ${area?.toFixed(3)}; ${what}`,
  );
}
await engine.close();
