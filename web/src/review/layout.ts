/** Lays out features in two dimensions so that what is near stays near (UMAP, McInnes, Healy and Melville 2018). */

import { UMAP } from "umap-js";
import { random } from "../../../src/util/random.ts";
import { principalComponents } from "./principal-components.ts";

/** Dimensions that distances are taken in. Of 5,000 images with 512 features this halves the time until the first step. */
const DIMENSIONS = 30;
const NEIGHBOURS = 15;
const EPOCHS = 250;
/** Fewer images stay where their two directions put them. */
const FEWEST = 5;
/** The extent that the layout begins with; UMAP's own. */
const EXTENT = 10;

export interface LayoutStep {
  readonly done: number;
  readonly of: number;
  /** [x, y] of each image, as they are so far. */
  readonly positions: Float32Array;
}

/**
 * Yields the layout as it settles; the last step is the layout. It begins with the two directions of the largest variance, and draws
 * the same random numbers every time, so that the same images always lie in the same places.
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

/** The first two directions, and a little noise: images that are identical could never part. */
function startOf(rows: Float32Array, width: number, count: number): Float32Array {
  const draws = random("start of the map");
  const largest = rows.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9);
  return Float32Array.from({ length: 2 * count }, (_, i) => {
    const value = i % 2 < width ? (rows[(i >> 1) * width + (i % 2)] as number) : 0;
    return (EXTENT * value) / largest + 1e-3 * draws.normal();
  });
}

/** Features are compared by their direction, as neighbours are. */
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
