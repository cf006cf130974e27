/** Cross-entropy against hard, smoothed or soft labels. */

import { likelihood } from "./likelihood.ts";

/**
 * Targets are shares: one-hot, votes' shares, or mixed. With hard targets it equals PyTorch's CrossEntropyLoss,
 * including label smoothing and class weights.
 */
export const crossEntropy = likelihood("shares");
