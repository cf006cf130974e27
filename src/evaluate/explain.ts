/** Where a classifier looks: a heat map of every image, as large as what the network sees. */

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
  /** [size, size], row after row: 1 where the image speaks most for the class, 0 where it does not at all. */
  readonly map: Float32Array;
  /** What it was made of: for each network the map of its last feature map, which are enlarged and added up. */
  readonly coarse: readonly CellMap[];
  /** Side of the map in pixels: the network's input size. */
  readonly size: number;
  /** What the network saw: [size, size], the centre of the resized image, grey for a network that wants grey. */
  readonly seen: Picture;
  /** Index of the class that the map speaks for. */
  readonly target: number;
  readonly predicted: number;
  /** One per class. */
  readonly probabilities: Float32Array;
}

export interface ExplainPicturesOptions {
  readonly method: ExplainMethod;
  /** Index of the class to explain, the same for all or one per image; the predicted one where it is left out. */
  readonly target?: number | ((index: number) => number | undefined);
  /** By which the probabilities, and with them the predicted class, are shifted to another class prior. */
  readonly shift?: PriorShift | undefined;
  readonly onBatch?: (done: number) => void;
}

/**
 * Explains the images at `indices` of `pixels`, in this order. The map of the last feature map's resolution is
 * enlarged bilinearly to what the network sees, each of its cells lying in the centre of its receptive field, and divided by its
 * greatest value; where no place speaks for the class it is 0 everywhere.
 *
 * An ensemble is explained by the weighted mean of its members' maps, each divided by its greatest value first. Then `seen` is
 * what at least one member sees.
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

/** A model's networks with their shares; one that is alone has all. */
export function membersOf(model: Classifier | MembersFile): readonly Omit<Member, "name">[] {
  if ("members" in model) return model.members;
  return [{ ...model, ...answeringOf(model.metadata, model.path), weight: 1 }];
}

/** What at least one of the networks sees: the widest cut, the most pixels, and colour where one sees colour. */
export function frameOf(members: readonly Pick<Member, "architecture">[]): Frame {
  const each = members.map(({ architecture }) => architecture);
  const isGrey = each.every(({ backbone }) => backbone.preprocessing.mean.length === 1);
  return {
    inputSize: Math.max(...each.map(({ inputSize }) => inputSize)),
    resize: Math.min(...each.map(({ resize }) => resize)),
    channels: isGrey ? 1 : 3,
  };
}

/** The members' answers and maps of one image as those of the whole. */
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

/** A grid over what a network sees as one over the frame, of which the network may see the centre only. */
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

/** The sum of maps, each enlarged to `size` × `size`, divided by its greatest value, so that it lies in [0, 1]. */
export function heatMap(coarse: readonly CellMap[], size: number): Float32Array {
  const maps = coarse.map((one) => enlarged(one, size));
  return scaledToOne(maps.reduce((sum, map) => sum.map((value, i) => value + (map[i] as number))));
}

function scaledToOne(map: Float32Array): Float32Array {
  const greatest = map.reduce((most, value) => Math.max(most, value), 0);
  return greatest > 0 ? map.map((value) => value / greatest) : map;
}
