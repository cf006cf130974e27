/** Teachers inside a train step: frozen, folded networks that see the student's own augmented images. */

import type { View } from "../augment/training.ts";
import type { Builder, Value } from "../graph/types.ts";
import { type Architecture, buildClassifier } from "../models/classifier.ts";
import { Network } from "../nn/network.ts";
import { add } from "../ops/add.ts";
import { concat, slice } from "../ops/concat.ts";
import { mul } from "../ops/mul.ts";
import { softmax } from "../ops/softmax.ts";
import { UsageError } from "../util/errors.ts";
import type { DType, StateDict } from "../util/tensor.ts";

export interface Teacher {
  readonly architecture: Architecture;
  readonly weights: StateDict;
  /** By which its logits are calibrated; 1 leaves them. */
  readonly temperature: number;
  /** Its share in the mean of the teachers' probabilities, relative to the others'. */
  readonly weight: number;
}

export interface TeacherOptions {
  /** The student's classes; a teacher may know more, and in another order. */
  readonly classes: readonly string[];
  /** Divides the calibrated logits once more. */
  readonly temperature: number;
  /** The augmented images as a network wants them. */
  readonly view: (view: View) => Value;
  readonly compute: DType;
}

/**
 * The teachers' mean probabilities, [N, classes]. Teacher k has the scope `teacher<k>`.
 * @throws UsageError for a teacher that lacks one of the classes.
 */
export function teacherProbabilities(
  graph: Builder,
  teachers: readonly Teacher[],
  { classes, temperature, view, compute }: TeacherOptions,
): Value {
  const total = teachers.reduce((sum, { weight }) => sum + weight, 0);
  return teachers
    .map(({ architecture, weights, temperature: own, weight }, k) => {
      const scope = `teacher${k + 1}`;
      const net = new Network({ graph, scope, weights, trainable: () => false, training: false, compute });
      const { mean, std } = architecture.backbone.preprocessing;
      const images = view({ size: architecture.inputSize, mean, std });
      const { logits } = buildClassifier(net, architecture, images);
      const chosen = inOrder(logits, architecture.classes, classes);
      return mul(softmax(mul(chosen, 1 / (own * temperature))), weight / total);
    })
    .reduce((a, b) => add(a, b));
}

/** The columns of `logits` that belong to `classes`, in their order. */
function inOrder(logits: Value, from: readonly string[], classes: readonly string[]): Value {
  if (from.join("\n") === classes.join("\n")) return logits;
  return concat(
    classes.map((name) => {
      const column = from.indexOf(name);
      if (column >= 0) return slice(logits, 1, column, column + 1);
      throw new UsageError(
        `a teacher knows no class "${name}", only ${from.join(", ")}; choose a teacher that knows all of ${classes.join(", ")}`,
      );
    }),
    1,
  );
}
