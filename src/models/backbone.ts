/** What a backbone is: a network without its classifier, whose stages have names. */

import type { AttentionKind } from "../nn/attention.ts";
import type { Feature, FeatureMap } from "../nn/features.ts";
import type { Network } from "../nn/network.ts";
import { GraphError } from "../util/errors.ts";

/** What a network expects of its images. */
export interface Preprocessing {
  /** Mean and standard deviation per channel, of pixels in [0, 1]; their count is the number of channels. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** Side of the square input that the published weights were trained at. */
  readonly size: number;
}

/** torchvision's preprocessing of its ImageNet weights. */
export const imagenet: Preprocessing = {
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
  size: 224,
};

/**
 * Mean and deviation of EfficientNet-Lite: TensorFlow's own are 127 and 128 of 255 (`efficientnet_lite_builder.py`), which timm
 * rounds to a half.
 */
export const efficientnetLite: Pick<Preprocessing, "mean" | "std"> = {
  mean: [127 / 255, 127 / 255, 127 / 255],
  std: [128 / 255, 128 / 255, 128 / 255],
};

/** Pixels in [-1, 1]. */
export const symmetric: Pick<Preprocessing, "mean" | "std"> = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };

/** A model of a Python library, into which our weights load. */
export interface Origin {
  readonly library: "torchvision" | "timm";
  /** What the library calls the model. */
  readonly name: string;
  /** Further arguments, in Python, of the call that makes the model. */
  readonly arguments?: string;
  /** The argument that sets the side of the images, where the model's tensors depend on it. */
  readonly sizeArgument?: string;
  /** The module that classifies, and that a head of ours replaces: "fc", "classifier.3". */
  readonly classifier: string;
  /** Whether the pooling is part of that module. */
  readonly poolsInside: boolean;
}

export interface Backbone {
  readonly name: string;
  /** From the image to the features; each can be frozen as a unit. */
  readonly stages: readonly string[];
  /** Stages in the order in which a recipe unfreezes them, group by group: the last ones first. */
  readonly unfreeze: readonly (readonly string[])[];
  /** Channels of the features that a head is given. */
  readonly features: number;
  readonly preprocessing: Preprocessing;
  /** Smallest side of an input for which every window fits. */
  readonly smallest: number;
  /** The attention behind its residual blocks; `withAttention` puts it there. */
  readonly attention?: AttentionKind;
  /** What it is good for, in a few words. */
  readonly purpose?: string;
  /** The Python library whose model has the same tensors under the same names. */
  readonly origin?: Origin;
  /** From normalised images to the last feature map, or to the last tokens, before pooling. */
  build(net: Network, x: FeatureMap): Feature;
  /**
   * Pooling, and what follows it before a classifier: maps that are averaged, or the one token that stands for an image. Left
   * out where maps are averaged and nothing follows.
   */
  pool?(net: Network, x: Feature): Feature;
  /**
   * The stage of whose output explanations show how much each place of it speaks for a class. Left out where it is the last one
   * of `build`; of a transformer whose answer is that of its class token, the one before the last block, since behind that the
   * other tokens are looked at no more.
   */
  readonly explained?: string;
}

/** Of what `build` returned and of all stages, the output that explanations speak of. */
export function explainedOf({ name, explained }: Backbone, net: Network, last: Feature): Feature {
  if (explained === undefined) return last;
  const output = net.outputs.get(explained);
  if (!output) throw new GraphError(`${name} explains its stage "${explained}", which it does not build`);
  return output;
}
