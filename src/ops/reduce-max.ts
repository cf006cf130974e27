/** Greatest element over axes. */

import { reducer, reduction } from "./reduce.ts";

export const ReduceMax = reduction({
  type: "ReduceMax",
  start: Number.NEGATIVE_INFINITY,
  step: Math.max,
  gradient: { notDifferentiable: "ties need a rule; max pooling, which has one, is a composite of its own" },
});

export const reduceMax = reducer(ReduceMax);
