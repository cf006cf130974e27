/** Sum over axes. */

import type { Value } from "../graph/types.ts";
import { expand } from "./expand.ts";
import { keptShape, reducer, reduction } from "./reduce.ts";
import { reshape } from "./reshape.ts";

export const ReduceSum = reduction({
  type: "ReduceSum",
  start: 0,
  step: (sum, x) => sum + x,
  gradient: ([dy], { inputs: [x], attributes: { axes } }) => {
    const { shape } = x as Value;
    return [expand(reshape(dy as Value, keptShape(shape, axes)), shape)];
  },
});

export const reduceSum = reducer(ReduceSum);
