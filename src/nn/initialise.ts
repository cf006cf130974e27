/** Initialisation of new weights, with torchvision's choices per layer. */

import type { Random } from "../util/random.ts";
import { sizeOf } from "../util/tensor.ts";

/** Fills a tensor of the given canonical shape. */
export type Initialiser = (shape: readonly number[], rng: Random) => Float32Array;

export const zeros: Initialiser = (shape) => new Float32Array(sizeOf(shape));

export const ones: Initialiser = (shape) => new Float32Array(sizeOf(shape)).fill(1);

/** The same number everywhere. */
export const constant =
  (value: number): Initialiser =>
  (shape) =>
    new Float32Array(sizeOf(shape)).fill(value);

/** N(0, deviation²). */
export const normal =
  (deviation: number): Initialiser =>
  (shape, rng) =>
    draw(shape, () => rng.normal() * deviation);

/** N(0, 0.02²), truncated at two deviations, as in transformers and ConvNeXt. */
export const truncatedNormal: Initialiser = (shape, rng) =>
  draw(shape, () => {
    let sample = rng.normal();
    while (Math.abs(sample) > 2) sample = rng.normal();
    return 0.02 * sample;
  });

/**
 * N(0, 2/fan_out) for convolutions before a ReLU (He et al. 2015), as in torchvision's ResNets. An input reaches only
 * the results of its group; timm accounts for that, torchvision does not. Shape [O, C / groups, K, K].
 */
export const kaimingNormalIn =
  (groups: number): Initialiser =>
  (shape, rng) => {
    const [out = 1, , ...kernel] = shape;
    const deviation = Math.sqrt((2 * groups) / (out * sizeOf(kernel)));
    return draw(shape, () => rng.normal() * deviation);
  };

export const kaimingNormal = kaimingNormalIn(1);

/** U(−b, b) with b = √(6/fan_in), as in torchvision's SqueezeNet. */
export const kaimingUniform: Initialiser = (shape, rng) => {
  const bound = Math.sqrt(6 / sizeOf(shape.slice(1)));
  return draw(shape, () => rng.uniform(-bound, bound));
};

/** U(−b, b) with b = √(6/(fan_in + fan_out)) (Glorot and Bengio 2010), for the reference head. Shape [out, in]. */
export const xavierUniform: Initialiser = (shape, rng) => {
  const [out = 1, into = 1] = shape;
  const bound = Math.sqrt(6 / (into + out));
  return draw(shape, () => rng.uniform(-bound, bound));
};

function draw(shape: readonly number[], sample: () => number): Float32Array {
  const data = new Float32Array(sizeOf(shape));
  // A loop, because `Float32Array.from` takes several times as long, and ResNet50 has 24 million weights.
  for (let i = 0; i < data.length; i++) data[i] = sample();
  return data;
}
