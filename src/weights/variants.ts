/**
 * Published weights of a variant of a backbone: they have its tensors in its shapes, but were trained with other padding or
 * other images, so in the backbone itself they would compute nothing useful. Their file states this in its metadata.
 */

import { UsageError } from "../util/errors.ts";
import { option } from "../util/spelling.ts";
import { type FloatTensor, floatTensor, type StateDict } from "../util/tensor.ts";
import { type Metadata, readArchitecture, saysClassifier } from "./classifier-file.ts";

export interface Variant {
  /** The backbone in which the weights compute as they were trained. */
  readonly backbone: string;
  /** The backbone that has the same tensors. */
  readonly of: string;
  /** A note for the user on what they are and how they are read. */
  readonly note: string;
  /** Whether a file's description of its preprocessing matches. */
  readonly tells: (preprocessing: string) => boolean;
  /** Returns the tensors for images as vultus preprocesses them. */
  readonly adapt: (tensors: StateDict) => StateDict;
}

export const variants: readonly Variant[] = [
  {
    backbone: "mobilenet_v1_vggface2",
    of: "mobilenet_v1",
    note:
      "weights of MobileNet trained on VGGFace2, with TensorFlow's padding and their own mean and deviation (backbone mobilenet_v1_vggface2); " +
      "the file expects BGR from 0 to 255, and its first layer is converted to expect RGB divided by 64",
    tells: (text) =>
      /^BGR\b/.test(text) &&
      ["103.939", "116.779", "123.68"].every((mean) => text.includes(mean)) &&
      /\bSAME padding\b/.test(text),
    adapt: (tensors) => withOtherInput(tensors, "conv_stem.weight", 64),
  },
];

/** The variant that a file states; a file written by vultus names its backbone and is already adapted. */
export function variantIn(metadata: Metadata): Variant | undefined {
  const { preprocessing } = metadata;
  if (preprocessing === undefined || saysClassifier(metadata)) return undefined;
  return variants.find(({ tells }) => tells(preprocessing));
}

/** Whether weights may be of a variant of this backbone. */
export const hasVariants = (model: string): boolean => variants.some((variant) => variant.of === model);

/**
 * Tensors of a file for the backbone `model`, and notes about it; `name` is the file name in messages.
 *
 * @throws UsageError for those of another variant of the backbone, and for images that no backbone accepts.
 */
export function adapted(
  tensors: StateDict,
  metadata: Metadata,
  model: string,
  name: string,
): { readonly tensors: StateDict; readonly notes: readonly string[] } {
  const variant = variantIn(metadata);
  const theirs = variant?.backbone ?? backboneIn(metadata, name);
  if (theirs !== undefined && theirs !== model && areVariants(theirs, model))
    throw new UsageError(
      `${name} contains weights of ${theirs}, which has the same tensors as ${model} but computes differently: use ${option("model", theirs)}, or give weights of ${model}`,
    );
  if (variant?.backbone === model)
    return { tensors: variant.adapt(tensors), notes: [`${name} contains ${variant.note}`] };
  const { preprocessing } = metadata;
  if (!variant && !saysClassifier(metadata) && preprocessing && /^BGR\b/.test(preprocessing))
    throw new UsageError(
      `${name} expects images that no backbone accepts: "${preprocessing}"; give weights for RGB images`,
    );
  const untold = variants.find(({ backbone }) => backbone === model);
  if (untold && theirs === undefined)
    return {
      tensors,
      notes: [
        `${name} does not state that it contains weights of ${model}: vultus uses them unchanged, for RGB images`,
      ],
    };
  return { tensors, notes: [] };
}

/** Returns the backbone of a file that vultus wrote. */
function backboneIn(metadata: Metadata, name: string): string | undefined {
  return saysClassifier(metadata) ? readArchitecture(metadata, name).network?.backbone : undefined;
}

/** Returns whether two backbones are variants of the same one. */
function areVariants(one: string, other: string): boolean {
  const family = (model: string): string => variants.find(({ backbone }) => backbone === model)?.of ?? model;
  return family(one) === family(other);
}

/** Reverses the input channels of a convolution [O, C, K, K], and multiplies it by `factor`. */
function withOtherInput(tensors: StateDict, name: string, factor: number): StateDict {
  const kernel = tensors.get(name);
  return kernel ? new Map([...tensors, [name, otherInput(kernel, factor)]]) : tensors;
}

function otherInput({ shape, data }: FloatTensor, factor: number): FloatTensor {
  const [out = 0, channels = 0] = shape;
  const area = data.length / (out * channels);
  const changed = new Float32Array(data.length);
  for (const [i, weight] of data.entries()) {
    const [o, c, place] = [Math.floor(i / (channels * area)), Math.floor(i / area) % channels, i % area];
    changed[(o * channels + channels - 1 - c) * area + place] = factor * weight;
  }
  return floatTensor(shape, changed);
}
