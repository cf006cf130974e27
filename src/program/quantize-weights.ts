/** Weights and biases as integers: int8, symmetric, one scale for each output channel; int32 biases. */

import type { Value } from "../graph/types.ts";
import { roundHalfToEven } from "../ops/quantize-linear.ts";

/**
 * 8 bits use −127 to 127. 7 bits use −63 to 63: processors without VNNI add pairs of uint8·int8 products in 16 bits, and 2 · 255
 * · 127 would overflow.
 */
export type WeightBits = 8 | 7;

/** The greatest bias in steps, which leaves room for sums of products in 32 bits. */
const greatestBias = 2 ** 30;

/** Integers, and the scale of each output channel: x = q · scale. */
export interface QuantizedChannels {
  readonly dtype: "int8" | "int32";
  readonly integers: Int8Array | Int32Array;
  readonly scale: Float32Array;
}

/** Quantizes the constant `weight` [O, …] of a layer; `least` is the minimum step of a channel. */
export function quantizeWeight(
  weight: Value,
  bits: WeightBits,
  least: (channel: number) => number = () => 0,
): QuantizedChannels {
  const w = weight.data as Float32Array;
  const greatest = 2 ** (bits - 1) - 1;
  const integers = new Int8Array(w.length);
  const scale = new Float32Array(weight.shape[0] as number);
  const per = w.length / scale.length;
  for (let o = 0; o < scale.length; o++) {
    const end = (o + 1) * per;
    let largest = 0;
    for (let i = o * per; i < end; i++) largest = Math.max(largest, Math.abs(w[i] as number));
    // A channel that is always 0 needs no step, but runtimes divide by it.
    const step = Math.fround(Math.max(largest / greatest, least(o))) || 1;
    scale[o] = step;
    for (let i = o * per; i < end; i++) {
      const q = roundHalfToEven((w[i] as number) / step);
      integers[i] = Math.min(Math.max(q, -greatest), greatest);
    }
  }
  return { dtype: "int8", integers, scale };
}

/**
 * Quantizes weight [O, …] and bias [O] of a layer whose input has the scale `inputScale`. The bias is in units of the products.
 */
export function quantizeLayer(
  weight: Value,
  bias: Value,
  bits: WeightBits,
  inputScale: number,
): { readonly weight: QuantizedChannels; readonly bias: QuantizedChannels } {
  const b = bias.data as Float32Array;
  // A channel with tiny weights still needs a step that can represent its bias.
  const quantized = quantizeWeight(weight, bits, (o) => Math.abs(b[o] as number) / inputScale / greatestBias);
  const scale = quantized.scale.map((step) => step * inputScale);
  const integers = Int32Array.from(b, (x, o) => roundHalfToEven(x / (scale[o] as number)));
  return { weight: quantized, bias: { dtype: "int32", integers, scale } };
}
