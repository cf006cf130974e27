/**
 * Adapts weights trained with a different mean and standard deviation from their backbone's. A patch layer, whose windows adjoin
 * each other without padding, is linear in the pixels, so its weights can absorb the difference exactly.
 */

import type { Preprocessing } from "../models/backbone.ts";
import { floatTensor, type StateDict } from "../util/tensor.ts";

type Normalisation = Pick<Preprocessing, "mean" | "std">;

/** The layers of patches, by the names of their libraries. */
const patchLayers = ["conv_proj", "patch_embed.proj"];

/** Whether two normalisations are the same to the precision of a pixel's value in 16 bits. */
export function sameNormalisation(one: Normalisation, other: Normalisation): boolean {
  const close = (a: readonly number[], b: readonly number[]): boolean =>
    a.length === b.length && a.every((value, i) => Math.abs(value - (b[i] as number)) < 2 ** -16);
  return close(one.mean, other.mean) && close(one.std, other.std);
}

/**
 * The tensors for images normalised by `to`, if they were trained with `from`; undefined if none of their layers can absorb
 * the difference.
 *
 * A pixel p is x = (p - m) / s there and y = (p - n) / t here, so x = (t/s) y + (n - m)/s for each channel.
 */
export function renormalised(
  tensors: StateDict,
  from: Normalisation,
  to: Normalisation,
): StateDict | undefined {
  const layer = patchLayers.find((name) => tensors.has(`${name}.weight`) && tensors.has(`${name}.bias`));
  const [kernel, bias] = [tensors.get(`${layer}.weight`), tensors.get(`${layer}.bias`)];
  if (!layer || !kernel || !bias) return undefined;
  const [out = 0, channels = 0] = kernel.shape;
  const area = kernel.data.length / (out * channels);
  const weights = new Float32Array(kernel.data.length);
  const offsets = new Float32Array(out);
  for (let o = 0; o < out; o++) {
    let offset = bias.data[o] as number;
    for (let c = 0; c < channels; c++) {
      const [m, s] = [from.mean[c] as number, from.std[c] as number];
      const [n, t] = [to.mean[c] as number, to.std[c] as number];
      for (let i = (o * channels + c) * area; i < (o * channels + c + 1) * area; i++) {
        weights[i] = ((kernel.data[i] as number) * t) / s;
        offset += ((kernel.data[i] as number) * (n - m)) / s;
      }
    }
    offsets[o] = offset;
  }
  return new Map([
    ...tensors,
    [`${layer}.weight`, floatTensor(kernel.shape, weights)],
    [`${layer}.bias`, floatTensor(bias.shape, offsets)],
  ]);
}
