/** Teachers inside a train step: frozen, folded networks that see the student's own augmented images. */

import type { View } from "../augment/training.ts";
import type { Builder, Value } from "../graph/types.ts";
import { buildClassifier } from "../models/classifier.ts";
import { Network } from "../nn/network.ts";
import type { DType } from "../util/tensor.ts";
import { type MixedNetwork, mixtureOf } from "./mixture.ts";

export type Teacher = MixedNetwork;

export interface TeacherOptions {
  /** The student's classes; a teacher may have more classes, and in another order. */
  readonly classes: readonly string[];
  /** An additional divisor of the calibrated logits. */
  readonly temperature: number;
  /** Returns the augmented images for a network's size and normalisation. */
  readonly view: (view: View) => Value;
  readonly compute: DType;
}

/**
 * Returns the teachers' mean probabilities, [N, classes]. Teacher k has the scope `teacher<k>`.
 * @throws UsageError for a teacher that lacks one of the classes; GraphError for weights or a temperature out of range.
 */
export function teacherProbabilities(
  graph: Builder,
  teachers: readonly Teacher[],
  { classes, temperature, view, compute }: TeacherOptions,
): Value {
  const logitsOf = ({ architecture, weights }: Teacher, k: number): Value => {
    const scope = `teacher${k + 1}`;
    const net = new Network({ graph, scope, weights, trainable: () => false, training: false, compute });
    const { mean, std } = architecture.backbone.preprocessing;
    return buildClassifier(net, architecture, view({ size: architecture.inputSize, mean, std })).logits;
  };
  return mixtureOf(teachers, logitsOf, { classes, temperature, noun: "teacher" });
}
