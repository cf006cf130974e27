/** Lays out features in two dimensions so that neighbours stay close (UMAP, McInnes, Healy and Melville 2018). */

import { UMAP } from "umap-js";
import { random } from "../../../src/util/random.ts";
import { principalComponents } from "./principal-components.ts";

/** Number of dimensions for distances. For 5,000 images with 512 features this halves the time until the first step. */
const DIMENSIONS = 30;
const NEIGHBOURS = 15;
const EPOCHS = 250;
/** With fewer images, their first two principal components are the layout. */
const FEWEST = 5;
/** The initial extent of the layout; UMAP's default. */
const EXTENT = 10;

export interface LayoutStep {
  readonly done: number;
  readonly of: number;
  /** [x, y] of each image in the current state. */
  readonly positions: Float32Array;
}

/**
 * Yields intermediate layouts; the last one is final. It begins with the two directions of the largest variance, and uses the
 * same random numbers every time, so that the same images always get the same positions.
 * @param features `count` × width
 */
export function* layOut(features: Float32Array, count: number): Generator<LayoutStep> {
  const { rows, width } = principalComponents(unitRows(features, count), count, DIMENSIONS);
  const start = startOf(rows, width, count);
  const epochs = count < FEWEST ? 0 : EPOCHS;
  yield { done: 0, of: epochs, positions: start };
  if (epochs === 0) return;
  const draws = random("map");
  const umap = new UMAP({
    nComponents: 2,
    nNeighbors: Math.min(NEIGHBOURS, count - 1),
    nEpochs: epochs,
    random: draws.next,
  });
  umap.initializeFit(Array.from({ length: count }, (_, i) => [...rows.subarray(i * width, (i + 1) * width)]));
  const points = umap.getEmbedding();
  points.forEach((point, i) => {
    point[0] = start[2 * i] as number;
    point[1] = start[2 * i + 1] as number;
  });
  for (let done = 1; done <= epochs; done++) {
    umap.step();
    yield { done, of: epochs, positions: Float32Array.from(points.flat()) };
  }
}

/** The first two components plus a little noise, since identical images could never separate otherwise. */
function startOf(rows: Float32Array, width: number, count: number): Float32Array {
  const draws = random("start of the map");
  const largest = rows.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9);
  return Float32Array.from({ length: 2 * count }, (_, i) => {
    const value = i % 2 < width ? (rows[(i >> 1) * width + (i % 2)] as number) : 0;
    return (EXTENT * value) / largest + 1e-3 * draws.normal();
  });
}

/** Features are compared by direction, as for neighbours. */
function unitRows(features: Float32Array, count: number): Float32Array {
  const width = features.length / count;
  const result = features.slice();
  for (let start = 0; start < result.length; start += width) {
    const row = result.subarray(start, start + width);
    const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0)) || 1;
    for (let j = 0; j < width; j++) row[j] = (row[j] as number) / length;
  }
  return result;
}
