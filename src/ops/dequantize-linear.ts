/** Converts integers to floats, (q − zero point) · scale. ONNX opset 13. */

import { apply } from "../graph/graph.ts";
import { integers64, tensor64, uniform64 } from "../graph/tensor64.ts";
import type { Operator, TwoOrThree, Value } from "../graph/types.ts";
import { GraphError } from "../util/errors.ts";
import type { DType } from "../util/tensor.ts";
import { requireScale, sliceOf } from "./quantize-linear.ts";

const integers: readonly DType[] = ["int8", "uint8", "int32"];

/** The scale is as in QuantizeLinear; the zero point may be omitted if it is 0, and must be omitted for int32. */
export const DequantizeLinear: Operator<{ axis: number }, TwoOrThree> = {
  type: "DequantizeLinear",
  attributes: { axis: "int" },
  infer: ([q, scale, zero], { axis }) => {
    const { shape, dtype } = q;
    if (!integers.includes(dtype))
      throw new GraphError(`${dtype} is not quantized; valid: ${integers.join(", ")}`);
    if (zero && zero.dtype !== dtype)
      throw new GraphError(`the zero point is ${zero.dtype}, what it belongs to is ${dtype}`);
    requireScale(q, scale, zero, axis);
    return [{ dtype: "float32", shape }];
  },
  gradient: { notDifferentiable: "integers are positions on a scale; nothing that is quantized trains" },
  evaluate: ([q, scale, zero], { axis }) => {
    const { shape, data } = q;
    const slice = sliceOf(shape, scale, axis);
    const dequantize = (v: number, i: number): number =>
      (v - (zero?.data[slice(i)] ?? 0)) * (scale.data[slice(i)] as number);
    return [tensor64(shape, data.map(dequantize))];
  },
  cases: [
    {
      inputs: [integers64([2, 3, 4], 256, "uint8"), tensor64([], [0.023]), tensor64([], [117], "uint8")],
      attributes: { axis: 0 },
    },
    {
      inputs: [
        integers64([4, 3, 3], 128, "int8"),
        uniform64([4], 0.01, 0.03),
        tensor64([4], undefined, "int8"),
      ],
      attributes: { axis: 0 },
    },
    {
      inputs: [
        integers64([2, 3, 5], 256, "uint8"),
        uniform64([3], 0.01, 0.03),
        tensor64([3], [0, 9, 255], "uint8"),
      ],
      attributes: { axis: -2 },
    },
    { inputs: [integers64([6], 1e6, "int32"), uniform64([6], 1e-6, 3e-6)], attributes: { axis: 0 } },
  ],
};

/** Returns `q` as float32; `scale` and `zero` have shape [], or one entry for each slice along `axis`. */
export function dequantizeLinear(q: Value, scale: Value, zero?: Value, axis = 0): Value {
  return apply(DequantizeLinear, zero ? [q, scale, zero] : [q, scale], { axis });
}
