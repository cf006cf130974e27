/** Greatest element over axes. */

import { known } from "../graph/infer.ts";
import { cast } from "./cast.ts";
import { div } from "./div.ts";
import { equal } from "./equal.ts";
import { mul } from "./mul.ts";
import { keptShape, reducer, reduction } from "./reduce.ts";
import { reduceSum } from "./reduce-sum.ts";
import { reshape } from "./reshape.ts";

export const ReduceMax = reduction({
  type: "ReduceMax",
  start: Number.NEGATIVE_INFINITY,
  step: Math.max,
  // Equal maxima share the gradient evenly, as in PyTorch's `amax`.
  gradient: ([dy], { inputs: [x], outputs: [y], attributes: { axes } }) => {
    const kept = keptShape(known(x.shape, "the gradient of a maximum"), axes) as number[];
    const greatest = cast(equal(x, reshape(y, kept)), x.dtype);
    return [mul(greatest, div(reshape(dy, kept), reduceSum(greatest, axes, true)))];
  },
});

export const reduceMax = reducer(ReduceMax);
