/**
 * Writes into a shipped model its scores with its intended class prior, if that differs from the training prior:
 *
 *     node --import tsx bench/shipped/measure.ts models/vultus_s.onnx votes.csv
 */

import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { evaluate } from "../../src/jobs/evaluate.ts";
import { metricEntries } from "../../src/metrics/registry.ts";
import { decodeModel, metadataOf, withMetadata } from "../../src/onnx/model.ts";

const [file, data] = parseArgs({ allowPositionals: true }).positionals;
if (!file || !data) throw new Error("usage: node --import tsx bench/shipped/measure.ts MODEL.onnx VOTES.csv");
const scores = await evaluate({ model: file, data, split: "validation" });
const { n, split, accuracy, interval } = scores;
const metrics = {
  ...{ n, split, accuracy, interval },
  ...Object.fromEntries(metricEntries.map(([name]) => [name, scores[name]])),
};
const bytes = readFileSync(file);
writeFileSync(
  file,
  withMetadata(bytes, file, { ...metadataOf(decodeModel(bytes, file)), metrics: JSON.stringify(metrics) }),
);
console.log(`${file}: ${(100 * accuracy).toFixed(1)} % of ${n} images`);
