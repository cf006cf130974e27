/** Positions of the map's points on the screen, and which points a position, a direction or a loop refers to. */

import type { Extent } from "../parts/place-labels.ts";

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** The view of the map: `zoom` 1 shows all of it centred, shifted by `pan` pixels. */
export interface Camera {
  readonly zoom: number;
  readonly pan: Point;
}

export const whole: Camera = { zoom: 1, pan: { x: 0, y: 0 } };

const LARGEST_ZOOM = 40;
/** Margin around the whole map in pixels. */
const MARGIN = 24;

/** Zooms by `factor` so that the point at `fixed`, in pixels, stays there. */
export function zoomed(
  { zoom, pan }: Camera,
  factor: number,
  fixed: Point,
  { width, height }: Extent,
): Camera {
  const next = Math.min(LARGEST_ZOOM, Math.max(1, zoom * factor));
  const scale = next / zoom;
  const moved = (at: number, middle: number, before: number): number =>
    at - middle - (at - middle - before) * scale;
  return next === 1
    ? whole
    : { zoom: next, pan: { x: moved(fixed.x, width / 2, pan.x), y: moved(fixed.y, height / 2, pan.y) } };
}

/** Two fingers: the point between them stays between them. */
export function pinched(
  camera: Camera,
  from: readonly [Point, Point],
  to: readonly [Point, Point],
  extent: Extent,
): Camera {
  const distance = ([a, b]: readonly [Point, Point]): number => Math.max(1, Math.hypot(a.x - b.x, a.y - b.y));
  const middle = ([a, b]: readonly [Point, Point]): Point => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
  const [before, after] = [middle(from), middle(to)];
  const next = zoomed(camera, distance(to) / distance(from), before, extent);
  if (next === whole) return whole;
  return { ...next, pan: { x: next.pan.x + after.x - before.x, y: next.pan.y + after.y - before.y } };
}

/** @param positions [x, y] of each point. @returns the same in pixels. */
export function onScreen(
  positions: Float32Array,
  { width, height }: Extent,
  { zoom, pan }: Camera,
): Float32Array {
  const [low, high] = [
    [Infinity, Infinity],
    [-Infinity, -Infinity],
  ];
  positions.forEach((value, i) => {
    low[i % 2] = Math.min(low[i % 2] as number, value);
    high[i % 2] = Math.max(high[i % 2] as number, value);
  });
  const [left = 0, top = 0] = low;
  const [right = 0, bottom = 0] = high;
  const scale =
    zoom *
    Math.min(
      Math.max(1, width - 2 * MARGIN) / Math.max(1e-6, right - left),
      Math.max(1, height - 2 * MARGIN) / Math.max(1e-6, bottom - top),
    );
  return positions.map((value, i) =>
    i % 2 === 0
      ? (value - (left + right) / 2) * scale + width / 2 + pan.x
      : (value - (top + bottom) / 2) * scale + height / 2 + pan.y,
  );
}

export function pointAt(points: Float32Array, index: number): Point {
  return { x: points[2 * index] as number, y: points[2 * index + 1] as number };
}

export function within(points: Float32Array, centre: Point, radius: number): number[] {
  return indicesWhere(points, ({ x, y }) => Math.hypot(x - centre.x, y - centre.y) <= radius);
}

/** @returns undefined if none is within `radius`. */
export function nearest(points: Float32Array, to: Point, radius = Infinity): number | undefined {
  return least(points, ({ x, y }) => {
    const distance = Math.hypot(x - to.x, y - to.y);
    return distance <= radius ? distance : Infinity;
  });
}

/** The next point from one in a direction, with a sideways distance of at most the forward distance. */
export function towards(points: Float32Array, from: number, direction: Point): number | undefined {
  const start = pointAt(points, from);
  return least(points, ({ x, y }) => {
    const ahead = (x - start.x) * direction.x + (y - start.y) * direction.y;
    const aside = Math.abs((x - start.x) * direction.y - (y - start.y) * direction.x);
    return ahead > 0 && aside <= ahead ? ahead + 2 * aside : Infinity;
  });
}

/** Points inside a loop, which is closed automatically (even-odd rule). */
export function inLoop(points: Float32Array, loop: readonly Point[]): number[] {
  return indicesWhere(points, ({ x, y }) => {
    let inside = false;
    loop.forEach((a, i) => {
      const b = loop.at(i - 1) as Point;
      if (a.y > y !== b.y > y && x < ((b.x - a.x) * (y - a.y)) / (b.y - a.y) + a.x) inside = !inside;
    });
    return inside;
  });
}

function indicesWhere(points: Float32Array, fits: (point: Point) => boolean): number[] {
  const found: number[] = [];
  for (let i = 0; i < points.length / 2; i++) if (fits(pointAt(points, i))) found.push(i);
  return found;
}

function least(points: Float32Array, cost: (point: Point) => number): number | undefined {
  let best: number | undefined;
  let lowest = Infinity;
  for (let i = 0; i < points.length / 2; i++) {
    const own = cost(pointAt(points, i));
    if (own < lowest) [best, lowest] = [i, own];
  }
  return best;
}
