/** Distillation: learning from teachers' probabilities as well as from labels (Hinton et al. 2015). */

import type { Value } from "../graph/types.ts";
import { add } from "../ops/add.ts";
import { mul } from "../ops/mul.ts";
import { crossEntropy } from "./cross-entropy.ts";

export interface Distillation {
  /** Divides the logits of student and teachers before the softmax; 1 leaves them unchanged. */
  readonly temperature: number;
  /** Weight of the teachers' probabilities, from 0 to 1; the labels have the rest. */
  readonly share: number;
}

/**
 * (1 − s)·`own` + s·T²·CE(logits/T, q), where q [N, C] are the teachers' mean probabilities at temperature T. The
 * factor T² preserves the gradient's scale. With T = 1 and cross-entropy as `own`, this is cross-entropy with mixed
 * targets.
 */
export function distillation(
  logits: Value,
  own: Value,
  teacher: Value,
  { temperature, share }: Distillation,
): Value {
  const softened = temperature === 1 ? logits : mul(logits, 1 / temperature);
  const answers = crossEntropy.build({ logits: softened, targets: teacher }, {});
  return add(mul(own, 1 - share), mul(answers, share * temperature ** 2));
}
