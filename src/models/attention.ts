/** Adds attention to the residual blocks of any backbone. */

import { Graph } from "../graph/graph.ts";
import { type AttentionKind, attended } from "../nn/attention.ts";
import { pictures } from "../nn/features.ts";
import { weightless } from "../nn/network.ts";
import { UsageError } from "../util/errors.ts";
import type { Backbone } from "./backbone.ts";
import { backbones } from "./registry.ts";

/** The layer of an attention block that a tensor belongs to, as `layer4.0.attention.fc1.weight`. */
const LAYER = /\.attention\.(fc1|fc2|conv)\.(weight|bias)$/;

/** The layer of its attention block that a tensor of this name belongs to. */
export function attentionLayer(name: string): string | undefined {
  return LAYER.exec(name)?.[1];
}

/**
 * Returns the backbone with an attention block on the branch of each residual block, whose tensors are called
 * `<block>.attention.…`. The backbone is unchanged for "none", or if it already has this attention.
 *
 * @throws UsageError for a backbone without residual blocks.
 */
export function withAttention(backbone: Backbone, kind: AttentionKind | "none"): Backbone {
  if (kind === (backbone.attention ?? "none")) return backbone;
  const { name } = backbone;
  if (kind === "none" || backbone.attention)
    throw new UsageError(
      `${name} already has the attention "${backbone.attention}", which cannot be replaced by "${kind}"`,
    );
  if (!hasResidualBlocks(backbone)) {
    const possible = backbones.filter(hasResidualBlocks).map((other) => other.name);
    throw new UsageError(
      `attention "${kind}" needs residual convolutional blocks, and ${name} has none; backbones that have them: ${possible.join(", ")}`,
    );
  }
  return {
    ...backbone,
    attention: kind,
    build: (net, x) =>
      net.gated(
        (branch, block) => attended(net, branch, `${block}.attention`, kind),
        () => backbone.build(net, x),
      ),
  };
}

/** Returns whether a backbone accepts attention, by building it. */
export function hasResidualBlocks(backbone: Backbone): boolean {
  const { preprocessing, smallest } = backbone;
  const graph = new Graph();
  const net = weightless(graph);
  let found = false;
  const note = <T>(branch: T): T => {
    found = true;
    return branch;
  };
  const shape = [1, preprocessing.mean.length, smallest, smallest];
  net.gated(note, () => backbone.build(net, pictures(graph.input("pictures", "float32", shape))));
  return found;
}
