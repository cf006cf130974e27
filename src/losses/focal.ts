/** Focal loss: well-classified images have less weight. */

import { exp } from "../ops/exp.ts";
import { log } from "../ops/log.ts";
import { max } from "../ops/max.ts";
import { mul } from "../ops/mul.ts";
import { neg } from "../ops/neg.ts";
import { logSoftmax, softmax } from "../ops/softmax.ts";
import { sub } from "../ops/sub.ts";
import { type Loss, weightedMean } from "./loss.ts";

/** Keeps the logarithm and its gradient finite if a probability is 1 in float32. */
const LEAST = 1e-7;

/** −Σ t'·(1 − p)^γ·log p over softmax probabilities (Lin et al. 2017); γ = 0 is cross-entropy. */
export const focal: Loss<"gamma"> = {
  targets: "shares",
  options: { gamma: { default: 2, minimum: 0 } },
  build(input, { gamma }) {
    const { logits } = input;
    const easy = max(sub(1, softmax(logits)), LEAST);
    const focus = exp(mul(log(easy), gamma));
    return weightedMean(mul(focus, neg(logSoftmax(logits))), input, "shares");
  },
};
