/** Attention behind the residual blocks of a backbone, whichever it is. */

import { Graph } from "../graph/graph.ts";
import { type AttentionKind, attended } from "../nn/attention.ts";
import { pictures } from "../nn/features.ts";
import { weightless } from "../nn/network.ts";
import { UsageError } from "../util/errors.ts";
import type { Backbone } from "./backbone.ts";
import { backbones } from "./registry.ts";

/**
 * The backbone with an attention block over the branch of each of its residual blocks, whose tensors are called
 * `<block>.attention.…`; with none, or with the attention that it has already, as it is.
 *
 * @throws UsageError for a backbone without residual blocks.
 */
export function withAttention(backbone: Backbone, kind: AttentionKind | "none"): Backbone {
  if (kind === (backbone.attention ?? "none")) return backbone;
  const { name } = backbone;
  if (kind === "none" || backbone.attention)
    throw new UsageError(
      `${name} has the attention "${backbone.attention}" and cannot have "${kind}" instead`,
    );
  if (!hasResidualBlocks(backbone)) {
    const possible = backbones.filter(hasResidualBlocks).map((other) => other.name);
    throw new UsageError(
      `attention "${kind}" goes over the branches of residual convolutional blocks, and ${name} has none; these have: ${possible.join(", ")}`,
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

/** Whether attention can be put into a backbone; found out by building it. */
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
