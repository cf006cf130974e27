/** Cross-entropy against hard, smoothed or soft labels. */

import { neg } from "../ops/neg.ts";
import { logSoftmax } from "../ops/softmax.ts";
import { type Loss, weightedMean } from "./loss.ts";

/**
 * −Σ t'·log p. Targets are shares: one-hot, votes' shares, or mixed. With hard targets it equals PyTorch's CrossEntropyLoss,
 * label smoothing and class weights included.
 */
export const crossEntropy: Loss<never> = {
  targets: "shares",
  options: {},
  build: (input) => weightedMean(neg(logSoftmax(input.logits)), input, "shares"),
};
