/** Training augmentation of a batch in the graph: one warp, colour, normalisation, erasing and mixing. */

import type { Builder, Value } from "../graph/types.ts";
import { mul } from "../ops/mul.ts";
import { type Key, random } from "../util/random.ts";
import { type DType, floatTensor, type Tensor } from "../util/tensor.ts";
import { type Canvas, canvasInput, type Extent, type Placed } from "./canvas.ts";
import { activeColours, type ColourDraw, colour, drawColour } from "./colour.ts";
import { type Box, drawErasing, erase, nothing } from "./erasing.ts";
import { drawGeometry, type Geometry, homography, onCanvas, placedSeen, warp } from "./geometry.ts";
import { blend, cutIn, type Mixing } from "./mixing.ts";
import { normalise } from "./normalise.ts";
import type { Augmentation } from "./settings.ts";

export interface TrainingOptions {
  readonly batch: number;
  readonly canvas: Canvas;
  /** Side of the result. */
  readonly size: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** The random draws for one image. */
export interface Draw {
  readonly geometry: Geometry;
  readonly colour: ColourDraw;
  readonly box: Box;
}

/**
 * Builds the augmentation. Its feeds are `pictures` and those of `packDraws`; its result is [N, C, S, S], normalised.
 */
export function buildTraining(graph: Builder, settings: Augmentation, options: TrainingOptions): Value {
  return augmentedViews(graph, settings, options)(options);
}

/** A network's input: the side in pixels, and the normalisation. */
export type View = Pick<TrainingOptions, "size" | "mean" | "std">;

/**
 * Declares the feeds of the augmentation, and returns a function that builds the augmented images for a network. All
 * networks of one graph see the same draws, each at its own size and normalisation. Draws are in pixels of `size`.
 */
export function augmentedViews(
  graph: Builder,
  settings: Augmentation,
  { batch, canvas, size: drawnAt }: Pick<TrainingOptions, "batch" | "canvas" | "size">,
): (view: View) => Value {
  const once = (name: string, dtype: DType, shape: readonly number[]): (() => Value) => {
    let value: Value | undefined;
    return () => (value ??= graph.input(name, dtype, shape));
  };
  let canvases: Value | undefined;
  const matrices = once("homography", "float32", [batch, 3, 3]);
  const colours = activeColours(settings, canvas.channels).map(
    (name) => [name, once(name, "float32", [batch, 1, 1, 1])] as const,
  );
  const boxes = once("boxes", "float32", [batch, 4]);
  const partner = once("mixing.partner", "int32", [batch]);
  const weight = once("mixing.weight", "float32", [batch]);
  const cut = once("mixing.box", "float32", [1, 4]);
  const built = new Map<string, Value>();
  const build = ({ size, mean, std }: View): Value =>
    graph.in("augment", () => {
      canvases ??= canvasInput(graph, batch, canvas);
      let x = warp(canvases, matrices(), size, settings.perspective !== null);
      x = colour(x, Object.fromEntries(colours.map(([name, value]) => [name, value()])));
      x = normalise(x, mean, std);
      const here = (box: Value): Value => (size === drawnAt ? box : mul(box, size / drawnAt));
      if (settings.erasing) x = erase(x, here(boxes()));
      if (settings.mixup > 0) x = blend(x, partner(), weight());
      if (settings.cutmix > 0) x = cutIn(x, partner(), here(cut()));
      return x;
    });
  return (view) => {
    const key = JSON.stringify([view.size, view.mean, view.std]);
    const value = built.get(key) ?? build(view);
    built.set(key, value);
    return value;
  };
}

/** Draws all random numbers for one image; the same key gives the same draw. */
export function drawTraining(settings: Augmentation, key: Key, picture: Extent, size: number): Draw {
  const rng = random(...key);
  return {
    colour: drawColour(settings, rng),
    geometry: drawGeometry(settings, rng, picture),
    box: settings.erasing ? drawErasing(settings.erasing, random(...key, "erasing"), size) : nothing,
  };
}

/** Returns the image as it lies on the canvas for its draw. */
export function placedForDraw<T extends Extent>(picture: T, { geometry }: Draw, canvas: Canvas): T & Placed {
  return placedSeen(picture, homography(geometry), canvas);
}

/** Returns the draws of a batch as feeds. */
export function packDraws(
  settings: Augmentation,
  draws: readonly Draw[],
  pictures: readonly Placed[],
  canvas: Canvas,
  mixing?: Mixing,
): Record<string, Tensor> {
  const batch = draws.length;
  const matrices = draws.flatMap(({ geometry }, i) =>
    onCanvas(homography(geometry), pictures[i] as Placed, canvas),
  );
  const feeds: Record<string, Tensor> = { homography: floatTensor([batch, 3, 3], matrices) };
  for (const name of activeColours(settings, canvas.channels)) {
    feeds[name] = floatTensor(
      [batch, 1, 1, 1],
      draws.map((draw) => draw.colour[name]),
    );
  }
  if (settings.erasing) {
    feeds.boxes = floatTensor(
      [batch, 4],
      draws.flatMap((draw) => draw.box),
    );
  }
  if (mixing) {
    // A batch uses either CutMix or mixup, so CutMix turns blending off.
    const whole = mixing.box === nothing ? mixing.weight : new Float32Array(batch).fill(1);
    feeds["mixing.partner"] = { dtype: "int32", shape: [batch], data: mixing.partner };
    if (settings.mixup > 0) feeds["mixing.weight"] = floatTensor([batch], whole);
    if (settings.cutmix > 0) feeds["mixing.box"] = floatTensor([1, 4], mixing.box);
  }
  return feeds;
}
