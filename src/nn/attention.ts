/**
 * Attention over feature maps, applied to the result of residual branches: squeeze and excitation (Hu et al. 2018), ECA
 * (Wang et al. 2020) and CBAM (Woo et al. 2018). A gate is 2·sigmoid(z), and the layer that computes z starts at zero,
 * so every gate starts at 1: blocks added to a trained network change nothing until they are trained.
 */

import { concat, pad, slice } from "../ops/concat.ts";
import { matmul } from "../ops/matmul.ts";
import { mul } from "../ops/mul.ts";
import { reduceSum } from "../ops/reduce-sum.ts";
import { reshape } from "../ops/reshape.ts";
import { transpose } from "../ops/transpose.ts";
import { UsageError } from "../util/errors.ts";
import { didYouMean } from "../util/nearest.ts";
import { type Feature, type FeatureMap, type Tokens, tokensOf } from "./features.ts";
import { kaimingUniform, zeros } from "./initialise.ts";
import type { Network } from "./network.ts";
import { type Pooling, poolChannels } from "./pooling.ts";

export const attentionKinds = ["se", "eca", "cbam"] as const;
export type AttentionKind = (typeof attentionKinds)[number];

/** Returns the attention kind of this name; `file` is the file's name in the error. @throws UsageError for an unknown name. */
export function attentionNamed(name: string, file: string): AttentionKind {
  const found = attentionKinds.find((kind) => kind === name);
  if (found) return found;
  throw new UsageError(
    `${file} has the attention "${name}", which this version of vultus does not have.${didYouMean(name, attentionKinds)} Valid: ${attentionKinds.join(", ")}`,
  );
}

/** Ratio of channels to the width of the hidden layer of SE and CBAM. */
const REDUCTION = 16;

const blocks: Readonly<Record<AttentionKind, (net: Network, x: FeatureMap, name: string) => FeatureMap>> = {
  se: (net, x, name) => byChannel(net, x, excited(net, x, name, ["mean"])),
  eca: (net, x, name) => byChannel(net, x, neighbours(net, net.pooledTokens(x), `${name}.conv`)),
  cbam(net, x, name) {
    const y = byChannel(net, x, excited(net, x, name, ["mean", "max"]));
    const seen = net.concat([poolChannels(y, "mean"), poolChannels(y, "max")]);
    const z = net.conv(seen, `${name}.conv`, { ...window, bias: false, initialise: zeros });
    return net.scale(y, gate(net, z));
  },
};

const window = { out: 1, kernel: 7, padding: 3 } as const;

/** Returns `x` after the attention block `name`. */
export function attended(net: Network, x: FeatureMap, name: string, kind: AttentionKind): FeatureMap {
  return blocks[kind](net, x, name);
}

/** 2·sigmoid(z): from 0 to 2, and 1 at 0. */
function gate<F extends Feature>(net: Network, z: F): F {
  const half = net.activate(z, "sigmoid");
  return { ...half, value: mul(half.value, 2) };
}

/** Returns `x` with its channels gated by `z` [N, 1, C]. */
function byChannel(net: Network, x: FeatureMap, z: Tokens): FeatureMap {
  return net.scale(x, net.maps(gate(net, z), 1, 1));
}

/** Applies two layers to each pooling's result for the channels, and sums their outputs. */
function excited(net: Network, x: FeatureMap, name: string, poolings: readonly Pooling[]): Tokens {
  const { channels } = x;
  const pooled = poolings.map((pooling) => net.pooledTokens(net.pooled(x, pooling)).value);
  const hidden = net.dense(tokensOf(concat(pooled, 1)), `${name}.fc1`, {
    out: Math.max(1, Math.floor(channels / REDUCTION)),
    initialise: kaimingUniform,
  });
  const z = net.dense(net.relu(hidden), `${name}.fc2`, { out: channels, initialise: zeros });
  return poolings.length === 1 ? z : tokensOf(reduceSum(z.value, [1], true));
}

/** Convolves the channels of `x` [N, 1, C] with one filter, without bias; zeros pad both ends. */
function neighbours(net: Network, x: Tokens, name: string): Tokens {
  const { channels } = x;
  const kernel = ecaKernel(channels);
  const weight = reshape(net.parameter(`${name}.weight`, [1, 1, kernel], zeros), [kernel, 1]);
  return net.in(name, () => {
    const edge = (kernel - 1) / 2;
    const padded = pad(transpose(x.value, [0, 2, 1]), { 1: [edge, edge] });
    const shifted = Array.from({ length: kernel }, (_, i) => slice(padded, 1, i, i + channels));
    return tokensOf(transpose(matmul(concat(shifted, 2), weight), [0, 2, 1]));
  });
}

/** Returns how many neighbouring channels ECA uses: an odd number near (log₂ C + 1) / 2. */
function ecaKernel(channels: number): number {
  const size = Math.floor(Math.abs((Math.log2(channels) + 1) / 2));
  return size % 2 === 1 ? size : size + 1;
}
