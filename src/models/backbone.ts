/** The interface of a backbone: a network without its classifier, consisting of named stages. */

import type { AttentionKind } from "../nn/attention.ts";
import type { Feature, FeatureMap } from "../nn/features.ts";
import type { Network } from "../nn/network.ts";
import { GraphError, UsageError } from "../util/errors.ts";

/** The input that a network expects. */
export interface Preprocessing {
  /** Mean and standard deviation per channel, for pixels in [0, 1]; their number is the number of channels. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** Side of the square input on which the published weights were trained. */
  readonly size: number;
}

/** Preprocessing of torchvision's ImageNet weights. */
export const imagenet: Preprocessing = {
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
  size: 224,
};

/**
 * Mean and deviation of EfficientNet-Lite. TensorFlow uses 127 and 128 of 255 (`efficientnet_lite_builder.py`), which
 * timm rounds to a half.
 */
export const efficientnetLite: Pick<Preprocessing, "mean" | "std"> = {
  mean: [127 / 255, 127 / 255, 127 / 255],
  std: [128 / 255, 128 / 255, 128 / 255],
};

/** Pixels in [-1, 1]. */
export const symmetric: Pick<Preprocessing, "mean" | "std"> = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };

/** A model of a Python library that can load our weights. */
export interface Origin {
  readonly library: "torchvision" | "timm";
  /** The library's name of the model. */
  readonly name: string;
  /** Further arguments, in Python, of the call that creates the model. */
  readonly arguments?: string;
  /** The argument that sets the image size, if the model's tensors depend on it. */
  readonly sizeArgument?: string;
  /** The classifier module, which our head replaces: "fc", "classifier.3". */
  readonly classifier: string;
  /** Whether that module includes the pooling. */
  readonly poolsInside: boolean;
}

export interface Backbone {
  readonly name: string;
  /** From the image to the features. Each stage can be frozen as a unit. */
  readonly stages: readonly string[];
  /** Groups of stages in the order in which a recipe unfreezes them: last stages first. */
  readonly unfreeze: readonly (readonly string[])[];
  /** Channels of the features that the head receives. */
  readonly features: number;
  readonly preprocessing: Preprocessing;
  /** Minimum input side for which every window fits. */
  readonly smallest: number;
  /** Whether its published weights have their batch norms folded into the convolutions (`train/folded-norms.ts`). */
  readonly foldedNorms?: boolean;
  /** The attention in its residual blocks, added by `withAttention`. */
  readonly attention?: AttentionKind;
  /** A short description of what it is good for. */
  readonly purpose?: string;
  /** The Python library whose model has the same tensors under the same names. */
  readonly origin?: Origin;
  /** Maps normalised images to the last feature map, or to the last tokens, before pooling. */
  build(net: Network, x: FeatureMap): Feature;
  /**
   * Pooling, and any layers between it and the classifier: an average of maps, or the one token that represents an
   * image. Left out if maps are averaged and nothing follows.
   */
  pool?(net: Network, x: Feature): Feature;
  /**
   * The stage that explanations use: its cells' contributions to each class. Default: the output of `build`. A
   * transformer that answers from its class token names the stage before the last block, because the other tokens are
   * not used after it.
   */
  readonly explained?: string;
}

/** @throws UsageError for a backbone that contradicts itself: a wrong stage would never train, a deviation of 0 gives NaN. */
export function checkDeclared({ name, stages, unfreeze, explained, preprocessing }: Backbone): void {
  const refuse = (problem: string): never => {
    throw new UsageError(`the backbone "${name}": ${problem}`);
  };
  const unfrozen = unfreeze.flat();
  const known = (what: string, stage: string | undefined): void => {
    if (stage !== undefined && !stages.includes(stage))
      refuse(`${what} "${stage}", which is none of its stages: ${stages.join(", ")}`);
  };
  for (const stage of unfrozen) known("unfreeze has", stage);
  known("explained is", explained);
  for (const stage of stages) {
    const times = unfrozen.filter((other) => other === stage).length;
    if (times !== 1) refuse(`unfreeze has the stage "${stage}" ${times} times instead of once`);
  }
  const { mean, std } = preprocessing;
  if (mean.length !== std.length || (mean.length !== 1 && mean.length !== 3))
    refuse(
      `preprocessing needs a mean and a deviation for each of 1 or 3 channels, but has ${mean.length} and ${std.length}`,
    );
  for (const deviation of std)
    if (!(deviation > 0)) refuse(`preprocessing has the deviation ${deviation}: must be a number above 0`);
}

/** Returns the output that explanations use, from all stages and the output of `build`. */
export function explainedOf({ name, explained }: Backbone, net: Network, last: Feature): Feature {
  if (explained === undefined) return last;
  const output = net.outputs.get(explained);
  if (!output)
    throw new GraphError(`${name} declares the explained stage "${explained}" but does not build it`);
  return output;
}
