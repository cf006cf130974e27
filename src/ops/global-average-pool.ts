/** Mean over the pixels of NCHW images: [N, C, H, W] to [N, C, 1, 1]. */

import { apply } from "../graph/graph.ts";
import { requireRank } from "../graph/infer.ts";
import { normal64 } from "../graph/tensor64.ts";
import type { Dim, One, Operator, Value } from "../graph/types.ts";
import { ReduceMean } from "./reduce-mean.ts";

export const GlobalAveragePool: Operator<Record<never, never>, One> = {
  type: "GlobalAveragePool",
  attributes: {},
  infer: ([x]) => {
    requireRank(x, 4, "the image");
    const { dtype, shape } = x;
    return [{ dtype, shape: [...shape.slice(0, 2), 1, 1] as Dim[] }];
  },
  gradient: { notDifferentiable: "stages that train take the mean of rows (ReduceMean)" },
  evaluate: (inputs) => ReduceMean.evaluate(inputs, { axes: [2, 3], keepdims: 1 }),
  cases: [
    { inputs: [normal64([2, 3, 4, 5])], attributes: {} },
    { inputs: [normal64([1, 5, 7, 3])], attributes: {} },
    { inputs: [normal64([3, 1, 1, 1])], attributes: {} },
  ],
};

export function globalAveragePool(x: Value): Value {
  return apply(GlobalAveragePool, [x], {});
}
