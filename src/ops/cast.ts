/** Converts a tensor to another dtype. */

import { apply } from "../graph/graph.ts";
import { integers64, map64, normal64 } from "../graph/tensor64.ts";
import type { One, Operator, Value } from "../graph/types.ts";
import { dataTypeCode } from "../onnx/model.ts";
import type { DType } from "../util/tensor.ts";

const floats: readonly DType[] = ["float16", "float32", "float64"];

export const Cast: Operator<{ to: number; dtype: DType }, One> = {
  type: "Cast",
  attributes: { to: "int", dtype: "hidden" },
  infer: ([x], { dtype }) => [{ dtype, shape: x.shape }],
  gradient: ([dy], { inputs: [x] }) => {
    const { dtype } = x;
    return [floats.includes(dtype) ? cast(dy, dtype) : undefined];
  },
  evaluate: ([x], { dtype }) => {
    if (dtype === "bool") return [map64(x, (v) => Number(v !== 0), dtype)];
    return [map64(x, floats.includes(dtype) ? (v) => v : Math.trunc, dtype)];
  },
  cases: [
    { inputs: [normal64([3, 4])], attributes: { to: dataTypeCode("float32"), dtype: "float32" } },
    {
      inputs: [integers64([3, 4], 9, "uint8")],
      attributes: { to: dataTypeCode("float32"), dtype: "float32" },
    },
    { inputs: [normal64([3, 4])], attributes: { to: dataTypeCode("int64"), dtype: "int64" } },
  ],
};

/** Returns `x` as `dtype`; `x` itself if it already has that dtype. */
export function cast(x: Value, dtype: DType): Value {
  return x.dtype === dtype ? x : apply(Cast, [x], { to: dataTypeCode(dtype), dtype });
}
