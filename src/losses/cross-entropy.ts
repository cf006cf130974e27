/** Cross-entropy against hard, smoothed or soft labels. */

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

/**
 * −Σ t'·log p. Targets are shares: one-hot, votes' shares, or mixed. With hard targets it equals PyTorch's CrossEntropyLoss,
 * label smoothing and class weights included. With
 * logit adjustment p are the probabilities of the adjusted logits.
 */
export const crossEntropy = {
  targets: "shares",
  options: { logitAdjustment },
  build: (input: LossInput, { logitAdjustment: tau = 0 }: AdjustedOptions): Value =>
    weightedMean(neg(logSoftmax(adjustedLogits(input, tau))), input, "shares"),
} as const satisfies Loss<"logitAdjustment">;
