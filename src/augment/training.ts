/** The training pictures of a batch: one warp, colour, normalisation, erasing and mixup, all in the graph. */

import type { Graph } from "../graph/graph.ts";
import type { Value } from "../graph/types.ts";
import { type Key, random } from "../util/random.ts";
import type { Tensor } from "../util/tensor.ts";
import { floatTensor } from "../util/tensor.ts";
import { type Canvas, canvasInput, type Extent } from "./canvas.ts";
import { activeColours, type ColourDraw, colour, drawColour } from "./colour.ts";
import { type Box, drawErasing, erase, nothing } from "./erasing.ts";
import { drawGeometry, type Geometry, homography, onCanvas, warp } from "./geometry.ts";
import { drawMixing, type Mixing, mix } from "./mixup.ts";
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

/** What was drawn for one picture. */
export interface Draw {
  readonly geometry: Geometry;
  readonly colour: ColourDraw;
  readonly box: Box;
}

/** Builds the augmentation; its feeds are `pictures` and those of `packDraws`. The result is [N, C, S, S], normalised. */
export function buildTraining(graph: Graph, settings: Augmentation, options: TrainingOptions): Value {
  const { batch, canvas, size, mean, std } = options;
  return graph.in("augment", () => {
    const canvases = canvasInput(graph, batch, canvas);
    const matrices = graph.input("homography", "float32", [batch, 3, 3]);
    let x = warp(canvases, matrices, size, settings.perspective !== null);
    const names = activeColours(settings, canvas.channels);
    x = colour(
      x,
      Object.fromEntries(names.map((name) => [name, graph.input(name, "float32", [batch, 1, 1, 1])])),
    );
    x = normalise(x, mean, std);
    if (settings.erasing) x = erase(x, graph.input("boxes", "float32", [batch, 4]));
    if (settings.mixup > 0) {
      x = mix(
        x,
        graph.input("mixup.partner", "int32", [batch]),
        graph.input("mixup.weight", "float32", [batch]),
      );
    }
    return x;
  });
}

/** Draws everything for one picture; the same key draws the same. */
export function drawTraining(settings: Augmentation, key: Key, picture: Extent, size: number): Draw {
  const rng = random(...key);
  return {
    colour: drawColour(settings, rng),
    geometry: drawGeometry(settings, rng, picture),
    box: settings.erasing ? drawErasing(settings.erasing, random(...key, "erasing"), size) : nothing,
  };
}

/** Draws the mixing of a batch, or nothing where mixup is off. */
export function drawBatchMixing(settings: Augmentation, batch: number, key: Key): Mixing | undefined {
  return settings.mixup > 0 ? drawMixing(settings.mixup, batch, key) : undefined;
}

/** The draws of a batch as feeds. */
export function packDraws(
  settings: Augmentation,
  draws: readonly Draw[],
  pictures: readonly Extent[],
  canvas: Canvas,
  mixing?: Mixing,
): Record<string, Tensor> {
  const batch = draws.length;
  const matrices = draws.flatMap(({ geometry }, i) =>
    onCanvas(homography(geometry), pictures[i] as Extent, canvas),
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
    feeds["mixup.partner"] = { dtype: "int32", shape: [batch], data: mixing.partner };
    feeds["mixup.weight"] = floatTensor([batch], mixing.weight);
  }
  return feeds;
}
