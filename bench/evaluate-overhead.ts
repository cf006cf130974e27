/**
 * Measures what all metrics of `evaluate` cost in addition to the forward pass of ResNet50 (random weights, 224 px):
 *
 *     node --import tsx bench/evaluate-overhead.ts [images] [model]
 *
 * `forward` runs only the bundle; `metrics` is everything that `evaluate` computes from its outputs, including intervals,
 * calibration and AUC; the last output is their ratio.
 */

import type { Picture } from "../src/data/dataset.ts";
import { drawFace } from "../src/data/synthetic.ts";
import { expressions } from "../src/data/synthetic-expression.ts";
import { evaluation } from "../src/evaluate/evaluate.ts";
import { inMemory, runBundle } from "../src/evaluate/run-bundle.ts";
import { type Architecture, describe, withNewWeights } from "../src/models/classifier.ts";
import { backboneNamed } from "../src/models/registry.ts";
import { compileBundle } from "../src/program/bundle.ts";
import { localEngine } from "../src/runtime/engine.ts";
import { openSession } from "../src/runtime/session.node.ts";
import { random } from "../src/util/random.ts";

const [asked = "256", model = "resnet50"] = process.argv.slice(2);
const count = Number(asked);
const backbone = backboneNamed(model);
const architecture: Architecture = {
  backbone,
  head: "reference",
  classes: expressions,
  dropout: 0.4,
  inputSize: backbone.preprocessing.size,
  resize: 256 / 224,
};
const weights = withNewWeights(describe(architecture).specs, new Map(), 1);
const engine = localEngine((program) => openSession(program.model, { device: "cpu", threads: 2 }));
const open = await engine.open(compileBundle({ architecture, weights }));

const bundle = { input: "uint8", architecture } as const;
const classes = architecture.classes.length;
const rng = random("bench evaluate");
const labels = Array.from({ length: count }, () => rng.integer(classes));
const pictures = labels.map((label, i): Picture => drawFace(expressions[label] ?? "happy", "bench", i));

// Runs once beforehand, so that nothing is compiled while it is timed.
await runBundle(open, bundle, inMemory(pictures.slice(0, 64)));
const started = performance.now();
const outputs = await runBundle(open, bundle, inMemory(pictures));
const forward = performance.now() - started;
const options = { temperature: 1, fittedHere: false };
const begun = performance.now();
evaluation(outputs, labels, architecture.classes, options);
const metrics = performance.now() - begun;
console.log(
  `${model}, ${count} images: forward ${(forward / 1000).toFixed(2)} s, metrics ${(metrics / 1000).toFixed(3)} s, ${((100 * metrics) / forward).toFixed(2)} % more`,
);
