/**
 * The likelihood of targets: the common part of cross-entropy and the votes loss, which differ in the meaning of the
 * targets.
 */

import type { Value } from "../graph/types.ts";
import { neg } from "../ops/neg.ts";
import { logSoftmax } from "../ops/softmax.ts";
import {
  type AdjustedOptions,
  adjustedLogits,
  type Loss,
  type LossInput,
  logitAdjustment,
  weightedMean,
} from "./loss.ts";

/** −Σ t·log p, averaged like `weightedMean`. With logit adjustment, p are the probabilities of the adjusted logits. */
export function likelihood<const T extends "shares" | "votes">(targets: T) {
  return {
    targets,
    options: { logitAdjustment },
    build: (input: LossInput, { logitAdjustment: tau = 0 }: AdjustedOptions): Value =>
      weightedMean(neg(logSoftmax(adjustedLogits(input, tau))), input, targets),
  } as const satisfies Loss<"logitAdjustment">;
}
