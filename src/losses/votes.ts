/** The likelihood of annotators' votes. */

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
 * The multinomial log-likelihood per vote, −Σ v·log p / Σ v. Targets are counts, so an image with ten votes counts five
 * times as much as one with two; one without votes counts as one vote for its label. With logit adjustment p are the probabilities of the
 * adjusted logits.
 */
export const votes = {
  targets: "votes",
  options: { logitAdjustment },
  build: (input: LossInput, { logitAdjustment: tau = 0 }: AdjustedOptions): Value =>
    weightedMean(neg(logSoftmax(adjustedLogits(input, tau))), input, "votes"),
} as const satisfies Loss<"logitAdjustment">;
