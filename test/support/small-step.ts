/** A small network for tests of a train step: two classes, images of 16 px. */

import { type Architecture, describe, withNewWeights } from "../../src/models/classifier.ts";
import { backboneNamed } from "../../src/models/registry.ts";
import { adamwDefaults, type OptimizerOptions } from "../../src/optim/optimizer.ts";

export const architecture: Architecture = {
  backbone: backboneNamed("vultus_s"),
  head: "linear",
  classes: ["a", "b"],
  dropout: 0,
  inputSize: 16,
  resize: 1,
};

export const optimizer: OptimizerOptions = {
  type: "adamw",
  learningRate: 1e-3,
  weightDecay: 0.01,
  ...adamwDefaults,
};

export const weights = withNewWeights(describe(architecture).specs, new Map(), 3);
