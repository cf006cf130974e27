/**
 * Grouped convolution by ONNX Runtime's blocked kernels, for machines that have them. Groups narrower than a block are
 * merged into one block, with zeros between them.
 */

import type { Value } from "../graph/types.ts";
import { blockedGroups, blocksFit, rowsIntoBlocks, rowsOutOfBlocks, spreadMaps } from "./blocked-conv.ts";
import { gather } from "./gather.ts";
import { mul } from "./mul.ts";
import { reshape } from "./reshape.ts";
import { transpose } from "./transpose.ts";
import { linesAfter, outputSize, type Window } from "./window.ts";

type GroupedWindow = Window & { readonly groups: number };

/** Returns whether `x` [N·H·W, C] can be convolved with `w` [O, C / groups, K, K] in blocks, including the gradient. */
export function groupedBlocksFit(x: Value, w: Value, window: GroupedWindow): boolean {
  const [channels, out] = [x.shape[1], w.shape[0]] as [number, number];
  const inside = channels / window.groups;
  if (out !== channels || !blocksFit(x, channels) || Math.min(...linesAfter(window)) < 0) return false;
  const block = x.graph.block as number;
  return block % inside === 0 || inside % block === 0;
}

/** `x` [N·H·W, C], `w` [C, C / groups, K, K]: [N·h·w, C], without a bias. */
export function groupedBlocksConv(x: Value, w: Value, window: GroupedWindow): Value {
  const { batch, height, width, stride, padding, after, groups } = window;
  const places = { stride, before: [padding, padding], after: [after, after] } as const;
  return convolved(rowsIntoBlocks(x, batch, height, width), w, groups, places);
}

/**
 * Returns the gradient of the images: the convolution of `dy`, spread out by the stride, with taps reversed and channels swapped.
 */
export function groupedBlocksInputGradient(dy: Value, w: Value, window: GroupedWindow): Value {
  const { batch, kernel, stride, padding, groups } = window;
  const [channels, inside] = w.shape as [number, number];
  const [taps, [h, v]] = [kernel ** 2, outputSize(window)];
  const exchanged = transpose(reshape(w, [groups, inside, inside, taps]), [0, 2, 1, 3]);
  const order = Int32Array.from({ length: taps }, (_, i) => taps - 1 - i);
  const filters = reshape(gather(exchanged, order, 3), [channels, inside, kernel, kernel]);
  const results = rowsIntoBlocks(dy, batch, h, v);
  const edge = kernel - 1 - padding;
  const places = { before: [edge, edge], after: linesAfter(window) } as const;
  return convolved(spreadMaps(results, stride), filters, groups, places);
}

function convolved(
  images: Value,
  w: Value,
  groups: number,
  places: Parameters<typeof blockedGroups>[3],
): Value {
  const block = images.graph.block as number;
  const [channels, inside, kernel] = w.shape as [number, number, number];
  const joined = Math.max(1, block / inside);
  const [parts, width] = [groups / joined, joined * inside];
  const each = reshape(w, [parts, joined, inside, 1, inside, kernel ** 2]);
  const apart = joined === 1 ? each : mul(each, identity(w, joined));
  const blocks = reshape(apart, [parts, width / block, block, width / block, block, kernel ** 2]);
  const filters = reshape(transpose(blocks, [0, 1, 3, 5, 4, 2]), [channels, width, kernel, kernel]);
  return rowsOutOfBlocks(blockedGroups(images, filters, parts, places));
}

/** 1 on the diagonal, where a group meets itself, otherwise 0. */
function identity({ graph }: Value, joined: number): Value {
  return graph.once(`identity of ${joined} groups`, () => {
    const ones = Float32Array.from({ length: joined ** 2 }, (_, i) => (i % (joined + 1) === 0 ? 1 : 0));
    return graph.constant("float32", [1, joined, 1, joined, 1, 1], ones);
  });
}
