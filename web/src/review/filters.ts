/** Which images to look at: the filters, the images that pass them, and how many would pass with another choice. */

import type { Split } from "../../../src/data/dataset.ts";
import type { Decision, ReviewSet } from "../../../src/server/review/protocol.ts";
import { answerOf, isSuspect, labelOf, type Outcome, outcomeOf, suggestionOf } from "./words.ts";

export const states = ["undecided", "decided", "relabelled", "left out"] as const;
export type State = (typeof states)[number];

export interface Filters {
  /** The label of the data; for images without labels, the prediction. */
  readonly class?: string | undefined;
  /** `label>prediction`, or the suggestion of the list of suspects */
  readonly pair?: string | undefined;
  readonly split?: Split | undefined;
  readonly state?: State | undefined;
  readonly suspects: boolean;
  /** Images selected on the map. */
  readonly map?: ReadonlySet<number> | undefined;
}

export const noFilters: Filters = {
  class: undefined,
  pair: undefined,
  split: undefined,
  state: undefined,
  suspects: false,
  map: undefined,
};

export interface Filtered {
  /** Images that pass, in review order. */
  readonly list: readonly number[];
  /** How many would pass with each choice of a filter, with all others unchanged. */
  readonly counts: Readonly<Record<"class" | "pair" | "split" | "state", ReadonlyMap<string, number>>>;
  readonly suspects: number;
  /**
   * Number of decided images and of all images, whatever their state: among those that pass the other filters, and in the whole
   * set.
   */
  readonly decided: number;
  readonly of: number;
  readonly decidedOfAll: number;
}

/** `label>prediction` if they differ. */
export function pairOf(set: ReviewSet, image: number): string | undefined {
  const one = set.images[image];
  return one && isSuspect(set, one)
    ? `${labelOf(set, image)}>${suggestionOf(set, image) ?? answerOf(set, image)}`
    : undefined;
}

export function filtered(
  set: ReviewSet,
  decisionOf: (image: number) => Decision | undefined,
  filters: Filters,
): Filtered {
  const list: number[] = [];
  const counts = {
    class: new Map<string, number>(),
    pair: new Map<string, number>(),
    split: new Map<string, number>(),
    state: new Map<string, number>(),
  };
  const add = (map: Map<string, number>, key: string | undefined): void => {
    if (key !== undefined) map.set(key, (map.get(key) ?? 0) + 1);
  };
  let suspects = 0;
  let decided = 0;
  let of = 0;
  let decidedOfAll = 0;
  for (const image of set.order) {
    const outcome = outcomeOf(set, image, decisionOf(image));
    const isDecided = outcome !== "undecided";
    const own = {
      class: set.task === "unlabelled" ? answerOf(set, image) : labelOf(set, image),
      pair: pairOf(set, image),
      split: set.images[image]?.split,
    };
    const failed: string[] = [];
    for (const name of ["class", "pair", "split"] as const)
      if (filters[name] !== undefined && filters[name] !== own[name]) failed.push(name);
    if (filters.state !== undefined && !statesOf[outcome].includes(filters.state)) failed.push("state");
    if (filters.suspects && own.pair === undefined) failed.push("suspects");
    if (filters.map?.has(image) === false) failed.push("map");

    const passesBut = (name: string): boolean => failed.every((one) => one === name);
    for (const name of ["class", "pair", "split"] as const) if (passesBut(name)) add(counts[name], own[name]);
    if (passesBut("state")) {
      for (const state of statesOf[outcome]) add(counts.state, state);
      of++;
      decided += Number(isDecided);
    }
    if (own.pair !== undefined && passesBut("suspects")) suspects++;
    decidedOfAll += Number(isDecided);
    if (failed.length === 0) list.push(image);
  }
  return { list, counts, suspects, decided, of, decidedOfAll };
}

const statesOf: Readonly<Record<Outcome, readonly State[]>> = {
  undecided: ["undecided"],
  kept: ["decided"],
  relabelled: ["decided", "relabelled"],
  "left out": ["decided", "left out"],
};

/** The first undecided image after `after`, continuing from the beginning. */
export function nextUndecided(
  list: readonly number[],
  after: number | undefined,
  decisionOf: (image: number) => Decision | undefined,
): number | undefined {
  const from = after === undefined ? 0 : list.indexOf(after) + 1;
  return [...list.slice(from), ...list.slice(0, from)].find((image) => decisionOf(image) === undefined);
}

/** The image before or after one in the list, by review order; also works if that one is not in the list. */
export function neighbourIn(
  list: readonly number[],
  order: readonly number[],
  image: number,
  by: 1 | -1,
): number | undefined {
  const at = list.indexOf(image);
  if (at >= 0) return list[at + by];
  const listed = new Set(list);
  const rank = order.indexOf(image);
  return by > 0
    ? order.slice(rank + 1).find((other) => listed.has(other))
    : order.slice(0, rank).findLast((other) => listed.has(other));
}
