/** Least element over axes. */

import { reducer, reduction } from "./reduce.ts";

export const ReduceMin = reduction({
  type: "ReduceMin",
  start: Number.POSITIVE_INFINITY,
  step: Math.min,
  gradient: { notDifferentiable: "ties need a rule, as in ReduceMax; nothing that trains takes it" },
});

export const reduceMin = reducer(ReduceMin);
