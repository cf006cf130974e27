/** The extent of a tensor along one axis, as a tensor: for extents known only at run time. ONNX opset 15. */

import { apply } from "../graph/graph.ts";
import { axisOf } from "../graph/infer.ts";
import { normal64, tensor64 } from "../graph/tensor64.ts";
import type { One, Operator, Value } from "../graph/types.ts";
import { cast } from "./cast.ts";
import { reshape } from "./reshape.ts";

export const Shape: Operator<{ start: number; end: number }, One> = {
  type: "Shape",
  attributes: { start: "int", end: "int" },
  infer: ([x], { start, end }) => {
    axisOf(end - 1, x.shape.length);
    return [{ dtype: "int64", shape: [end - start] }];
  },
  gradient: { notDifferentiable: "an extent does not depend on the numbers" },
  evaluate: ([x], { start, end }) => [tensor64([end - start], x.shape.slice(start, end), "int64")],
  cases: [
    { inputs: [normal64([2, 5, 3])], attributes: { start: 1, end: 2 } },
    { inputs: [normal64([4, 1])], attributes: { start: 0, end: 2 } },
  ],
};

/** Returns the extent of `x` along `axis` as a float32 scalar. */
export function extent(x: Value, axis: number): Value {
  return reshape(cast(apply(Shape, [x], { start: axis, end: axis + 1 }), "float32"), []);
}
