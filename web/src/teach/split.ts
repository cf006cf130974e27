/**
 * Splits examples into those a model learns from and those held out to measure it. Neighbouring frames of a recording are nearly
 * the same image: with a random split, a model would be measured on what it has memorised.
 */

import { disjointSets } from "../../../src/util/disjoint-sets.ts";

/** The properties of an example that determine its side. */
export interface SplitExample {
  readonly label: string;
  readonly recording?: string | undefined;
  /** Milliseconds. */
  readonly time: number;
  /** Whether the starting model of the training has learned from it. */
  readonly learned?: boolean | undefined;
}

/** Indices into the list of examples, in order; each example is in one of them. */
export interface HonestSplit {
  readonly training: readonly number[];
  readonly measured: readonly number[];
  /** In neither: too close to a measured example to learn from. */
  readonly leftOut: readonly number[];
}

/** The held-out share. */
const KEPT = 0.25;
/** Milliseconds between the last frame for learning and the first for measuring. */
const GAP = 500;
/** A recording with fewer frames is not divided: it is held out as a whole, or not at all. */
const FEWEST_FRAMES = 8;

type Side = "training" | "measured" | "leftOut";

/**
 * Splits each recording by time: its last quarter is held out, and frames within half a second of a held-out frame are left out.
 * Of files and short recordings, about a quarter of each class is held out; similar images, given as `groups` of indices, stay on
 * one side. The split is deterministic, and appending examples does not change the sides of earlier ones.
 */
export function splitHonestly(
  examples: readonly SplitExample[],
  groups: readonly (readonly number[])[] = [],
): HonestSplit {
  const sides = new Array<Side>(examples.length).fill("training");
  const recordings = recordingsIn(examples);
  const long = recordings.filter((frames) => frames.length >= FEWEST_FRAMES);
  for (const frames of long)
    for (const frame of frames.slice(-Math.round(KEPT * frames.length))) sides[frame] = "measured";
  const isFrame = new Set(long.flat());
  const units = unitsOf(examples.length, isFrame, recordings, groups);
  keepApart(units, examples, sides);
  leaveAlikeOut(units, groups, isFrame, sides);
  for (const i of framesNear((at) => sides[at] === "measured", examples))
    if (sides[i] === "training") sides[i] = "leftOut";
  teachLearned([...units, ...groups], examples, sides, isFrame);
  const of = (side: Side): number[] => [...sides.keys()].filter((i) => sides[i] === side);
  return { training: of("training"), measured: of("measured"), leftOut: of("leftOut") };
}

/** Indices of the frames of each recording, in chronological order. */
function recordingsIn(examples: readonly SplitExample[]): number[][] {
  const byRecording = new Map<string, number[]>();
  for (const [i, { recording }] of examples.entries()) {
    if (recording === undefined) continue;
    const frames = byRecording.get(recording);
    if (frames) frames.push(i);
    else byRecording.set(recording, [i]);
  }
  const time = (i: number): number => examples[i]?.time ?? 0;
  return [...byRecording.values()].map((frames) => frames.sort((a, b) => time(a) - time(b)));
}

/** Groups that stay on one side, for all examples outside long recordings; ordered by their first members. */
function unitsOf(
  count: number,
  isFrame: ReadonlySet<number>,
  recordings: readonly (readonly number[])[],
  groups: readonly (readonly number[])[],
): number[][] {
  const sets = disjointSets(count);
  for (const together of [...recordings, ...groups]) {
    const [first, ...others] = together.filter((i) => !isFrame.has(i));
    for (const i of others) sets.join(first as number, i);
  }
  const members = new Map<number, number[]>();
  for (let i = 0; i < count; i++)
    if (!isFrame.has(i)) members.set(sets.rootOf(i), [...(members.get(sets.rootOf(i)) ?? []), i]);
  return [...members.values()];
}

/** Holds out groups that bring the share of their class closer to a quarter of its examples so far. */
function keepApart(units: readonly number[][], examples: readonly SplitExample[], sides: Side[]): void {
  const seen = new Map<string, { all: number; kept: number }>();
  for (const members of units) {
    const label = examples[members[0] as number]?.label ?? "";
    const own = seen.get(label) ?? { all: 0, kept: 0 };
    seen.set(label, own);
    own.all += members.length;
    if (own.kept + members.length / 2 > KEPT * own.all) continue;
    own.kept += members.length;
    for (const i of members) sides[i] = "measured";
  }
}

/** A file that looks like a measured frame would teach that frame, as would everything in its group. */
function leaveAlikeOut(
  units: readonly (readonly number[])[],
  groups: readonly (readonly number[])[],
  isFrame: ReadonlySet<number>,
  sides: Side[],
): void {
  const framesLike = new Map<number, number[]>();
  for (const group of groups) {
    const frames = group.filter((i) => isFrame.has(i));
    if (frames.length > 0) for (const i of group) framesLike.set(i, frames);
  }
  for (const unit of units) {
    const frames = unit.flatMap((i) => framesLike.get(i) ?? []);
    if (frames.length === 0) continue;
    const side = frames.some((i) => sides[i] === "measured") ? "leftOut" : "training";
    for (const i of unit) sides[i] = side;
  }
}

/** Examples that the model has learned from can only be learned from again, and examples too close to them cannot measure it. */
function teachLearned(
  together: readonly (readonly number[])[],
  examples: readonly SplitExample[],
  sides: Side[],
  isFrame: ReadonlySet<number>,
): void {
  const isLearned = (i: number): boolean => examples[i]?.learned ?? false;
  const near = framesNear(isLearned, examples);
  // Frames of long recordings are similar, and are separated by time only.
  for (const members of together) {
    if (members.some((i) => isLearned(i) && !isFrame.has(i))) near.push(...members);
    else if (members.some(isLearned)) near.push(...members.filter((i) => !isFrame.has(i)));
  }
  for (const i of near) if (sides[i] === "measured") sides[i] = "leftOut";
  for (const i of sides.keys()) if (isLearned(i)) sides[i] = "training";
}

/** The frames of any recording within the gap before or after those for which `is` is true. */
function framesNear(is: (example: number) => boolean, examples: readonly SplitExample[]): number[] {
  const time = (i: number): number => examples[i]?.time ?? 0;
  const frames = [...examples.keys()]
    .filter((i) => examples[i]?.recording !== undefined)
    .sort((a, b) => time(a) - time(b));
  const near: number[] = [];
  for (const order of [frames, [...frames].reverse()]) {
    let last = Number.NaN;
    for (const i of order) {
      if (is(i)) last = time(i);
      else if (Math.abs(time(i) - last) < GAP) near.push(i);
    }
  }
  return near;
}
