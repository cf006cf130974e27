/** Explains a classifier's answers with heat maps, as large as the network's input. */

import type { Picture } from "../data/dataset.ts";
import type { PixelCache } from "../data/pixel-cache.node.ts";
import { type PriorShift, shiftedProbabilities } from "../metrics/prior.ts";
import type { CellGrid } from "../models/receptive-field.ts";
import type { ExplainMethod } from "../program/explain.ts";
import type { Engine } from "../runtime/engine.ts";
import { answeringOf } from "../weights/classifier-file.ts";
import type { Classifier } from "../weights/load.node.ts";
import type { Member, MembersFile } from "../weights/members.ts";
import { type CellMap, enlarged } from "./enlarge.ts";
import { type Frame, type Look, looksAt, seenPictures } from "./looks.ts";

export interface Explanation {
  /** [size, size], row after row: 1 at the strongest evidence for the class, 0 where there is none. */
  readonly map: Float32Array;
  /** One map per network at the resolution of its last feature map. `map` is their enlarged sum. */
  readonly coarse: readonly CellMap[];
  /** Side of the map in pixels: the network's input size. */
  readonly size: number;
  /** The network's view: the centre [size, size] of the resized image, in grey for a grey network. */
  readonly seen: Picture;
  /** Index of the explained class. */
  readonly target: number;
  readonly predicted: number;
  /** One per class. */
  readonly probabilities: Float32Array;
}

export interface ExplainPicturesOptions {
  readonly method: ExplainMethod;
  /** Index of the class to explain, for all images or per image. Default: the predicted class. */
  readonly target?: number | ((index: number) => number | undefined);
  /** Shifts the probabilities, and so the predicted class, to another class prior. */
  readonly shift?: PriorShift | undefined;
  readonly onBatch?: (done: number) => void;
}

/**
 * Explains the images at `indices` of `pixels`, in this order. The map at the resolution of the last feature map is
 * enlarged bilinearly to the network's view, each cell at the centre of its receptive field, and divided by its
 * maximum. If nothing supports the class, the map is 0 everywhere.
 *
 * For an ensemble, the map is the weighted mean of its members' maps, each first divided by its maximum. `seen` is then
 * the area that at least one member sees.
 */
export async function explainPictures(
  engine: Engine,
  model: Classifier | MembersFile,
  pixels: Pick<PixelCache, "shape" | "get">,
  indices: readonly number[],
  { method, target, shift, onBatch }: ExplainPicturesOptions,
): Promise<Explanation[]> {
  if (indices.length === 0) return [];
  const members = membersOf(model);
  const frame = frameOf(members);
  const chosen = { pixels, indices };
  const looked: Look[][] = [];
  for (const [k, member] of members.entries()) {
    const before = k * indices.length;
    const onMemberBatch = (done: number): void => onBatch?.(Math.floor((before + done) / members.length));
    looked.push(await looksAt(engine, member, method, { ...chosen, onBatch: onMemberBatch }));
  }
  const seen = await seenPictures(engine, frame, chosen);
  return indices.map((index, n) => {
    const looks = looked.map((rows) => rows[n] as Look);
    const asked = typeof target === "function" ? target(index) : target;
    const explained = combined(members, looks, model.architecture.classes, frame, { asked, shift });
    return { ...explained, size: frame.inputSize, seen: seen[n] as Picture };
  });
}

/** Returns a model's networks with their weights; a single network has weight 1. */
export function membersOf(model: Classifier | MembersFile): readonly Omit<Member, "name">[] {
  if ("members" in model) return model.members;
  return [{ ...model, ...answeringOf(model.metadata, model.path), weight: 1 }];
}

/**
 * Returns the frame that covers the views of all networks: the widest crop, the highest resolution, and colour if one
 * of them sees colour.
 */
export function frameOf(members: readonly Pick<Member, "architecture">[]): Frame {
  const each = members.map(({ architecture }) => architecture);
  const isGrey = each.every(({ backbone }) => backbone.preprocessing.mean.length === 1);
  return {
    inputSize: Math.max(...each.map(({ inputSize }) => inputSize)),
    resize: Math.min(...each.map(({ resize }) => resize)),
    channels: isGrey ? 1 : 3,
  };
}

/** Combines the members' answers and maps for one image. */
function combined(
  members: readonly Omit<Member, "name">[],
  looks: readonly Look[],
  classes: readonly string[],
  frame: Frame,
  { asked, shift }: { readonly asked: number | undefined; readonly shift: PriorShift | undefined },
): Omit<Explanation, "size" | "seen"> {
  const total = members.reduce((sum, { weight }) => sum + weight, 0);
  const parts = members.map((member, k) => ({
    ...member,
    share: member.weight / total,
    look: looks[k] as Look,
  }));
  const columnOf = ({ architecture }: Pick<Member, "architecture">, name: string): number =>
    architecture.classes.indexOf(name);
  const unshifted = Float32Array.from(classes, (name) =>
    parts.reduce(
      (sum, part) => sum + part.share * (part.look.probabilities[columnOf(part, name)] as number),
      0,
    ),
  );
  const probabilities = shift ? shiftedProbabilities(unshifted, shift.factors) : unshifted;
  const predicted = probabilities.indexOf(Math.max(...probabilities));
  const target = asked ?? predicted;
  const coarse = parts.map(({ share, look, ...part }): CellMap => {
    const own = look.maps[columnOf(part, classes[target] as string)] as Float32Array;
    const values = parts.length === 1 ? own : scaledToOne(own).map((value) => value * share);
    return { values, width: look.width, ...placed(look.grid, part.architecture, frame) };
  });
  return { map: heatMap(coarse, frame.inputSize), coarse, target, predicted, probabilities };
}

/** Converts a grid over a network's view into one over the frame, of which the network may see only the centre. */
function placed(
  { start, step }: CellGrid,
  { inputSize, resize }: Pick<Frame, "inputSize" | "resize">,
  frame: Frame,
): Pick<CellMap, "grid" | "seen"> {
  const side = frame.inputSize * (frame.resize / resize);
  const edge = (frame.inputSize - side) / 2;
  const scale = side / inputSize;
  return { grid: { start: edge + start * scale, step: step * scale }, seen: [edge, edge + side] };
}

/** Returns the sum of the maps, each enlarged to `size` × `size`, divided by its maximum so that it lies in [0, 1]. */
export function heatMap(coarse: readonly CellMap[], size: number): Float32Array {
  const maps = coarse.map((one) => enlarged(one, size));
  return scaledToOne(maps.reduce((sum, map) => sum.map((value, i) => value + (map[i] as number))));
}

function scaledToOne(map: Float32Array): Float32Array {
  const greatest = map.reduce((most, value) => Math.max(most, value), 0);
  return greatest > 0 ? map.map((value) => value / greatest) : map;
}
