/** The likelihood of annotators' votes. */

import { neg } from "../ops/neg.ts";
import { logSoftmax } from "../ops/softmax.ts";
import { type Loss, weightedMean } from "./loss.ts";

/**
 * The multinomial log-likelihood per vote, −Σ v·log p / Σ v. Targets are counts, so an image with ten votes counts five
 * times as much as one with two; one without votes counts as one vote for its label.
 */
export const votes: Loss<never> = {
  targets: "votes",
  options: {},
  build: (input) => weightedMean(neg(logSoftmax(input.logits)), input, "votes"),
};
