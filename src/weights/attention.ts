/** Attention blocks in the starting weights of a training: new ones if there are none, otherwise the same. */

import type { Architecture, Description } from "../models/classifier.ts";
import type { AttentionKind } from "../nn/attention.ts";
import { UsageError } from "../util/errors.ts";
import { option } from "../util/spelling.ts";
import type { StateDict } from "../util/tensor.ts";

/** The layer of an attention block that a tensor belongs to, as `layer4.0.attention.fc1.weight`. */
const LAYER = /\.attention\.(fc1|fc2|conv)\.(weight|bias)$/;

/**
 * The part of `description` that must be `found`: without attention blocks if the weights have none, because these start as the
 * identity; `path` is the file's name in the error and the notes.
 *
 * @throws UsageError for weights with other attention than the architecture's: without their blocks they compute a different function.
 */
export function attentionFor(
  found: StateDict,
  { backbone: { name, attention } }: Architecture,
  description: Description,
  path: string,
): { readonly description: Description; readonly notes: readonly string[] } {
  const theirs = attentionIn(found);
  if (theirs === attention) return { description, notes: [] };
  if (theirs)
    throw new UsageError(
      `${path} was trained with the attention "${theirs}" and needs exactly that: keep it with ${option("attention", theirs)}, or start ${name} from other weights`,
    );
  const specs = description.specs.filter((spec) => !LAYER.test(spec.name));
  return {
    description: { ...description, specs },
    notes: [`the attention (${attention}) starts as the identity: ${path} has none`],
  };
}

/** The attention whose tensors are among these. */
function attentionIn(found: StateDict): AttentionKind | undefined {
  const layers = new Set([...found.keys()].map((name) => LAYER.exec(name)?.[1]));
  if (layers.has("fc1")) return layers.has("conv") ? "cbam" : "se";
  return layers.has("conv") ? "eca" : undefined;
}
