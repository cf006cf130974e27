/** A grid of sample predictions, right and wrong, each with its face. */

import type { Picture } from "../data/dataset.ts";
import type { PixelCache } from "../data/pixel-cache.node.ts";
import { VultusError } from "../util/errors.ts";
import { svgWithTiles, type Tile } from "./raster.ts";
import { fitText, palette, path, percent, rect, svgPage, text } from "./svg.ts";

export interface SamplePrediction extends Picture {
  readonly truth: string;
  readonly predicted: string;
  /** Of the predicted class, from 0 to 1. */
  readonly probability: number;
}

/** The predictions of a model for the images of a data set. */
export interface Answers {
  readonly predicted: readonly number[];
  /** [N, classes], row after row. */
  readonly probabilities: ArrayLike<number>;
}

/** Returns the prediction for image `i`, with its face. */
export function samplePrediction(
  { classes, labels }: { readonly classes: readonly string[]; readonly labels: readonly number[] },
  { predicted, probabilities }: Answers,
  pixels: Pick<PixelCache, "get">,
  i: number,
): SamplePrediction {
  const answer = predicted[i] as number;
  return {
    ...pixels.get(i),
    truth: classes[labels[i] as number] as string,
    predicted: classes[answer] as string,
    probability: probabilities[i * classes.length + answer] as number,
  };
}

const face = 112;
const gap = 18;
const captionHeight = 38;
const margin = 20;

/** Returns a PNG, `scale` pixels per layout pixel, in the given order. Throws if there are no samples. */
export async function samplesPng(
  samples: readonly SamplePrediction[],
  { columns = 8, scale = 2 }: { readonly columns?: number; readonly scale?: number } = {},
): Promise<Buffer> {
  if (samples.length === 0)
    throw new VultusError("There are 0 sample predictions to draw; give at least one.");
  const across = Math.min(columns, samples.length);
  const down = Math.ceil(samples.length / across);
  const parts: string[] = [];
  const tiles = samples.map((sample, i): Tile => {
    const x = margin + (i % across) * (face + gap);
    const y = margin + Math.floor(i / across) * (face + captionHeight + gap);
    parts.push(...caption(sample, x, y));
    return { picture: sample, x, y };
  });
  const width = 2 * margin + across * (face + gap) - gap;
  const height = 2 * margin + down * (face + captionHeight + gap) - gap;
  return svgWithTiles(svgPage(width, height, "Sample predictions", parts), tiles, face, scale);
}

/** Draws the frame of a face at x, y and the lines below it. The mark is drawn, since a font may lack ✓ and ✗. */
function caption({ truth, predicted, probability }: SamplePrediction, x: number, y: number): string[] {
  const right = truth === predicted;
  const colour = right ? palette.green : palette.vermilion;
  const share = percent(probability);
  const base = y + face + 19;
  const mark = right
    ? `M${x + 1},${base - 4}l3.5,4l6.5,-8.5`
    : `M${x + 2},${base - 8.5}l8.5,8.5m0,-8.5l-8.5,8.5`;
  return [
    rect(x - 3, y - 3, face + 6, face + 6, { fill: "none", stroke: colour, strokeWidth: 2, rx: 3 }),
    path(mark, {
      fill: "none",
      stroke: colour,
      strokeWidth: 2,
      strokeLinecap: "round",
      strokeLinejoin: "round",
    }),
    text(x + 16, base, fitText(predicted, 58, 11), { fontWeight: "bold", fontSize: 11 }),
    text(x + face, base, share, { textAnchor: "end", fill: palette.muted, fontSize: 11 }),
    ...(right ? [] : [text(x + 16, base + 15, fitText(`is ${truth}`, face - 16, 11), { fontSize: 11 })]),
  ];
}
