/** Resolves the names in a file to the backbone and head, for code that rebuilds the network; prediction does not need it. */

import { withAttention } from "../models/attention.ts";
import type { Architecture } from "../models/classifier.ts";
import { type BackboneOptions, backbones as registered } from "../models/registry.ts";
import { attentionNamed } from "../nn/attention.ts";
import { headNamed } from "../nn/heads.ts";
import { UsageError } from "../util/errors.ts";
import { didYouMean } from "../util/nearest.ts";
import { type DescribedArchitecture, networkOf } from "./classifier-file.ts";

/**
 * The architecture to build, with the file's own mean and deviation; `name` is the file's name in errors.
 *
 * @throws UsageError if the classifier is not one network, or its backbone or head is unknown.
 */
export function resolveArchitecture(
  described: DescribedArchitecture,
  name: string,
  { backbones = [] }: BackboneOptions = {},
): Architecture {
  const { classes, inputSize, resize } = described;
  const network = networkOf(described, name);
  const { head, dropout, mean, std, attention } = network;
  const known = [...backbones, ...registered];
  const backbone = known.find((candidate) => candidate.name === network.backbone);
  if (!backbone) {
    const names = known.map((candidate) => candidate.name);
    throw new UsageError(
      `${name} has the backbone "${network.backbone}", which is not registered.${didYouMean(network.backbone, names)} Registered: ${names.join(", ")}. Its bundle can predict; to do more with it in a program, pass the backbone: loadClassifier(file, { backbones: [backbone] })`,
    );
  }
  const whole = attention === undefined ? backbone : withAttention(backbone, attentionNamed(attention, name));
  return {
    backbone: { ...whole, preprocessing: { ...whole.preprocessing, mean, std } },
    head: headNamed(head, name),
    classes,
    dropout,
    inputSize,
    resize,
  };
}
