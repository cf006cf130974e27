/** The two kinds of batch source: images augmented anew each time, and features cached per augmented view. */

import type { Canvas } from "../augment/canvas.ts";
import { drawMixing, type Mixing } from "../augment/mixing.ts";
import type { Augmentation } from "../augment/settings.ts";
import { type Draw, drawTraining, packDraws, placedForDraw } from "../augment/training.ts";
import { packPictures } from "../data/canvas.ts";
import type { Sample } from "../data/dataset.ts";
import type { Pixels } from "../data/pixels.ts";
import type { Loss } from "../losses/loss.ts";
import type { OpenProgram } from "../runtime/engine.ts";
import type { Tensors } from "../runtime/session.ts";
import type { Key } from "../util/random.ts";
import { floatTensor } from "../util/tensor.ts";
import { type BatchSource, epochBatches, mixTargets, type OrderOptions, targetsOf } from "./source.ts";

/** Batches of the frozen backbone that are timed for a forecast. */
const TIMED_BATCHES = 3;

export interface PictureSourceOptions extends OrderOptions {
  readonly pixels: Pixels;
  readonly classes: number;
  /** The kind of targets that the loss needs. */
  readonly targets: Loss["targets"];
  readonly canvas: Canvas;
  readonly augmentation: Augmentation;
  readonly inputSize: number;
}

/** Returns feeds that augment the images at `indices`; each position draws with its own key. */
function augmentedFeeds(
  { pixels, canvas, augmentation, inputSize }: PictureSourceOptions,
  indices: readonly number[],
  key: (position: number) => Key,
  mixing?: Mixing,
): Tensors {
  const pictures = indices.map((index) => pixels.get(index));
  const draws = pictures.map((picture, position) =>
    drawTraining(augmentation, key(position), picture, inputSize),
  );
  const onCanvas = pictures.map((picture, i) => placedForDraw(picture, draws[i] as Draw, canvas));
  return {
    pictures: packPictures(onCanvas, canvas),
    ...packDraws(augmentation, draws, onCanvas, canvas, mixing),
  };
}

/** Augments every image again in every epoch. */
export function pictureSource(options: PictureSourceOptions): BatchSource {
  const { pixels, classes, targets, seed, phase, augmentation } = options;
  const { samples } = pixels;
  const batchesOf = lastCall((epoch: number) => epochBatches(samples, epoch, options));
  const source: BatchSource = {
    batchesPerEpoch: batchesOf(0).length,
    async prepare() {},
    rehearse: async (epoch) => ({ feeds: source.feeds(epoch, 0), prepareSeconds: 0 }),
    feeds(epoch, index) {
      const indices = batchesOf(epoch)[index] as number[];
      const own = targetsOf(
        indices.map((i) => samples[i] as Sample),
        classes,
        targets,
      );
      const key = [seed, phase, epoch, index, "mixup"];
      const mixing = drawMixing(augmentation, indices.length, options.inputSize, key);
      const feeds = augmentedFeeds(
        options,
        indices,
        (position) => [seed, phase, epoch, index, position],
        mixing,
      );
      return { ...feeds, targets: mixing ? mixTargets(own, mixing) : own };
    },
  };
  return source;
}

/** How many features of one augmented view have been computed. */
export interface FeatureProgress {
  readonly view: number;
  readonly done: number;
  readonly total: number;
}

export interface FeatureSourceOptions extends PictureSourceOptions {
  /** How many augmented views of every image are kept. */
  readonly views: number;
  /** The frozen backbone with its augmentation, for batches of `featureBatch` images. */
  readonly backbone: OpenProgram;
  readonly featureBatch: number;
  readonly features: number;
  readonly onBatch: (progress: FeatureProgress) => Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * The frozen backbone sees each image once per view. Epoch e trains on view e mod `views`, so the first epochs equal those of
 * training without a cache, and a view that is never reached because of early stopping is never computed.
 */
export function featureSource(options: FeatureSourceOptions): BatchSource {
  const { pixels, classes, targets: kind, views, features } = options;
  const { samples } = pixels;
  const cache: (Float32Array | undefined)[] = [];
  const batchesOf = lastCall((epoch: number) => epochBatches(samples, epoch, options));
  const feedsOf = (epoch: number, index: number, featuresOf: (sample: number) => Float32Array): Tensors => {
    const indices = batchesOf(epoch)[index] as number[];
    const data = new Float32Array(indices.length * features);
    for (const [row, i] of indices.entries()) data.set(featuresOf(i), row * features);
    const targets = targetsOf(
      indices.map((i) => samples[i] as Sample),
      classes,
      kind,
    );
    return { features: floatTensor([indices.length, features], data), targets };
  };
  return {
    batchesPerEpoch: batchesOf(0).length,
    async prepare(epoch) {
      cache[epoch % views] ??= await computeView(options, epoch % views);
    },
    async rehearse(epoch, end) {
      const missing = Array.from({ length: Math.min(views, end - epoch) }, (_, i) => (epoch + i) % views);
      const count = missing.filter((view) => cache[view] === undefined).length;
      const batches = Math.ceil(samples.length / options.featureBatch);
      const prepareSeconds = count === 0 ? 0 : count * batches * (await timeBatch(options));
      return { feeds: feedsOf(epoch, 0, () => new Float32Array(features)), prepareSeconds };
    },
    feeds(epoch, index) {
      const view = cache[epoch % views] as Float32Array;
      return feedsOf(epoch, index, (i) => view.subarray(i * features, (i + 1) * features));
    },
  };
}

/** Returns the backbone's seconds per batch: the minimum of a few runs, the first of which is a warm-up. */
async function timeBatch(options: FeatureSourceOptions): Promise<number> {
  const { backbone, signal } = options;
  const feeds = viewFeeds(options, 0, 0);
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < TIMED_BATCHES && !signal.aborted; i++) {
    const started = performance.now();
    await backbone.run(feeds);
    least = Math.min(least, (performance.now() - started) / 1000);
  }
  return least;
}

/** Returns all features of one view, or undefined if stopped. */
async function computeView(options: FeatureSourceOptions, view: number): Promise<Float32Array | undefined> {
  const { pixels, backbone, featureBatch, features, onBatch, signal } = options;
  const count = pixels.samples.length;
  const all = new Float32Array(count * features);
  for (let start = 0; start < count; start += featureBatch) {
    if (signal.aborted) return undefined;
    const rows = (await backbone.run(viewFeeds(options, view, start))).features?.data as Float32Array;
    all.set(rows.subarray(0, Math.min(featureBatch, count - start) * features), start * features);
    await onBatch({ view, done: Math.min(start + featureBatch, count), total: count });
  }
  return all;
}

/** Returns a batch of a view, beginning with image `start`. */
function viewFeeds(options: FeatureSourceOptions, view: number, start: number): Tensors {
  const { pixels, featureBatch, seed, phase } = options;
  const last = pixels.samples.length - 1;
  // The program's batch size is fixed: a last, incomplete batch is padded with its last image.
  const indices = Array.from({ length: featureBatch }, (_, i) => Math.min(start + i, last));
  return augmentedFeeds(options, indices, (position) => [
    seed,
    phase,
    "view",
    view,
    indices[position] as number,
  ]);
}

/** Remembers the result of the last call, since consecutive batches belong to one epoch. */
function lastCall<T>(f: (x: number) => T): (x: number) => T {
  let last: { x: number; result: T } | undefined;
  return (x) => {
    if (last?.x !== x) last = { x, result: f(x) };
    return last.result;
  };
}
