/** Operations on gradients and weights around the optimizer: clipping, averaging, and the check for infinities. */

import type { Operand } from "../graph/graph.ts";
import type { Value } from "../graph/types.ts";
import { add } from "../ops/add.ts";
import { div } from "../ops/div.ts";
import { equal } from "../ops/equal.ts";
import { min } from "../ops/min.ts";
import { mul } from "../ops/mul.ts";
import { reduceSum } from "../ops/reduce-sum.ts";
import { sqrt } from "../ops/sqrt.ts";
import { sub } from "../ops/sub.ts";

/** Scales all gradients so that their joint L2 norm is at most `limit`, like PyTorch's `clip_grad_norm_`. */
export function clipByGlobalNorm(
  gradients: readonly Value[],
  limit: number,
): { clipped: Value[]; norm: Value } {
  const squares = gradients.map((gradient) => reduceSum(mul(gradient, gradient)));
  const norm = sqrt(squares.reduce((a, b) => add(a, b)));
  const factor = min(div(limit, add(norm, 1e-6)), 1);
  return { clipped: gradients.map((gradient) => mul(gradient, factor)), norm };
}

/** Exponential moving average of a weight: a ← a + share·(w − a). */
export function movingAverage(average: Value, weight: Value, share: Operand): Value {
  return add(average, mul(sub(weight, average), share));
}

/**
 * Returns the weight of the new value in the `step`-th update, counted from 1: 1 − min(decay, (1 + step)/(10 + step)),
 * as in TensorFlow's ExponentialMovingAverage. In a short training, the average then forgets the initial weights
 * quickly.
 */
export function averageShare(decay: number, step: number): number {
  return 1 - Math.min(decay, (1 + step) / (10 + step));
}

/**
 * Returns whether no gradient contains an infinity or NaN: a finite number times zero is zero, anything else is NaN.
 */
export function allFinite(gradients: readonly Value[]): Value {
  const zeros = gradients.map((gradient) => reduceSum(mul(gradient, 0)));
  return equal(
    zeros.reduce((a, b) => add(a, b)),
    0,
  );
}
