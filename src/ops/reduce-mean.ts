/** Mean over axes. */

import { known } from "../graph/infer.ts";
import { sizeOf } from "../util/tensor.ts";
import { expand } from "./expand.ts";
import { mul } from "./mul.ts";
import { keptShape, reducer, reduction } from "./reduce.ts";
import { reshape } from "./reshape.ts";

export const ReduceMean = reduction({
  type: "ReduceMean",
  start: 0,
  step: (sum, x) => sum + x,
  finish: (sum, count) => sum / count,
  gradient: ([dy], { inputs: [x], attributes: { axes } }) => {
    const shape = known(x.shape, "the gradient of a mean");
    const kept = keptShape(shape, axes) as number[];
    return [expand(reshape(mul(dy, sizeOf(kept) / sizeOf(shape)), kept), shape)];
  },
});

export const reduceMean = reducer(ReduceMean);
