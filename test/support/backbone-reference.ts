/** The arguments of `reference/backbone.py`, and the same network here. */

import type { Architecture } from "../../src/models/classifier.ts";
import { backboneNamed } from "../../src/models/registry.ts";
import type { OptimizerOptions } from "../../src/optim/optimizer.ts";

export interface BackboneArguments {
  readonly size: number;
  readonly batch: number;
  readonly lr: number;
  readonly eps: number;
  readonly weight_decay: number;
  readonly steps: number;
  readonly classes: number;
  /** Stages that train in addition to the head, joined by `+`. */
  readonly train: string;
}

export function referenceArchitecture(
  model: string,
  { size, classes }: BackboneArguments,
  head: Architecture["head"] = "linear",
): Architecture {
  return {
    backbone: backboneNamed(model),
    head,
    classes: Array.from({ length: classes }, (_, i) => `class ${i}`),
    dropout: 0,
    inputSize: size,
    resize: 1,
  };
}

export function referenceAdamW({ lr, eps, weight_decay }: BackboneArguments): OptimizerOptions {
  return {
    type: "adamw",
    learningRate: lr,
    weightDecay: weight_decay,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: eps,
  };
}
