/** Converts floats to bytes: round(x / scale) + zero point, with ties to even and saturation. ONNX opset 13. */

import { apply } from "../graph/graph.ts";
import { axisOf, requireRank, show } from "../graph/infer.ts";
import { normal64, tensor64, uniform64 } from "../graph/tensor64.ts";
import type { Operator, Tensor64, TensorType, Three, Value } from "../graph/types.ts";
import { GraphError } from "../util/errors.ts";

/** Least and greatest value of the integers that represent floats. */
export const byteRange = { int8: [-128, 127], uint8: [0, 255] } as const;

/** One scale and zero point for the whole tensor, shape [], or one for each slice along `axis`. */
export const QuantizeLinear: Operator<{ axis: number }, Three> = {
  type: "QuantizeLinear",
  attributes: { axis: "int" },
  infer: ([x, scale, zero], { axis }) => {
    const { shape, dtype } = x;
    const { dtype: integer } = zero;
    if (dtype !== "float32") throw new GraphError(`only float32 is quantized, got ${dtype}`);
    if (integer !== "int8" && integer !== "uint8")
      throw new GraphError(
        `the zero point must be int8 or uint8, which is what the result becomes, got ${integer}`,
      );
    requireScale(x, scale, zero, axis);
    return [{ dtype: integer, shape }];
  },
  gradient: { notDifferentiable: "rounding has the gradient zero wherever it exists" },
  evaluate: ([x, scale, zero], { axis }) => {
    const { shape, data } = x;
    const { dtype, data: zeros } = zero;
    const [least, greatest] = byteRange[dtype as "int8" | "uint8"];
    const slice = sliceOf(shape, scale, axis);
    const quantize = (v: number, i: number): number => {
      const s = slice(i);
      const rounded = roundHalfToEven(v / (scale.data[s] as number));
      return Math.min(Math.max(rounded + (zeros[s] as number), least), greatest);
    };
    return [tensor64(shape, data.map(quantize), dtype)];
  },
  cases: [
    // Steps of a quarter: every second number is a tie, and both ends saturate.
    {
      inputs: [
        tensor64(
          [1201],
          Float64Array.from({ length: 1201 }, (_, i) => (i - 600) / 4),
        ),
        tensor64([], [0.5]),
        tensor64([], [117], "uint8"),
      ],
      attributes: { axis: 0 },
    },
    {
      inputs: [normal64([2, 3, 4, 5]), tensor64([], [0.023]), tensor64([], [-7], "int8")],
      attributes: { axis: 1 },
    },
    {
      inputs: [normal64([4, 3, 3, 3]), uniform64([4], 0.01, 0.03), tensor64([4], undefined, "int8")],
      attributes: { axis: 0 },
    },
    {
      inputs: [normal64([2, 3, 1, 5]), uniform64([3], 0.01, 0.03), tensor64([3], [0, 128, 255], "uint8")],
      attributes: { axis: -3 },
    },
  ],
};

/** Returns `x` as integers of `zero`'s dtype; `scale` and `zero` have shape [], or one entry for each slice along `axis`. */
export function quantizeLinear(x: Value, scale: Value, zero: Value, axis = 0): Value {
  return apply(QuantizeLinear, [x, scale, zero], { axis });
}

/** Rounds to the nearest integer, and ties to the even one: IEEE 754's default, and ONNX's. */
export function roundHalfToEven(x: number): number {
  const low = Math.floor(x);
  const above = x - low;
  if (above !== 0.5) return above < 0.5 ? low : low + 1;
  return low % 2 === 0 ? low : low + 1;
}

/** Rejects a scale, or a zero point, that fits neither the whole tensor nor the slices along `axis`. */
export function requireScale(
  x: TensorType,
  scale: TensorType,
  zero: TensorType | undefined,
  axis: number,
): void {
  if (scale.dtype !== "float32") throw new GraphError(`the scale must be float32, got ${scale.dtype}`);
  if (zero && zero.shape.join() !== scale.shape.join())
    throw new GraphError(`scale ${show(scale.shape)} and zero point ${show(zero.shape)} differ in shape`);
  if (scale.shape.length === 0) return;
  requireRank(scale, 1, "the scale");
  const extent = x.shape[axisOf(axis, x.shape.length)];
  if (scale.shape[0] !== extent)
    throw new GraphError(`the scale must have shape [] or [${extent}], got ${show(scale.shape)}`);
}

/** Returns the index of an element's scale, given the element's position in row-major order. */
export function sliceOf(shape: readonly number[], scale: Tensor64, axis: number): (flat: number) => number {
  if (scale.shape.length === 0) return () => 0;
  const along = axisOf(axis, shape.length);
  const inner = shape.slice(along + 1).reduce((product, dim) => product * dim, 1);
  return (flat) => Math.floor(flat / inner) % (shape[along] as number);
}
