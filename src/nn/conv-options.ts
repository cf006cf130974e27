/** Hyperparameters of convolutions and poolings, as passed by layers and read by lowerings. */

import type { Value } from "../graph/types.ts";
import { GraphError } from "../util/errors.ts";
import { checkPositive } from "./checks.ts";
import type { FeatureMap } from "./features.ts";
import { type Initialiser, kaimingNormalIn, zeros } from "./initialise.ts";
import { type Norm, type NormOptions, normOf } from "./norm.ts";
import type { ParameterSpec, Parameters } from "./parameters.ts";

/** Hyperparameters of a convolution, named as in PyTorch. */
export interface ConvOptions {
  readonly out: number;
  readonly kernel: number;
  readonly stride?: number;
  /** Lines of zeros on each side, or TensorFlow's "same", which preserves the size of the map at stride 1. */
  readonly padding?: number | "same";
  /** Number of groups of channels that see only each other; one group per channel makes it depthwise. */
  readonly groups?: number;
  /** The batch norm that follows, and replaces the bias. */
  readonly norm?: string | NormOptions;
  /** Whether there is a bias if no batch norm follows. Default: true. */
  readonly bias?: boolean;
  readonly initialise?: Initialiser;
  /** Whether depthwise convolutions follow, for which columns are the faster layout. Default: false. */
  readonly columns?: boolean;
}

export interface PoolOptions {
  readonly kernel: number;
  readonly stride: number;
  readonly padding?: number;
  readonly ceil?: boolean;
}

/** A convolution of maps of one size. */
export interface FullConvOptions {
  readonly name: string;
  readonly out: number;
  readonly kernel: number;
  readonly stride: number;
  /** Lines of zeros above and to the left. */
  readonly padding: number;
  /** The same below and to the right. */
  readonly after: number;
  readonly groups: number;
  readonly norm: Norm | undefined;
  readonly bias: boolean;
  readonly initialise: Initialiser;
  readonly columns: boolean;
}

export type FullPoolOptions = Required<PoolOptions>;

/**
 * Returns the full options of the convolution `name` of `x`.
 *
 * @throws GraphError if groups do not divide channels, a window does not fit, or a number is invalid for a convolution.
 */
export function fullConv(x: FeatureMap, name: string, options: ConvOptions): FullConvOptions {
  const {
    stride = 1,
    padding = 0,
    groups = 1,
    norm,
    bias = true,
    initialise = kaimingNormalIn(groups),
    columns = false,
    ...rest
  } = options;
  const { out, kernel } = options;
  checkPositive(name, { out, kernel, stride });
  if (padding !== "same" && !(Number.isInteger(padding) && padding >= 0))
    throw new GraphError(`${name}: padding is ${padding}: must be a whole number from 0, or "same"`);
  for (const channels of [x.channels, out]) {
    if (!Number.isInteger(groups) || groups < 1 || channels % groups !== 0)
      throw new GraphError(`${name}: ${groups} groups do not divide ${channels} channels`);
  }
  // The gradient of the images would be a convolution with negative padding.
  if (padding !== "same" && padding >= kernel && groups > 1 && !isDepthwise({ groups, out }, x.channels))
    throw new GraphError(
      `${name}: padding is ${padding}: must be less than the kernel, which is ${kernel}, in ${groups} groups`,
    );
  const [before, after] =
    padding === "same" ? samePadding(x, name, kernel, stride) : ([padding, padding] as const);
  checkFits(x, name, kernel, before, after);
  return {
    ...rest,
    name,
    stride,
    groups,
    padding: before,
    after,
    norm: norm && normOf(norm),
    bias: bias && !norm,
    initialise,
    columns,
  } as FullConvOptions;
}

/**
 * Returns the full options of a max pooling of `x`; `name` is its layer in errors.
 *
 * @throws GraphError if a window does not fit, or holds only padding, or a number is invalid for a pooling.
 */
export function fullPool(x: FeatureMap, name: string, options: PoolOptions): FullPoolOptions {
  const { kernel, stride, padding = 0, ceil = false } = options;
  checkPositive(name, { kernel, stride });
  if (!Number.isInteger(padding) || padding < 0 || padding > kernel / 2)
    throw new GraphError(
      `${name}: padding is ${padding}: must be a whole number from 0 to half of the kernel, which is ${kernel}`,
    );
  checkFits(x, name, kernel, padding, padding);
  return { kernel, stride, padding, ceil };
}

function checkFits(
  { height, width }: FeatureMap,
  name: string,
  kernel: number,
  before: number,
  after: number,
): void {
  const side = Math.min(height, width);
  if (before + side + after < kernel)
    throw new GraphError(
      `${name}: a window of ${kernel} does not fit into ${side} pixels with padding ${before}`,
    );
}

/**
 * Returns TensorFlow's "same" padding: the result has ⌈side / stride⌉ lines, and if the number of lines of zeros is
 * odd, the extra one follows the map (https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2).
 */
function samePadding(
  { height, width }: FeatureMap,
  name: string,
  kernel: number,
  stride: number,
): readonly [number, number] {
  const lines = (side: number): number =>
    Math.max(0, (Math.ceil(side / stride) - 1) * stride + kernel - side);
  const total = lines(height);
  if (lines(width) !== total)
    throw new GraphError(
      `${name}: "same" padding of maps of ${height} × ${width} would differ along the two sides`,
    );
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}

/** Returns whether each channel has its own filter. */
export function isDepthwise(
  { groups, out }: Pick<FullConvOptions, "groups" | "out">,
  channels: number,
): boolean {
  return groups > 1 && groups === channels && out === channels;
}

/** Returns the bias tensor of a convolution, or of a fully connected layer. */
export function biasSpec({ name, out }: Pick<FullConvOptions, "name" | "out">): ParameterSpec {
  return { name: `${name}.bias`, shape: [out], initialise: zeros, role: "parameter" };
}

/** Returns a convolution's bias, if it has one. */
export function biasOf(parameters: Parameters, options: FullConvOptions): Value | undefined {
  return options.bias ? parameters.value(biasSpec(options)) : undefined;
}

/** Returns PyTorch's weight shape [O, C / groups, K, K]. */
export function weightShape({ out, groups, kernel }: FullConvOptions, channels: number): number[] {
  return [out, channels / groups, kernel, kernel];
}
