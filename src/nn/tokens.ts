/** Layers over tokens [N, T, C]: linear maps, layer norm and self-attention. They are the same with and without training. */

import type { Value } from "../graph/types.ts";
import { add } from "../ops/add.ts";
import { attention } from "../ops/attention.ts";
import { cast } from "../ops/cast.ts";
import { gemm } from "../ops/gemm.ts";
import { layerNorm } from "../ops/layer-normalization.ts";
import { matmul, swapLast } from "../ops/matmul.ts";
import { reshape } from "../ops/reshape.ts";
import { split } from "../ops/split.ts";
import { transpose } from "../ops/transpose.ts";
import { GraphError } from "../util/errors.ts";
import { checkEpsilon, checkPositive } from "./checks.ts";
import type { Tokens } from "./features.ts";
import { type Initialiser, ones, zeros } from "./initialise.ts";
import type { Parameters } from "./parameters.ts";

/** A linear layer of tokens; its tensors are `<name>.weight` [out, C] and `<name>.bias` [out] unless other names are given. */
export interface DenseOptions {
  readonly out: number;
  readonly initialise: Initialiser;
  readonly tensors?: { readonly weight: string; readonly bias: string };
}

export function dense(parameters: Parameters, x: Tokens, name: string, options: DenseOptions): Tokens {
  const { out, initialise, tensors = { weight: `${name}.weight`, bias: `${name}.bias` } } = options;
  checkPositive(name, { out });
  const { batch, count, channels } = x;
  const weight = { name: tensors.weight, shape: [out, channels], initialise, role: "parameter" } as const;
  const bias = parameters.value({ name: tensors.bias, shape: [out], initialise: zeros, role: "parameter" });
  const value = cast(x.value, parameters.compute);
  if (typeof batch === "number" && parameters.trains(weight.name)) {
    const rows = reshape(value, [batch * count, channels]);
    const y = gemm(rows, parameters.value(weight), { bias, transB: true });
    return { ...x, channels: out, value: reshape(y, [batch, count, out]) };
  }
  // The batch size may be unknown here, but a single matrix of all tokens would need it.
  return { ...x, channels: out, value: add(matmul(value, swapLast(parameters.value(weight))), bias) };
}

/** Applies layer norm over the channels of each token (Ba et al. 2016), in float32 for any compute dtype. */
export function normTokens(parameters: Parameters, x: Tokens, name: string, epsilon: number): Tokens {
  checkEpsilon(name, epsilon);
  const shape = [x.channels];
  const scale = parameters.exact({ name: `${name}.weight`, shape, initialise: ones, role: "parameter" });
  const shift = parameters.exact({ name: `${name}.bias`, shape, initialise: zeros, role: "parameter" });
  const y = layerNorm(cast(x.value, "float32"), scale, shift, epsilon);
  return { ...x, value: cast(y, parameters.compute) };
}

/**
 * Applies softmax attention of every token to all tokens (Vaswani et al. 2017), to concatenated queries, keys and values [N, T,
 * 3·C] with `heads` heads each: [N, T, C]. @throws GraphError if the channels are not divisible by the heads, or by 3.
 */
export function attend(x: Tokens, name: string, heads: number): Tokens {
  const { value, batch, count, channels } = x;
  checkPositive(name, { heads });
  const width = channels / 3;
  if (!Number.isInteger(width))
    throw new GraphError(
      `${name}: ${channels} channels cannot be split into queries, keys and values of one size`,
    );
  if (width % heads !== 0) throw new GraphError(`${name}: ${heads} heads do not divide ${width} channels`);
  const perHead = width / heads;
  const byHead = transpose(reshape(value, [batch, count, 3 * heads, perHead]), [0, 2, 1, 3]);
  const [q, k, v] = split(byHead, [heads, heads, heads], 1) as [Value, Value, Value];
  const mixed = transpose(attention(q, k, v), [0, 2, 1, 3]);
  return { ...x, channels: width, value: reshape(mixed, [batch, count, width]) };
}
