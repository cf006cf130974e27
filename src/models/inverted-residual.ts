/**
 * The blocks of mobile networks: a depthwise convolution between two 1×1 convolutions, wide in the middle (Sandler et
 * al. 2018), with optional squeeze-and-excitation (Hu et al. 2018).
 */

import type { Activation } from "../nn/activations.ts";
import type { ConvOptions } from "../nn/conv-options.ts";
import type { FeatureMap } from "../nn/features.ts";
import type { Network } from "../nn/network.ts";
import type { NormOptions } from "../nn/norm.ts";

/** Settings shared by the layers of a network. */
export interface MobileStyle {
  /** Constants of the batch norms. */
  readonly norm?: Omit<NormOptions, "name">;
  /** TensorFlow's padding instead of PyTorch's. */
  readonly same?: boolean;
}

/** A convolution without bias, its batch norm, and an optional activation. */
export interface MobileConv {
  readonly conv: string;
  readonly norm: string;
  readonly out: number;
  readonly kernel?: number;
  readonly stride?: number;
  readonly groups?: number;
  readonly activation?: Activation;
}

export function mobileConv(net: Network, x: FeatureMap, style: MobileStyle, layer: MobileConv): FeatureMap {
  const { conv, norm, kernel = 1, activation, ...rest } = layer;
  const padding: ConvOptions["padding"] = style.same ? "same" : (kernel - 1) / 2;
  const y = net.conv(x, conv, {
    ...rest,
    kernel,
    padding,
    norm: { ...style.norm, name: norm },
    columns: true,
  });
  return activation ? net.activate(y, activation) : y;
}

/** A squeeze-and-excitation gate: its two 1×1 convolutions, and its activations. */
export interface Gate {
  readonly reduce: string;
  readonly expand: string;
  readonly squeezed: number;
  readonly activation: Activation;
  readonly gate: Activation;
}

export function squeezeExcite(
  net: Network,
  x: FeatureMap,
  { reduce, expand, squeezed, activation, gate }: Gate,
): FeatureMap {
  const small = net.conv(net.pooled(x), reduce, { out: squeezed, kernel: 1 });
  const back = net.conv(net.activate(small, activation), expand, { out: x.channels, kernel: 1 });
  return net.scale(x, net.activate(back, gate));
}

/** An inverted residual block: its layers and their connections. */
export interface InvertedResidual {
  /** Name of the block, which identifies its draw of stochastic depth. */
  readonly name: string;
  /** Left out if the block does not expand. */
  readonly expand?: Omit<MobileConv, "kernel">;
  readonly depthwise: Required<Pick<MobileConv, "conv" | "norm" | "kernel" | "stride" | "activation">>;
  readonly gate?: Gate;
  readonly project: Omit<MobileConv, "kernel">;
  /** The block's share of the network's stochastic depth, from 0 to 1. */
  readonly drop?: number;
}

export function invertedResidual(
  net: Network,
  x: FeatureMap,
  style: MobileStyle,
  block: InvertedResidual,
): FeatureMap {
  const { name, expand, depthwise, gate, project, drop = 0 } = block;
  const wide = expand ? mobileConv(net, x, style, expand) : x;
  const seen = mobileConv(net, wide, style, { ...depthwise, out: wide.channels, groups: wide.channels });
  const weighed = gate ? squeezeExcite(net, seen, gate) : seen;
  const y = mobileConv(net, weighed, style, project);
  const residual = depthwise.stride === 1 && x.channels === project.out;
  return residual ? net.add(x, net.residual(y, name, drop)) : y;
}

/**
 * Returns `channels` times `width`, rounded to a multiple of 8 but not below 90 % (torchvision's `_make_divisible`).
 */
export function widened(channels: number, width = 1): number {
  const wanted = channels * width;
  const rounded = Math.max(8, Math.floor((wanted + 4) / 8) * 8);
  return rounded < 0.9 * wanted ? rounded + 8 : rounded;
}
