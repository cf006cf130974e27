/** Computations of the review page without a browser: filters, positions on the map, and the layout of the map. */

import { expect, test } from "vitest";
import type { Decision } from "../src/server/review/protocol.ts";
import { random } from "../src/util/random.ts";
import { filtered, neighbourIn, nextUndecided, noFilters } from "../web/src/review/filters.ts";
import { classOfDigit, digitOf } from "../web/src/review/keys.ts";
import { layOut } from "../web/src/review/layout.ts";
import {
  inLoop,
  nearest,
  onScreen,
  pinched,
  towards,
  whole,
  within,
  zoomed,
} from "../web/src/review/map-geometry.ts";
import { paletteOf } from "../web/src/review/palette.ts";
import { hashOf, placeOf } from "../web/src/review/place.ts";
import { principalComponents } from "../web/src/review/principal-components.ts";
import { spokenImage, spokenStep } from "../web/src/review/words.ts";
import { madeUpReview } from "./support/review-server.ts";

const set = madeUpReview({ count: 84, blindFrom: 70 });
const decisions = new Map<number, Decision>([
  [0, { kind: "relabel", label: "sad" }],
  [4, { kind: "keep" }],
  [8, { kind: "leave out" }],
  // Its current label: nothing changes.
  [12, { kind: "relabel", label: "sad" }],
]);
const decisionOf = (image: number): Decision | undefined => decisions.get(image);

test("filters hold together, and each counts what its other choices would give", () => {
  const all = filtered(set, decisionOf, noFilters);
  expect(all.list).toEqual(set.order);
  expect([all.decided, all.of, all.decidedOfAll]).toEqual([4, 84, 4]);
  expect(Object.fromEntries(all.counts.state)).toEqual({
    undecided: 80,
    decided: 4,
    relabelled: 1,
    "left out": 1,
  });
  expect(all.counts.split.get("test")).toBe(14);
  // Blind images are not suspects, since nothing is known about them.
  expect(all.suspects).toBe(18);
  expect([...all.counts.pair.values()].reduce((sum, n) => sum + n, 0)).toBe(18);

  const sad = filtered(set, decisionOf, { ...noFilters, class: "sad", state: "undecided" });
  expect(sad.list.every((i) => set.images[i]?.label === 5 && !decisions.has(i))).toBe(true);
  expect([sad.list.length, sad.decided, sad.of]).toEqual([11, 1, 12]);
  expect(sad.counts.class.get("happy")).toBe(12);
  expect(sad.counts.state.get("decided")).toBe(1);

  const [[pair, n] = ["", 0]] = all.counts.pair;
  const paired = filtered(set, decisionOf, { ...noFilters, pair });
  expect(paired.list).toHaveLength(n);
  expect(
    filtered(set, decisionOf, { ...noFilters, suspects: true, map: new Set([1, 4, 5, 8]) }).list,
  ).toEqual([4, 8]);
});

test("with a list of suspects, its images are the suspects, whatever the model answers", () => {
  const images = set.images.map((image, i) => (i === 1 ? { ...image, suggested: 6 } : image));
  const listed = { ...set, images, suspects: "labels.csv" };
  expect(filtered(listed, () => undefined, { ...noFilters, suspects: true }).list).toEqual([1]);
  expect([...filtered(listed, () => undefined, noFilters).counts.pair.keys()]).toEqual(["disgust>surprise"]);
  expect(spokenImage(listed, 1, undefined)).toMatch(
    /^disgust; the list of suspects: surprise; the model: disgust, /,
  );
});

test("the next undecided image is looked for from the last one on, round the end, and from images outside the list", () => {
  expect(nextUndecided([0, 4, 16, 20], 0, decisionOf)).toBe(16);
  expect(nextUndecided([16, 0, 4], 4, decisionOf)).toBe(16);
  expect(nextUndecided([0, 4, 8], 4, decisionOf)).toBeUndefined();
  const order = [5, 3, 9, 1, 7];
  expect(neighbourIn([3, 1], order, 9, 1)).toBe(1);
  expect(neighbourIn([3, 1], order, 9, -1)).toBe(3);
  expect(neighbourIn([3, 1], order, 1, 1)).toBeUndefined();
});

test("a place is the same after a reload, with thousands of images from the map in few characters", () => {
  const map = new Set(Array.from({ length: 5000 }, (_, i) => 3 * i + (i % 2)));
  const place = placeOf("#view=grid&image=7&pair=happy%3Esad&split=test&state=left+out&suspects&heat");
  expect(place).toMatchObject({
    view: "grid",
    image: 7,
    pair: "happy>sad",
    split: "test",
    state: "left out",
    heat: true,
  });
  expect(placeOf(hashOf({ ...place, map }))).toEqual({ ...place, map });
  expect(hashOf({ ...place, map }).length).toBeLessThan(4000);
  expect(placeOf("#view=nowhere&image=x&split=all&map=%%%").map).toBeUndefined();
  expect(placeOf("#view=nowhere&image=x&split=all")).toMatchObject({
    view: "one",
    image: undefined,
    split: undefined,
  });
});

test("words: an image, a decision, a decision on many, and one that keeps the label", () => {
  expect(spokenImage(set, 0, undefined)).toBe("angry; the model: happy, 93\u202f%");
  expect(spokenImage(set, 72, undefined)).toBe("fear; blind");
  expect(spokenStep(set, [0], { kind: "relabel", label: "sad" })).toBe("angry relabelled to sad");
  expect(spokenStep(set, [12], { kind: "relabel", label: "sad" })).toBe("sad kept");
  expect(spokenStep(set, [0, 1, 2], { kind: "leave out" })).toBe("3 images left out");
  const task = "unlabelled" as const;
  const unlabelled = madeUpReview({ count: 7, task });
  expect(spokenStep(unlabelled, [0], { kind: "relabel", label: "sad" })).toBe("image labelled sad");
});

test("every class has a colour or a shape of its own, and known ones their own colour", () => {
  const classes = ["contempt", "happy", "a", "b", "c", "d", "e", "f", "g", "Sad"];
  const palette = paletteOf(classes);
  expect(palette[1]?.colour).toBe("--happy");
  expect(palette[9]?.colour).toBe("--sad");
  expect(new Set(palette.map(({ colour, shape }) => `${colour} ${shape}`)).size).toBe(classes.length);
});

test("points are found by place, direction and loop; zooming keeps what is under the pointer", () => {
  const extent = { width: 448, height: 248 };
  const points = onScreen(Float32Array.from([0, 0, 4, 0, 4, 2, 2, 1]), extent, whole);
  expect([...points]).toEqual([24, 24, 424, 24, 424, 224, 224, 124]);
  expect(nearest(points, { x: 30, y: 30 }, 14)).toBe(0);
  expect(nearest(points, { x: 60, y: 60 }, 14)).toBeUndefined();
  expect(towards(points, 0, { x: 1, y: 0 })).toBe(1);
  expect(towards(points, 1, { x: 0, y: 1 })).toBe(2);
  expect(towards(points, 0, { x: -1, y: 0 })).toBeUndefined();
  expect(within(points, { x: 224, y: 124 }, 230)).toEqual([0, 1, 2, 3]);
  expect(within(points, { x: 224, y: 124 }, 200)).toEqual([3]);
  const corner = [
    { x: 300, y: 0 },
    { x: 448, y: 0 },
    { x: 448, y: 248 },
    { x: 300, y: 248 },
  ];
  expect(inLoop(points, corner)).toEqual([1, 2]);
  const near = zoomed(whole, 3, { x: 424, y: 24 }, extent);
  const zoomedPoints = onScreen(Float32Array.from([0, 0, 4, 0, 4, 2, 2, 1]), extent, near);
  expect(zoomedPoints[2]).toBeCloseTo(424);
  expect(zoomedPoints[3]).toBeCloseTo(24);
  expect(zoomedPoints[0]).toBeCloseTo(424 - 3 * 400);
  expect(zoomed(near, 0.1, { x: 0, y: 0 }, extent)).toBe(whole);
});

/** Groups of rows around far corners, in turn. */
function groupedRows(count: number, width: number, groups: number): Float32Array {
  const draws = random("grouped rows");
  return Float32Array.from({ length: count * width }, (_, i) => {
    const [row, column] = [Math.floor(i / width), i % width];
    return (column === row % groups ? 5 : 0) + draws.normal();
  });
}

test("principal components: in the order of variance, and no distance is lost if there are enough", () => {
  const draws = random("stretched rows");
  const rows = Float32Array.from({ length: 200 * 4 }, (_, i) => [1, 9, 3, 0][i % 4] as number).map(
    (by) => by * draws.normal(),
  );
  const { rows: seen, width } = principalComponents(rows, 200, 3);
  expect(width).toBe(3);
  const variance = (column: number): number => {
    const values = Array.from({ length: 200 }, (_, i) => seen[3 * i + column] as number);
    return values.reduce((sum, value) => sum + value ** 2, 0) / 200;
  };
  expect(variance(0)).toBeGreaterThan(60);
  expect(variance(1)).toBeGreaterThan(6);
  expect(variance(1)).toBeLessThan(12);
  expect(variance(2)).toBeLessThan(1.5);
  const distance = (of: Float32Array, wide: number): number =>
    Math.hypot(...Array.from({ length: wide }, (_, j) => (of[j] as number) - (of[wide + j] as number)));
  expect(distance(seen, 3)).toBeCloseTo(distance(rows, 4), 3);
});

test("the layout: groups that are far apart stay apart, the same every time, and reports how far it is", () => {
  const [count, groups] = [210, 3];
  const features = groupedRows(count, 24, groups);
  const steps = [...layOut(features, count)];
  const last = steps.at(-1);
  expect([last?.done, last?.positions.length]).toEqual([last?.of, 2 * count]);
  const positions = last?.positions as Float32Array;
  const centres = Array.from({ length: groups }, (_, g) => {
    const own = Array.from({ length: count / groups }, (_, i) => 2 * (groups * i + g));
    const mean = (axis: number): number =>
      own.reduce((sum, i) => sum + (positions[i + axis] as number), 0) / own.length;
    return [mean(0), mean(1)] as const;
  });
  const misplaced = Array.from({ length: count }, (_, i) => i).filter((i) => {
    const distances = centres.map(([x, y]) =>
      Math.hypot((positions[2 * i] as number) - x, (positions[2 * i + 1] as number) - y),
    );
    return distances.indexOf(Math.min(...distances)) !== i % groups;
  });
  expect(misplaced).toEqual([]);
  expect([...([...layOut(features, count)].at(-1)?.positions ?? [])]).toEqual([...positions]);
});

test("the layout of few images, and of images that are all the same, is finite", () => {
  for (const count of [1, 2, 5, 20]) {
    const { positions } = [...layOut(new Float32Array(count * 8).fill(1), count)].at(-1) ?? {};
    expect(positions).toHaveLength(2 * count);
    expect(positions?.every(Number.isFinite)).toBe(true);
  }
});

test("two fingers zoom and move the map, and what lies under them stays there", () => {
  const extent = { width: 400, height: 300 };
  const [from, to] = [
    [
      { x: 100, y: 100 },
      { x: 140, y: 100 },
    ],
    [
      { x: 80, y: 130 },
      { x: 160, y: 130 },
    ],
  ] as const;
  const camera = pinched(whole, from, to, extent);
  expect(camera.zoom).toBe(2);
  const positions = Float32Array.of(0, 0, 1, 0, 0, 1, 1, 1);
  const at = (view: typeof whole): Float32Array => onScreen(positions, extent, view);
  // Twice as far from the midpoint of the fingers, which has moved down by 30.
  at(whole).forEach((value, i) => {
    const [middle, moved] = i % 2 === 0 ? [120, 120] : [100, 130];
    expect(at(camera)[i]).toBeCloseTo(moved + 2 * (value - middle), 3);
  });
  expect(pinched(camera, to, from, extent)).toBe(whole);
});

test("digits mean classes by their place, unless all classes are named by a digit", () => {
  const names = Array.from({ length: 12 }, (_, i) => `class ${i}`);
  expect(["1", "9", "0", "x"].map((key) => classOfDigit(names, key))).toEqual([0, 8, 9, undefined]);
  expect([0, 9, 10].map((index) => digitOf(names, index))).toEqual(["1", "0", undefined]);
  const digits = ["0", "1", "3"];
  expect(["0", "1", "2", "3"].map((key) => classOfDigit(digits, key))).toEqual([0, 1, undefined, 2]);
  expect(digits.map((_, index) => digitOf(digits, index))).toEqual(digits);
  expect(classOfDigit(["happy", "sad"], "3")).toBeUndefined();
});
