/** Attention blocks in the starting weights of a training: new ones if there are none, otherwise the same. */

import { attentionLayer } from "../models/attention.ts";
import type { Architecture, Description } from "../models/classifier.ts";
import type { AttentionKind } from "../nn/attention.ts";
import { UsageError } from "../util/errors.ts";
import { option } from "../util/spelling.ts";
import type { StateDict } from "../util/tensor.ts";
import { backbonesOf } from "./misfit.ts";

/**
 * The part of `description` that must be `found`: without attention blocks if the weights have none, because these start as the
 * identity; `path` is the file's name in the error and the notes.
 *
 * @throws UsageError for weights with other attention than the architecture's: without their blocks they compute a different function.
 */
export function attentionFor(
  found: StateDict,
  architecture: Architecture,
  description: Description,
  path: string,
): { readonly description: Description; readonly notes: readonly string[] } {
  const { name, attention } = architecture.backbone;
  const theirs = attentionIn(found);
  if (theirs === attention) return { description, notes: [] };
  if (theirs) {
    const owners = backbonesOf(found, architecture);
    const [owner] = owners.includes(name) ? [] : owners;
    const choice = owner ? `${option("model", owner)} and ` : "";
    throw new UsageError(
      `${path} was trained ${owner ? `as ${owner} ` : ""}with the attention "${theirs}" and needs exactly that: keep it with ${choice}${option("attention", theirs)}, or start ${name} from other weights`,
    );
  }
  const specs = description.specs.filter((spec) => attentionLayer(spec.name) === undefined);
  return {
    description: { ...description, specs },
    notes: [`the attention (${attention}) starts as the identity: ${path} has none`],
  };
}

/** Returns the kind of attention whose tensors are among these. */
function attentionIn(found: StateDict): AttentionKind | undefined {
  const layers = new Set([...found.keys()].map((name) => attentionLayer(name)));
  if (layers.has("fc1")) return layers.has("conv") ? "cbam" : "se";
  return layers.has("conv") ? "eca" : undefined;
}
