/**
 * Scores heat maps with deletion and insertion (Petsiuk et al. 2018). The probability of the class should drop early
 * while the most important pixels are deleted, and rise early while they are inserted. Maps with shuffled cells give
 * the score of an uninformative map.
 */

import type { Picture } from "../data/dataset.ts";
import { bootstrapInterval } from "../metrics/bootstrap.ts";
import { compileEnsemble } from "../program/ensemble.ts";
import type { Engine } from "../runtime/engine.ts";
import { random, shuffled } from "../util/random.ts";
import type { Classifier } from "../weights/load.node.ts";
import type { MembersFile } from "../weights/members.ts";
import { gaussianBlur } from "./corruptions/blur.ts";
import { type Explanation, frameOf, heatMap, membersOf } from "./explain.ts";
import { inMemory, runBundle } from "./run-bundle.ts";

/** Number of equal steps from the full image to none of it. */
export const DELETION_STEPS = 20;
/** Standard deviation of the blur that insertion starts from, as a share of the image's side. */
export const INSERTION_BLUR = 1 / 8;

/** Areas under the curve of the probability over the share of pixels, from 0 to 1. */
export interface AreaScore {
  /** Mean over the images. */
  readonly map: number;
  /** Mean for maps with shuffled cells. */
  readonly random: number;
  /** 95 % bootstrap interval of map minus random, over images. */
  readonly difference: readonly [low: number, high: number];
}

export interface MapScores {
  readonly pictures: number;
  readonly steps: number;
  /** Pixels are replaced by the image's mean colour, most important first: lower is better. */
  readonly deletion: AreaScore;
  /** Pixels of a blurred copy are replaced by the image's own, most important first: higher is better. */
  readonly insertion: AreaScore;
}

/**
 * Scores the maps of `explanations`, which must come from `model`. `onPicture` receives the number of finished images.
 */
export async function scoreMaps(
  engine: Engine,
  model: Classifier | MembersFile,
  explanations: readonly Explanation[],
  onPicture?: (done: number) => void,
): Promise<MapScores> {
  const { classes } = model.architecture;
  const members = membersOf(model);
  const { inputSize: size, resize } = frameOf(members);
  // The images already show only what the whole model sees, so only members with a tighter crop still crop.
  const onSeen = members.map(({ architecture, ...member }) => ({
    ...member,
    architecture: { ...architecture, resize: architecture.resize / resize },
  }));
  const open = await engine.open(compileEnsemble(onSeen, { classes }));
  const ensemble = { input: "uint8", architecture: { classes } } as const;
  const curve = async (pictures: readonly Picture[], target: number): Promise<number> => {
    const { probabilities } = await runBundle(open, ensemble, inMemory(pictures));
    return areaUnder(pictures.map((_, i) => probabilities[i * classes.length + target] as number));
  };
  const areas = { deletion: [] as Areas[], insertion: [] as Areas[] };
  try {
    for (const [n, explanation] of explanations.entries()) {
      const { seen, target, map } = explanation;
      const orders = [orderOf(map), orderOf(shuffledMap(explanation, n))] as const;
      const [mean, blurred] = [meanPicture(seen), gaussianBlur(seen, size * INSERTION_BLUR)];
      for (const [kind, from, to] of [
        ["deletion", seen, mean],
        ["insertion", blurred, seen],
      ] as const) {
        const [own, other] = orders.map((order) => curve(transition(from, to, order), target));
        areas[kind].push({ map: (await own) as number, random: (await other) as number });
      }
      onPicture?.(n + 1);
    }
  } finally {
    await open.release();
  }
  return {
    pictures: explanations.length,
    steps: DELETION_STEPS,
    deletion: summary(areas.deletion),
    insertion: summary(areas.insertion),
  };
}

interface Areas {
  readonly map: number;
  readonly random: number;
}

function summary(areas: readonly Areas[]): AreaScore {
  const mean = (of: (area: Areas) => number): number =>
    areas.reduce((sum, area) => sum + of(area), 0) / areas.length;
  return {
    map: mean(({ map }) => map),
    random: mean((area) => area.random),
    difference: bootstrapInterval(areas.map((area) => area.map - area.random)),
  };
}

/** Returns the images from `from` to `to` in equal steps, both ends included, replacing pixels in the given order. */
export function transition(from: Picture, to: Picture, order: readonly number[]): Picture[] {
  const { channels } = from;
  return Array.from({ length: DELETION_STEPS + 1 }, (_, step) => {
    const pixels = from.pixels.slice();
    const count = Math.round((order.length * step) / DELETION_STEPS);
    for (const pixel of order.slice(0, count))
      for (let c = pixel * channels; c < (pixel + 1) * channels; c++) pixels[c] = to.pixels[c] as number;
    return { ...from, pixels };
  });
}

/** Returns pixel indices from most to least important. Ties keep their order. */
export function orderOf(map: Float32Array): number[] {
  return Array.from(map, (_, i) => i).sort((a, b) => (map[b] as number) - (map[a] as number));
}

function shuffledMap({ coarse, size }: Explanation, key: number): Float32Array {
  const mixed = coarse.map((map, k) => {
    const rng = k === 0 ? random("shuffled map", key) : random("shuffled map", key, k);
    return { ...map, values: Float32Array.from(shuffled([...map.values], rng)) };
  });
  return heatMap(mixed, size);
}

function meanPicture(picture: Picture): Picture {
  const { pixels, channels } = picture;
  const sums = new Array<number>(channels).fill(0);
  for (const [i, value] of pixels.entries()) sums[i % channels] = (sums[i % channels] as number) + value;
  const count = pixels.length / channels;
  return { ...picture, pixels: pixels.map((_, i) => Math.round((sums[i % channels] as number) / count)) };
}

/** Returns the area under equally spaced values from 0 to 1, by the trapezoidal rule. */
export function areaUnder(values: readonly number[]): number {
  const ends = ((values[0] as number) + (values.at(-1) as number)) / 2;
  return (values.reduce((sum, value) => sum + value, 0) - ends) / (values.length - 1);
}
