/** Sum over axes. */

import { expand } from "./expand.ts";
import { keptShape, reducer, reduction } from "./reduce.ts";
import { reshape } from "./reshape.ts";

export const ReduceSum = reduction({
  type: "ReduceSum",
  start: 0,
  step: (sum, x) => sum + x,
  gradient: ([dy], { inputs: [x], attributes: { axes } }) => {
    const { shape } = x;
    return [expand(reshape(dy, keptShape(shape, axes)), shape)];
  },
});

export const reduceSum = reducer(ReduceSum);
